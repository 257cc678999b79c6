"""Reserving what a call may cost: all its caps and limits in one statement, together with who asks at the same time.

Asks that come while a statement is under way travel in the next one, so that a burst costs a process a few round trips
and not one a call. The database decides; nothing is counted here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from app.data import budgets, limits
from app.data.batching import Batches
from app.data.budgets import Cap
from app.data.dedicated import DedicatedConnection
from app.data.limits import Limit, Rate
from app.errors import ConfigurationError, StoreUnavailableError

ADMIT = b"SELECT app.admit(%s::jsonb)::text"


class Request(NamedTuple):
    """What one call asks for: `usd` and `tokens` at their worst, under these caps and limits."""

    id: UUID
    usd: float
    tokens: int
    caps: tuple[Cap, ...]
    limits: tuple[Limit, ...]


class Granted(NamedTuple):
    """The call may go; where its caller stands against each limit."""

    rates: tuple[Rate, ...]


class OverCap(NamedTuple):
    """A cap has no room: `used_usd` is spent or reserved, the window ends at `ends_at`."""

    cap: Cap
    used_usd: float
    ends_at: datetime


class OverLimit(NamedTuple):
    """A limit has no room before `reset_s` seconds are over. `kind` is requests or tokens."""

    limit: Limit
    kind: str
    used: int
    reset_s: float


Verdict = Granted | OverCap | OverLimit


class Reservations:
    """The asks of one process. A reservation nobody settles is ended by the database `lease_s` after it was made."""

    def __init__(self, connection: DedicatedConnection, *, lease_s: float) -> None:
        self._connection = connection
        self._lease_s = lease_s
        self._batches: Batches[Request, Verdict] = Batches(self._decide)

    def reserve(self, request: Request) -> asyncio.Future[Verdict]:
        """The verdict to come. It fails with StoreUnavailableError when the database is away; then nothing is held,
        or what is held ends with its lease."""
        return self._batches.put(request)

    async def _decide(self, requests: Sequence[Request]) -> list[Verdict]:
        caps = {cap: n for n, cap in enumerate(dict.fromkeys(cap for r in requests for cap in r.caps), 1)}
        bounds = {limit: n for n, limit in enumerate(dict.fromkeys(bound for r in requests for bound in r.limits), 1)}
        batch: dict[str, Any] = {
            "windows": [{"n": n, **budgets.as_row(cap)} for cap, n in caps.items()],
            "limits": [limits.as_row(limit, n) for limit, n in bounds.items()],
            "asks": [
                {
                    "n": n,
                    "id": r.id,
                    "usd": r.usd,
                    "tokens": r.tokens,
                    "lease_s": self._lease_s,
                    "windows": [caps[cap] for cap in r.caps],
                    "limits": [bounds[limit] for limit in r.limits],
                }
                for n, r in enumerate(requests, 1)
            ],
        }
        answer = orjson.loads(await self._ask(batch))
        return [_verdict(r, row, list(caps), list(bounds)) for r, row in zip(requests, answer, strict=True)]

    async def _ask(self, batch: dict[str, Any]) -> str:
        """Twice when the connection broke: the second time the database leaves out what it has already granted."""
        try:
            try:
                return str(await self._connection.value(ADMIT, orjson.dumps(batch | {"again": False}).decode()))
            except StoreUnavailableError:
                return str(await self._connection.value(ADMIT, orjson.dumps(batch | {"again": True}).decode()))
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            raise ConfigurationError(
                f"the database refuses a reservation ({' '.join(str(error).split())}): check prices and budgets"
            ) from error


def _verdict(request: Request, row: list[Any], caps: list[Cap], bounds: list[Limit]) -> Verdict:
    kind = row[0]
    if kind == "admitted":
        return Granted(tuple(Rate(limit, *standing) for limit, standing in zip(request.limits, row[1], strict=True)))
    if kind == "budget":
        return OverCap(caps[row[1] - 1], float(row[2]), datetime.fromisoformat(row[3]))
    return OverLimit(bounds[row[1] - 1], kind, row[2], row[3])
