"""The live pointers and their log: which versions of a task's prompt serve which share, who said so and why.

Every change is one transaction that holds the task's lock: the pointer and its log entry come together or not at all.
What the shares mean, and whether the versions exist, is for the caller of this module to know.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from app.errors import ConfigurationError, NotFoundError

Shares = Mapping[int, float]


@dataclass(frozen=True, slots=True)
class Release:
    """The pointer of one task. `shares`: version to per cent."""

    task: str
    shares: Shares
    released_at: datetime
    released_by: str
    reason: str


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One change. `shares` is what held after it; `undoes` the entry a rollback took back.

    `evidence` names the verdicts it rests on, `{"verdicts": [...]}`, or `{"without_verdict": [reasons]}`.
    """

    id: int
    at: datetime
    task: str
    action: str
    shares: Shares
    by: str
    reason: str
    undoes: int | None
    evidence: Mapping[str, Any]


@asynccontextmanager
async def changing(connection: psycopg.AsyncConnection[Any], task: str) -> AsyncIterator[None]:
    """A transaction in which nobody else changes the task's pointer."""
    async with connection.transaction():
        await connection.execute(b"SELECT pg_advisory_xact_lock(hashtextextended('release ' || %s, 0))", [task])
        yield


async def current(connection: psycopg.AsyncConnection[Any]) -> list[Release]:
    """All pointers, by task."""
    cursor = await connection.execute(
        b"SELECT task, shares, released_at, released_by, reason FROM app.releases ORDER BY task"
    )
    return [Release(task, _decoded(shares), at, by, why) for task, shares, at, by, why in await cursor.fetchall()]


async def log(connection: psycopg.AsyncConnection[Any], limit: int) -> list[LogEntry]:
    """The last changes, newest first."""
    async with connection.cursor(row_factory=class_row(LogEntry)) as cursor:
        await cursor.execute(
            b"SELECT id, at, task, action, shares, by, reason, undoes, evidence FROM app.release_log "
            b"ORDER BY id DESC LIMIT %s",
            [limit],
        )
        return [_entry(entry) for entry in await cursor.fetchall()]


async def put(
    connection: psycopg.AsyncConnection[Any],
    task: str,
    shares: Shares,
    *,
    action: str,
    by: str,
    reason: str,
    undoes: int | None = None,
    evidence: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Set a task's pointer and log it."""
    encoded = Jsonb({str(version): share for version, share in shares.items()})
    async with changing(connection, task):
        await connection.execute(
            b"INSERT INTO app.releases (task, shares, released_by, reason) VALUES (%s, %s, %s, %s) "
            b"ON CONFLICT (task) DO UPDATE SET (shares, released_at, released_by, reason) "
            b"= (excluded.shares, now(), excluded.released_by, excluded.reason)",
            [task, encoded, by, reason],
        )
        await connection.execute(
            b"INSERT INTO app.release_log (task, action, shares, by, reason, undoes, evidence) "
            b"VALUES (%s, %s, %s, %s, %s, %s, %s)",
            [task, action, encoded, by, reason, undoes, Jsonb(dict(evidence))],
        )


async def standing(connection: psycopg.AsyncConnection[Any], task: str, limit: int = 20) -> list[LogEntry]:
    """The task's changes that no rollback took back, newest first."""
    async with connection.cursor(row_factory=class_row(LogEntry)) as cursor:
        await cursor.execute(
            b"SELECT id, at, task, action, shares, by, reason, undoes, evidence FROM app.release_log AS e "
            b"WHERE task = %s AND undoes IS NULL "
            b"AND NOT EXISTS (SELECT FROM app.release_log AS u WHERE u.undoes = e.id) ORDER BY id DESC LIMIT %s",
            [task, limit],
        )
        return [_entry(entry) for entry in await cursor.fetchall()]


async def roll_back(
    connection: psycopg.AsyncConnection[Any], task: str, initial: Shares, *, by: str, reason: str
) -> Shares:
    """Restore what held before the last change that still stands; what that was.

    Said again it goes one further back, to `initial` before the first. Raises NotFoundError when nothing is left.
    """
    async with changing(connection, task):
        found = await standing(connection, task, 2)
        if not found:
            raise NotFoundError(f"task {task!r} has no release to take back: see `app releases`")
        before = found[1].shares if len(found) > 1 else initial
        await put(connection, task, before, action="rollback", by=by, reason=reason, undoes=found[0].id)
    return before


def _decoded(shares: Mapping[Any, float]) -> Shares:
    try:
        return {int(version): float(share) for version, share in shares.items()}
    except (AttributeError, TypeError, ValueError):
        raise ConfigurationError(
            f"table app.releases holds shares {shares!r}: release the task again, with `app release`"
        ) from None


def _entry(entry: LogEntry) -> LogEntry:
    return replace(entry, shares=_decoded(entry.shares))
