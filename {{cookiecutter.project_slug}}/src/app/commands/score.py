"""`app score`: judge what of the live sample nobody judged yet, now instead of in the background."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from app import bootstrap
from app.errors import InputError
from app.intelligence.live_scoring import Scored


def run(root: Path, days: float, limit: int, share: float | None, max_usd: float | None) -> None:
    """One look; `share` and `max_usd` instead of the configured ones."""
    loaded = bootstrap.settings(root)
    changed = {"share": share, "usd_per_day": max_usd}
    rule = loaded.scoring.model_copy(update={name: value for name, value in changed.items() if value is not None})
    if rule.share <= 0:
        raise InputError("scoring.share is 0, so no call is in the sample: set it, or say --share")
    loaded = loaded.model_copy(update={"scoring": rule})
    url = bootstrap.prepare_database(loaded)

    async def look() -> tuple[Scored, str | None]:
        async with bootstrap.open_services(loaded, url, late=True) as services:
            scoring = bootstrap.live_scoring(loaded, url, services.gateway)
            return await scoring.look(days=days, limit=limit), scoring.unsure

    found, unsure = asyncio.run(look())
    click.echo(
        f"{found.judged} of {rule.share:.1%} of the calls of {', '.join(rule.tasks)} judged: {found.passed} passed; "
        f"{found.spent_usd:.4f} of {rule.usd_per_day:g} USD spent today"
    )
    if found.unreadable or found.failed:
        click.echo(
            f"{found.unreadable} calls have a prompt that is not here any more, {found.failed} could not be judged"
        )
    if found.stopped:
        click.echo("the day's budget is used up: raise scoring.usd_per_day, or wait for tomorrow")
    if unsure is not None:
        click.echo(f"note: these scores move no canary, {unsure}")
