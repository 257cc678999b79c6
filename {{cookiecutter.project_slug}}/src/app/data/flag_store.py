"""Switches as rows: what is off or on for everybody, a tenant or a user, who said so, when and why.

A row stands until it is replaced or removed; every change leaves an entry in the log in the same transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

import psycopg
from psycopg.rows import class_row

from app.errors import InputError


@dataclass(frozen=True, slots=True)
class Flag:
    """One switch. `target`: `everything`, `task:NAME`, `model:NAME` or `feature:NAME`; '' as tenant is everybody."""

    target: str
    tenant: str
    user_id: str
    enabled: bool
    set_at: datetime
    set_by: str
    reason: str

    @property
    def audience(self) -> str:
        """`all`, `tenant 'acme'` or `user 'ada' of tenant 'acme'`."""
        if not self.tenant:
            return "all"
        return f"user {self.user_id!r} of tenant {self.tenant!r}" if self.user_id else f"tenant {self.tenant!r}"


async def current(connection: psycopg.AsyncConnection[Any]) -> list[Flag]:
    """All switches that are set."""
    async with connection.cursor(row_factory=class_row(Flag)) as cursor:
        await cursor.execute(
            b"SELECT target, tenant, user_id, enabled, set_at, set_by, reason FROM app.flags "
            b"ORDER BY target, tenant, user_id"
        )
        return await cursor.fetchall()


async def put(
    connection: psycopg.AsyncConnection[Any],
    target: str,
    tenant: str,
    user: str,
    *,
    enabled: bool,
    by: str,
    reason: str,
) -> None:
    """Set a switch and log it. Raises InputError without a reason: whoever meets it must be told one."""
    if not reason.strip():
        raise InputError("a flag needs a reason: it is shown to everybody who meets it")
    async with connection.transaction():
        await connection.execute(
            b"INSERT INTO app.flags (target, tenant, user_id, enabled, set_by, reason) VALUES (%s, %s, %s, %s, %s, %s) "
            b"ON CONFLICT (target, tenant, user_id) DO UPDATE SET (enabled, set_at, set_by, reason) "
            b"= (excluded.enabled, now(), excluded.set_by, excluded.reason)",
            [target, tenant, user, enabled, by, reason],
        )
        await connection.execute(
            b"INSERT INTO app.flag_log (target, tenant, user_id, enabled, by, reason) VALUES (%s, %s, %s, %s, %s, %s)",
            [target, tenant, user, enabled, by, reason],
        )


async def log(connection: psycopg.AsyncConnection[Any], limit: int) -> list[Mapping[str, Any]]:
    """The last changes, newest first."""
    cursor = await connection.execute(b"SELECT to_jsonb(e) FROM app.flag_log AS e ORDER BY id DESC LIMIT %s", [limit])
    return [cast("Mapping[str, Any]", entry) for (entry,) in await cursor.fetchall()]
