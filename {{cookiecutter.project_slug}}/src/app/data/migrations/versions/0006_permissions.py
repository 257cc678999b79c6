"""Row security on documents and everything made from them; search as a function of the database.

A row carries the keys of its readers (`tenant` and group), copied from its document by triggers, so that no writer can
forget them. Row security compares them with the caller set for the transaction. `app.search` runs as the owner, because
row security would keep Postgres from using the word index, and filters by the same keys in every branch.
"""

from alembic import op

revision = "0006"
down_revision = "0003"
branch_labels = None
depends_on = None

READERS = """
-- The keys under which a row may be read: of every group, or of the whole tenant when there is none. The separator
-- cannot make two tenants meet, because the tenant is compared as well.
CREATE FUNCTION app.reader_keys(tenant text, groups text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN groups = '{}' THEN ARRAY[tenant || chr(31)]
    ELSE ARRAY(SELECT tenant || chr(31) || name FROM unnest(groups) AS name WHERE name <> '') END;

-- The keys a caller holds: those of the groups, and that of the tenant.
CREATE FUNCTION app.held_keys(tenant text, groups text[]) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[tenant || chr(31)] || ARRAY(SELECT tenant || chr(31) || name FROM unnest(groups) AS name WHERE name <> '');

-- Who the transaction works for, set by `app.data.access`; nobody when it is not set.
CREATE FUNCTION app.current_tenant() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
RETURN nullif(current_setting('app.tenant', true), '');

CREATE FUNCTION app.current_keys() RETURNS text[] LANGUAGE sql STABLE PARALLEL SAFE
RETURN app.held_keys(app.current_tenant(), coalesce(nullif(current_setting('app.groups', true), ''), '{}')::text[]);

CREATE FUNCTION app.indexing() RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(current_setting('app.indexing', true), '') = 'on';

ALTER TABLE documents ADD COLUMN readers text[] GENERATED ALWAYS AS (app.reader_keys(tenant, groups)) STORED;
ALTER TABLE chunks ADD COLUMN readers text[];
ALTER TABLE embeddings ADD COLUMN readers text[];
UPDATE chunks SET readers = d.readers FROM documents d WHERE (d.tenant, d.id) = (chunks.tenant, document_id);
UPDATE embeddings SET readers = d.readers FROM documents d WHERE (d.tenant, d.id) = (embeddings.tenant, document_id);
ALTER TABLE chunks ALTER readers SET NOT NULL;
ALTER TABLE embeddings ALTER readers SET NOT NULL;
-- Ranking reads the words of many rows: they stay in the row, the text is what moves out.
ALTER TABLE chunks ALTER words SET STORAGE MAIN;
CREATE INDEX documents_readers ON documents USING gin (readers);
CREATE INDEX chunks_readers ON chunks USING gin (readers) WITH (fastupdate = off);
CREATE INDEX embeddings_readers ON embeddings USING gin (readers) WITH (fastupdate = off);
CREATE INDEX embeddings_document ON embeddings (tenant, document_id);

-- How many chunks each key opens, in step with the chunks whoever writes them: search decides by it whether to compare
-- everything the caller may read or to ask the index.
CREATE TABLE reader_counts (
    tenant text NOT NULL,
    reader text NOT NULL,
    chunks bigint NOT NULL,
    PRIMARY KEY (tenant, reader)
);
INSERT INTO reader_counts SELECT tenant, reader, count(*) FROM chunks, unnest(readers) AS reader GROUP BY 1, 2;
"""

TRIGGERS = """
CREATE FUNCTION app.take_readers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = app, public, pg_temp AS $$
BEGIN
    -- The lock makes a change of permissions that is under way wait or be waited for.
    SELECT readers INTO NEW.readers FROM documents WHERE tenant = NEW.tenant AND id = NEW.document_id FOR SHARE;
    RETURN NEW;
END $$;
CREATE TRIGGER take_readers BEFORE INSERT OR UPDATE OF tenant, document_id ON chunks
    FOR EACH ROW EXECUTE FUNCTION app.take_readers();
CREATE TRIGGER take_readers BEFORE INSERT OR UPDATE OF tenant, document_id ON embeddings
    FOR EACH ROW EXECUTE FUNCTION app.take_readers();

-- A generated column is not known before the row is written, so this comes after.
CREATE FUNCTION app.hand_readers_on() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = app, public, pg_temp AS $$
BEGIN
    UPDATE chunks SET readers = NEW.readers WHERE tenant = NEW.tenant AND document_id = NEW.id;
    UPDATE embeddings SET readers = NEW.readers WHERE tenant = NEW.tenant AND document_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER hand_readers_on AFTER UPDATE ON documents
    FOR EACH ROW WHEN (OLD.readers IS DISTINCT FROM NEW.readers) EXECUTE FUNCTION app.hand_readers_on();

CREATE FUNCTION app.count_readers() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = app, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        WITH changed AS (
            SELECT tenant, reader, sum(n) AS n FROM (
                SELECT tenant, reader, 1 AS n FROM added, unnest(readers) AS reader
                UNION ALL SELECT tenant, reader, -1 FROM removed, unnest(readers) AS reader) AS e
            GROUP BY 1, 2 HAVING sum(n) <> 0 ORDER BY 1, 2)
        INSERT INTO reader_counts AS c SELECT * FROM changed
        ON CONFLICT (tenant, reader) DO UPDATE SET chunks = c.chunks + excluded.chunks;
    ELSIF TG_OP = 'INSERT' THEN
        INSERT INTO reader_counts AS c
        SELECT tenant, reader, count(*) FROM added, unnest(readers) AS reader GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (tenant, reader) DO UPDATE SET chunks = c.chunks + excluded.chunks;
    ELSE
        INSERT INTO reader_counts AS c
        SELECT tenant, reader, -count(*) FROM removed, unnest(readers) AS reader GROUP BY 1, 2 ORDER BY 1, 2
        ON CONFLICT (tenant, reader) DO UPDATE SET chunks = c.chunks + excluded.chunks;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER count_added AFTER INSERT ON chunks REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION app.count_readers();
CREATE TRIGGER count_removed AFTER DELETE ON chunks REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION app.count_readers();
CREATE TRIGGER count_changed AFTER UPDATE ON chunks REFERENCING OLD TABLE AS removed NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION app.count_readers();
"""

SECURITY = """
ALTER TABLE documents ENABLE ROW LEVEL SECURITY;
ALTER TABLE chunks ENABLE ROW LEVEL SECURITY;
ALTER TABLE embeddings ENABLE ROW LEVEL SECURITY;
ALTER TABLE words ENABLE ROW LEVEL SECURITY;
ALTER TABLE reader_counts ENABLE ROW LEVEL SECURITY;

CREATE POLICY caller_reads ON documents FOR SELECT
    USING (tenant = (SELECT app.current_tenant()) AND readers && (SELECT app.current_keys()));
CREATE POLICY caller_reads ON chunks FOR SELECT
    USING (tenant = (SELECT app.current_tenant()) AND readers && (SELECT app.current_keys()));
CREATE POLICY caller_reads ON embeddings FOR SELECT
    USING (tenant = (SELECT app.current_tenant()) AND readers && (SELECT app.current_keys()));

-- Indexing sees and writes all of one tenant. Word and reader counts tell about closed documents: no caller sees them.
CREATE POLICY indexing ON documents USING (tenant = (SELECT app.current_tenant()) AND (SELECT app.indexing()));
CREATE POLICY indexing ON chunks USING (tenant = (SELECT app.current_tenant()) AND (SELECT app.indexing()));
CREATE POLICY indexing ON embeddings USING (tenant = (SELECT app.current_tenant()) AND (SELECT app.indexing()));
CREATE POLICY indexing ON words USING (tenant = (SELECT app.current_tenant()) AND (SELECT app.indexing()));
CREATE POLICY indexing ON reader_counts USING (tenant = (SELECT app.current_tenant()) AND (SELECT app.indexing()));
"""

SEARCH = r"""
-- The words of a question as each language of the tenant stems them, rarest first; what no chunk holds is no term.
CREATE FUNCTION app.search_terms(question text, for_tenant text)
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
        languages := languages || language_;
        SELECT w.chunks INTO counted FROM app.words w
        WHERE w.tenant = for_tenant AND w.language = language_ AND w.word = '';
        total := total + coalesce(counted, 0);
    END LOOP;
    RETURN QUERY
    SELECT ('''' || replace(replace(f.word, '\', '\\'), '''', '''''') || '''')::tsquery,
        ln(1 + total::float8 / sum(f.chunks)), sum(f.chunks)::bigint
    FROM (SELECT form.lexeme AS word, w.chunks
          FROM unnest(languages) AS l (language)
          CROSS JOIN LATERAL unnest(to_tsvector(l.language::regconfig, question)) AS form
          CROSS JOIN LATERAL (
              SELECT o.chunks FROM app.words o
              WHERE o.tenant = for_tenant AND o.language = l.language AND o.word = form.lexeme LIMIT 1) AS w) AS f
    GROUP BY f.word
    ORDER BY sum(f.chunks), f.word;
END $$;

-- The best chunks for a question among those a caller may read. `wanted` and `listed` hold each metadata filter as an
-- object and as an object of a list. A caller or filter that leaves few rows is answered by comparing all of them; for
-- many rows rare words find the candidates and the vector index is walked far enough for the share that is visible.
CREATE FUNCTION app.search(
    question text, for_tenant text, for_groups text[], wanted jsonb[], listed jsonb[], asked_vector text,
    asked_model text, half boolean, candidates integer, ranked integer, exact_rows integer, rrf_k integer,
    text_weight float8, vector_weight float8, min_score float8, k integer, around text
)
RETURNS TABLE (id text, document_id text, title text, heading text[], body text, score float8, text_rank bigint,
    vector_rank bigint, before text, after text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = app, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    keys text[] := app.held_keys(for_tenant, for_groups);
    most_documents constant integer := 2000;
    dims integer := vector_dims(asked_vector::vector);
    total bigint; visible bigint; share float8; documents_ text[]; filter text := '';
    terms tsquery[]; weights float8[]; counts bigint[]; finding tsquery; everything tsquery;
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
        FROM app.search_terms(question, for_tenant) AS t;
    END IF;
    IF terms IS NOT NULL THEN
        SELECT string_agg(t::text, ' | ')::tsquery INTO everything FROM unnest(terms) AS t;
        SELECT string_agg(t.asked::text, ' | ')::tsquery INTO finding FROM (
            SELECT asked, place, sum(n) OVER (ORDER BY place) * share AS found
            FROM unnest(terms, counts) WITH ORDINALITY AS e (asked, n, place)) AS t
        WHERE t.place = 1 OR t.place <= 12 AND t.found <= ranked;
        by_text := app.ranked_by_text(finding, terms, weights, for_tenant, keys, filter, documents_, wanted, listed,
            ranked, candidates);
        -- What the rare words found may be closed to this caller.
        IF cardinality(by_text) < k AND finding <> everything THEN
            by_text := app.ranked_by_text(everything, terms, weights, for_tenant, keys, filter, documents_, wanted,
                listed, ranked, candidates);
        END IF;
    END IF;

    -- `IS TRUE` keeps a tenant's own index out of it: the keys of the readers are the narrower way in.
    IF dims > 0 AND vector_weight > 0 THEN
        breadth := greatest(100, ceil(1.5 * candidates / share));
        IF cardinality(documents_) <= most_documents OR visible <= exact_rows OR breadth > 1000 THEN
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

-- Ids of the best `candidates` among at most `ranked` chunks that `finding` matches: each term counts by how rare it is
-- and how prominent in the chunk, a title more than a text.
CREATE FUNCTION app.ranked_by_text(
    finding tsquery, terms tsquery[], weights float8[], for_tenant text, keys text[], filter text, documents_ text[],
    wanted jsonb[], listed jsonb[], ranked integer, candidates integer
) RETURNS text[] LANGUAGE plpgsql SET search_path = app, public, pg_temp AS $$
DECLARE
    found text[];
BEGIN
    EXECUTE 'SELECT array_agg(id ORDER BY score DESC, id) FROM ('
        'SELECT f.id, (SELECT sum(t.weight * ts_rank(''{0.4, 0.4, 0.7, 0.7}'', f.words, t.asked)) '
        'FROM unnest($7, $8) AS t (asked, weight)) AS score FROM ('
        'SELECT o.id, o.words FROM app.chunks o '
        'WHERE (o.tenant = $2) IS TRUE AND o.words @@ $1 AND o.readers && $3' || filter ||
        ' LIMIT $9) AS f ORDER BY score DESC, f.id LIMIT $10) AS best'
    INTO found USING finding, for_tenant, keys, documents_, wanted, listed, terms, weights, ranked, candidates;
    RETURN coalesce(found, '{}');
END $$;

REVOKE EXECUTE ON FUNCTION app.search(text, text, text[], jsonb[], jsonb[], text, text, boolean, integer, integer,
    integer, integer, float8, float8, float8, integer, text) FROM PUBLIC;
"""

DOWNGRADE = """
DROP FUNCTION app.search, app.ranked_by_text, app.search_terms;
DROP POLICY caller_reads ON documents; DROP POLICY caller_reads ON chunks; DROP POLICY caller_reads ON embeddings;
DROP POLICY indexing ON documents; DROP POLICY indexing ON chunks; DROP POLICY indexing ON embeddings;
DROP POLICY indexing ON words;
ALTER TABLE documents DISABLE ROW LEVEL SECURITY;
ALTER TABLE chunks DISABLE ROW LEVEL SECURITY;
ALTER TABLE embeddings DISABLE ROW LEVEL SECURITY;
ALTER TABLE words DISABLE ROW LEVEL SECURITY;
DROP TRIGGER count_added ON chunks; DROP TRIGGER count_removed ON chunks; DROP TRIGGER count_changed ON chunks;
DROP TRIGGER hand_readers_on ON documents; DROP TRIGGER take_readers ON chunks; DROP TRIGGER take_readers ON embeddings;
DROP FUNCTION app.count_readers, app.hand_readers_on, app.take_readers;
DROP TABLE reader_counts;
DROP INDEX embeddings_document;
ALTER TABLE embeddings DROP COLUMN readers;
ALTER TABLE chunks DROP COLUMN readers;
ALTER TABLE documents DROP COLUMN readers;
DROP FUNCTION app.indexing, app.current_keys, app.current_tenant, app.held_keys, app.reader_keys;
"""


def upgrade() -> None:
    for part in (READERS, TRIGGERS, SECURITY, SEARCH):
        op.execute(part)


def downgrade() -> None:
    op.execute(DOWNGRADE)
