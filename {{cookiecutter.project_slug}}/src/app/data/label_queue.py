"""The queue of live calls that people label. A label is written once; the call's text stays where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import class_row

from app.data.live_calls import COLUMNS, LiveCall

_ADD = b"""
INSERT INTO app.label_queue (call_id, why, priority) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING RETURNING call_id
"""
_WAITING = f"""
SELECT {COLUMNS} FROM app.label_queue AS q JOIN app.calls AS c ON c.id = q.call_id
WHERE q.label IS NULL AND c.task = %s AND c.output <> '' ORDER BY q.priority DESC, c.id LIMIT %s
"""  # noqa: S608
_LABELLED = f"""
SELECT {COLUMNS} FROM app.label_queue AS q JOIN app.calls AS c ON c.id = q.call_id
WHERE q.label IS NOT NULL AND q.promoted_to IS NULL AND c.task = %s AND c.output <> '' ORDER BY q.labelled_at, c.id
"""  # noqa: S608
_ENTRIES = b"SELECT call_id, why, priority, label, note, labelled_by, labelled_at, promoted_to FROM app.label_queue "
_WRITE = b"""
UPDATE app.label_queue SET label = %s, note = %s, labelled_by = %s, labelled_at = now()
WHERE call_id = %s AND label IS NULL RETURNING call_id
"""
_PROMOTE = b"UPDATE app.label_queue SET promoted_to = %s WHERE call_id = ANY (%s)"

Connection = psycopg.AsyncConnection[Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """One call in the queue, and what was said of it."""

    call_id: UUID
    why: str
    priority: float
    label: str | None
    note: str
    labelled_by: str | None
    labelled_at: datetime | None
    promoted_to: str | None


async def add(connection: Connection, call: UUID, why: str, priority: float) -> bool:
    """Queue a call; False when it is there already."""
    return await (await connection.execute(_ADD, [call, why, priority])).fetchone() is not None


async def waiting(connection: Connection, task: str, limit: int) -> list[LiveCall]:
    """The calls nobody has labelled, the most telling first."""
    return await _calls(connection, _WAITING, [task, limit])


async def labelled(connection: Connection, task: str) -> list[LiveCall]:
    """The calls that are labelled and became no case yet."""
    return await _calls(connection, _LABELLED, [task])


async def entries(connection: Connection, calls: Sequence[UUID]) -> dict[UUID, Entry]:
    """What the queue holds of these calls."""
    async with connection.cursor(row_factory=class_row(Entry)) as cursor:
        await cursor.execute(_ENTRIES + b"WHERE call_id = ANY (%s)", [list(calls)])
        return {entry.call_id: entry for entry in await cursor.fetchall()}


async def known(connection: Connection) -> set[UUID]:
    """Every call that is or was in the queue."""
    cursor = await connection.execute(b"SELECT call_id FROM app.label_queue")
    return {call for (call,) in await cursor.fetchall()}


async def write(connection: Connection, call: UUID, label: str, note: str, by: str) -> bool:
    """Write a label down; False when the call is not in the queue or somebody has labelled it."""
    return await (await connection.execute(_WRITE, [label, note, by, call])).fetchone() is not None


async def promoted(connection: Connection, calls: Sequence[UUID], where: str) -> None:
    """Note which file these calls became cases of."""
    await connection.execute(_PROMOTE, [where, list(calls)])


async def _calls(connection: Connection, statement: str, values: Sequence[object]) -> list[LiveCall]:
    async with connection.cursor(row_factory=class_row(LiveCall)) as cursor:
        await cursor.execute(statement.encode(), values)
        return await cursor.fetchall()
