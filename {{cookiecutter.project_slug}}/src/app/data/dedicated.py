"""One connection to the database for statements that every call waits for: no lending, no check, no transaction around.

It opens itself when first used and again after it broke. It does not wait for the disk: a crash of the server (not of
this process) may forget what was committed in the last 0.6 s or so; users of this module say what that means for them.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from psycopg import conninfo

from app.data.store import describe
from app.errors import ConfigurationError, StoreUnavailableError

OPTIONS = "-c search_path=app,public -c synchronous_commit=off -c statement_timeout="
Connection = psycopg.AsyncConnection[tuple[Any, ...]]


class DedicatedConnection:
    """Statements one after the other. `timeout_s` bounds each, connecting included.

    After a failure to connect or a time-out everything fails at once for `retry_s`, so that calls do not queue up
    behind a dead server.
    """

    def __init__(self, url: str, *, timeout_s: float = 2.0, retry_s: float = 0.5) -> None:
        milliseconds = round(timeout_s * 1000)
        self._url = url
        self._conninfo = conninfo.make_conninfo(
            url,
            options=f"{OPTIONS}{milliseconds}",
            application_name="app admission",
            tcp_user_timeout=milliseconds,
        )
        self._timeout_s = timeout_s
        self._retry_s = retry_s
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        self._down_until = float("-inf")
        self._fault = ""
        self._abandoned: set[asyncio.Task[Any]] = set()

    async def value(self, statement: bytes, *values: object) -> Any:
        """The first value a statement gives.

        Raises StoreUnavailableError when the database is away or late, ConfigurationError when its schema or rights
        do not fit, psycopg.DataError and psycopg.IntegrityError when it is the values that it does not take.
        """
        async with self._turn:
            if time.monotonic() < self._down_until:
                raise self._unavailable()
            work = asyncio.create_task(self._fetch(statement, values))
            try:
                done, _ = await asyncio.wait({work}, timeout=self._timeout_s)
            except asyncio.CancelledError:
                self._abandon(work)
                raise
            if not done:
                self._abandon(work)
                self._down(f"no answer within {self._timeout_s:g} s")
                raise self._unavailable()
            try:
                return work.result()
            except (psycopg.DataError, psycopg.IntegrityError):
                raise
            except psycopg.ProgrammingError as error:
                raise _unfit(self._url, error) from error
            except psycopg.Error as error:
                reason = " ".join(str(error).split())
                if self._connection is None:
                    self._down(reason)
                self._fault = reason
                await self.close()
                raise self._unavailable() from error

    async def close(self) -> None:
        """Let go of the connection; the next statement opens another."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None

    async def _fetch(self, statement: bytes, values: Sequence[object]) -> Any:
        connection = self._connection or await self._open()
        try:
            cursor = await connection.execute(statement, values)
            row = await cursor.fetchone()
        except asyncio.CancelledError:
            await connection.close()
            raise
        return row[0] if row else None

    async def _open(self) -> Connection:
        self._connection = await psycopg.AsyncConnection.connect(self._conninfo, autocommit=True, prepare_threshold=0)
        return self._connection

    def _abandon(self, work: asyncio.Task[Any]) -> None:
        """Let go of a statement and its connection: waiting for a hung server to confirm would hang as well."""
        self._connection = None
        self._abandoned.add(work)
        work.add_done_callback(self._abandoned.discard)
        work.cancel()

    def _down(self, fault: str) -> None:
        self._fault = fault
        self._down_until = time.monotonic() + self._retry_s

    def _unavailable(self) -> StoreUnavailableError:
        return StoreUnavailableError(f"database {describe(self._url)} does not answer ({self._fault}): is it up?")


@asynccontextmanager
async def connected(url: str, timeout_s: float = 5.0) -> AsyncIterator[psycopg.AsyncConnection[tuple[Any, ...]]]:
    """A connection for one piece of work by hand, committed statement by statement and to disk.

    Raises StoreUnavailableError when the database cannot be reached or is lost meanwhile, ConfigurationError when its
    schema or rights do not fit.
    """
    try:
        async with asyncio.timeout(timeout_s):
            connection = await psycopg.AsyncConnection.connect(url, autocommit=True)
        async with connection:
            yield connection
    except psycopg.ProgrammingError as error:
        raise _unfit(url, error) from error
    except (psycopg.OperationalError, TimeoutError) as error:
        reason = " ".join(str(error).split()) or f"no answer within {timeout_s:g} s"
        raise StoreUnavailableError(f"database {describe(url)} does not answer ({reason}): is it up?") from error


def _unfit(url: str, error: psycopg.ProgrammingError) -> ConfigurationError:
    return ConfigurationError(
        f"database {describe(url)} does not take our statement ({' '.join(str(error).split())}): "
        "run `app db migrate` and check the rights of its user"
    )
