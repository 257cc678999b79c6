"""Sketches: what is left of a vector when each number is told apart only as low, below zero, above zero or high.

Three bits a number, a tenth of the vector, in a narrow table in step with the vectors whoever writes them. A caller who
may read thousands of chunks has all their sketches compared and then the vectors of the nearest. The search of earlier
versions stays as it is, so that old and new replicas run side by side.

And new words wait in a list of at most 1 MB before they go into the word index together: writing a full chunk costs a
quarter, a search that meets a full list 0.15 ms. And documents that wait for the workers of an ingestion.
"""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

TABLE = """
-- Bits of v / |v| above -c, 0 and c, where c = 0.7 / sqrt(dimensions) parts the numbers of a random vector into four
-- about equal shares. The Hamming distance of two sketches orders about as the cosine of their vectors does.
CREATE FUNCTION app.vector_sketch(v public.vector) RETURNS bit varying LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = app, public, pg_temp AS $$
DECLARE
    unit vector := l2_normalize(v);
    apart vector := array_fill((0.7 / sqrt(vector_dims(v)))::real, ARRAY[vector_dims(v)])::vector;
BEGIN
    RETURN binary_quantize(unit) || binary_quantize(unit - apart) || binary_quantize(unit + apart);
END $$;

CREATE TABLE sketches (
    chunk_id text NOT NULL,
    model text NOT NULL,
    dimensions integer NOT NULL,
    sketch bit varying NOT NULL,
    readers text[] NOT NULL,
    PRIMARY KEY (chunk_id, model)
);
ALTER TABLE sketches ALTER sketch SET STORAGE PLAIN;

-- Everything that is missing, stale or left over; how many rows were wrong.
CREATE FUNCTION app.sketch_all() RETURNS bigint LANGUAGE plpgsql SET search_path = app, public, pg_temp AS $$
DECLARE
    gone bigint; written bigint;
BEGIN
    DELETE FROM sketches s WHERE NOT EXISTS (
        SELECT FROM embeddings e WHERE e.chunk_id = s.chunk_id AND e.model = s.model);
    GET DIAGNOSTICS gone = ROW_COUNT;
    INSERT INTO sketches AS s
    SELECT chunk_id, model, dimensions, app.vector_sketch(embedding), readers FROM embeddings
    ON CONFLICT (chunk_id, model) DO UPDATE SET
        (dimensions, sketch, readers) = (excluded.dimensions, excluded.sketch, excluded.readers)
    WHERE (s.dimensions, s.sketch, s.readers) IS DISTINCT FROM (excluded.dimensions, excluded.sketch, excluded.readers);
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN gone + written;
END $$;
SELECT app.sketch_all();
CREATE INDEX sketches_readers ON sketches USING gin (readers) WITH (fastupdate = off);

CREATE FUNCTION app.keep_sketches() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = app, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM sketches s USING removed r WHERE s.chunk_id = r.chunk_id AND s.model = r.model;
    ELSE
        INSERT INTO sketches SELECT chunk_id, model, dimensions, app.vector_sketch(embedding), readers FROM added
        ON CONFLICT (chunk_id, model) DO UPDATE SET
            (dimensions, sketch, readers) = (excluded.dimensions, excluded.sketch, excluded.readers);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER sketch_added AFTER INSERT ON embeddings REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION app.keep_sketches();
CREATE TRIGGER sketch_changed AFTER UPDATE ON embeddings REFERENCING NEW TABLE AS added
    FOR EACH STATEMENT EXECUTE FUNCTION app.keep_sketches();
CREATE TRIGGER sketch_removed AFTER DELETE ON embeddings REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION app.keep_sketches();

-- No policy: nobody but the owner, for whom search runs, reads or writes a row.
ALTER TABLE sketches ENABLE ROW LEVEL SECURITY;
"""

SEARCH = r"""
-- As in 0006, with `compared`: how many vectors are read after the sketches; 0 compares all vectors.
CREATE FUNCTION app.search(
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
    asked_sketch bit varying;
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
        IF filter = '' AND compared > 0 AND dims >= 64 AND visible > 20 * compared
            AND (visible <= 5 * exact_rows OR breadth > 1000) THEN
            -- The sketches of all that is visible say which vectors are worth reading. A sketch of few numbers says
            -- little, and few rows are read sooner than sketched.
            asked_sketch := app.vector_sketch(asked_numbers);
            SELECT array_agg(chunk_id ORDER BY distance, chunk_id) INTO by_vector FROM (
                SELECT o.chunk_id, (o.embedding <=> asked_numbers) + 0 AS distance FROM (
                    SELECT s.chunk_id, s.model FROM app.sketches s
                    WHERE s.readers && keys AND s.model = asked_model AND s.dimensions = dims
                    ORDER BY s.sketch <~> asked_sketch LIMIT compared) AS near
                JOIN app.embeddings o USING (chunk_id, model)
                WHERE (o.tenant = for_tenant) IS TRUE AND o.dimensions = dims AND o.readers && keys
                ORDER BY distance, chunk_id LIMIT candidates) AS best;
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

REVOKE EXECUTE ON FUNCTION app.search(text, text, text[], jsonb[], jsonb[], text, text, boolean, integer, integer,
    integer, integer, float8, float8, float8, integer, text, integer) FROM PUBLIC;
"""

WORDS = "ALTER INDEX app.chunks_words SET (fastupdate = on, gin_pending_list_limit = 1024)"

QUEUE = """
CREATE TABLE ingest_queue (
    tenant text NOT NULL,
    document_id text NOT NULL,
    document jsonb NOT NULL,                     -- as `app.data.documents.Document`, text included
    chunking text NOT NULL,
    attempts integer NOT NULL DEFAULT 0,
    claimed_by text,
    claimed_until timestamptz,
    reason text NOT NULL DEFAULT '',             -- why the last attempt ended without a result
    PRIMARY KEY (tenant, document_id)
);
-- Texts of closed documents stand in it: indexing alone sees it.
ALTER TABLE ingest_queue ENABLE ROW LEVEL SECURITY;
CREATE POLICY indexing ON ingest_queue USING (tenant = (SELECT app.current_tenant()) AND (SELECT app.indexing()));
"""

DOWNGRADE = """
DROP TABLE ingest_queue;
ALTER INDEX app.chunks_words SET (fastupdate = off);
ALTER INDEX app.chunks_words RESET (gin_pending_list_limit);
SELECT gin_clean_pending_list('app.chunks_words');
DROP FUNCTION app.search(text, text, text[], jsonb[], jsonb[], text, text, boolean, integer, integer,
    integer, integer, float8, float8, float8, integer, text, integer);
DROP TRIGGER sketch_added ON embeddings; DROP TRIGGER sketch_changed ON embeddings;
DROP TRIGGER sketch_removed ON embeddings;
DROP FUNCTION app.keep_sketches, app.sketch_all;
DROP TABLE sketches;
DROP FUNCTION app.vector_sketch;
"""


def upgrade() -> None:
    op.execute(TABLE)
    op.execute(SEARCH)
    op.execute(WORDS)
    op.execute(QUEUE)


def downgrade() -> None:
    op.execute(DOWNGRADE)
