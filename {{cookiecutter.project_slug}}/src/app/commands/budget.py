"""`app budget`: what the caps have used, and correcting an amount that a wrong price made."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path

import click
import psycopg

from app import bootstrap
from app.data import budgets, store
from app.data.budgets import Period, Scope
from app.errors import InputError


def show(root: Path, entries: int) -> None:
    """A line for each cap in use, nearest to its end first, then the last alerts and stops."""
    with _connected(root) as connection:
        windows, events = budgets.current(connection), budgets.events(connection, entries)
    for window in windows:
        used = window.settled_usd + window.reserved_usd
        share = f"{used / window.cap_usd:.0%}" if window.cap_usd else "-"
        click.echo(
            f"{share:>6}  {window.who:<40} {window.period:<6} {window.settled_usd:.6f} spent + "
            f"{window.reserved_usd:.6f} reserved of {window.cap_usd:.2f} USD, until {window.ends_at:%Y-%m-%d %H:%M %Z}"
        )
    if not windows:
        click.echo("no cap has been used in its present window")
    for event in events:
        who = budgets.party(event["scope"], event["tenant"], event["subject"])
        click.echo(f"{event['at'][:19]}  {event['kind']:<6} {who} {event['period']}: {event['spent_usd']} USD")


def correct(
    root: Path,
    scope: Scope,
    period: Period,
    *,
    tenant: str,
    subject: str,
    usd: str | None,
    to_usd: str | None,
    by: str,
    reason: str,
) -> None:
    """Enter a correction in the present window of one cap; calls are admitted again at once if there is room."""
    if (usd is None) == (to_usd is None):
        raise InputError("give either --usd, what to add (negative gives back), or --to, the true amount spent")
    _check_names(scope, tenant, subject)
    with _connected(root) as connection:
        window = budgets.correct(
            connection,
            scope,
            tenant,
            subject,
            period,
            by=by,
            reason=reason,
            usd=_amount(usd),
            to_usd=_amount(to_usd),
        )
    click.echo(
        f"{window.who} has now spent {window.settled_usd:.6f} of {window.cap_usd:.2f} USD this {window.period} "
        f"({window.reserved_usd:.6f} reserved)"
    )


def _check_names(scope: Scope, tenant: str, subject: str) -> None:
    wanted = {"all": (), "tenant": ("tenant",), "task": ("task",), "user": ("tenant", "user")}[scope]
    given = {"tenant": tenant, "task" if scope == "task" else "user": subject}
    for name, value in given.items():
        if (name in wanted) != bool(value):
            needs = " and ".join(f"--{word}" for word in wanted) or "no names"
            raise InputError(f"a budget of scope {scope!r} is named by {needs}")


def _amount(text: str | None) -> Decimal | None:
    if text is None:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or abs(amount) > Decimal(budgets.MOST_USD):
        raise InputError(f"{text!r} is no amount: write dollars, as in -12.50")
    return amount


def _connected(root: Path) -> psycopg.Connection:
    return store.connect(bootstrap.prepare_database(bootstrap.operating_settings(root)), autocommit=False)
