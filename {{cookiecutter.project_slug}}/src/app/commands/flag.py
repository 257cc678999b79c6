"""`app flag`: switching a task, a model, a feature or everything off and on, for all, a tenant or a user."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from app import bootstrap
from app.data import flag_store
from app.data.dedicated import connected
from app.intelligence.flags import Flags, parse


def turn(root: Path, switch: str, *, enabled: bool, by: str, reason: str) -> None:
    """Set a switch; it holds on all replicas within two seconds."""
    loaded = bootstrap.operating_settings(root)
    flags = bootstrap.flags(loaded, bootstrap.prepare_database(loaded))
    target, _, _ = parse(switch)
    kind, _, name = target.partition(":")
    known = {"task": loaded.routes, "model": loaded.models}.get(kind)
    if known is not None and name not in known:
        click.echo(f"note: no {kind} {name!r} is configured (there are: {', '.join(sorted(known))})", err=True)
    asyncio.run(flags.set(switch, enabled=enabled, by=by, reason=reason))
    click.echo(f"{switch} is {'on' if enabled else 'off'}")


def show(root: Path, entries: int) -> None:
    """All switches that are set, then the last changes."""
    loaded = bootstrap.operating_settings(root)
    url = bootstrap.prepare_database(loaded)
    flags = bootstrap.flags(loaded, url)
    changes = asyncio.run(_read(flags, url, entries))
    for flag in flags.all():
        state = "on" if flag.enabled else "off"
        click.echo(f"{state:<4} {flag.target:<24} {flag.audience:<32} {flag.set_by}: {flag.reason}")
    if not flags.all():
        click.echo("no switch is set")
    for change in changes:
        named = "/".join(filter(None, (change["tenant"], change["user_id"])))
        switch = f"{change['target']}@{named}" if named else change["target"]
        state = "on" if change["enabled"] else "off"
        click.echo(f"{change['at'][:19]}  {state:<4} {switch}  {change['by']}: {change['reason']}")


async def _read(flags: Flags, url: str, entries: int) -> list[Mapping[str, Any]]:
    async with connected(url) as connection:
        await flags.reload(connection)
        return await flag_store.log(connection, entries)
