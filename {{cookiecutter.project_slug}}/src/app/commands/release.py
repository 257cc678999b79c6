"""`app release|rollback|split|canary|releases`: which prompt version serves whom, said with a name and a reason."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from app import bootstrap
from app.commands import verdict_files
from app.commands.evaluation.suite_files import suite_files
from app.data import verdicts
from app.data.dedicated import connected
from app.data.release_store import Shares
from app.errors import GateFailedError, InputError
from app.intelligence import release_evidence
from app.intelligence.releases import Releases, checked

SHARE = re.compile(r"v?([0-9]+)=([0-9]+(?:\.[0-9]+)?)%?")
VERSION = re.compile(r"v?([0-9]+)")

Change = Callable[..., Awaitable[Shares]]


@dataclass(frozen=True, slots=True)
class Signed:
    """Who changes what serves, why, and whether verdicts are asked for. `verdicts`: files to take in first."""

    by: str
    reason: str
    without_verdict: bool = False
    verdicts: tuple[Path, ...] = ()


def release(root: Path, task: str, version: str, signed: Signed, percent: float | None = None) -> None:
    """One version for everybody, or for a part of the callers. Raises GateFailedError without a green verdict."""
    number = _version(version)
    if percent is None:
        _change(root, task, [number], signed, lambda r, **said: r.release(task, number, **said))
    else:
        _change(root, task, [number], signed, lambda r, **said: r.canary(task, number, percent, **said))


def rollback(root: Path, task: str, by: str, reason: str) -> None:
    """What held before the last change; it asks for no verdict."""
    releases = _opened(root)
    shares = asyncio.run(releases.rollback(task, by=by, reason=reason))
    click.echo(f"{task} now serves {_line(shares)}")


def split(root: Path, task: str, shares: Sequence[str], signed: Signed) -> None:
    """Several versions side by side. Raises GateFailedError when one of them has no green verdict."""
    wanted = checked(bootstrap.registry(bootstrap.operating_settings(root)), task, _shares(shares))
    _change(root, task, list(wanted), signed, lambda r, **said: r.split(task, wanted, **said))


def show(root: Path, entries: int) -> None:
    """What serves now, then the last changes."""
    releases = _opened(root)
    live, changes = asyncio.run(releases.state(entries))
    pointers = {pointer.task: pointer for pointer in live}
    tasks = bootstrap.registry(bootstrap.operating_settings(root)).tasks()
    width = max(len(task) for task in tasks)
    for task in tasks:
        pointer = pointers.get(task)
        shares = _line(pointer.shares if pointer else releases.shares(task))
        told = f"{pointer.released_at:%Y-%m-%d %H:%M} {pointer.released_by}" if pointer else "releases.yaml"
        click.echo(f"{task:<{width}}  {shares:<24} {told}")
    if changes:
        click.echo()
    for entry in changes:
        shares = _line(entry.shares)
        bare = "  WITHOUT A GREEN VERDICT" if entry.evidence.get("without_verdict") else ""
        click.echo(
            f"{entry.at:%Y-%m-%d %H:%M:%S}  {entry.action:<8} {entry.task} {shares}  {entry.by}: {entry.reason}{bare}"
        )


def _change(root: Path, task: str, named: Sequence[int], signed: Signed, change: Change) -> None:
    loaded = bootstrap.operating_settings(root)
    url, prompts = bootstrap.prepare_database(loaded), bootstrap.registry(loaded)
    releases = bootstrap.releases(loaded, url, prompts)
    taken = [one for path in signed.verdicts for one in verdict_files.read(path)]
    suites = [name for name, suite in suite_files(root).items() if suite.task == task]

    async def run() -> Shares:
        async with connected(url) as connection:
            await verdicts.record(connection, taken)
            await releases.reload(connection)
            serving = {*releases.shares(task), prompts.default_version(task)}
            told, lacks = [], []
            for version in sorted(set(named) - serving):
                found, missing = await release_evidence.missing(
                    connection, prompts.get(task, version), suites, loaded.provider
                )
                told += found
                lacks += missing
        if lacks and not signed.without_verdict:
            raise GateFailedError(
                f"{task} is not released: give it a green verdict, or say --without-verdict, which is written down",
                lacks,
            )
        evidence = {"verdicts": told} | ({"without_verdict": lacks} if lacks else {})
        return await change(releases, by=signed.by, reason=signed.reason, evidence=evidence)

    shares = asyncio.run(run())
    click.echo(f"{task} now serves {_line(shares)}")
    if len(shares) > 1:
        click.echo(
            f"note: `app ab {task}` compares them. A service that was started before a version's file was there does "
            "not have it: restart it",
            err=True,
        )


def _opened(root: Path) -> Releases:
    loaded = bootstrap.operating_settings(root)
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
