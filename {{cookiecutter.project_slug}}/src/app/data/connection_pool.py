"""A pool that does not make everybody wait for a database that is away, and notices within seconds that it is back.

The first who asks waits as long as a connection may take. Who asks after that, while no attempt has succeeded, waits
`AWAY_S`: long enough for a server that is back, short enough for a service that answers without its database. The log
says once that it is away and once that it is back.
"""

from __future__ import annotations

import logging
from typing import Any

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool, PoolTimeout

AWAY_S = 0.25
# After so long without success an attempt is made whenever somebody asks, instead of at ever longer intervals.
RECONNECT_S = 2.0
FAILED = "connections_errors"

log = logging.getLogger(__name__)
# It has two lines for each attempt of each pool; who asked is told, and so is the log below.
logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class ConnectionPool(AsyncConnectionPool):  # type: ignore[misc]
    """As AsyncConnectionPool; `timeout` is what the first one waits, in seconds."""

    def __init__(self, conninfo: str, **options: Any) -> None:
        super().__init__(conninfo, reconnect_timeout=RECONNECT_S, **options)
        self._away = False

    async def getconn(self, timeout: float | None = None) -> AsyncConnection:  # noqa: ASYNC109
        """A connection. Raises PoolTimeout; that a pool is merely busy does not make the others wait any shorter."""
        allowed = self.timeout if timeout is None else timeout
        failed = self.get_stats().get(FAILED, 0)
        try:
            connection: AsyncConnection = await super().getconn(min(allowed, AWAY_S) if self._away else allowed)
        except PoolTimeout:
            if not self._away and self.get_stats().get(FAILED, 0) > failed:
                self._away = True
                log.warning("the database is away: nothing waits for it, and it is tried whenever it is needed")
            raise
        if self._away:
            self._away = False
            log.warning("the database is back")
        return connection
