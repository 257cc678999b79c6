"""`app cache report|clear`: what the caches saved, and forgetting what they hold."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from app import bootstrap
from app.commands.at_database import with_pool
from app.data import cache, cache_savings
from app.data.cache_savings import Savings
from app.data.dedicated import connected

HEAD = (
    "tenant",
    "task",
    "calls",
    "hits",
    "exact",
    "shared",
    "alike",
    "vectors",
    "saved tokens",
    "saved $",
    "provider $",
)


def report(root: Path, days: int) -> None:
    """Hit rate and savings by tenant and task."""
    url = bootstrap.prepare_database(bootstrap.operating_settings(root))
    found = asyncio.run(_savings(url, days))
    if not found:
        click.echo(f"no call in the last {days} days")
        return
    rows = [HEAD, *(_row(one) for one in found)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(HEAD))]
    for row in rows:
        cells = (
            cell.ljust(width) if place < 2 else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        click.echo("  ".join(cells).rstrip())
    ours, theirs = sum(one.saved_usd for one in found), sum(one.provider_saved_usd for one in found)
    click.echo(f"\nsaved ${ours:.4f} by our caches and ${theirs:.4f} by the providers' in {days} days")
    if unpriced := sum(one.unpriced for one in found):
        click.echo(f"{unpriced} hits have no known price and count as nothing saved")


def clear(root: Path, tenant: str | None, task: str | None) -> None:
    """Forget what is kept for a tenant, a task, both, or everything."""
    url = bootstrap.prepare_database(bootstrap.operating_settings(root))
    deleted = with_pool(url, lambda pool: cache.clear(pool, tenant, task))
    click.echo(f"{deleted} entries forgotten")


async def _savings(url: str, days: int) -> list[Savings]:
    async with connected(url) as connection:
        return await cache_savings.by_task(connection, days)


def _row(one: Savings) -> tuple[str, ...]:
    counts = (one.exact, one.shared, one.semantic, one.embedding, one.saved_tokens)
    return (
        one.tenant,
        one.task,
        str(one.calls),
        f"{one.hit_rate:.0%}",
        *map(str, counts),
        f"{one.saved_usd:.4f}",
        f"{one.provider_saved_usd:.4f}",
    )
