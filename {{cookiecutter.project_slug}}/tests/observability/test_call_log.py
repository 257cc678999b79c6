"""The call log: every recorded row reaches the table once, whatever dies on the way."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import MappingProxyType

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from app.data import postgres, store
from app.errors import StoreUnavailableError
from app.observability.call_log import CallLog, create_views
from app.observability.records import AttemptRecord
from tests.observability.records import call_record

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"

WRITER = """
import sys
from pathlib import Path
from app.observability.call_log import CallLog
from tests.observability.records import call_record
log = CallLog(Path(sys.argv[1]), pool=None)
while True:
    call = call_record()
    log.record(call)
    print(call.id, flush=True)
"""


async def rows(pool: AsyncConnectionPool, query: str) -> list[tuple]:
    async with pool.connection() as connection:
        return await (await connection.execute(query)).fetchall()


@pytest.mark.feature("O2")
async def test_a_call_becomes_one_row_with_its_attempts(pool: AsyncConnectionPool, tmp_path: Path) -> None:
    """Every field arrives in its column, and each attempt in a row of its own."""
    attempts = (
        AttemptRecord(1, "large", "openai", "gpt-4.1", "ProviderThrottledError", 429, 20.0, "slow down"),
        AttemptRecord(2, "small", "openai", "gpt-4.1-mini", "ok", 200, 30.0),
    )
    log = CallLog(tmp_path, pool)
    call = call_record(session="s1", input=MappingProxyType({"ticket": "é"}), attempts=attempts)
    log.record(call)
    await log.flush()
    await log.close()
    [row] = await rows(pool, "select id, user_id, session_id, input, cost_usd, prompt_version from app.calls")
    assert row == (call.id, "ada", "s1", {"ticket": "é"}, 0.0004, 2)
    tried = await rows(pool, "select ordinal, deployment, http_status from app.attempts order by ordinal")
    assert tried == [(1, "gpt-4.1", 429), (2, "gpt-4.1-mini", 200)]


@pytest.mark.reliability("lost call rows")
@pytest.mark.feature("O2")
async def test_rows_of_a_killed_process_are_delivered_once(pool: AsyncConnectionPool, tmp_path: Path) -> None:
    """After SIGKILL the next process finds every acknowledged row; sending them twice stores them once."""
    recorded = _write_and_kill(tmp_path, writers=2, rows_each=300)
    kept = _segments(tmp_path)
    for _ in range(2):
        for path, content in kept.items():
            path.write_bytes(content)
        log = CallLog(tmp_path, pool, interval_s=0.01)
        log.start()
        await _until(lambda: not _segments(tmp_path))
        await log.close()
    stored = [str(row[0]) for row in await rows(pool, "select id from app.calls")]
    assert len(stored) == len(set(stored))
    assert set(recorded) <= set(stored)
    assert len(stored) - len(recorded) <= 2, "only a row whose acknowledgement was cut may be extra"


@pytest.mark.feature("O2")
async def test_rows_wait_on_disk_while_the_database_is_away(pool: AsyncConnectionPool, tmp_path: Path) -> None:
    """Without a database `flush` says so in one line, keeps the rows, and they arrive when it is back."""
    away = AsyncConnectionPool(NOWHERE, open=False, min_size=1, timeout=0.2)
    await away.open()
    log = CallLog(tmp_path, away, retry_max_s=0.3)
    for _ in range(5):
        log.record(call_record())
    with pytest.raises(StoreUnavailableError, match="rows are kept on disk"):
        await log.flush()
    await log.close()
    await away.close()
    later = CallLog(tmp_path, pool)
    later.start()
    await _until(lambda: not _segments(tmp_path))
    await later.close()
    assert await rows(pool, "select count(*) from app.calls") == [(5,)]


@pytest.mark.feature("O2")
async def test_delivery_survives_its_connections_being_cut(
    pool: AsyncConnectionPool, database_url: str, tmp_path: Path
) -> None:
    """The server ends every connection again and again, as a restart does: nothing lost, nothing twice."""
    log = CallLog(tmp_path, pool, interval_s=0.01, retry_max_s=0.1)
    log.start()
    for _ in range(8):
        for _ in range(50):
            log.record(call_record())
        await asyncio.sleep(0.02)
        with psycopg.connect(database_url, autocommit=True) as other:
            other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where pid <> pg_backend_pid() and datname = current_database()"
            )
    await _until(lambda: log.waiting_bytes == 0)
    await log.close()
    assert await rows(pool, "select count(*), count(distinct id) from app.calls") == [(400, 400)]


@pytest.mark.reliability("database restart")
@pytest.mark.slow
@pytest.mark.feature("O2")
async def test_restarting_the_database_loses_no_row(tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """The server is stopped and started three times while rows keep coming: each arrives once."""
    server = tmp_path_factory.mktemp("server")
    server.parent.chmod(0o711)
    server.chmod(0o711)
    url = postgres.start(server)
    try:
        store.migrate(url)
        pool = await store.open_pool(url, max_size=2)
        log = CallLog(tmp_path, pool, interval_s=0.02, retry_max_s=0.3)
        log.start()
        for _ in range(3):
            await _record_slowly(log, 200)
            await asyncio.to_thread(postgres.stop, server)
            await _record_slowly(log, 200)
            await asyncio.to_thread(postgres.start, server)
        await _until(lambda: log.waiting_bytes == 0, timeout_s=30)
        await log.close()
        counted = await rows(pool, "select count(*), count(distinct id) from app.calls")
        await pool.close()
    finally:
        postgres.stop(server)
    assert counted == [(1200, 1200)]


@pytest.mark.feature("O2")
async def test_a_living_process_keeps_its_outbox_to_itself(pool: AsyncConnectionPool, tmp_path: Path) -> None:
    """Two processes share a directory: neither takes nor deletes what the other is writing."""
    writing, other = CallLog(tmp_path, pool), CallLog(tmp_path, pool)
    writing.record(call_record())
    other.start()
    await asyncio.sleep(0.05)
    await other.close()
    assert await rows(pool, "select count(*) from app.calls") == [(0,)]
    await writing.flush()
    await writing.close()
    assert await rows(pool, "select count(*) from app.calls") == [(1,)]


@pytest.mark.parametrize("text", ["nul \0 inside", "half a pair \ud83d", "quotes \" ' \\u0000", "\u2028 😀"], ids=ascii)
async def test_any_text_can_be_logged(pool: AsyncConnectionPool, tmp_path: Path, text: str) -> None:
    """Characters that Postgres cannot store are replaced, never a reason to lose a row."""
    log = CallLog(tmp_path, pool)
    log.record(call_record(output=text, input={"ticket": text}))
    await log.close()
    [(output,)] = await rows(pool, "select output from app.calls")
    assert output == text.replace("\0", "\ufffd").replace("\ud83d", "\ufffd")


async def test_a_row_the_database_refuses_does_not_block_the_others(pool: AsyncConnectionPool, tmp_path: Path) -> None:
    """An impossible row is set aside in a file that is named; its neighbours arrive."""
    log = CallLog(tmp_path, pool)
    log.record(call_record())
    log.record(call_record(input_tokens=2**40))
    log.record(call_record())
    await log.close()
    assert await rows(pool, "select count(*) from app.calls") == [(2,)]
    assert str(2**40) in (tmp_path / "rejected.txt").read_text()


async def test_a_torn_last_line_was_never_accepted(pool: AsyncConnectionPool, tmp_path: Path) -> None:
    """A write cut by the end of the process leaves half a row: it is left out, the rest arrives."""
    first = CallLog(tmp_path, pool)
    first.record(call_record())
    first._outbox.close()
    [(left, content)] = _segments(tmp_path).items()
    left.write_bytes(content + b'{"id": "half')
    log = CallLog(tmp_path, pool)
    log.start()
    await _until(lambda: not _segments(tmp_path))
    await log.close()
    assert await rows(pool, "select count(*) from app.calls") == [(1,)]


@pytest.mark.feature("O2")
async def test_views_answer_what_calls_cost_and_which_failed(
    pool: AsyncConnectionPool, database_url: str, tmp_path: Path
) -> None:
    """Cost by day, tenant, task, model and prompt version; unknown prices are counted, not summed as zero."""
    log = CallLog(tmp_path, pool)
    log.record(call_record(cost_usd=0.25))
    log.record(call_record(cost_usd=None))
    log.record(call_record(task="answer", status="failed", error="CallFailedError"))
    await log.close()
    with psycopg.connect(database_url) as connection:
        create_views(connection)
        create_views(connection)
    cost = "select calls, cost_usd, calls_without_price from app.cost_by_day where task = 'classify'"
    assert await rows(pool, cost) == [(2, 0.25, 1)]
    assert await rows(pool, "select task, error, calls from app.failures_by_day") == [("answer", "CallFailedError", 1)]


def test_recording_costs_microseconds(tmp_path: Path) -> None:
    """The road of a call waits for a write to the page cache and nothing else."""
    log = CallLog(tmp_path, pool=None)
    call = call_record(input={"ticket": "word " * 200})
    log.record(call)
    started = time.perf_counter()
    for _ in range(1000):
        log.record(call)
    each_us = (time.perf_counter() - started) * 1000
    log._outbox.close()
    assert each_us < 500


async def _record_slowly(log: CallLog, count: int) -> None:
    for _ in range(count):
        log.record(call_record())
        await asyncio.sleep(0.001)


async def _until(condition, timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        await asyncio.sleep(0.02)


def _segments(outbox: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in outbox.glob("*.jsonl")}


def _write_and_kill(outbox: Path, *, writers: int, rows_each: int) -> list[str]:
    """Ids that processes recording without end had acknowledged when each was killed."""
    recorded: list[str] = []
    for _ in range(writers):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(outbox)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert writer.stdout is not None
        recorded += [writer.stdout.readline().strip() for _ in range(rows_each)]
        writer.send_signal(signal.SIGKILL)
        recorded += writer.communicate()[0].split()
    return recorded
