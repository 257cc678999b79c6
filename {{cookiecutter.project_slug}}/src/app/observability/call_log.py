"""One row in Postgres for every call through the gateway, and one for each attempt inside it; none is lost.

`record` writes the row to a local outbox and returns; a background task moves rows to the tables `app.calls` and
`app.attempts`. A row may be sent twice and is stored once. It masks nothing: callers hand in masked text.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
import psycopg

from app.errors import StoreUnavailableError
from app.observability.outbox import Outbox, Segment
from app.observability.records import CallRecord

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Connection
    from psycopg_pool import AsyncConnectionPool

_log = logging.getLogger(__name__)

_INSERT = """
with incoming as (
  select * from jsonb_to_recordset(%s::jsonb) as row(
    id uuid, at timestamptz, trace_id text, span_id text, tenant text, "user" text, session text, role text,
    task text, prompt_version int, prompt_hash text, identity text, model text, provider text, deployment text,
    status text, error text, degraded boolean, cached boolean, stream boolean, input jsonb, output text,
    input_tokens int, output_tokens int, cached_input_tokens int, usage_estimated boolean,
    cost_usd double precision, latency_ms double precision, first_token_ms double precision, attempts jsonb,
    cache text, similarity real, saved_usd double precision, saved_tokens int, cache_write_tokens int,
    confidence real, confidence_by text)
), stored as (
  insert into app.calls (
    id, at, trace_id, span_id, tenant, user_id, session_id, role, task, prompt_version, prompt_hash, identity,
    model, provider, deployment, status, error, degraded, cached, stream, input, output, input_tokens,
    output_tokens, cached_input_tokens, usage_estimated, cost_usd, latency_ms, first_token_ms,
    cache, similarity, saved_usd, saved_tokens, cache_write_tokens, confidence, confidence_by)
  select
    id, at, trace_id, span_id, tenant, "user", session, role, task, prompt_version, prompt_hash, identity,
    model, provider, deployment, status, error, degraded, cached, stream, input, output, input_tokens,
    output_tokens, cached_input_tokens, usage_estimated, cost_usd, latency_ms, first_token_ms,
    cache, similarity, saved_usd, coalesce(saved_tokens, 0), coalesce(cache_write_tokens, 0),
    confidence, confidence_by
  from incoming on conflict (id) do nothing returning id
)
insert into app.attempts (call_id, ordinal, model, provider, deployment, status, http_status, latency_ms, message)
select id, a.ordinal, a.model, a.provider, a.deployment, a.status, a.http_status, a.latency_ms, a.message
from incoming join stored using (id), jsonb_to_recordset(attempts) as a(
  ordinal int, model text, provider text, deployment text, status text, http_status int,
  latency_ms double precision, message text)
"""


class CallLog:
    """The log of one process. Use: `start()` in a running loop, `record(...)`, `await close()`.

    `outbox` is a local directory that several processes may share. `interval_s` is how long a row may take to reach
    the table while the database is well. Memory is bounded by one batch, about a megabyte, however long the
    database is away; meanwhile the rows on disk are synced at every try. Without a `pool` rows stay in the outbox
    for a process that has one.
    """

    def __init__(
        self,
        outbox: Path,
        pool: AsyncConnectionPool | None,
        *,
        interval_s: float = 0.25,
        retry_max_s: float = 5.0,
        adopt_every_s: float = 15.0,
    ) -> None:
        self._outbox, self._pool = Outbox(outbox), pool
        self._interval_s, self._retry_max_s, self._adopt_every_s = interval_s, retry_max_s, adopt_every_s
        self._task: asyncio.Task[None] | None = None
        self._delivering = asyncio.Lock()
        self._refused_by_disk = 0

    @property
    def waiting_bytes(self) -> int:
        """What has been recorded and is not in the database yet."""
        return self._outbox.size

    def start(self) -> None:
        """Begin delivery, leftovers of killed processes first."""
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name="call-log")

    def record(self, call: CallRecord) -> None:
        """Accept one row. On return it survives the death of this process.

        Never raises for what the row holds. A disk that refuses the write costs the row, which is logged.
        """
        try:
            self._outbox.append(encode(call))
        except OSError as error:
            self._refused_by_disk += 1
            _log.error(
                "call %s is not in the call log (%s; %d rows so far): free the disk of the outbox",
                call.id,
                error,
                self._refused_by_disk,
            )

    async def flush(self) -> None:
        """Return when every row recorded before is in the database. Raises StoreUnavailableError, rows kept."""
        try:
            await self._deliver()
        except psycopg.Error as error:
            raise StoreUnavailableError(
                f"the call log cannot be written ({_one_line(error)}): rows are kept on disk; check DATABASE_URL"
            ) from error

    async def close(self) -> None:
        """Deliver what is there if the database answers, else leave it to the next process."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        try:
            await asyncio.wait_for(self._deliver(), timeout=self._retry_max_s)
        except (psycopg.Error, TimeoutError):
            _log.warning("the call log closes before all rows are in the database: they stay in the outbox")
            self._outbox.sync()
        self._outbox.close()

    async def _run(self) -> None:
        delay, failing, adopted_at = self._interval_s, False, float("-inf")
        while True:
            if time.monotonic() - adopted_at >= self._adopt_every_s:
                self._outbox.adopt()
                adopted_at = time.monotonic()
            try:
                await self._deliver()
            except psycopg.Error as error:
                if not failing:
                    _log.warning("the call log waits for the database, rows stay on disk: %s", _one_line(error))
                failing, delay = True, min(delay * 2, self._retry_max_s)
                await asyncio.to_thread(self._outbox.sync)
            else:
                if failing:
                    _log.warning("the call log reaches the database again")
                failing, delay = False, self._interval_s
            await asyncio.sleep(delay)

    async def _deliver(self) -> None:
        """Move everything accepted so far. Raises psycopg.Error when the database is away."""
        if self._pool is None:
            return
        async with self._delivering:
            self._outbox.seal()
            for segment in list(self._outbox.sealed):
                await self._send(self._pool, segment)
                self._outbox.delivered(segment)

    async def _send(self, pool: AsyncConnectionPool, segment: Segment) -> None:
        for lines in segment.batches():
            async with pool.connection(timeout=self._retry_max_s) as connection:
                try:
                    await _insert(connection, lines)
                except (psycopg.DataError, psycopg.IntegrityError):
                    await connection.rollback()
                    await self._send_one_by_one(connection, lines)

    async def _send_one_by_one(self, connection: AsyncConnection[Any], lines: list[bytes]) -> None:
        """Keep a row the database will never take from blocking the others."""
        for line in lines:
            try:
                await _insert(connection, [line])
                await connection.commit()
            except (psycopg.DataError, psycopg.IntegrityError) as error:
                await connection.rollback()
                path = await asyncio.to_thread(self._outbox.reject, line)
                _log.error("a call row was rejected (%s): it is kept in %s", _one_line(error), path)


def encode(call: CallRecord) -> bytes:
    """One line of the outbox. Characters Postgres cannot store (NUL, lone surrogates) become U+FFFD."""
    try:
        line = orjson.dumps(call, default=_plain, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        return orjson.dumps(_storable(_as_dict(call)), default=str, option=orjson.OPT_APPEND_NEWLINE)
    if b"\\u0000" in line:
        return orjson.dumps(_storable(orjson.loads(line)), option=orjson.OPT_APPEND_NEWLINE)
    return line


def create_views(connection: Connection[Any]) -> None:
    """Create or replace the views of call_log_views.sql: cost, failures, latency. Needs the tables."""
    connection.execute(Path(__file__).with_name("call_log_views.sql").read_bytes())
    connection.commit()


async def _insert(connection: AsyncConnection[Any], lines: list[bytes]) -> None:
    await connection.execute(_INSERT, [(b"[" + b",".join(lines) + b"]").decode()])


def _plain(value: Any) -> Any:
    """What orjson does not know: other mappings as dicts, everything else as its text."""
    return dict(value) if isinstance(value, Mapping) else str(value)


def _as_dict(call: CallRecord) -> dict[str, Any]:
    fields = {name: getattr(call, name) for name in CallRecord.__slots__}
    attempts = [{name: getattr(a, name) for name in type(a).__slots__} for a in call.attempts]
    return fields | {"attempts": attempts}


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, Mapping):
        return {_storable(str(key)): _storable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_storable(item) for item in value]
    return value


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__
