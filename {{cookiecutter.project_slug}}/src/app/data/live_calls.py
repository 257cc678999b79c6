"""Live calls picked out to be judged, labelled or compared: never those of evaluations, pipelines or judges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

OURS = ("evaluation", "pipeline")

COLUMNS = (
    "c.id, c.at, c.tenant, c.user_id, c.task, c.prompt_version, c.prompt_hash, c.input, c.output, c.confidence, "
    "c.latency_ms, c.cost_usd"
)
_LIVE = (
    "c.status = 'ok' AND NOT c.degraded AND c.output <> '' AND NOT c.role = ANY (%(ours)s) "
    "AND c.at >= %(since)s AND c.at < %(until)s"
)
_UNSCORED = f"""
SELECT {COLUMNS} FROM app.calls AS c
WHERE {_LIVE} AND c.task = ANY (%(tasks)s)
  AND ('x' || substr(md5(c.id::text), 1, 8))::bit(32)::bigint < %(share)s * 4294967296::double precision
  AND NOT EXISTS (SELECT FROM app.scores AS s WHERE s.call_id = c.id AND s.name = %(name)s AND s.source = 'judge')
ORDER BY random() LIMIT %(limit)s
"""  # noqa: S608
_WINDOW = f"""
SELECT {COLUMNS} FROM app.calls AS c WHERE {_LIVE} AND c.task = %(task)s ORDER BY md5(c.id::text) LIMIT %(limit)s
"""  # noqa: S608
_SPENT = b"SELECT coalesce(sum(cost_usd), 0) FROM app.calls WHERE user_id = %s AND role = ANY (%s) AND at >= %s"
_KEEP = b"""
INSERT INTO app.scores (call_id, name, source, value, detail) VALUES (%s, %s, %s, %s, %s)
ON CONFLICT (call_id, name, source) DO UPDATE SET (value, at, detail) = (excluded.value, now(), excluded.detail)
"""
_LOW = b"SELECT call_id, min(value) FROM app.scores WHERE call_id = ANY (%s) GROUP BY 1 HAVING min(value) < 0.5"
_SCORES = b"""
SELECT s.value FROM app.scores AS s JOIN app.calls AS c ON c.id = s.call_id
WHERE c.task = %(task)s AND s.source = %(source)s AND (%(name)s::text IS NULL OR s.name = %(name)s)
  AND c.at >= %(since)s AND c.at < %(until)s
ORDER BY md5(c.id::text) LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class LiveCall:
    """A call that was answered by a model or a cache. Texts are as logged: masked."""

    id: UUID
    at: datetime
    tenant: str
    user_id: str
    task: str
    prompt_version: int | None
    prompt_hash: str | None
    input: Mapping[str, Any]
    output: str
    confidence: float | None
    latency_ms: float
    cost_usd: float | None

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What was sent."""
        return list(self.input.get("messages") or [])


Connection = psycopg.AsyncConnection[Any]


async def unscored(
    connection: Connection, tasks: Sequence[str], share: float, name: str, window: tuple[datetime, datetime], limit: int
) -> list[LiveCall]:
    """Calls of the sample (the same `share` of all calls, whoever asks) that no judge has given score `name` yet."""
    values = {"tasks": list(tasks), "share": share, "name": name, "limit": limit, **_between(window)}
    return await _calls(connection, _UNSCORED, values)


async def in_window(connection: Connection, task: str, window: tuple[datetime, datetime], limit: int) -> list[LiveCall]:
    """Up to `limit` calls of a task, spread evenly over the window."""
    return await _calls(connection, _WINDOW, {"task": task, "limit": limit, **_between(window)})


async def spent_usd(connection: Connection, user: str, since: datetime) -> float:
    """What calls made in this name have cost."""
    row = await (await connection.execute(_SPENT, [user, list(OURS), since])).fetchone()
    return float(row[0]) if row else 0.0


async def keep_score(
    connection: Connection, call: UUID, name: str, source: str, value: float, detail: Mapping[str, Any]
) -> None:
    """Write a score to a call, in the place of an earlier one of that name and source."""
    await connection.execute(_KEEP, [call, name, source, value, Jsonb(dict(detail))])


async def scores(
    connection: Connection, task: str, name: str | None, source: str, window: tuple[datetime, datetime], limit: int
) -> list[float]:
    """The values of one score, or of all of a source, over a window's calls of a task."""
    values = {"task": task, "name": name, "source": source, "limit": limit, **_between(window)}
    cursor = await connection.execute(_SCORES, values)
    return [float(value) for (value,) in await cursor.fetchall()]


async def low_scores(connection: Connection, calls: Sequence[UUID]) -> dict[UUID, float]:
    """The lowest score below a half of each call that has one, whoever gave it."""
    cursor = await connection.execute(_LOW, [list(calls)])
    return {call: float(value) for call, value in await cursor.fetchall()}


async def _calls(connection: Connection, statement: str, values: Mapping[str, Any]) -> list[LiveCall]:
    async with connection.cursor(row_factory=class_row(LiveCall)) as cursor:
        await cursor.execute(statement.encode(), {"ours": list(OURS), **values})
        return await cursor.fetchall()


def _between(window: tuple[datetime, datetime]) -> dict[str, datetime]:
    return {"since": window[0], "until": window[1]}
