"""Sketches stand in cells of near vectors; a word of a question is one term in all languages and counts as in BM25.

A caller with many readable vectors had all their sketches compared. Vectors of a model are now parted into cells around
centres that `app data index` finds (`train_cells`); a search compares the sketches of the cells nearest the question.
Before there are centres every vector is in cell 0, which is always looked at.

A question's word had one term for each form that a language gives it, and a form of the few texts in another language
passed for a rare word. Now all forms of a word are one term with one rarity.

`app.search` keeps its signature: old replicas call the new body.
"""

from importlib import import_module

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

former = import_module("app.data.migrations.versions.0014_sketches_by_reader")

SKETCH = """
-- Bits of v / |v| above -b, -a, a and b, where a = 0.35 and b = 1, both by sqrt(dimensions), part the numbers of a
-- random vector into five shares. The Hamming distance of two sketches orders as well as that of five bits did.
CREATE OR REPLACE FUNCTION app.vector_sketch(v public.vector) RETURNS bit varying LANGUAGE plpgsql IMMUTABLE
PARALLEL SAFE SET search_path = app, public, pg_temp AS $$
DECLARE
    unit vector := l2_normalize(v);
    near vector := array_fill((0.35 / sqrt(vector_dims(v)))::real, ARRAY[vector_dims(v)])::vector;
    far vector := array_fill((1 / sqrt(vector_dims(v)))::real, ARRAY[vector_dims(v)])::vector;
BEGIN
    RETURN binary_quantize(unit - near) || binary_quantize(unit + near)
        || binary_quantize(unit - far) || binary_quantize(unit + far);
END $$;
"""
CELLS = """
-- Centres have length 1; numbers go from 1 without gaps.
CREATE TABLE cells (
    model text NOT NULL,
    dimensions integer NOT NULL,
    cell integer NOT NULL,
    centre public.halfvec NOT NULL,
    PRIMARY KEY (model, dimensions, cell)
);
ALTER TABLE cells ALTER centre SET STORAGE PLAIN;
-- No policy: nobody but the owner, for whom search runs, reads or writes a row.
ALTER TABLE cells ENABLE ROW LEVEL SECURITY;

-- The cell of the nearest centre, 0 where the model has none.
CREATE FUNCTION app.cell_of(v public.vector, of_model text) RETURNS integer LANGUAGE sql STABLE
SET search_path = app, public, pg_temp AS $$
    SELECT coalesce((SELECT c.cell FROM cells c WHERE c.model = of_model AND c.dimensions = vector_dims(v)
                     ORDER BY c.centre <#> v::halfvec LIMIT 1), 0)
$$;

-- New centres by k-means over a sample of twenty vectors a cell; how many there are. The sketches have to be put into
-- their cells afterwards. Nothing is blocked meanwhile.
CREATE FUNCTION app.train_cells(of_model text, of_dimensions integer, wanted integer, rounds integer)
RETURNS integer LANGUAGE plpgsql SET search_path = app, public, pg_temp AS $$
DECLARE
    written integer;
BEGIN
    CREATE TEMPORARY TABLE sampled ON COMMIT DROP AS
    SELECT row_number() OVER () AS place, f.v FROM (
        SELECT l2_normalize(e.embedding) AS v FROM embeddings e
        WHERE e.model = of_model AND e.dimensions = of_dimensions AND vector_norm(e.embedding) > 0
        ORDER BY md5(e.chunk_id) LIMIT 20 * wanted) AS f;
    CREATE TEMPORARY TABLE trial ON COMMIT DROP AS
    SELECT 0 AS round, s.place AS cell, s.v AS centre FROM sampled s WHERE s.place <= wanted;
    ANALYZE sampled; ANALYZE trial;
    FOR n IN 1..rounds LOOP
        INSERT INTO trial SELECT n, m.cell, l2_normalize(avg(m.v)) FROM (
            SELECT s.v, (SELECT t.cell FROM trial t WHERE t.round = n - 1 ORDER BY t.centre <#> s.v LIMIT 1) AS cell
            FROM sampled s) AS m
        GROUP BY m.cell;
        DELETE FROM trial WHERE round < n;
    END LOOP;
    DELETE FROM cells WHERE model = of_model AND dimensions = of_dimensions;
    INSERT INTO cells SELECT of_model, of_dimensions, row_number() OVER (ORDER BY t.cell), t.centre FROM trial t;
    GET DIAGNOSTICS written = ROW_COUNT;
    DROP TABLE sampled, trial;
    RETURN written;
END $$;

ALTER TABLE sketches ADD cell integer NOT NULL DEFAULT 0;
DROP INDEX sketches_shelf;
CREATE INDEX sketches_shelf ON sketches (shelf, cell);

CREATE OR REPLACE FUNCTION app.keep_sketches() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = app, public, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM sketches s USING removed r, unnest(r.readers) AS reader
        WHERE s.chunk_id = r.chunk_id AND s.shelf = app.shelf(reader, r.model, r.dimensions);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO sketches
        SELECT app.shelf(reader, e.model, e.dimensions), e.chunk_id, e.ctid, e.sketch, e.cell
        FROM (SELECT e.*, e.ctid, app.vector_sketch(e.embedding) AS sketch, app.cell_of(e.embedding, e.model) AS cell
              FROM added a JOIN embeddings e ON e.chunk_id = a.chunk_id AND e.model = a.model OFFSET 0) AS e,
            unnest(e.readers) AS reader
        ORDER BY 1, 5, 2
        ON CONFLICT (chunk_id, shelf) DO UPDATE
        SET (place, sketch, cell) = (excluded.place, excluded.sketch, excluded.cell);
    END IF;
    RETURN NULL;
END $$;

-- Everything that is missing, stale or left over; how many rows were wrong. After a restore every place is. A cell is
-- looked up where there was none; with `anew` all are, and the rows are written in their order.
DROP FUNCTION app.sketch_all();
CREATE FUNCTION app.sketch_all(anew boolean DEFAULT false) RETURNS bigint LANGUAGE plpgsql
SET search_path = app, public, pg_temp AS $$
DECLARE
    gone bigint; written bigint;
BEGIN
    DELETE FROM sketches s WHERE anew OR NOT EXISTS (
        SELECT FROM embeddings e, unnest(e.readers) AS reader
        WHERE e.chunk_id = s.chunk_id AND s.shelf = app.shelf(reader, e.model, e.dimensions));
    GET DIAGNOSTICS gone = ROW_COUNT;
    INSERT INTO sketches AS s
    SELECT e.shelf, e.chunk_id, e.ctid, e.sketch, e.cell FROM (
        SELECT app.shelf(reader, f.model, f.dimensions) AS shelf, f.* FROM (
            SELECT e.*, e.ctid, app.vector_sketch(e.embedding) AS sketch, coalesce(
                (SELECT nullif(max(o.cell), 0) FROM sketches o
                 WHERE o.chunk_id = e.chunk_id
                    AND o.shelf = ANY (SELECT app.shelf(key, e.model, e.dimensions) FROM unnest(e.readers) AS key)),
                app.cell_of(e.embedding, e.model)) AS cell
            FROM embeddings e OFFSET 0) AS f, unnest(f.readers) AS reader) AS e
    ORDER BY e.shelf, e.cell, e.chunk_id
    ON CONFLICT (chunk_id, shelf) DO UPDATE
    SET (place, sketch, cell) = (excluded.place, excluded.sketch, excluded.cell)
    WHERE (s.place, s.sketch, s.cell) IS DISTINCT FROM (excluded.place, excluded.sketch, excluded.cell);
    GET DIAGNOSTICS written = ROW_COUNT;
    RETURN gone + written;
END $$;
SELECT app.sketch_all(anew => true);
"""

NEAREST = """
DROP FUNCTION app.nearest_by_sketch;
-- Ids of the `candidates` nearest vectors a caller may read, of which there are about `visible`: sketches are compared,
-- then the vectors of the nearest `compared`. Where there are more sketches than are worth comparing, those of the
-- cells nearest the question are, and of further cells while they hold too few. A vector that stands on several of the
-- caller's shelves is found once for each.
CREATE FUNCTION app.nearest_by_sketch(
    asked vector, asked_model text, for_tenant text, keys text[], compared integer, candidates integer, visible bigint
) RETURNS text[] LANGUAGE plpgsql SET search_path = app, public, pg_temp AS $$
DECLARE
    asked_sketch constant bit varying := app.vector_sketch(asked);
    asked_half constant halfvec := l2_normalize(asked)::halfvec;
    worth constant bigint := greatest(4000, visible / 10);
    shelves bigint[]; probed integer[]; all_cells integer; probes integer; read_ integer := compared;
    ids text[]; places tid[]; met bigint; intact boolean;
    found_ text[]; near float8;
BEGIN
    SELECT array_agg(app.shelf(key, asked_model, vector_dims(asked))) INTO shelves FROM unnest(keys) AS key;
    -- A few times as many lie in a row on their shelves and are compared as quickly as those of scattered cells.
    IF visible > 4 * worth THEN
        SELECT max(c.cell) INTO all_cells FROM cells c
        WHERE c.model = asked_model AND c.dimensions = vector_dims(asked);
        probes := ceil(all_cells * worth / visible::float8);
    END IF;
    IF visible > 4000 AND (probes < all_cells) IS NOT TRUE THEN
        -- Most sketches are farther than twice as many as wanted are, by a sample, and need not be put in order.
        SELECT percentile_disc(least(1, 2 * compared / visible::float8)) WITHIN GROUP (ORDER BY f.distance) INTO near
        FROM unnest(shelves) AS one (shelf), LATERAL (
            SELECT s.sketch <~> asked_sketch AS distance FROM sketches s WHERE s.shelf = one.shelf LIMIT 200) AS f;
    END IF;
    LOOP
        IF near IS NOT NULL THEN
            SELECT array_agg(n.chunk_id), array_agg(n.place), sum(n.times) INTO ids, places, met FROM (
                SELECT f.chunk_id, f.place, count(*) AS times FROM (
                    SELECT s.chunk_id, s.place FROM sketches s
                    WHERE s.shelf = ANY (shelves) AND s.sketch <~> asked_sketch <= near
                    ORDER BY s.sketch <~> asked_sketch LIMIT read_) AS f
                GROUP BY f.chunk_id, f.place) AS n;
        ELSIF probes < all_cells THEN
            -- Cell 0 is of those that were written before there were centres.
            SELECT array_agg(f.cell) || 0 INTO probed FROM (
                SELECT c.cell FROM cells c WHERE c.model = asked_model AND c.dimensions = vector_dims(asked)
                ORDER BY c.centre <#> asked_half LIMIT probes) AS f;
            SELECT array_agg(n.chunk_id), array_agg(n.place), sum(n.times) INTO ids, places, met FROM (
                SELECT f.chunk_id, f.place, count(*) AS times FROM (
                    SELECT s.chunk_id, s.place FROM sketches s
                    WHERE s.shelf = ANY (shelves) AND s.cell = ANY (probed)
                    ORDER BY s.sketch <~> asked_sketch LIMIT read_) AS f
                GROUP BY f.chunk_id, f.place) AS n;
        ELSE
            SELECT array_agg(n.chunk_id), array_agg(n.place), sum(n.times) INTO ids, places, met FROM (
                SELECT f.chunk_id, f.place, count(*) AS times FROM (
                    SELECT s.chunk_id, s.place FROM sketches s WHERE s.shelf = ANY (shelves)
                    ORDER BY s.sketch <~> asked_sketch LIMIT read_) AS f
                GROUP BY f.chunk_id, f.place) AS n;
        END IF;
        EXIT WHEN cardinality(ids) >= 0.8 * compared;
        IF near IS NOT NULL THEN
            near := NULL;  -- the sample misled, or many shelves hold the same
        ELSIF coalesce(met, 0) < read_ THEN
            EXIT WHEN (probes < all_cells) IS NOT TRUE;
            probes := 4 * probes;
        ELSE
            -- Where vectors stand on many of the caller's shelves, further rows are needed for as many vectors.
            EXIT WHEN read_ >= compared * cardinality(keys);
            read_ := least(4 * read_, compared * cardinality(keys));
        END IF;
    END LOOP;
    SELECT (array_agg(m.chunk_id ORDER BY m.distance, m.chunk_id))[1 : candidates],
        sum(hashtext(m.chunk_id)) = (SELECT sum(hashtext(id)) FROM unnest(ids) AS id)
    INTO found_, intact FROM (
        SELECT o.chunk_id, o.embedding <=> asked AS distance FROM embeddings o
        WHERE o.ctid = ANY (places) AND o.model = asked_model AND o.tenant = for_tenant AND o.readers && keys) AS m;
    IF intact IS NOT TRUE THEN
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

TERMS = r"""
-- The words of a question, rarest first: each with all forms that the tenant's languages give it (`asked`), how much it
-- weighs and how many chunks hold it. The forms of one word are those at one place of the question; words with one
-- form in the language of most chunks are one word. A word counts as often as it is asked. Texts of unknown language
-- keep their stop words: what is one in another of the tenant's languages is no term there.
CREATE OR REPLACE FUNCTION app.question_terms(question text, for_tenant text)
RETURNS TABLE (asked tsquery, weight float8, chunks bigint) LANGUAGE plpgsql STABLE
SET search_path = app, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    language_ text; languages text[] := '{}'; sizes bigint[] := '{}'; total bigint := 0; counted bigint;
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
        sizes := sizes || coalesce(counted, 0);
        total := total + coalesce(counted, 0);
    END LOOP;
    RETURN QUERY
    SELECT string_agg(DISTINCT '''' || replace(replace(g.form, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery,
        ln(1 + total::float8 / sum(g.chunks)) * max(g.times), sum(g.chunks)::bigint
    FROM (SELECT n.name, n.form, n.language, max(n.chunks) AS chunks, count(DISTINCT n.place) AS times
          FROM (SELECT f.*, first_value(f.form) OVER (PARTITION BY f.place ORDER BY f.size DESC, f.language) AS name
                FROM (SELECT form.lexeme AS form, l.language, l.size, w.chunks, unnest(form.positions) AS place
                      FROM unnest(languages, sizes) AS l (language, size)
                      CROSS JOIN LATERAL unnest(to_tsvector(l.language::regconfig, question)) AS form
                      CROSS JOIN LATERAL (
                          SELECT o.chunks FROM app.words o
                          WHERE o.tenant = for_tenant AND o.language = l.language AND o.word = form.lexeme LIMIT 1) AS w
                      WHERE l.language <> 'simple' OR NOT EXISTS (
                          SELECT FROM unnest(languages) AS other
                          WHERE other <> 'simple' AND to_tsvector(other::regconfig, form.lexeme) = '')) AS f) AS n
          GROUP BY n.name, n.form, n.language) AS g
    GROUP BY g.name
    ORDER BY sum(g.chunks), g.name;
END $$;
"""

# By how often the term is in a chunk and where. ts_rank of one term that stands n times in a text is in proportion to
# 1 + 1/4 + 1/9 + ... + 1/n²; to the power of 1.6 that is BM25's n (k + 1) / (n + k) for k = 1.4, within 3 per cent up
# to six times. A title's or heading's word counts 1.43 times. Length does not count: chunks are cut to about one size.
SCORE = """(SELECT sum(t.weight * power(ts_rank('{0.4, 0.4, 0.5, 0.5}', f.words, t.asked), 1.6))
FROM unnest(TERMS, WEIGHTS) AS t (asked, weight)) AS score"""
OLD_SCORE = """(SELECT sum(t.weight * ts_rank('{0.4, 0.4, 0.7, 0.7}', f.words, t.asked))
FROM unnest(TERMS, WEIGHTS) AS t (asked, weight)) AS score"""
MATCHING = """
-- Ids of the best `candidates` among at most `ranked` chunks that `finding` matches: each term counts by its weight and
-- by how prominent it is in the chunk. Without a metadata filter the statement is planned once a connection.
CREATE OR REPLACE FUNCTION app.matching(
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
        SELECT f.id, STATIC
        FROM (SELECT o.id, o.words FROM app.chunks o
              WHERE (o.tenant = for_tenant) IS TRUE AND o.words @@ finding AND o.readers && keys LIMIT ranked) AS f
        ORDER BY score DESC, f.id LIMIT candidates) AS b;
    RETURN coalesce(found_, '{}');
END $$;

-- The same under a metadata filter, whose condition is text.
CREATE OR REPLACE FUNCTION app.ranked_by_text(
    finding tsquery, terms tsquery[], weights float8[], for_tenant text, keys text[], filter text, documents_ text[],
    wanted jsonb[], listed jsonb[], ranked integer, candidates integer
) RETURNS text[] LANGUAGE plpgsql SET search_path = app, public, pg_temp AS $$
DECLARE
    found text[];
BEGIN
    EXECUTE $query$SELECT array_agg(id ORDER BY score DESC, id) FROM (
        SELECT f.id, DYNAMIC
        FROM (SELECT o.id, o.words FROM app.chunks o
              WHERE (o.tenant = $2) IS TRUE AND o.words @@ $1 AND o.readers && $3$query$ || filter ||
        $query$ LIMIT $9) AS f ORDER BY score DESC, f.id LIMIT $10) AS best$query$
    INTO found USING finding, for_tenant, keys, documents_, wanted, listed, terms, weights, ranked, candidates;
    RETURN coalesce(found, '{}');
END $$;
"""


def _matching(score: str) -> str:
    static = score.replace("TERMS", "terms").replace("WEIGHTS", "weights")
    return MATCHING.replace("STATIC", static).replace("DYNAMIC", score.replace("TERMS", "$7").replace("WEIGHTS", "$8"))


def _search() -> str:
    """The former body; a term counts from a tenth of the weightiest on, and the nearest know how many are readable."""
    body: str = former.SEARCH
    for old, new in (
        ("-- What weighs less than a fifth of the rarest word", "-- What weighs less than a tenth of the rarest word"),
        ("t.weight >= 0.2 *", "t.weight >= 0.1 *"),
        ("greatest(compared, (visible / 100)::integer), candidates)",
         "greatest(compared, (visible / 100)::integer), candidates, visible)"),
    ):  # fmt: skip
        if old not in body:
            raise ValueError(f"0014's search does not hold {old!r}")
        body = body.replace(old, new)
    return body


OLD_CELLS = """
DROP FUNCTION app.nearest_by_sketch, app.sketch_all, app.train_cells, app.cell_of;
DROP INDEX sketches_shelf;
ALTER TABLE sketches DROP cell;
CREATE INDEX sketches_shelf ON sketches (shelf);
DROP TABLE cells;
"""


def upgrade() -> None:
    for part in (SKETCH, CELLS, NEAREST, TERMS, _matching(SCORE), _search()):
        op.execute(part)


def downgrade() -> None:
    sketch = former.TABLE[former.TABLE.index("CREATE OR REPLACE FUNCTION app.vector_sketch") :]
    sketch = sketch[: sketch.index("END $$;") + len("END $$;")]
    keeping = former.TABLE[former.TABLE.index("CREATE FUNCTION app.keep_sketches()") :]
    keep, rest = keeping.split("CREATE TRIGGER sketch_added", 1)
    sketch_all = rest[rest.index("CREATE FUNCTION app.sketch_all()") : rest.index("SELECT app.sketch_all();")]
    terms = former.TERMS.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
    for part in (
        OLD_CELLS,
        sketch,
        keep.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"),
        sketch_all,
        "SELECT app.sketch_all()",
        former.NEAREST,
        terms,
        _matching(OLD_SCORE),
        former.SEARCH,
    ):
        op.execute(part)
