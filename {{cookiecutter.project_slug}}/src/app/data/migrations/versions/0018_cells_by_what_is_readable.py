"""A search looks into as many cells as somebody needs who may read as much as its caller.

How many of the nearest cells hold the ten nearest vectors depends on how many vectors there are to be near: among
20,000 that lie in topics the ten nearest may be of one topic, and of one cell or two; among 5,000 of the same topics
most of the ten are of others. `train_cells` now measures it for readers of 2,500 vectors up to the whole sample, each
step about 1.4 times the one before, and a search takes what a line through the two steps next to its caller's number
gives. What was measured before stands as what readers of sixteen vectors a cell or more need, as it was used, and
`app data index` measures anew.

From so few cells fewer vectors are read: of what lies far in truth, cells have kept most away.

Full text adds up the first eight words of a question without a row source, which would be started for every chunk.
"""

from importlib import import_module

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

former = import_module("app.data.migrations.versions.0017_more_of_scattered_vectors")
lean = former.former
cells = lean.former

REACH = """
-- Of `cells` cells, the shares nearest a vector that hold 985 of 1,000 of its ten nearest, for a reader of as many
-- vectors as `readable` says at the same place, in rising order. No row: not measured, and cells are not used.
ALTER TABLE cell_reach ALTER reach TYPE float8[] USING ARRAY[reach];
ALTER TABLE cell_reach ADD readable integer[];
UPDATE cell_reach SET readable = ARRAY[16 * cells];
ALTER TABLE cell_reach ALTER readable SET NOT NULL;

-- The share for a reader of `visible` vectors: on a line between two measured numbers, the last beyond them. Null for
-- who may read fewer than any measured number.
CREATE FUNCTION app.reach_of(readable integer[], reach float8[], visible bigint) RETURNS float8 LANGUAGE plpgsql
IMMUTABLE AS $$
DECLARE
    at constant integer := width_bucket(visible::float8, readable::float8[]);
BEGIN
    IF at < 1 OR at >= cardinality(readable) THEN
        RETURN reach[at];
    END IF;
    RETURN reach[at]
        + (reach[at + 1] - reach[at]) * (visible - readable[at])::float8 / (readable[at + 1] - readable[at]);
END $$;
"""
TRAINING = """
-- New centres by k-means over a sample of twenty vectors a cell; how many there are. The sketches have to be put into
-- their cells afterwards. Nothing is blocked meanwhile. Then it measures how many of the cells nearest a vector hold
-- its ten nearest, for readers of a part of the sample.
CREATE OR REPLACE FUNCTION app.train_cells(of_model text, of_dimensions integer, wanted integer, rounds integer)
RETURNS integer LANGUAGE plpgsql SET search_path = app, public, pg_temp AS $$
DECLARE
    written integer; fewest integer;
BEGIN
    CREATE TEMPORARY TABLE sampled (place integer, v halfvec) ON COMMIT DROP;
    CREATE TEMPORARY TABLE trial (cell integer, centre halfvec) ON COMMIT DROP;
    ALTER TABLE sampled ALTER v SET STORAGE PLAIN;
    ALTER TABLE trial ALTER centre SET STORAGE PLAIN;
    INSERT INTO sampled SELECT row_number() OVER (), l2_normalize(f.embedding)::halfvec FROM (
        SELECT e.embedding FROM embeddings e
        WHERE e.model = of_model AND e.dimensions = of_dimensions AND vector_norm(e.embedding) > 0
        ORDER BY md5(e.chunk_id) LIMIT 20 * wanted) AS f;
    INSERT INTO trial SELECT s.place, s.v FROM sampled s WHERE s.place <= wanted;
    ANALYZE sampled; ANALYZE trial;
    FOR n IN 1..rounds LOOP
        -- Rows that were deleted would be read again and again: the table is emptied.
        CREATE TEMPORARY TABLE trial_moved ON COMMIT DROP AS
        SELECT m.cell, l2_normalize(avg(m.v)) AS centre FROM (
            SELECT s.v, (SELECT t.cell FROM trial t ORDER BY t.centre <#> s.v LIMIT 1) AS cell FROM sampled s) AS m
        GROUP BY m.cell;
        TRUNCATE trial;
        INSERT INTO trial SELECT m.cell, m.centre FROM trial_moved m;
        DROP TABLE trial_moved;
    END LOOP;
    DELETE FROM cells WHERE model = of_model AND dimensions = of_dimensions;
    INSERT INTO cells SELECT of_model, of_dimensions, row_number() OVER (ORDER BY t.cell), t.centre FROM trial t;
    GET DIAGNOSTICS written = ROW_COUNT;

    CREATE TEMPORARY TABLE trial_steps ON COMMIT DROP AS
    SELECT DISTINCT least(round(2500 * power(2, n / 2.0)), (SELECT count(*) FROM sampled))::integer AS readable
    FROM generate_series(0, 12) AS n;
    SELECT min(s.readable) INTO fewest FROM trial_steps s;
    CREATE TEMPORARY TABLE trial_few ON COMMIT DROP AS SELECT s.v FROM sampled s WHERE s.place <= fewest;
    -- What is farther than the tenth nearest of the fewest is of nobody's ten nearest.
    CREATE TEMPORARY TABLE trial_questions ON COMMIT DROP AS
    SELECT q.number, q.v, (
        SELECT max(f.distance) FROM (SELECT o.v <#> q.v AS distance FROM trial_few o ORDER BY 1 LIMIT 10) AS f) AS bound
    FROM (SELECT row_number() OVER () AS number, l2_normalize(f.embedding)::halfvec AS v FROM (
              SELECT e.embedding FROM embeddings e
              WHERE e.model = of_model AND e.dimensions = of_dimensions AND vector_norm(e.embedding) > 0
              ORDER BY md5(e.chunk_id) DESC LIMIT 400) AS f OFFSET 0) AS q;
    ANALYZE trial_questions;
    CREATE TEMPORARY TABLE trial_near ON COMMIT DROP AS
    SELECT n.number, n.readable, n.place FROM (
        SELECT p.number, p.place, s.readable,
            row_number() OVER (PARTITION BY p.number, s.readable ORDER BY p.distance) AS rank
        FROM (SELECT q.number, s.place, s.v <#> q.v AS distance
              FROM sampled s JOIN trial_questions q ON s.v <#> q.v <= q.bound) AS p
        JOIN trial_steps s ON p.place <= s.readable) AS n
    WHERE n.rank <= 10;
    DELETE FROM cell_reach WHERE model = of_model AND dimensions = of_dimensions;
    INSERT INTO cell_reach (model, dimensions, cells, readable, reach)
    SELECT of_model, of_dimensions, written, array_agg(f.readable ORDER BY f.readable),
        array_agg(f.reach ORDER BY f.readable)
    FROM (SELECT n.readable, percentile_disc(0.985) WITHIN GROUP (ORDER BY o.rank)::float8 / written AS reach
          FROM trial_near n
          JOIN (SELECT s.place, (SELECT t.cell FROM trial t ORDER BY t.centre <#> s.v LIMIT 1) AS cell
                FROM sampled s WHERE s.place IN (SELECT n.place FROM trial_near n)) AS own ON own.place = n.place
          JOIN (SELECT q.number, t.cell, row_number() OVER (PARTITION BY q.number ORDER BY t.centre <#> q.v) AS rank
                FROM trial_questions q CROSS JOIN trial t) AS o ON o.number = n.number AND o.cell = own.cell
          GROUP BY n.readable) AS f
    HAVING count(*) > 0;
    DROP TABLE sampled, trial, trial_steps, trial_few, trial_questions, trial_near;
    RETURN written;
END $$;
"""
DECLARED = (
    "    wanted integer := compared; scattered boolean;\n",
    "    wanted integer; scattered boolean; share float8; readable integer[]; reach float8[];\n"
    "    counted boolean := false;\n",
)
READ = ("probes integer; read_ integer := compared;\n", "probes integer; read_ integer;\n")
USED = """\
    SELECT r.cells, r.reach[cardinality(r.reach)] > 0.5, r.readable, r.reach
    INTO all_cells, scattered, readable, reach
    FROM cell_reach r WHERE r.model = asked_model AND r.dimensions = vector_dims(asked);
    wanted := greatest(compared / 3, 2 * candidates);
    share := app.reach_of(readable, reach, visible);
    share := CASE WHEN share > 0 THEN greatest(share, 3 * wanted / visible::float8) END;
    -- What is near to a vector between cells is in several, however dense all lies.
    probes := greatest(8, ceil(all_cells * share));
    -- Counted in sketches of a row of them: a cell on a shelf takes as long as six, a sketch in it as two, a centre as
    -- one and a half. Cells are used where they save a quarter.
    IF (1400 + 1.5 * all_cells + 6 * probes * cardinality(shelves) + 2 * share * visible <= 0.75 * visible)
            IS NOT TRUE THEN
        all_cells := NULL;
        -- Among very many the nearest by sketch are the nearest less surely.
        wanted := greatest(CASE WHEN scattered THEN 5 * compared / 3 ELSE compared END, visible / 50);
    END IF;
    read_ := wanted;
"""
FURTHER = (
    "            probes := 4 * probes;\n",
    "            probes := 4 * probes;\n"
    "            wanted := compared;\n"
    "            read_ := greatest(read_, compared);\n",
)
ENOUGH = "        EXIT WHEN cardinality(ids) >= 0.8 * wanted;\n"
COUNTED = """\
        IF probes < all_cells AND met > 1.25 * cardinality(ids) AND NOT counted THEN
            -- What stands on several of the caller's shelves was counted for each: fewer are readable, and lie farther.
            counted := true;
            share := coalesce(app.reach_of(readable, reach, visible * cardinality(ids) / met), 1);
            IF share * all_cells > probes THEN
                probes := ceil(share * all_cells);
                wanted := compared;
                read_ := compared;
                CONTINUE;
            END IF;
        END IF;
"""
WORD = "coalesce(weights[{n}] * power(ts_rank('{{0.4, 0.4, 0.5, 0.5}}', f.words, terms[{n}]), 1.6), 0)"
FURTHER_WORDS = """\
CASE WHEN cardinality(terms) > 8 THEN (
    SELECT sum(t.weight * power(ts_rank('{0.4, 0.4, 0.5, 0.5}', f.words, t.asked), 1.6))
    FROM unnest(terms[9 :], weights[9 :]) AS t (asked, weight)) ELSE 0 END AS score"""


def _matching() -> str:
    by_rows = cells.SCORE.replace("TERMS", "terms").replace("WEIGHTS", "weights")
    written_out = "\n+ ".join([*(WORD.format(n=n) for n in range(1, 9)), FURTHER_WORDS])
    text: str = lean._replaced(cells._matching(cells.SCORE), (by_rows, written_out))
    return text


def _nearest() -> str:
    body = lean._replaced(lean._nearest(), former.REACH, former.DECLARED, former.WANTED)
    used = lean._between(body, "    -- Scattered over cells a sketch", "    IF visible > 4000 AND")
    text: str = lean._replaced(body, DECLARED, READ, (used, USED), FURTHER, (ENOUGH, COUNTED + ENOUGH))
    return text


def upgrade() -> None:
    for part in (REACH, TRAINING, _nearest(), _matching()):
        op.execute(part)


def downgrade() -> None:
    # The share for one number of vectors is not among those for others: cells are not used until it is measured.
    for part in (
        "DELETE FROM cell_reach",
        "ALTER TABLE cell_reach DROP readable, ALTER reach TYPE float8 USING reach[1]",
        lean._replaced(lean._training(), ("    GET DIAGNOSTICS written = ROW_COUNT;\n", lean.MEASURED)),
        lean._replaced(lean._nearest(), former.REACH, former.DECLARED, former.WANTED),
        "DROP FUNCTION app.reach_of",
        cells._matching(cells.SCORE),
    ):
        op.execute(part)
