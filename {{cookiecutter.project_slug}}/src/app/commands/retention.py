"""`app retention run|forget`: what is old goes by rule, what is about a person on request; both are written down."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from app import bootstrap
from app.data import retention, store
from app.errors import NotFoundError
from app.settings import Kept

ELSEWHERE = "traces in MLflow and other backends, and logs, are not in the database: they have retentions of their own"


def run(root: Path, by: str, *, dry: bool = False) -> None:
    """Apply the rules of the configuration, single tenants first."""
    loaded = bootstrap.operating_settings(root)
    rules = loaded.retention
    with store.connect(bootstrap.prepare_database(loaded)) as connection:
        total: dict[str, int] = {}
        for tenant, kept in [*rules.tenants.items(), (None, rules)]:
            others = tuple(rules.tenants) if tenant is None else ()
            counts = retention.clean(connection, _days(kept), tenant=tenant, but=others, dry=dry)
            if counts and not dry:
                reason = f"texts {kept.texts_days} days, rows {kept.rows_days} days"
                retention.note(connection, "retention", counts, tenant=tenant or "", by=by, reason=reason)
            total = {name: total.get(name, 0) + counts.get(name, 0) for name in {**total, **counts}}
    _show(total, dry)


def forget(root: Path, tenant: str, user: str, by: str, reason: str, *, dry: bool = False) -> None:
    """Forget a person. Raises NotFoundError when nothing is known of them."""
    loaded = bootstrap.operating_settings(root)
    with store.connect(bootstrap.prepare_database(loaded)) as connection:
        counts = retention.forget(connection, tenant, user, dry=dry)
        if not counts:
            raise NotFoundError(f"nothing is kept of user {user!r} of tenant {tenant!r}: check both names")
        if not dry:
            retention.note(connection, "person", counts, tenant=tenant, user=user, by=by, reason=reason)
    _show(counts, dry)
    click.echo(f"kept: numbers of calls without a user, and sums of budgets; {ELSEWHERE}")


def _days(kept: Kept) -> dict[str, int | None]:
    return {"texts_days": kept.texts_days, "rows_days": kept.rows_days}


def _show(counts: Mapping[str, int], dry: bool) -> None:
    word = "would go" if dry else "gone"
    click.echo(f"{word}: " + (", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"))
