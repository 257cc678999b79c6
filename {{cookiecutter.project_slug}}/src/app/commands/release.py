"""`app release|rollback|split|canary|releases`: which prompt version serves whom, said with a name and a reason."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import click

from app import bootstrap
from app.data.release_store import Shares
from app.errors import InputError
from app.intelligence.releases import Releases

SHARE = re.compile(r"v?([0-9]+)=([0-9]+(?:\.[0-9]+)?)%?")
VERSION = re.compile(r"v?([0-9]+)")


def release(root: Path, task: str, version: str, by: str, reason: str) -> None:
    """One version for everybody."""
    number = _version(version)
    _change(root, task, lambda releases: releases.release(task, number, by=by, reason=reason))


def rollback(root: Path, task: str, by: str, reason: str) -> None:
    """What held before the last change."""
    _change(root, task, lambda releases: releases.rollback(task, by=by, reason=reason))


def split(root: Path, task: str, shares: Sequence[str], by: str, reason: str) -> None:
    """Several versions side by side."""
    wanted = _shares(shares)
    _change(root, task, lambda releases: releases.split(task, wanted, by=by, reason=reason))


def canary(root: Path, task: str, version: str, percent: float, by: str, reason: str) -> None:
    """A part of the callers for one version."""
    number = _version(version)
    _change(root, task, lambda releases: releases.canary(task, number, percent, by=by, reason=reason))


def show(root: Path, entries: int) -> None:
    """What serves now, then the last changes."""
    releases = _opened(root)
    live, changes = asyncio.run(releases.state(entries))
    pointers = {pointer.task: pointer for pointer in live}
    for task in bootstrap.registry(bootstrap.settings(root)).tasks():
        pointer = pointers.get(task)
        shares = _line(pointer.shares if pointer else releases.shares(task))
        told = f"{pointer.released_at:%Y-%m-%d %H:%M} {pointer.released_by}" if pointer else "releases.yaml"
        click.echo(f"{task:<24} {shares:<24} {told}")
    if changes:
        click.echo()
    for entry in changes:
        shares = _line(entry.shares)
        click.echo(f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.action:<8} {entry.task} {shares}  {entry.by}: {entry.reason}")


def _change(root: Path, task: str, change: Callable[[Releases], Awaitable[Shares]]) -> None:
    async def run() -> Shares:
        return await change(releases)

    releases = _opened(root)
    click.echo(f"{task} now serves {_line(asyncio.run(run()))}")


def _opened(root: Path) -> Releases:
    loaded = bootstrap.settings(root)
    return bootstrap.releases(loaded, bootstrap.prepare_database(loaded), bootstrap.registry(loaded))


def _shares(words: Sequence[str]) -> dict[int, float]:
    shares: dict[int, float] = {}
    for word in words:
        match = SHARE.fullmatch(word)
        if match is None:
            raise InputError(f"{word!r} is no share: write VERSION=PERCENT, as in 2=50")
        if int(match[1]) in shares:
            raise InputError(f"version {match[1]} is named twice: give it one share")
        shares[int(match[1])] = float(match[2])
    return shares


def _version(word: str) -> int:
    match = VERSION.fullmatch(word)
    if match is None:
        raise InputError(f"{word!r} is no version: write a number, as in 2 or v2")
    return int(match[1])


def _line(shares: Shares) -> str:
    return " ".join(f"v{version}={share:g}%" for version, share in sorted(shares.items()))
