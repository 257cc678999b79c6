"""Backup and restore: dump, destroy, restore, same answers; and an examination that finds what is broken."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from app.caller import Caller
from app.data import backup, examination, retrieval, store, vector_index
from app.data.retrieval import Hit
from app.errors import InputError, StoreUnavailableError
from app.settings import Retrieval
from tests.conftest import SERVICE
from tests.data.index import MODEL, LetterEmbedder, ingest, letters

FILES = {
    "open.md": "# Open\n\n## Plans\n\nEverybody may read this plan.\n\n## Prices\n\nThe price of a plan is low.",
    "closed.md": "---\ngroups: [staff]\n---\n# Closed\n\nOnly staff may read this plan.",
}
STAFF = Caller(groups=frozenset({"staff"}))


async def ask(url: str, caller: Caller) -> list[Hit]:
    pool = await store.open_pool(url, max_size=1)
    hits = await retrieval.search(
        pool, "plan", letters("plan"), caller, settings=Retrieval(), k=10, embedding_model=MODEL
    )
    await pool.close()
    return hits


@pytest.mark.slow
@pytest.mark.feature("D1")
async def test_a_restored_database_gives_the_same_answers(
    pool: AsyncConnectionPool, database_url: str, service_url: str, tmp_path: Path
) -> None:
    """Dump, destroy, restore: scores, order and permissions are those of before, and ingestion goes on."""
    await ingest(pool, FILES, embed=LetterEmbedder())
    before = [await ask(service_url, caller) for caller in (Caller(), STAFF)]

    assert backup.dump(database_url, tmp_path / "all.dump") > 1_000
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA app CASCADE")
    backup.restore(database_url, tmp_path / "all.dump")
    store.grant(database_url, SERVICE)

    assert [await ask(service_url, caller) for caller in (Caller(), STAFF)] == before
    assert store.schema_current(database_url)
    assert (await ingest(pool, FILES, embed=LetterEmbedder())).documents_unchanged == 2


MADE_BY_THE_SERVICE = """
    CREATE SCHEMA dbos;
    CREATE TYPE dbos.mood AS ENUM ('calm');
    CREATE TABLE dbos.runs (id serial PRIMARY KEY, mood dbos.mood DEFAULT 'calm');
    CREATE VIEW dbos.latest AS SELECT max(id) FROM dbos.runs;
    CREATE SEQUENCE dbos.free;
    CREATE FUNCTION dbos.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
    INSERT INTO dbos.runs DEFAULT VALUES;
"""


@pytest.mark.slow
async def test_what_the_service_made_is_its_own_again(
    pool: AsyncConnectionPool, database_url: str, service_url: str, tmp_path: Path
) -> None:
    """Workflows and sessions go on after a restore, their libraries may change tables; nobody else reads the file."""
    file = tmp_path / "all.dump"
    with psycopg.connect(service_url) as connection:
        connection.execute(MADE_BY_THE_SERVICE)
    backup.dump(database_url, file)
    backup.restore(database_url, file, replace=True, service=SERVICE)

    with psycopg.connect(service_url) as connection:
        connection.execute("ALTER TABLE dbos.runs ADD COLUMN more int")
        connection.execute("DROP FUNCTION dbos.one(); DROP VIEW dbos.latest; DROP SEQUENCE dbos.free")
        connection.execute("ALTER TYPE dbos.mood ADD VALUE 'cross'")
        rows = connection.execute("INSERT INTO dbos.runs DEFAULT VALUES RETURNING id").fetchall()

    assert rows == [(2,)]
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.slow
async def test_a_restore_never_overwrites_by_accident_nor_by_half(
    pool: AsyncConnectionPool, database_url: str, service_url: str, tmp_path: Path
) -> None:
    """Documents there, a broken file, a file that exists: refused in one line, and everything is as before."""
    await ingest(pool, FILES)
    before = await ask(service_url, STAFF)
    good, cut = tmp_path / "good.dump", tmp_path / "cut.dump"
    backup.dump(database_url, good)
    cut.write_bytes(good.read_bytes()[: good.stat().st_size // 2])

    with pytest.raises(InputError, match=r"holds documents: .*--replace"):
        backup.restore(database_url, good)
    with pytest.raises(StoreUnavailableError, match="nothing was changed"):
        backup.restore(database_url, cut, replace=True)
    with pytest.raises(InputError, match="exists: choose another name"):
        backup.dump(database_url, good)

    assert await ask(service_url, STAFF) == before


BREAKAGES = {
    "stale": ("UPDATE app.embeddings SET content_hash = 'old'", "made from an earlier text"),
    "bare": ("DELETE FROM app.embeddings WHERE document_id = 'closed.md'", "chunks have no vector"),
    "empty document": ("DELETE FROM app.chunks WHERE document_id = 'closed.md'", "documents have no chunk"),
    "words": ("UPDATE app.words SET chunks = 9 WHERE word = ''", "word counts are off"),
    "readers": ("UPDATE app.chunks SET readers = '{}'", "other readers than their document"),
    "row security": ("ALTER TABLE app.chunks DISABLE ROW LEVEL SECURITY", "row security is switched off"),
    "unlogged": ("ALTER TABLE app.embeddings SET UNLOGGED", "a crash empties it"),
    "chunker": ("UPDATE app.documents SET chunking = '0'", "cut by another chunker"),
}


@pytest.mark.feature("D2")
@pytest.mark.parametrize(("breakage", "finding"), BREAKAGES.values(), ids=BREAKAGES)
async def test_the_doctor_names_what_is_broken(
    pool: AsyncConnectionPool, database_url: str, breakage: str, finding: str
) -> None:
    """A sound index has no finding, a broken one the right one with a remedy."""
    await ingest(pool, FILES, embed=LetterEmbedder())
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert examination.examine(connection, Retrieval()) == []

        connection.execute(breakage.encode())
        found = examination.examine(connection, Retrieval())

    assert any(finding in one.what and one.remedy for one in found)


@pytest.mark.feature("D4")
@pytest.mark.parametrize("half", [False, True], ids=["single", "half"])
async def test_a_missing_vector_index_is_found_built_and_used(
    pool: AsyncConnectionPool, database_url: str, half: bool
) -> None:
    """Reported, built without a lock on writers, then the same hits come from it; a second time nothing is due."""
    await ingest(pool, {f"{n}.md": f"# D{n}\n\n{'abcdefgh'[n % 8] * (n % 13 + 1)} plan" for n in range(120)},
                 embed=LetterEmbedder())  # fmt: skip
    settings = Retrieval(exact_rows=50, half_precision=half)

    async def near(settings: Retrieval) -> list[str]:
        found = await retrieval.search(pool, "", letters("aab"), Caller(), settings=settings, embedding_model=MODEL)
        return [hit.chunk_id for hit in found]

    exact = await near(Retrieval())
    with psycopg.connect(database_url, autocommit=True) as connection:
        reported = examination.examine(connection, settings)
        for index in vector_index.wanted(connection, settings):
            vector_index.build(connection, index)
        after = examination.examine(connection, settings)

    assert ["is missing" in one.what for one in reported] == [True]
    assert after == []
    assert len(set(await near(settings)) & set(exact)) >= 4
