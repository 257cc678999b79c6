"""A search's small steps take less, full text counts by the share of the question's words that it knows, and cells of
near vectors are used as far as they hold what is near.

Most of a quick statement's time is its start, and a search had many. A question's words in a tenant of one language are
looked up without the work that joins the forms of several; what of them is searched and ranked is put together without
statements; hits without surroundings are read without looking for them; a threshold for sketches is taken from a sample
of some 400 rows, however many shelves a caller has.

What full text finds of a question in another language than the texts, it finds by chance: a few of its many words. Its
weight beside the vectors' is now `text_weight` times the share of the words that some chunk of the tenant holds.

Cells took a tenth of the vectors as a sixth, whether or not a model's vectors lie in topics. `train_cells` now measures
how many of the nearest cells hold the nearest vectors, and a search looks into as many, or into all.

`app.search` keeps its signature: old replicas call the new body.
"""

from importlib import import_module

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

former = import_module("app.data.migrations.versions.0015_cells")

TERMS = r"""
DROP FUNCTION app.question_terms;
-- As in 0015, and `known`: the share of the question's words that chunks of the tenant hold, each place one word. What
-- is a stop word in one of the tenant's languages is none of them, and no term in texts of unknown language.
CREATE FUNCTION app.question_terms(question text, for_tenant text)
RETURNS TABLE (asked tsquery, weight float8, chunks bigint, known float8) LANGUAGE plpgsql STABLE
SET search_path = app, public, pg_temp AS $$
#variable_conflict use_column
DECLARE
    language_ text; languages text[] := '{}'; sizes bigint[] := '{}'; total bigint := 0; counted bigint;
    spoken integer := 0;
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
        spoken := spoken + (language_ <> 'simple')::integer;
    END LOOP;
    IF cardinality(languages) = 1 THEN
        -- A word has one form; what follows is for several.
        RETURN QUERY
        SELECT ('''' || replace(replace(f.form, '\', '\\'), '''', '''''') || '''')::tsquery,
            ln(1 + total::float8 / f.chunks) * f.times, f.chunks::bigint, f.known
        FROM (SELECT form.lexeme AS form, cardinality(form.positions) AS times, w.chunks,
                  sum(cardinality(form.positions)) FILTER (WHERE w.chunks IS NOT NULL) OVER ()::float8
                      / sum(cardinality(form.positions)) OVER () AS known
              FROM unnest(to_tsvector(languages[1]::regconfig, question)) AS form
              LEFT JOIN LATERAL (
                  SELECT o.chunks FROM app.words o
                  WHERE o.tenant = for_tenant AND o.language = languages[1] AND o.word = form.lexeme LIMIT 1
              ) AS w ON true) AS f
        WHERE f.chunks IS NOT NULL
        ORDER BY f.chunks, f.form;
        RETURN;
    END IF;
    RETURN QUERY
    WITH found AS MATERIALIZED (
        SELECT form.lexeme AS form, l.language, l.size, w.chunks, place
        FROM unnest(languages, sizes) AS l (language, size)
        CROSS JOIN LATERAL unnest(to_tsvector(l.language::regconfig, question)) AS form
        CROSS JOIN LATERAL unnest(form.positions) AS place
        LEFT JOIN LATERAL (
            SELECT o.chunks FROM app.words o
            WHERE o.tenant = for_tenant AND o.language = l.language AND o.word = form.lexeme LIMIT 1
        ) AS w ON true
    ), telling AS MATERIALIZED (
        SELECT f.place, bool_or(f.chunks IS NOT NULL) AS known FROM found AS f GROUP BY f.place
        HAVING count(DISTINCT f.language) FILTER (WHERE f.language <> 'simple') = spoken
    )
    SELECT string_agg(DISTINCT '''' || replace(replace(g.form, '\', '\\'), '''', '''''') || '''', ' | ')::tsquery,
        ln(1 + total::float8 / sum(g.chunks)) * max(g.times), sum(g.chunks)::bigint,
        (SELECT greatest(1, count(*) FILTER (WHERE t.known))::float8 / greatest(1, count(*)) FROM telling AS t)
    FROM (SELECT n.name, n.form, n.language, max(n.chunks) AS chunks, count(DISTINCT n.place) AS times
          FROM (SELECT f.*, first_value(f.form) OVER (PARTITION BY f.place ORDER BY f.size DESC, f.language) AS name
                FROM found AS f
                WHERE f.chunks IS NOT NULL
                    AND (f.language <> 'simple' OR f.place IN (SELECT t.place FROM telling AS t))) AS n
          GROUP BY n.name, n.form, n.language) AS g
    GROUP BY g.name
    ORDER BY sum(g.chunks), g.name;
END $$;
"""

WORDS = """
        FOR n IN 1 .. cardinality(terms) LOOP
            everything := coalesce(everything || terms[n], terms[n]);
            expected := expected + counts[n] * share;
            IF n = 1 OR n <= 40 AND expected <= ranked THEN
                finding := coalesce(finding || terms[n], terms[n]);
            END IF;
            heaviest := greatest(heaviest, weights[n]);
        END LOOP;
        -- What weighs less than a tenth of the weightiest word changes the order little and costs as much.
        FOR n IN 1 .. cardinality(terms) LOOP
            IF weights[n] >= 0.1 * heaviest THEN
                telling := telling || terms[n];
                telling_weights := telling_weights || weights[n];
            END IF;
        END LOOP;
"""
ALONE = """    IF around = 'nothing' THEN
        RETURN QUERY
    FUSED
        SELECT c.id, c.document_id, c.title, c.heading, c.text, b.score, b.text_rank, b.vector_rank, NULL, NULL
        FROM best b JOIN app.chunks c ON c.id = b.id AND c.tenant = for_tenant AND c.readers && keys
        ORDER BY b.score DESC, c.id;
        RETURN;
    END IF;
"""


REACH = """
-- Of `cells` cells, the share nearest a vector that holds 99 of 100 of its ten nearest among every so many. No row: not
-- measured, and cells are not used.
CREATE TABLE cell_reach (
    model text NOT NULL,
    dimensions integer NOT NULL,
    cells integer NOT NULL,
    reach float8 NOT NULL,
    PRIMARY KEY (model, dimensions)
);
-- No policy: nobody but the owner, for whom search runs, reads or writes a row.
ALTER TABLE cell_reach ENABLE ROW LEVEL SECURITY;
"""
MEASURED = """    GET DIAGNOSTICS written = ROW_COUNT;
    -- Their ten nearest in the sample: as sparse as what one caller of many may read.
    DELETE FROM cell_reach WHERE model = of_model AND dimensions = of_dimensions;
    INSERT INTO cell_reach
    SELECT of_model, of_dimensions, written, percentile_disc(0.99) WITHIN GROUP (ORDER BY r.place)::float8 / written
    FROM (SELECT (SELECT count(*) FROM cells c WHERE c.model = of_model AND c.dimensions = of_dimensions
                      AND c.centre <#> n.asked <= own.centre <#> n.asked) AS place
          FROM (SELECT t.v::halfvec AS asked, m.v::halfvec AS near FROM (
                    SELECT l2_normalize(e.embedding) AS v FROM embeddings e
                    WHERE e.model = of_model AND e.dimensions = of_dimensions AND vector_norm(e.embedding) > 0
                    ORDER BY md5(e.chunk_id) DESC LIMIT 200) AS t
                CROSS JOIN LATERAL (SELECT s.v FROM sampled s ORDER BY s.v <#> t.v LIMIT 10) AS m) AS n
          CROSS JOIN LATERAL (
              SELECT c.centre FROM cells c WHERE c.model = of_model AND c.dimensions = of_dimensions
              ORDER BY c.centre <#> n.near LIMIT 1) AS own) AS r;
"""
USED = """\
    -- Scattered over cells a sketch takes three times as long as in a row, and the centres come first: cells are used
    -- where they save a quarter, and by callers whose vectors lie about as close as those they were measured with.
    SELECT r.cells, ceil(r.cells * greatest(r.reach, 2 * compared / visible::float8)) INTO all_cells, probes
    FROM cell_reach r WHERE r.model = asked_model AND r.dimensions = vector_dims(asked);
    IF (visible >= 16 * all_cells AND 2000 + 3 * visible * probes / all_cells <= 0.75 * visible) IS NOT TRUE THEN
        all_cells := NULL;
        -- Among very many the nearest by sketch are the nearest less surely.
        wanted := greatest(compared, visible / 50);
        read_ := wanted;
    END IF;
"""
BY_SHARE = (
    "            -- Among very many the nearest by sketch are the nearest less surely: one in a hundred is read.\n"
)


def _replaced(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        if text.count(old) != 1:
            raise ValueError(f"0015's statements do not hold {old!r} once")
        text = text.replace(old, new)
    return text


def _between(text: str, start: str, end: str) -> str:
    """From the first `start` up to the next `end`."""
    at = text.index(start)
    return text[at : text.index(end, at)]


def _search() -> str:
    body: str = former._search()
    body = _replaced(
        body,
        (
            "array_agg(t.chunks) INTO terms, weights, counts",
            "array_agg(t.chunks), max(t.known)\n        INTO terms, weights, counts, known_",
        ),
        (BY_SHARE, ""),
        ("greatest(compared, (visible / 100)::integer), candidates, visible)", "compared, candidates, visible)"),
        ("coalesce(text_weight / (rrf_k + t.rank), 0)", "coalesce(text_weight * known_ / (rrf_k + t.rank), 0)"),
        (
            "telling tsquery[]; telling_weights float8[];",
            "telling tsquery[]; telling_weights float8[]; known_ float8; heaviest float8; expected float8 := 0;",
        ),
    )
    words = _between(
        body, "        SELECT string_agg(t::text, ' | ')::tsquery", "        by_text := app.matching(finding"
    )
    fused = _between(body, "    WITH fused AS", "    SELECT c.id, c.document_id")
    return _replaced(
        body,
        (words, WORDS.lstrip("\n")),
        ("    RETURN QUERY\n    WITH fused", ALONE.replace("    FUSED\n", fused) + "    RETURN QUERY\n    WITH fused"),
    )


def _training() -> str:
    return _between(former.CELLS, "CREATE FUNCTION app.train_cells", "ALTER TABLE sketches ADD cell").replace(
        "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION"
    )


def _nearest() -> str:
    worth = _between(former.NEAREST, "    worth constant bigint", "    shelves bigint[]")
    used = _between(former.NEAREST, "    -- A few times as many lie in a row", "    IF visible > 4000 AND")
    head, loop = former.NEAREST.split("    IF visible > 4000 AND")
    body = head + "    IF visible > 4000 AND" + loop.replace("compared", "wanted")
    return _replaced(
        body,
        (worth, "    wanted integer := compared;\n"),
        (used, USED),
        ("LIMIT 200) AS f", "LIMIT greatest(50, 400 / cardinality(keys))) AS f"),
    )


def upgrade() -> None:
    measuring = _replaced(_training(), ("    GET DIAGNOSTICS written = ROW_COUNT;\n", MEASURED))
    for part in (TERMS, REACH, measuring, _nearest(), _search()):
        op.execute(part)


def downgrade() -> None:
    for part in (
        "DROP FUNCTION app.question_terms",
        former.TERMS,
        "DROP TABLE cell_reach",
        _training(),
        former.NEAREST,
        former._search(),
    ):
        op.execute(part)
