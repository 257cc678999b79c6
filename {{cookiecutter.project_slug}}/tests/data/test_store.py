"""The store: migrations up and down, several migrators at once, the pool and its one-line errors."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo
from psycopg_pool import AsyncConnectionPool

from app import bootstrap
from app.data import postgres, store
from app.errors import ConfigurationError, StoreUnavailableError

VERSIONS = Path(store.__file__).parent / "migrations" / "versions"
EVERY = sorted(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))
TABLES = {
    *("documents", "chunks", "words", "embeddings", "calls", "attempts", "reply_cache"),
    *("releases", "release_log", "step_runs", "alembic_version", "scores", "verdicts"),
}


def tables(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'app'").fetchall()
    return {name for (name,) in rows}


@pytest.mark.feature("D1")
def test_an_empty_database_gets_every_table_once(empty_database: str) -> None:
    """The first migration applies all revisions, the second none."""
    assert not store.schema_current(empty_database)

    assert store.migrate(empty_database) == EVERY
    assert store.migrate(empty_database) == []

    assert tables(empty_database) >= TABLES
    assert store.schema_current(empty_database)


def test_a_migration_can_be_taken_back(empty_database: str) -> None:
    """Down to nothing and up again leaves the same tables."""
    store.migrate(empty_database)
    before = tables(empty_database)

    assert sorted(store.downgrade(empty_database)) == EVERY
    assert tables(empty_database) == {"alembic_version"}
    assert store.migrate(empty_database) == EVERY
    assert tables(empty_database) == before


def test_cells_measured_before_stay_as_they_were_used(empty_database: str) -> None:
    """One share of cells becomes that of readers of sixteen vectors a cell; taken back, it is to be measured anew."""
    store.migrate(empty_database)
    store.downgrade(empty_database, "0017")
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("INSERT INTO app.cell_reach VALUES ('m', 64, 1000, 0.25)")

        assert store.migrate(empty_database) == [revision for revision in EVERY if revision > "0017"]
        shares = connection.execute(
            "SELECT array_agg(app.reach_of(readable, reach, visible) ORDER BY visible) "
            "FROM app.cell_reach, unnest(ARRAY[15999, 16000, 90000]) AS visible"
        ).fetchone()
        line = connection.execute(
            "SELECT array_agg(app.reach_of('{10, 20}', '{0.5, 0.1}', visible) ORDER BY visible) "
            "FROM unnest(ARRAY[9, 10, 15, 20, 21]) AS visible"
        ).fetchone()
        store.downgrade(empty_database, "0017")

        assert shares == ([None, 0.25, 0.25],)
        assert line == ([None, 0.5, pytest.approx(0.3), 0.1, 0.1],)
        assert connection.execute("SELECT count(*) FROM app.cell_reach").fetchone() == (0,)


def test_concurrent_migrators_apply_each_revision_once(empty_database: str) -> None:
    """Four replicas that start together: one migrates, the others wait and find nothing to do."""
    with ThreadPoolExecutor(4) as threads:
        applied = list(threads.map(store.migrate, [empty_database] * 4))

    assert sorted(applied) == [[], [], [], EVERY]


def test_processes_that_start_together_prepare_one_database(empty_database: str) -> None:
    """Tables, views and rights: eight at once, three times over; nobody fails because another was there first."""
    with psycopg.connect(empty_database, autocommit=True) as connection:
        postgres.make_role(connection, "together", "secret")
    service = conninfo.make_conninfo(empty_database, user="together", password="secret")
    for _ in range(3):
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(lambda _: bootstrap.migrate(empty_database, service), range(8)))

    with psycopg.connect(service) as connection:
        assert connection.execute("SELECT count(*) FROM app.cost_by_day").fetchone() == (0,)


async def test_the_pool_sees_our_tables_first_and_limits_statements(database_url: str) -> None:
    """Connections resolve names in `app` before `public`, and a runaway statement is ended by the server."""
    pool = await store.open_pool(database_url, max_size=2, statement_timeout_s=0.2)

    async with pool.connection() as connection:
        path = await (await connection.execute("SHOW search_path")).fetchone()
    with pytest.raises(psycopg.errors.QueryCanceled):
        async with pool.connection() as connection:
            await connection.execute("SELECT pg_sleep(5)")
    await pool.close()

    assert path == ("app,public",)


async def test_the_pool_mends_itself_after_its_connections_died(pool: AsyncConnectionPool) -> None:
    """A restart of the server costs the next caller nothing."""
    async with pool.connection() as connection:
        await connection.execute("SELECT 1")
    async with await psycopg.AsyncConnection.connect(pool.conninfo, autocommit=True) as other:
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT count(*) FROM chunks")).fetchone()

    assert row == (0,)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("postgresql://app:hunter2hunter2@127.0.0.1:1/app", id="nobody listens"),
    ],
)
async def test_an_unreachable_database_is_one_line_with_a_remedy_and_no_password(url: str) -> None:
    """The message names the place and what to do; the credentials stay out of it."""
    with pytest.raises(StoreUnavailableError) as pooled:
        await store.open_pool(url)
    with pytest.raises(StoreUnavailableError) as migrated:
        store.migrate(url)

    for message in (str(pooled.value), str(migrated.value)):
        assert "start it, or correct DATABASE_URL" in message
        assert "\n" not in message
        assert "hunter2" not in message


async def test_a_wrong_password_and_a_missing_database_are_told_apart(service_url: str) -> None:
    """The reason the server gave is in the line."""
    with pytest.raises(StoreUnavailableError, match="password authentication failed"):
        await store.open_pool(service_url.replace(":of-the-tests", ":x"))
    with pytest.raises(StoreUnavailableError, match="does not exist"):
        await store.open_pool(service_url + "_missing")


def test_something_that_is_no_url_is_a_configuration_error() -> None:
    """A misspelt DATABASE_URL is told from a server that is down."""
    with pytest.raises(ConfigurationError, match="postgresql://user:password@host"):
        store.migrate("my database")


def test_a_failing_migration_leaves_nothing_behind(empty_database: str) -> None:
    """Something in the way: the tables made before it are rolled back."""
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE SCHEMA app")
        connection.execute("CREATE TABLE app.step_runs (mine int)")

    with pytest.raises(ConfigurationError, match="nothing was changed"):
        store.migrate(empty_database)

    assert tables(empty_database) == {"step_runs"}
