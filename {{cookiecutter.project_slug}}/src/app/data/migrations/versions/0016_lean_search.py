"""A search's small steps take less: most of a quick statement's time is its start, and a search had many.

A question's words in a tenant of one language are looked up without the work that joins the forms of several; what of
them is searched and ranked is put together without statements; hits without surroundings are read without looking for
them; a threshold for sketches is taken from a sample of some 400 rows, however many shelves a caller has.

`app.search` keeps its signature and finds what it did.
"""

from importlib import import_module

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

former = import_module("app.data.migrations.versions.0015_cells")

ONE_LANGUAGE = r"""
    IF cardinality(languages) = 1 THEN
        -- A word has one form; what follows is for several.
        RETURN QUERY
        SELECT ('''' || replace(replace(form.lexeme, '\', '\\'), '''', '''''') || '''')::tsquery,
            ln(1 + total::float8 / w.chunks) * cardinality(form.positions), w.chunks::bigint
        FROM unnest(to_tsvector(languages[1]::regconfig, question)) AS form
        CROSS JOIN LATERAL (
            SELECT o.chunks FROM app.words o
            WHERE o.tenant = for_tenant AND o.language = languages[1] AND o.word = form.lexeme LIMIT 1) AS w
        ORDER BY w.chunks, form.lexeme;
        RETURN;
    END IF;
    RETURN QUERY"""

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


def _terms() -> str:
    return _replaced(former.TERMS, ("\n    RETURN QUERY", ONE_LANGUAGE))


def _search() -> str:
    body = former._search()
    words = _between(
        body, "        SELECT string_agg(t::text, ' | ')::tsquery", "        by_text := app.matching(finding"
    )
    fused = _between(body, "    WITH fused AS", "    SELECT c.id, c.document_id")
    return _replaced(
        body,
        (words, WORDS.lstrip("\n")),
        ("telling_weights float8[];", "telling_weights float8[]; expected float8 := 0; heaviest float8;"),
        ("    RETURN QUERY\n    WITH fused", ALONE.replace("    FUSED\n", fused) + "    RETURN QUERY\n    WITH fused"),
    )


def _nearest() -> str:
    return _replaced(former.NEAREST, ("LIMIT 200) AS f", "LIMIT greatest(50, 400 / cardinality(keys))) AS f"))


def upgrade() -> None:
    for part in (_terms(), _search(), _nearest()):
        op.execute(part)


def downgrade() -> None:
    for part in (former.TERMS, former._search(), former.NEAREST):
        op.execute(part)
