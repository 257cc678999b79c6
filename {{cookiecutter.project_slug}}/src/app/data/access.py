"""Transactions that work for somebody: what row security compares a row with is set here, for one transaction.

A connection on which nothing was set sees no document at all. Nothing is left on a connection that goes back to a pool,
a pooling proxy's included.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import psycopg
from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from app.caller import Caller
from app.errors import StoreUnavailableError

PERMIT = """
    UPDATE documents SET groups = %s, metadata = metadata || jsonb_build_object('permitted', jsonb_build_object(
        'by', %s::text, 'reason', %s::text, 'at', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')))
    WHERE tenant = %s AND id = %s
"""
PERMISSIONS = """
    SELECT id, groups, metadata->'permitted'->>'by', metadata->'permitted'->>'at', metadata->'permitted'->>'reason'
    FROM documents WHERE tenant = %s AND (groups <> '{}' OR metadata ? 'permitted') ORDER BY id
"""
SET = "SELECT set_config('app.tenant', %s, true), set_config('app.groups', %s::text[]::text, true), "


@asynccontextmanager
async def reading(pool: AsyncConnectionPool, caller: Caller) -> AsyncIterator[AsyncConnection]:
    """A transaction that sees the documents the caller may read."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(
            SET + "set_config('app.indexing', 'off', true)", [caller.tenant, sorted(caller.groups)]
        )
        yield connection


@asynccontextmanager
async def indexing(pool: AsyncConnectionPool, tenant: str) -> AsyncIterator[AsyncConnection]:
    """A transaction that sees and may write all documents of one tenant: for ingestion, never for a caller.

    Raises StoreUnavailableError when the database goes away, runs full or takes too long: the transaction is undone.
    """
    try:
        async with pool.connection() as connection, connection.transaction():
            await connection.execute(SET + "set_config('app.indexing', 'on', true)", [tenant, []])
            yield connection
    except psycopg.errors.DiskFull as error:
        raise StoreUnavailableError(
            f"the database's disk is full ({_line(error)}): nothing was written; make room, then run again"
        ) from None
    except psycopg.errors.QueryCanceled as error:
        raise StoreUnavailableError(
            f"the database did not finish in time ({_line(error)}): nothing was written; run again when it is less "
            "busy, or raise database.statement_timeout_s"
        ) from None
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise StoreUnavailableError(
            f"the database went away ({_line(error)}): nothing was written; run again"
        ) from None


async def permit(
    pool: AsyncConnectionPool, tenant: str, document_id: str, groups: list[str], *, by: str = "", reason: str = ""
) -> bool:
    """Let exactly these groups read a document (none: the whole tenant), effective with the commit.

    False when there is no such document. It holds until it is permitted otherwise, or the file says other groups than
    it said before. Who did it last, when and why is kept with the document.
    """
    async with indexing(pool, tenant) as connection:
        done = await connection.execute(PERMIT, [groups, by, reason, tenant, document_id])
        return done.rowcount == 1


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may read a document (no groups: the whole tenant), and who said so last by `permit`, if anybody."""

    document: str
    groups: tuple[str, ...]
    by: str
    at: str
    reason: str


async def permissions(pool: AsyncConnectionPool, tenant: str) -> list[Permission]:
    """Every document of a tenant that is closed, or whose groups somebody changed, by its id."""
    async with indexing(pool, tenant) as connection:
        rows = await (await connection.execute(PERMISSIONS, [tenant])).fetchall()
    return [Permission(name, tuple(groups), by or "", at or "", reason or "") for name, groups, by, at, reason in rows]


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
