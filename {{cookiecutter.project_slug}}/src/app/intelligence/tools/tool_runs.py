"""Runs that wait for a person, decisions, and the record of every call of a tool, in Postgres."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from opentelemetry import trace
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from app.caller import Caller
from app.intelligence.tools.carrying_out import Carried
from app.intelligence.tools.tool_loop import Decision, Stopped, as_plain, from_plain

_NOTE = b"""
INSERT INTO app.tool_calls
  (run, trace_id, tenant, user_id, role, task, call_id, tool, arguments, outcome, message, latency_ms)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_KEEP = b"""
INSERT INTO app.tool_runs (id, part, tenant, state)
SELECT %(id)s, coalesce(max(part), 0) + 1, %(tenant)s, %(state)s FROM app.tool_runs WHERE id = %(id)s
"""
_LAST = b"""
SELECT state FROM app.tool_runs WHERE id = %s AND gone_on_at IS NULL ORDER BY part DESC LIMIT 1
"""
_TAKE = b"UPDATE app.tool_runs SET gone_on_at = now() WHERE id = %s AND gone_on_at IS NULL RETURNING part"
_DECIDE = b"""
INSERT INTO app.tool_decisions (run, call_id, approved, by, reason) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT DO NOTHING RETURNING run
"""
_WAITING = b"SELECT stopped_at, state FROM app.tool_runs WHERE tenant = %s AND gone_on_at IS NULL ORDER BY stopped_at"


@dataclass(frozen=True, slots=True)
class WaitingRun:
    """A run that waits, since when, and what has been decided of it."""

    since: datetime
    stopped: Stopped
    decisions: Mapping[str, Decision]


class PostgresRuns:
    """The `Runs` of a service. `redact` masks what is written down of arguments and failures."""

    def __init__(self, pool: AsyncConnectionPool, redact: Callable[[str], str]) -> None:
        self._pool = pool
        self._redact = redact

    async def note(self, run: UUID, task: str, caller: Caller, carried: Carried) -> None:
        """One row."""
        call, context = carried.call, trace.get_current_span().get_span_context()
        told = f"{len(carried.text)} characters" if carried.outcome == "ok" else self._redact(carried.text)
        async with self._pool.connection() as connection:
            await connection.execute(
                _NOTE,
                [
                    run,
                    f"{context.trace_id:032x}",
                    caller.tenant,
                    caller.user,
                    caller.role,
                    task,
                    call.id,
                    call.name,
                    self._redact(call.arguments),
                    carried.outcome,
                    told,
                    carried.took_ms,
                ],
            )

    async def keep(self, stopped: Stopped) -> None:
        """The run's next part."""
        values = {"id": stopped.id, "tenant": stopped.caller.tenant, "state": Jsonb(as_plain(stopped))}
        async with self._pool.connection() as connection:
            await connection.execute(_KEEP, values)

    async def get(self, run: UUID) -> tuple[Stopped, Mapping[str, Decision]] | None:
        """The part that waits."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_LAST, [run])).fetchone()
        return None if row is None else (from_plain(row[0]), await self._decisions(run))

    async def decide(self, run: UUID, call_id: str, decision: Decision) -> bool:
        """The first decision stands."""
        async with self._pool.connection() as connection:
            done = await connection.execute(_DECIDE, [run, call_id, decision.approved, decision.by, decision.reason])
            return await done.fetchone() is not None

    async def take(self, run: UUID) -> bool:
        """For one process of all."""
        async with self._pool.connection() as connection:
            return await (await connection.execute(_TAKE, [run])).fetchone() is not None

    async def waiting(self, tenant: str) -> list[WaitingRun]:
        """All runs of a tenant that wait, oldest first."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(_WAITING, [tenant])).fetchall()
        found = [(since, from_plain(state)) for since, state in rows]
        return [WaitingRun(since, stopped, await self._decisions(stopped.id)) for since, stopped in found]

    async def _decisions(self, run: UUID) -> dict[str, Decision]:
        async with self._pool.connection() as connection:
            rows = await connection.execute(
                b"SELECT call_id, approved, by, reason FROM app.tool_decisions WHERE run = %s", [run]
            )
            return {call_id: Decision(*rest) for call_id, *rest in await rows.fetchall()}
