"""The reasons not to send traffic here, each one line with its remedy: database, schema, prompts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout

from app.data.store import schema_current
from app.errors import StoreUnavailableError

TIMEOUT_S = 2.0

Readiness = Callable[[], Awaitable[list[str]]]


def readiness_of(pool: Any, tasks: Sequence[str], needed_tasks: Sequence[str]) -> Readiness:
    """A check of an open pool and the loaded prompts; `needed_tasks` are those the service cannot do without."""
    schema_seen = False

    async def check() -> list[str]:
        nonlocal schema_seen
        reasons = [f"no prompt for task {task!r}: add prompts/{task}/" for task in needed_tasks if task not in tasks]
        try:
            async with asyncio.timeout(TIMEOUT_S), pool.connection(timeout=TIMEOUT_S) as connection:
                await connection.execute("select 1")
            # A schema never goes back under a running service, so it is looked at until it is current, then no more.
            schema_seen = schema_seen or await asyncio.to_thread(schema_current, pool.conninfo)
        except (psycopg.Error, PoolTimeout, TimeoutError, StoreUnavailableError) as error:
            return [
                *reasons,
                f"the database does not answer ({type(error).__name__}): check DATABASE_URL and the server",
            ]
        return reasons if schema_seen else [*reasons, "the database schema is not current: run `app db migrate`"]

    return check
