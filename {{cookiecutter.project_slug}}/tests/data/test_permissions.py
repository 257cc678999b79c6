"""Document permissions hold in the database itself: a statement that forgets its filter gives nothing away."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from app import bootstrap
from app.caller import Caller
from app.data import access, documents, indexing, retrieval, store
from app.data.chunking import chunk
from app.data.retrieval import Hit
from app.errors import ConfigurationError, GateFailedError, InputError
from app.settings import Retrieval, Settings
from tests.data.index import MODEL, LetterEmbedder, ingest, letters

SETTINGS = Retrieval(candidates=20)
OPEN = {"open.md": "# Open\n\nEverybody may read this plan."}
CLOSED = {"closed.md": "---\ngroups: [staff]\n---\n# Closed\n\nOnly staff may read this plan."}
STAFF = Caller(groups=frozenset({"staff"}))


async def find(pool: AsyncConnectionPool, caller: Caller, query: str = "plan", **options: object) -> list[Hit]:
    return await retrieval.search(
        pool, query, letters(query), caller, embedding_model=MODEL, **{"settings": SETTINGS, **options}
    )  # type: ignore[arg-type]


def names(hits: list[Hit]) -> set[str]:
    return {hit.document_id for hit in hits}


@pytest.mark.reliability("leaking or starved search")
@pytest.mark.feature("D5")
@pytest.mark.parametrize(
    "table", ["documents", "chunks", "embeddings", "words", "reader_counts", "sketches", "cells", "cell_reach"]
)
async def test_a_forgotten_filter_leaks_nothing(pool: AsyncConnectionPool, table: str) -> None:
    """Every row of a table, asked for without any filter: nothing for nobody, the caller's own for a caller."""
    for tenant in ("default", "other"):
        await ingest(pool, {**OPEN, **CLOSED}, tenant=tenant, embed=LetterEmbedder())
    everything = f"SELECT * FROM {table}".encode()

    async with pool.connection() as connection:
        nobody = await (await connection.execute(everything)).fetchall()
    async with access.reading(pool, Caller()) as connection:
        outsider = await (await connection.execute(everything)).fetchall()
    async with access.reading(pool, STAFF) as connection:
        staff = await (await connection.execute(everything)).fetchall()

    assert nobody == []
    expected = (0, 0) if table in ("words", "reader_counts", "sketches", "cells", "cell_reach") else (1, 2)
    assert (len(outsider), len(staff)) == expected
    assert "other" not in {str(value) for row in staff for value in row}


@pytest.mark.feature("D5")
async def test_a_pooled_connection_forgets_its_caller(service_url: str) -> None:
    """One connection lent again and again: after a caller, after a failure, it is nobody's."""
    pool = await store.open_pool(service_url, max_size=1)
    await ingest(pool, {**OPEN, **CLOSED})

    with pytest.raises(psycopg.errors.DivisionByZero):
        async with access.reading(pool, STAFF) as connection:
            await connection.execute("SELECT 1 / 0")
    async with access.reading(pool, STAFF) as connection:
        seen = await (await connection.execute("SELECT id FROM documents")).fetchall()
    async with pool.connection() as connection:
        after = await (await connection.execute("SELECT id FROM documents")).fetchall()
    await pool.close()

    assert (len(seen), after) == (2, [])


@pytest.mark.feature("D5")
@pytest.mark.parametrize(
    "statement",
    [
        "SET row_security = off; SELECT * FROM documents",
        "ALTER TABLE documents DISABLE ROW LEVEL SECURITY",
        "DROP POLICY caller_reads ON documents",
        "UPDATE documents SET groups = '{}' RETURNING id",
        "INSERT INTO documents (tenant, id, title, version, chunking) VALUES ('default', 'x', '', '', '') RETURNING id",
        "DELETE FROM chunks RETURNING id",
        "SET ROLE app",
    ],
)
async def test_a_caller_cannot_lift_the_permissions(pool: AsyncConnectionPool, statement: str) -> None:
    """The service's role may neither switch row security off nor write a document on behalf of a caller."""
    await ingest(pool, CLOSED)

    try:
        async with access.reading(pool, Caller()) as connection:
            cursor = await connection.execute(statement.encode())
            rows = await cursor.fetchall() if cursor.description else []
    except psycopg.errors.InsufficientPrivilege:
        rows = []

    assert rows == []
    assert names(await find(pool, Caller())) == set()
    assert names(await find(pool, STAFF)) == {"closed.md"}


@pytest.mark.reliability("leaking or starved search")
@pytest.mark.feature("D5")
async def test_a_revoked_group_finds_nothing_within_a_second(pool: AsyncConnectionPool) -> None:
    """Document, chunks, vectors and counts change with one commit, and back again."""
    await ingest(pool, {**OPEN, **CLOSED}, embed=LetterEmbedder())
    assert names(await find(pool, STAFF)) == {"open.md", "closed.md"}

    started = time.perf_counter()
    assert await access.permit(pool, "default", "closed.md", ["board"])
    after = names(await find(pool, STAFF))
    took = time.perf_counter() - started

    assert after == {"open.md"}
    assert took < 1
    assert names(await find(pool, Caller(groups=frozenset({"board"})))) == {"open.md", "closed.md"}
    assert not await access.permit(pool, "other", "closed.md", [])


@pytest.mark.feature("D5")
@pytest.mark.parametrize("name", ["plain.md", "said.md"])
async def test_a_closed_document_stays_closed_when_its_text_changes(pool: AsyncConnectionPool, name: str) -> None:
    """What `app data permit` set outlasts a new edition and other chunk sizes, whatever the file says."""
    head = "---\ngroups: [staff]\n---\n" if name == "said.md" else ""
    first = {**OPEN, name: head + "# Plan\n\nThis plan is the first edition."}
    await ingest(pool, first)
    await access.permit(pool, "default", name, ["board"])

    await ingest(pool, first, settings=Retrieval(chunk_tokens=90))
    cut_again = names(await find(pool, STAFF))
    await ingest(pool, {**first, name: head + "# Plan\n\nThis plan is the second edition."})

    assert cut_again == names(await find(pool, STAFF)) == {"open.md"}
    assert names(await find(pool, Caller(groups=frozenset({"board"})))) == {"open.md", name}


@pytest.mark.feature("D5")
async def test_a_file_that_says_other_groups_sets_them(pool: AsyncConnectionPool) -> None:
    """Only the line about groups moves them; an empty list opens, a line that is gone opens nothing."""
    text = "# Closed\n\nOnly some may read this plan."
    await ingest(pool, {"closed.md": f"---\ngroups: [board]\n---\n{text}"})
    seen = [names(await find(pool, STAFF))]
    for head in ("---\ngroups: [staff]\n---\n", "", "---\ngroups: []\n---\n"):
        await ingest(pool, {"closed.md": head + text})
        seen.append(names(await find(pool, STAFF)))
        seen.append(names(await find(pool, Caller())))

    found: set[str] = {"closed.md"}
    assert seen == [set(), found, set(), found, set(), found, found]


@pytest.mark.feature("D5")
async def test_a_rule_closes_files_that_cannot_say_it(pool: AsyncConnectionPool, tmp_path: Path) -> None:
    """`.groups.yml` holds from the first ingestion on; a changed rule is a change of the documents it fits."""
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / "figures.csv").write_text("plan,euros\nthis plan,7\n")
    (tmp_path / "board" / "note.md").write_text("---\ngroups: [staff]\n---\n# Note\n\nA plan for staff.")
    (tmp_path / "open.md").write_text("# Open\n\nEverybody may read this plan.")
    seen = []
    for rule in ("board/*: board", "board/*: board\nboard/f*.csv: [staff]", "board/*: board\nboard/f*.csv: [staff]"):
        (tmp_path / ".groups.yml").write_text(rule)
        plan = await indexing.plan(pool, "default", documents.load(tmp_path).documents, SETTINGS)
        await indexing.apply(pool, plan, [made for one in plan.pending for made in chunk(one, SETTINGS)])
        seen.append((len(plan.pending), names(await find(pool, Caller())), names(await find(pool, STAFF))))

    staff = {"open.md", "board/note.md"}
    assert seen == [
        (3, {"open.md"}, staff),
        (1, {"open.md"}, {*staff, "board/figures.csv"}),
        (0, {"open.md"}, {*staff, "board/figures.csv"}),
    ]


def test_rules_within_a_folder_hold_for_what_lies_in_it(tmp_path: Path) -> None:
    """Written beside the files they close, with patterns below that folder; of all that fit the longest counts."""
    for folder in ("board", "board [old]"):
        (tmp_path / folder / "deep").mkdir(parents=True)
        (tmp_path / folder / "deep" / "figures.csv").write_text("plan,euros\nthis plan,7\n")
    (tmp_path / "open.md").write_text("# Open")
    (tmp_path / ".groups.yml").write_text("'*.csv': [staff]\nbord/*: [board]\n")
    (tmp_path / "board [old]" / ".groups.yml").write_text("'*.csv': [board]\n")

    corpus = documents.load(tmp_path)

    assert {document.id: document.groups for document in corpus.documents} == {
        "board/deep/figures.csv": ("staff",),
        "board [old]/deep/figures.csv": ("board",),
        "open.md": None,
    }
    assert corpus.remarks() == [".groups.yml: no file fits the pattern 'bord/*', so it closes nothing"]


def test_rules_by_another_name_are_not_passed_over(tmp_path: Path) -> None:
    """Who writes `.groups.yaml` means to close something."""
    (tmp_path / "board").mkdir()
    (tmp_path / "board" / ".groups.yaml").write_text("'*': [board]\n")
    with pytest.raises(InputError, match=r"\.groups\.yaml .* is not read: name it \.groups\.yml"):
        documents.load(tmp_path)


@pytest.mark.parametrize("rules", ["[board]", "board/*: 7.5", "board/*: ", "a: [", "a: &x [b]\nc: *x"])
def test_rules_that_cannot_be_read_stop_the_load(tmp_path: Path, rules: str) -> None:
    """Without its rules a corpus would be open: nothing is read, and the file is named."""
    (tmp_path / ".groups.yml").write_text(rules)
    (tmp_path / "closed.md").write_text("# Closed")

    with pytest.raises(InputError, match=r"\.groups\.yml"):
        documents.load(tmp_path)


async def test_odd_names_do_not_open_doors(pool: AsyncConnectionPool) -> None:
    """Group and tenant names are data: separators, quotes and emptiness match nothing but themselves."""
    await ingest(pool, CLOSED, tenant="a")
    odd = ["", "\x1f", "a\x1fstaff", "{staff}", 'st"aff', "staff,x", "*", "NULL"]

    for name in odd:
        assert names(await find(pool, Caller(tenant="a", groups=frozenset({name})))) == set()
        async with access.reading(pool, Caller(tenant="a", groups=frozenset({name, "b"}))) as connection:
            assert await (await connection.execute("SELECT id FROM documents")).fetchall() == []


def visible(groups: dict[str, list[str]], caller: Caller) -> set[str]:
    return {name for name, needed in groups.items() if not needed or caller.groups & set(needed)}


@pytest.mark.reliability("leaking or starved search")
@pytest.mark.slow
@pytest.mark.feature("D5")
@pytest.mark.parametrize("exact_rows", [0, 20_000], ids=["index", "exact"])
async def test_filtered_search_neither_leaks_nor_starves(
    pool: AsyncConnectionPool, database_url: str, exact_rows: int
) -> None:
    """Groups that open 10, 1 and 0.1 per cent of 2,000 documents, both ways of searching: never a stranger's chunk,
    min(k, available) hits, and at least 0.99 of what comparing everything finds.
    """
    rng = random.Random(5)
    words = [f"{a}{b}{c}" for a in "bcdfgh" for b in "aeiou" for c in "lmnrst"]
    files, groups = {}, {}
    for number in range(2_000):
        needed = ["tenth"] if number % 10 == 1 else ["hundredth"] if number % 100 == 2 else ["rare"]
        needed = needed if needed != ["rare"] or number % 1_000 == 3 else ["nobody"]
        name = f"{number}.md"
        files[name] = f"---\ngroups: {needed}\n---\n# D{number}\n\n" + " ".join(rng.choices(words, k=30)) + " common."
        groups[name] = needed
    await ingest(pool, files, embed=LetterEmbedder())
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "CREATE INDEX ON app.embeddings USING hnsw ((embedding::public.vector(8)) public.vector_cosine_ops) "
            "WHERE tenant = 'default' AND model = 'letters' AND dimensions = 8"
        )
    settings = Retrieval(candidates=20, exact_rows=exact_rows)
    found = wanted = 0
    for group, available in (("tenth", 200), ("hundredth", 20), ("rare", 2)):
        caller = Caller(groups=frozenset({group}))
        allowed = visible(groups, caller)
        for _ in range(5):
            query = " ".join(rng.choices(words, k=3)) + " common"
            hits = await find(pool, caller, query, settings=settings, k=10)
            exact = await find(pool, caller, query, settings=Retrieval(candidates=20, exact_rows=10**6), k=10)
            assert names(hits) <= allowed
            assert len(hits) == min(10, available)
            found += len(names(hits) & names(exact))
            wanted += len(exact)

    assert found / wanted >= 0.99


def test_production_refuses_a_database_role_that_permissions_do_not_hold_for(
    load_settings: Callable[..., Settings], database_url: str, service_url: str
) -> None:
    """The owner of the tables, here a superuser as well, is named with the remedy; the service's role is not."""
    loaded = load_settings(DATABASE_URL=database_url).model_copy(update={"environment": "prod"})

    with pytest.raises(GateFailedError) as refused:
        bootstrap.prepare_database(loaded)

    assert "is a superuser" in refused.value.failures[0]
    assert "DATABASE_OWNER_URL" in refused.value.failures[0]
    assert store.row_security_faults(service_url) == []


def test_rights_for_a_role_that_does_not_exist_are_one_line(database_url: str) -> None:
    """The role in DATABASE_URL has to be made first."""
    with pytest.raises(ConfigurationError, match=r"no role 'ghost'.*app db role"):
        store.grant(database_url, "ghost")


@pytest.mark.reliability("crossed cache")
@pytest.mark.slow
@pytest.mark.feature("D5")
async def test_a_revocation_reaches_answers_that_are_cached(settings: Settings, service_url: str) -> None:
    """The same question, asked and cached before: after the revocation neither text nor citation comes back."""
    code = "The code of the safe is 4711, and staff may open the safe with it."
    caller = Caller(user="ada", groups=frozenset({"staff"}))
    async with bootstrap.open_services(settings, service_url) as services:
        await ingest(services.pool, {"safe.md": f"---\ngroups: [staff]\n---\n# Safe\n\n{code}"})
        first = await services.assistant.ask("What is the code of the safe?", caller)
        again = await services.assistant.ask("What is the code of the safe?", caller)

        await access.permit(services.pool, "default", "safe.md", ["board"])
        after = await services.assistant.ask("What is the code of the safe?", caller)

    assert "4711" in first.text
    assert any(reply.cached for reply in again.replies)
    assert "4711" not in after.text
    assert (after.citations, after.hits) == ((), ())
