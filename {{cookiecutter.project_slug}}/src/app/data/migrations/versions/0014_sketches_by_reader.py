"""Sketches stand by reader, and words and readers share one index.

A caller's sketches were found through an index of readers and lay all over the table: finding them cost more than
comparing them. Now each reader of a vector has a copy on that reader's shelf, and a shelf is read in one run. A sketch
has five bits a number and remembers where its vector lies, so that fewer vectors are read and each without a look-up.

The index of words and readers together skips what the caller may not read while it looks for the words.

`app.search` keeps its signature: old replicas call the new body.
"""

from importlib import import_module

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLE = """
DROP TRIGGER sketch_added ON embeddings; DROP TRIGGER sketch_changed ON embeddings;
DROP TRIGGER sketch_removed ON embeddings;
DROP FUNCTION app.keep_sketches, app.sketch_all;
DROP TABLE sketches;

-- Bits of v / |v| above -b, -a, 0, a and b, where a = 0.5 and b = 1.1, both by sqrt(dimensions), part the numbers of a
-- random vector into six shares. The Hamming distance of two sketches orders about as the cosine of their vectors does.
CREATE OR REPLACE FUNCTION app.vector_sketch(v public.vector) RETURNS bit varying LANGUAGE plpgsql IMMUTABLE
PARALLEL SAFE SET search_path = app, public, pg_temp AS $$
DECLARE
    unit vector := l2_normalize(v);
    near vector := array_fill((0.5 / sqrt(vector_dims(v)))::real, ARRAY[vector_dims(v)])::vector;
    far vector := array_fill((1.1 / sqrt(vector_dims(v)))::real, ARRAY[vector_dims(v)])::vector;
BEGIN
    RETURN binary_quantize(unit) || binary_quantize(unit - near) || binary_quantize(unit + near)
        || binary_quantize(unit - far) || binary_quantize(unit + far);
END $$;

-- The number of the shelf for one reader's vectors of one model. A number that two readers should happen to share
-- opens nothing: the vectors themselves are read with their readers.
CREATE FUNCTION app.shelf(reader text, model text, dimensions integer) RETURNS bigint LANGUAGE sql IMMUTABLE
PARALLEL SAFE
RETURN ('x' || left(md5(model || chr(31) || dimensions::text || chr(31) || reader), 16))::bit(64)::bigint;

CREATE TABLE sketches (
    shelf bigint NOT NULL,
    chunk_id text NOT NULL,
    place tid NOT NULL,                          -- of the vector's row; where it is wrong, the row is looked up
    sketch bit varying NOT NULL,
    PRIMARY KEY (chunk_id, shelf)
);
ALTER TABLE sketches ALTER sketch SET STORAGE PLAIN;

CREATE FUNCTION app.keep_sketches() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = app, public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM sketches s USING removed r, unnest(r.readers) AS reader
        WHERE s.chunk_id = r.chunk_id AND s.shelf = app.shelf(reader, r.model, r.dimensions);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO sketches
        SELECT app.shelf(reader, e.model, e.dimensions), e.chunk_id, e.ctid, e.sketch
        FROM (SELECT e.*, e.ctid, app.vector_sketch(e.embedding) AS sketch
              FROM added a JOIN embeddings e ON e.chunk_id = a.chunk_id AND e.model = a.model OFFSET 0) AS e,
            unnest(e.readers) AS reader
        ORDER BY 1, 2
        ON CONFLICT (chunk_id, shelf) DO UPDATE SET (place, sketch) = (excluded.place, excluded.sketch);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sketch_added AFTER INSERT ON embeddings REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION app.keep_sketches();
CREATE TRIGGER sketch_changed AFTER UPDATE ON embeddings REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION app.keep_sketches();
CREATE TRIGGER sketch_removed AFTER DELETE ON embeddings REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION app.keep_sketches();

-- Everything that is missing, stale or left over; how many rows were wrong. After a restore every place is.
CREATE FUNCTION app.sketch_all() RETURNS bigint LANGUAGE plpgsql SET search_path = app, public, pg_temp AS $$
DECLARE
    gone bigint; written bigint;
BEGIN
    DELETE FROM sketches s WHERE NOT EXISTS (
        SELECT FROM embeddings e, unnest(e.readers) AS reader
        WHERE e.chunk_id = s.chunk_id AND s.shelf = app.shelf(reader, e.model, e.dimensions));
    GET DIAGNOSTICS gone = ROW_COUNT;
    INSERT INTO sketches AS s
    SELECT app.shelf(reader, e.model, e.dimensions), e.chunk_id, e.ctid, e.sketch
    FROM (SELECT e.*, e.ctid, app.vector_sketch(e.embedding) AS sketch FROM embeddings e OFFSET 0) AS e,
        unnest(e.readers) AS reader
    ORDER BY 1, 2
    ON CONFLICT (chunk_id, shelf) DO UPDATE SET (place, sketch) = (excluded.place, excluded.sketch)
    WHERE (s.place, s.sketch) IS DISTINCT FROM (excluded.place, excluded.sketch);
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN gone + written;
END $$;
SELECT app.sketch_all();
CREATE INDEX sketches_shelf ON sketches (shelf);

-- No policy: nobody but the owner, for whom search runs, reads or writes a row.
ALTER TABLE sketches ENABLE ROW LEVEL SECURITY;
"""

WORDS = """
CREATE INDEX chunks_found ON chunks USING gin (words, readers) WITH (gin_pending_list_limit = 1024);
DROP INDEX chunks_words, chunks_readers;
"""

TERMS = r"""
-- As `search_terms` of 0006, with two changes. A word counts as often as it is asked: long questions repeat what they
-- mean. And texts of unknown language keep their stop words: what is one in another of the tenant's languages is no
-- term there, or "the", in two chunks of a thousand, would be the rarest word of the question.
CREATE FUNCTION app.question_terms(question text, for_tenant text)
RETURNS TABLE (asked tsquery, weight float8, chunks bigint) LANGUAGE plpgsql STABLE
SET search_path = app, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    language_ text; languages text[] := '{}'; total bigint := 0; counted bigint;
BEGIN
    -- One look-up a language: the words themselves are far too many to be read for it.
    LOOP
        SELECT w.language INTO language_ FROM app.words w
        WHERE w.tenant = for_tenant AND w.language > coalesce(languages[cardinality(languages)], '')
        ORDER BY w.language LIMIT 1;
        EXIT WHEN NOT FOUND;
        SELECT w.chunks INTO counted FROM app.words w
        WHERE w.tenant = for_tenant AND w.language = language_ AND w.word = '';
        languages := languages || language_;
        total := total + coalesce(counted, 0);
    END LOOP;
    RETURN QUERY
    SELECT ('''' || replace(replace(f.word, '\', '\\'), '''', '''''') || '''')::tsquery,
        ln(1 + total::float8 / sum(f.chunks)) * max(f.times), sum(f.chunks)::bigint
    FROM (SELECT form.lexeme AS word, w.chunks, cardinality(form.positions) AS times
          FROM unnest(languages) AS l (language)
          CROSS JOIN LATERAL unnest(to_tsvector(l.language::regconfig, question)) AS form
          CROSS JOIN LATERAL (
              SELECT o.chunks FROM app.words o
              WHERE o.tenant = for_tenant AND o.language = l.language AND o.word = form.lexeme LIMIT 1) AS w
          WHERE l.language <> 'simple' OR NOT EXISTS (
              SELECT FROM unnest(languages) AS other
              WHERE other <> 'simple' AND to_tsvector(other::regconfig, form.lexeme) = '')) AS f
    GROUP BY f.word
    ORDER BY sum(f.chunks), f.word;
END $$;
"""

MATCHING = """
-- Ids of the best `candidates` among at most `ranked` chunks that `finding` matches: each term counts by its weight and
-- by how prominent it is in the chunk, a title more than a text. Without a metadata filter the statement is planned
-- once a connection.
CREATE FUNCTION app.matching(
    finding tsquery, terms tsquery[], weights float8[], for_tenant text, keys text[], filter text, documents_ text[],
    wanted jsonb[], listed jsonb[], ranked integer, candidates integer
) RETURNS text[] LANGUAGE plpgsql SET search_path = app, public, pg_temp AS $$
DECLARE
    found_ text[];
BEGIN
    IF filter <> '' THEN
        RETURN app.ranked_by_text(
            finding, terms, weights, for_tenant, keys, filter, documents_, wanted, listed, ranked, candidates);
    END IF;
    SELECT array_agg(b.id ORDER BY b.score DESC, b.id) INTO found_ FROM (
        SELECT f.id, (SELECT sum(t.weight * ts_rank('{0.4, 0.4, 0.7, 0.7}', f.words, t.asked))
                      FROM unnest(terms, weights) AS t (asked, weight)) AS score
        FROM (SELECT o.id, o.words FROM app.chunks o
              WHERE (o.tenant = for_tenant) IS TRUE AND o.words @@ finding AND o.readers && keys LIMIT ranked) AS f
        ORDER BY score DESC, f.id LIMIT candidates) AS b;
    RETURN coalesce(found_, '{}');
END $$;
"""

NEAREST = """
-- Ids of the `candidates` nearest vectors a caller may read: the sketches of all of them are compared, then the vectors
-- of the nearest `compared`. A vector that stands on several of the caller's shelves is found once for each.
CREATE FUNCTION app.nearest_by_sketch(
    asked vector, asked_model text, for_tenant text, keys text[], compared integer, candidates integer
) RETURNS text[] LANGUAGE plpgsql SET search_path = app, public, pg_temp AS $$
DECLARE
    asked_sketch constant bit varying := app.vector_sketch(asked);
    shelves bigint[];
    ids text[]; places tid[]; read_ integer := compared; met bigint; found_ text[];
BEGIN
    SELECT array_agg(app.shelf(key, asked_model, vector_dims(asked))) INTO shelves FROM unnest(keys) AS key;
    LOOP
        SELECT array_agg(n.chunk_id), array_agg(n.place) INTO ids, places FROM (
            SELECT DISTINCT f.chunk_id, f.place FROM (
                SELECT s.chunk_id, s.place FROM sketches s WHERE s.shelf = ANY (shelves)
                ORDER BY s.sketch <~> asked_sketch LIMIT read_) AS f) AS n;
        -- Where vectors stand on many of the caller's shelves, further rows are needed for as many vectors.
        EXIT WHEN read_ >= compared * cardinality(keys) OR cardinality(ids) >= 0.8 * compared;
        read_ := least(read_ * 4, compared * cardinality(keys));
    END LOOP;
    SELECT max(b.met), array_agg(b.chunk_id ORDER BY b.distance, b.chunk_id) INTO met, found_ FROM (
        SELECT m.*, count(*) OVER () AS met FROM (
            SELECT o.chunk_id, (o.embedding <=> asked) + 0 AS distance
            FROM unnest(ids, places) AS n (chunk_id, place)
            JOIN embeddings o ON o.ctid = n.place AND o.chunk_id = n.chunk_id
            WHERE o.model = asked_model AND o.tenant = for_tenant AND o.readers && keys) AS m
        ORDER BY m.distance, m.chunk_id LIMIT candidates) AS b;
    IF met IS DISTINCT FROM cardinality(ids) THEN
        -- Rows have moved, as after a restore, until `app data index` has written the new places down.
        SELECT array_agg(b.chunk_id ORDER BY b.distance, b.chunk_id) INTO found_ FROM (
            SELECT o.chunk_id, (o.embedding <=> asked) + 0 AS distance FROM unnest(ids) AS n (chunk_id)
            JOIN embeddings o ON o.chunk_id = n.chunk_id AND o.model = asked_model
            WHERE o.tenant = for_tenant AND o.dimensions = vector_dims(asked) AND o.readers && keys
            ORDER BY distance, o.chunk_id LIMIT candidates) AS b;
    END IF;
    RETURN found_;
END $$;
"""

SEARCH = r"""
-- As in 0013; words and sketches are looked up by the functions above.
CREATE OR REPLACE FUNCTION app.search(
    question text, for_tenant text, for_groups text[], wanted jsonb[], listed jsonb[], asked_vector text,
    asked_model text, half boolean, candidates integer, ranked integer, exact_rows integer, rrf_k integer,
    text_weight float8, vector_weight float8, min_score float8, k integer, around text, compared integer
)
RETURNS TABLE (id text, document_id text, title text, heading text[], body text, score float8, text_rank bigint,
    vector_rank bigint, before text, after text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = app, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    keys text[] := app.held_keys(for_tenant, for_groups);
    most_documents constant integer := 2000;
    asked_numbers vector := asked_vector;
    dims integer := vector_dims(asked_numbers);
    total bigint; visible bigint; share float8; documents_ text[]; filter text := '';
    terms tsquery[]; weights float8[]; counts bigint[]; finding tsquery; everything tsquery;
    telling tsquery[]; telling_weights float8[];
    by_text text[] := '{}'; by_vector text[] := '{}'; breadth integer;
    kind text := CASE WHEN half THEN 'halfvec' ELSE 'vector' END;
BEGIN
    SELECT sum(c.chunks) INTO total FROM app.words c WHERE c.tenant = for_tenant AND c.word = '';
    SELECT least(total, sum(c.chunks)) INTO visible FROM app.reader_counts c
    WHERE c.tenant = for_tenant AND c.reader = ANY (keys);
    IF coalesce(visible, 0) <= 0 THEN
        RETURN;
    END IF;
    IF cardinality(wanted) > 0 THEN
        SELECT coalesce(array_agg(f.id), '{}') INTO documents_ FROM (
            SELECT d.id FROM app.documents d
            WHERE d.tenant = for_tenant AND d.readers && keys AND (d.metadata @> wanted[1] OR d.metadata @> listed[1])
                AND NOT EXISTS (SELECT FROM unnest(wanted, listed) AS f (single, list)
                                WHERE NOT d.metadata @> single AND NOT d.metadata @> list)
            LIMIT most_documents + 1) AS f;
        IF cardinality(documents_) = 0 THEN
            RETURN;
        ELSIF cardinality(documents_) <= most_documents THEN
            filter := ' AND document_id = ANY ($4)';
            SELECT count(*) INTO visible FROM app.chunks c
            WHERE c.tenant = for_tenant AND c.document_id = ANY (documents_);
        ELSE
            filter := ' AND EXISTS (SELECT FROM app.documents d WHERE d.tenant = o.tenant AND d.id = o.document_id '
                'AND NOT EXISTS (SELECT FROM unnest($5, $6) AS f (single, list) '
                'WHERE NOT d.metadata @> single AND NOT d.metadata @> list))';
        END IF;
    END IF;
    share := visible::float8 / greatest(total, 1);

    IF text_weight > 0 THEN
        SELECT array_agg(t.asked), array_agg(t.weight), array_agg(t.chunks) INTO terms, weights, counts
        FROM app.question_terms(question, for_tenant) AS t;
    END IF;
    IF terms IS NOT NULL THEN
        SELECT string_agg(t::text, ' | ')::tsquery INTO everything FROM unnest(terms) AS t;
        SELECT string_agg(t.asked::text, ' | ')::tsquery INTO finding FROM (
            SELECT asked, place, sum(n) OVER (ORDER BY place) * share AS found
            FROM unnest(terms, counts) WITH ORDINALITY AS e (asked, n, place)) AS t
        WHERE t.place = 1 OR t.place <= 40 AND t.found <= ranked;
        -- What weighs less than a fifth of the rarest word changes the order little and costs as much.
        SELECT array_agg(t.asked), array_agg(t.weight) INTO telling, telling_weights
        FROM unnest(terms, weights) AS t (asked, weight)
        WHERE t.weight >= 0.2 * (SELECT max(w) FROM unnest(weights) AS w);
        by_text := app.matching(finding, telling, telling_weights, for_tenant, keys, filter, documents_, wanted, listed,
            ranked, candidates);
        -- What the rare words found may be closed to this caller.
        IF cardinality(by_text) < k AND finding <> everything THEN
            by_text := app.matching(everything, terms, weights, for_tenant, keys, filter, documents_, wanted,
                listed, ranked, candidates);
        END IF;
    END IF;

    -- `IS TRUE` keeps a tenant's own index out of it: the keys of the readers are the narrower way in.
    IF dims > 0 AND vector_weight > 0 THEN
        breadth := greatest(100, ceil(1.5 * candidates / share));
        IF filter = '' AND compared > 0 AND dims >= 64 AND visible > 5 * compared
            AND (visible <= 5 * exact_rows OR breadth > 1000) THEN
            -- The sketches of all that is visible say which vectors are worth reading. A sketch of few numbers says
            -- little, and few rows are read sooner than sketched.
            -- Among very many the nearest by sketch are the nearest less surely: one in a hundred is read.
            by_vector := app.nearest_by_sketch(asked_numbers, asked_model, for_tenant, keys,
                greatest(compared, (visible / 100)::integer), candidates);
        ELSIF cardinality(documents_) <= most_documents OR visible <= exact_rows OR breadth > 1000 THEN
            EXECUTE 'SELECT array_agg(chunk_id ORDER BY distance, chunk_id) FROM ('
                'SELECT o.chunk_id, (o.embedding <=> $1::vector) + 0 AS distance FROM app.embeddings o '
                'WHERE (o.tenant = $2) IS TRUE AND o.model = $7 AND o.dimensions = $8 AND o.readers && $3' || filter ||
                ' ORDER BY distance, chunk_id LIMIT $9) AS near'
            INTO by_vector
            USING asked_vector, for_tenant, keys, documents_, wanted, listed, asked_model, dims, candidates;
        ELSE
            -- How many rows a wide filter leaves is not known: look further at once.
            breadth := CASE WHEN filter = '' THEN breadth ELSE greatest(breadth, 400) END;
            PERFORM set_config('hnsw.ef_search', breadth::text, true),
                set_config('hnsw.iterative_scan', 'relaxed_order', true);
            EXECUTE format('SELECT array_agg(chunk_id ORDER BY distance, chunk_id) FROM ('
                'SELECT chunk_id, embedding <=> $1::vector AS distance FROM ('
                'SELECT o.chunk_id, o.embedding FROM app.embeddings o '
                'WHERE o.tenant = %L AND o.model = %L AND o.dimensions = %s AND o.readers && $3%s '
                'ORDER BY o.embedding::%s(%s) <=> $1::%s(%s) LIMIT $9) AS found) AS near',
                for_tenant, asked_model, dims, filter, kind, dims, kind, dims)
            INTO by_vector
            USING asked_vector, for_tenant, keys, documents_, wanted, listed, asked_model, dims, candidates;
        END IF;
    END IF;

    RETURN QUERY
    WITH fused AS (
        SELECT coalesce(t.id, v.id) AS id, t.rank AS text_rank, v.rank AS vector_rank,
            coalesce(text_weight / (rrf_k + t.rank), 0) + coalesce(vector_weight / (rrf_k + v.rank), 0) AS score
        FROM unnest(by_text) WITH ORDINALITY AS t (id, rank)
        FULL JOIN unnest(by_vector) WITH ORDINALITY AS v (id, rank) ON v.id = t.id
    ), best AS (
        SELECT * FROM fused AS f WHERE f.score >= min_score ORDER BY f.score DESC, f.id LIMIT k
    )
    SELECT c.id, c.document_id, c.title, c.heading, c.text, b.score, b.text_rank, b.vector_rank, n.before, n.after
    FROM best b JOIN app.chunks c ON c.id = b.id AND c.tenant = for_tenant AND c.readers && keys
    LEFT JOIN LATERAL (
        SELECT string_agg(o.text, E'\n\n' ORDER BY o.ordinal) FILTER (WHERE o.ordinal < c.ordinal) AS before,
            string_agg(o.text, E'\n\n' ORDER BY o.ordinal) FILTER (WHERE o.ordinal > c.ordinal) AS after
        FROM app.chunks o
        WHERE o.tenant = c.tenant AND o.document_id = c.document_id
            AND CASE around WHEN 'section' THEN o.heading = c.heading ELSE abs(o.ordinal - c.ordinal) = 1 END
    ) AS n ON around <> 'nothing'
    ORDER BY b.score DESC, c.id;
END $$;

"""

OLD_TABLE = """
DROP TRIGGER sketch_added ON embeddings; DROP TRIGGER sketch_changed ON embeddings;
DROP TRIGGER sketch_removed ON embeddings;
DROP FUNCTION app.keep_sketches, app.sketch_all, app.vector_sketch;
DROP TABLE sketches;
"""
OLD_WORDS = """
CREATE INDEX chunks_words ON chunks USING gin (words) WITH (gin_pending_list_limit = 1024);
CREATE INDEX chunks_readers ON chunks USING gin (readers) WITH (fastupdate = off);
DROP INDEX chunks_found;
"""


def upgrade() -> None:
    for part in (TABLE, WORDS, TERMS, MATCHING, NEAREST, SEARCH):
        op.execute(part)


def downgrade() -> None:
    former = import_module("app.data.migrations.versions.0013_sketches_and_queue")
    search = former.SEARCH.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    for part in (
        OLD_TABLE,
        former.TABLE,
        OLD_WORDS,
        search,
        "DROP FUNCTION app.question_terms, app.matching, app.nearest_by_sketch, app.shelf",
    ):
        op.execute(part)
