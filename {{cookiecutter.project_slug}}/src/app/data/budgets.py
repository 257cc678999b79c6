"""Spend caps as the database keeps them: one row a cap and window of the calendar (UTC), and corrections by hand.

A new window is a new row, so a cap comes back by itself with the first call after the edge. Money is counted in
billionths of a dollar, exactly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, NamedTuple, cast

import psycopg
from psycopg.rows import class_row

from app.errors import InputError, NotFoundError

Scope = Literal["all", "tenant", "task", "user"]
Period = Literal["hour", "day", "month"]
BILLION = 1_000_000_000
MOST_USD = 1e9


class Cap(NamedTuple):
    """At most `usd` for one party in one window. `tenant` and `subject` are '' where the scope has none."""

    scope: str
    tenant: str
    subject: str
    period: str
    usd: float

    @property
    def who(self) -> str:
        """The capped party, for messages."""
        return party(self.scope, self.tenant, self.subject)


@dataclass(frozen=True, slots=True)
class Window:
    """One cap in one window. `settled_usd` is spent, `reserved_usd` held by calls under way at their worst case."""

    id: int
    scope: str
    tenant: str
    subject: str
    period: str
    starts_at: datetime
    ends_at: datetime
    cap_usd: Decimal
    settled_usd: Decimal
    reserved_usd: Decimal
    alerted_at: datetime | None
    stopped_at: datetime | None

    @property
    def who(self) -> str:
        """The capped party, for messages."""
        return party(self.scope, self.tenant, self.subject)


def party(scope: str, tenant: str, subject: str) -> str:
    """`tenant 'acme'`, `task 'answer'`, `user 'ada' of tenant 'acme'`, or `everything`."""
    return {
        "all": "everything",
        "tenant": f"tenant {tenant!r}",
        "task": f"task {subject!r}",
        "user": f"user {subject!r} of tenant {tenant!r}",
    }[scope]


def worst(usd: float) -> float:
    """A reservation: rounded up to a billionth, so that rounding never lets a call through."""
    return math.ceil(usd * BILLION) / BILLION


def as_row(cap: Cap) -> dict[str, object]:
    """A cap as `app.admit` and `app.settle` read it."""
    return {
        "scope": cap.scope,
        "tenant": cap.tenant,
        "subject": cap.subject,
        "period": cap.period,
        "cap": cap.usd,
    }


WINDOW = (
    "SELECT id, scope, tenant, subject, period, starts_at, ends_at, cap_usd, settled_usd, reserved_usd, alerted_at, "
    "stopped_at FROM app.budget_windows "
)


def current(connection: psycopg.Connection) -> list[Window]:
    """The windows that are open now, those nearest to their cap first."""
    with connection.cursor(row_factory=class_row(Window)) as cursor:
        return cursor.execute(
            (
                WINDOW + "WHERE starts_at <= now() AND ends_at > now() "
                "ORDER BY (settled_usd + reserved_usd) / nullif(cap_usd, 0) DESC NULLS FIRST, id"
            ).encode()
        ).fetchall()


def events(connection: psycopg.Connection, limit: int) -> list[Mapping[str, Any]]:
    """The last alerts and stops, newest first."""
    cursor = connection.execute("SELECT to_jsonb(e) FROM app.budget_events AS e ORDER BY id DESC LIMIT %s", [limit])
    return [cast("Mapping[str, Any]", event) for (event,) in cursor.fetchall()]


def correct(
    connection: psycopg.Connection,
    scope: Scope,
    tenant: str,
    subject: str,
    period: Period,
    *,
    by: str,
    reason: str,
    usd: Decimal | None = None,
    to_usd: Decimal | None = None,
) -> Window:
    """Add a correcting entry of `usd` (negative gives back), or the one that makes the spent amount `to_usd`.

    The window is the one open now. What calls under way hold is left to their settlement. Alert and stop can happen
    again afterwards. Raises NotFoundError when nothing was spent there, InputError when the result would be negative.
    """
    if not reason.strip():
        raise InputError("a correction needs a reason: say why the amount was wrong")
    with connection.transaction(), connection.cursor(row_factory=class_row(Window)) as cursor:
        window = cursor.execute(
            (
                WINDOW + "WHERE (scope, tenant, subject, period) = (%s, %s, %s, %s) "
                "AND starts_at = app.window_start(period, app.admission_clock()) FOR NO KEY UPDATE"
            ).encode(),
            [scope, tenant, subject, period],
        ).fetchone()
        if window is None:
            raise NotFoundError(
                f"{party(scope, tenant, subject)} has spent nothing this {period}: see `app budget show`"
            )
        entry = usd if usd is not None else cast("Decimal", to_usd) - window.settled_usd
        if window.settled_usd + entry < 0:
            raise InputError(
                f"{window.who} has spent {window.settled_usd:f} USD this {period}, "
                f"{-entry:f} cannot be taken off: give at most that"
            )
        connection.execute(
            "INSERT INTO app.budget_entries (window_id, usd, by, reason) VALUES (%s, %s, %s, %s)",
            [window.id, entry, by, reason],
        )
        corrected = cursor.execute(
            b"UPDATE app.budget_windows SET settled_usd = settled_usd + %s, alerted_at = NULL, stopped_at = NULL "
            b"WHERE id = %s RETURNING *",
            [entry, window.id],
        ).fetchone()
    return cast("Window", corrected)
