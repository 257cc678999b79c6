"""Admission spoken to in SQL, as the tests of its functions do, and a clock that they can set."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import orjson
import psycopg

Row = dict[str, Any]


def cap(usd: float, *, scope: str = "tenant", tenant: str = "acme", subject: str = "", period: str = "day") -> Row:
    return {"scope": scope, "tenant": tenant, "subject": subject, "period": period, "cap": usd}


def limit(
    *,
    requests: int | None = None,
    tokens: int | None = None,
    scope: str = "tenant",
    tenant: str = "acme",
    subject: str = "",
) -> Row:
    return {"scope": scope, "tenant": tenant, "subject": subject, "requests": requests, "tokens": tokens}


def ask(usd: float = 0.0, tokens: int = 0, *, lease_s: float = 60.0) -> Row:
    return {"id": uuid4(), "usd": usd, "tokens": tokens, "lease_s": lease_s}


def admit(
    connection: psycopg.Connection,
    asks: Sequence[Row],
    caps: Sequence[Row] = (),
    limits: Sequence[Row] = (),
    **more: Any,
) -> list[Any]:
    """The verdicts over asks that all fall under the same caps and limits."""
    batch = {
        "windows": [{"n": n, **row} for n, row in enumerate(caps, 1)],
        "limits": [{"n": n, **row} for n, row in enumerate(limits, 1)],
        "asks": [
            {"n": n, "windows": [*range(1, len(caps) + 1)], "limits": [*range(1, len(limits) + 1)], **row}
            for n, row in enumerate(asks, 1)
        ],
        "again": False,
        **more,
    }
    return _value(connection, "SELECT app.admit(%s::jsonb)", orjson.dumps(batch).decode())  # type: ignore[no-any-return]


def settle(
    connection: psycopg.Connection, settlements: Sequence[tuple[UUID, float, int]], caps: Sequence[Row] = ()
) -> int:
    rows = [
        {"id": id_, "usd": usd, "tokens": tokens, "at": "2030-01-01T12:00:00Z", "windows": caps}
        for id_, usd, tokens in settlements
    ]
    batch = orjson.dumps({"alert": 0.5, "settlements": rows}).decode()
    return int(_value(connection, "SELECT app.settle(%s::jsonb)", batch))


def expire(connection: psycopg.Connection, *, in_full: bool) -> int:
    return int(_value(connection, "SELECT app.expire_reservations(%s, 0.5, 100)", in_full))


def used(connection: psycopg.Connection, tenant: str = "acme") -> tuple[Decimal, Decimal]:
    """Settled and reserved dollars of a tenant's latest window."""
    row = connection.execute(
        "SELECT settled_usd, reserved_usd FROM app.budget_windows WHERE tenant = %s ORDER BY starts_at DESC LIMIT 1",
        [tenant],
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def set_clock(connection: psycopg.Connection, at: str) -> None:
    """Make admission's clock stand still at a time, for this database."""
    connection.execute(
        "CREATE OR REPLACE FUNCTION app.admission_clock() RETURNS timestamptz LANGUAGE sql VOLATILE "
        f"RETURN '{at}'::timestamptz"
    )


def _value(connection: psycopg.Connection, statement: str, *values: Any) -> Any:
    row = connection.execute(statement.encode(), values).fetchone()
    assert row is not None
    return row[0]
