"""Canaries watched while they run: one that is worse than the version it would replace is taken back by itself.

Of all replicas one looks at a time. What it sees, and why it acts, stands in the log of the releases.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import takewhile
from typing import Any

import psycopg

from app.data import arms, release_store
from app.data.dedicated import connected
from app.data.release_store import LogEntry
from app.errors import AppError
from app.intelligence.releases import Releases
from app.observability.evaluation.arms import Difference, differences
from app.observability.evaluation.sequential import Sample
from app.observability.evaluation.success import ReleaseRule

BY = "canary guard"
LOCK = "canary guard"
# The next look waits this many times as long as the last one took, so that looking never becomes the load.
REST = 20

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trial:
    """A version on trial beside the one that serves most. `entries` are the changes that made it so, newest first."""

    task: str
    old: int
    new: int
    since: datetime
    action: str
    entries: tuple[int, ...] = ()


class CanaryGuard:
    """`await run()` until cancelled. `looked` gives what one look found, and acts on it."""

    def __init__(self, releases: Releases, url: str, rule: ReleaseRule, *, every_s: float) -> None:
        self._releases = releases
        self._url = url
        self._rule = rule
        self._every_s = every_s

    async def run(self) -> None:
        """Look again and again. An absent database is waited for."""
        while True:
            began = time.monotonic()
            try:
                await self.look()
            except (psycopg.Error, AppError) as error:
                log.warning("canaries could not be looked at: %s", " ".join(str(error).split()))
            await asyncio.sleep(max(self._every_s, REST * (time.monotonic() - began)))

    async def look(self) -> list[str]:
        """Judge every canary once; the tasks that were rolled back. Nothing where another replica looks just now."""
        taken = []
        async with connected(self._url) as connection, connection.transaction():
            cursor = await connection.execute(b"SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [LOCK])
            row = await cursor.fetchone()
            if row is None or not row[0]:
                return []
            for trial in await trials(connection, ("canary",)):
                worse = [one for one in await compared(connection, trial, self._rule) if one.word == "worse"]
                if worse and await self._take_back(trial, worse):
                    taken.append(trial.task)
        return taken

    async def _take_back(self, trial: Trial, worse: Sequence[Difference]) -> bool:
        told = "; ".join(one.told() for one in worse)
        reason = f"version {trial.new} is worse than {trial.old} beyond the margin: {told}"
        done = await self._releases.take_back(trial.task, trial.entries, by=BY, reason=reason)
        if done:
            log.error("%s: canary rolled back: %s", trial.task, reason)
        return done


async def trials(connection: psycopg.AsyncConnection[Any], actions: Sequence[str]) -> list[Trial]:
    """What is on trial by these kinds of change: two versions or more that serve one task now."""
    found = []
    for release in await release_store.current(connection):
        standing = await release_store.standing(connection, release.task)
        if len(release.shares) != 2 or not standing or standing[0].action not in actions:
            continue
        first = standing[0]
        new = int(first.evidence.get("canary", max(release.shares)))
        old = next(version for version in release.shares if version != new)
        chain = standing[:1]
        if first.action == "canary":
            chain = list(takewhile(lambda entry: _same_trial(entry, first), standing))  # noqa: B023  used at once
        found.append(Trial(release.task, old, new, chain[-1].at, first.action, tuple(entry.id for entry in chain)))
    return found


async def compared(connection: psycopg.AsyncConnection[Any], trial: Trial, rule: ReleaseRule) -> list[Difference]:
    """The new version against the old one, on the calls since the trial began."""
    sums = await arms.sums(connection, trial.task, [trial.old, trial.new], trial.since)
    old, new = (
        {metric: Sample(*values) for metric, values in sums[version].items()} for version in (trial.old, trial.new)
    )
    return differences(old, new, rule)


def _same_trial(entry: LogEntry, first: LogEntry) -> bool:
    return (
        entry.action == "canary"
        and entry.shares.keys() == first.shares.keys()
        and entry.evidence.get("canary") == first.evidence.get("canary")
    )
