"""Which version of a prompt serves whom: the live pointers of the database, else the last known, else releases.yaml.

A caller keeps its version: the choice is a hash of task, tenant and user, so all requests of one key without a user see
one version. A larger canary keeps those it had. A version this replica does not have (it is older than the release)
is served by the one of its own releases.yaml, and says so in the log.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

import psycopg

from app.caller import Caller
from app.data import last_known, release_store
from app.data.dedicated import connected
from app.data.release_store import LogEntry, Release, Shares
from app.errors import InputError
from app.intelligence.prompts import Registry

SPACE = 1 << 64

log = logging.getLogger(__name__)

# For each version the upper edge of its stretch of [0, 100), in order of the version numbers.
Edges = tuple[tuple[float, int], ...]
Evidence = Mapping[str, Any]
NONE: Evidence = MappingProxyType({})


class Releases:
    """The pointers of one replica. `reload` is given to the ChangeFeed, which keeps them fresh.

    `kept` is the file of the last known state. Changing methods write to the database of `url` and log who and why;
    they raise NotFoundError or InputError for what cannot be released, StoreUnavailableError when it is away.
    """

    def __init__(self, registry: Registry, url: str, kept: Path) -> None:
        self._registry = registry
        self._url = url
        self._kept = kept
        self._shares: dict[str, Shares] = {}
        self._edges: dict[str, Edges] = {}
        self._reported: set[tuple[str, int]] = set()
        self._take(_decoded(last_known.read(kept)))

    def version(self, task: str, caller: Caller) -> int:
        """The version that serves this caller. Raises NotFoundError for a task without prompts."""
        edges = self._edges.get(task)
        if edges is None:
            return self._registry.default_version(task)
        if len(edges) == 1:
            return edges[0][1]
        point = place(task, caller)
        return next((version for edge, version in edges if point < edge), edges[-1][1])

    def shares(self, task: str) -> Shares:
        """Version to per cent, as released; the default one at 100 where nothing is."""
        return self._shares.get(task) or {self._registry.default_version(task): 100}

    async def reload(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Take over what the database says, and keep it on disk when it is new."""
        fresh = {release.task: release.shares for release in await release_store.current(connection)}
        if fresh != self._shares or not self._kept.exists():
            self._take(fresh)
            await asyncio.to_thread(last_known.write, self._kept, fresh)

    async def release(self, task: str, version: int, *, by: str, reason: str, evidence: Evidence = NONE) -> Shares:
        """One version for everybody."""
        return await self._set(task, {version: 100}, "release", by, reason, evidence)

    async def split(self, task: str, shares: Shares, *, by: str, reason: str, evidence: Evidence = NONE) -> Shares:
        """Several versions side by side; shares in per cent, 100 together."""
        return await self._set(task, shares, "split", by, reason, evidence)

    async def canary(
        self, task: str, version: int, percent: float, *, by: str, reason: str, evidence: Evidence = NONE
    ) -> Shares:
        """`percent` for a version, the rest for the one that serves most callers now."""
        self._registry.get(task, version)
        async with self._changing(task) as connection:
            serving = dict(await self._now(connection, task))
            serving.pop(version, None)
            if not serving:
                raise InputError(f"prompt {task}@{version} serves everybody already: name another version")
            stable = max(serving, key=lambda other: serving[other])
            shares = checked(self._registry, task, {stable: 100 - percent, version: percent})
            told = {**evidence, "canary": version}
            await release_store.put(connection, task, shares, action="canary", by=by, reason=reason, evidence=told)
        return await self._read_back(task)

    async def rollback(self, task: str, *, by: str, reason: str) -> Shares:
        """What held before the last change; said again, what held before that."""
        initial = {self._registry.default_version(task): 100}
        async with self._changing(task) as connection:
            await release_store.roll_back(connection, task, initial, by=by, reason=reason)
        return await self._read_back(task)

    async def take_back(self, task: str, entries: Sequence[int], *, by: str, reason: str) -> bool:
        """Undo these changes (ids of the log, newest first), together; False when something else was changed since."""
        initial = {self._registry.default_version(task): 100}
        async with self._changing(task) as connection:
            now = [entry.id for entry in await release_store.standing(connection, task, len(entries))]
            if now != list(entries):
                return False
            for _ in entries:
                await release_store.roll_back(connection, task, initial, by=by, reason=reason)
        await self._read_back(task)
        return True

    async def state(self, entries: int = 10) -> tuple[list[Release], list[LogEntry]]:
        """The pointers in the database and the last changes, newest first."""
        async with connected(self._url) as connection:
            return await release_store.current(connection), await release_store.log(connection, entries)

    async def _set(self, task: str, shares: Shares, action: str, by: str, reason: str, evidence: Evidence) -> Shares:
        wanted = checked(self._registry, task, shares)
        async with self._changing(task) as connection:
            await release_store.put(connection, task, wanted, action=action, by=by, reason=reason, evidence=evidence)
        return await self._read_back(task)

    @asynccontextmanager
    async def _changing(self, task: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
        async with connected(self._url) as connection, release_store.changing(connection, task):
            yield connection

    async def _read_back(self, task: str) -> Shares:
        async with connected(self._url) as connection:
            await self.reload(connection)
        return self.shares(task)

    async def _now(self, connection: psycopg.AsyncConnection[Any], task: str) -> Shares:
        found = {release.task: release.shares for release in await release_store.current(connection)}
        return found.get(task) or {self._registry.default_version(task): 100}

    def _take(self, shares: Mapping[str, Shares]) -> None:
        self._shares = dict(shares)
        self._edges = {
            task: self._known(task, released)
            for task, released in shares.items()
            if task in self._registry.tasks()  # a newer replica may know more tasks
        }

    def _known(self, task: str, released: Shares) -> Edges:
        here = self._registry.versions(task)
        edges, edge = [], 0.0
        for version in sorted(released):
            edge += released[version]
            served = version if version in here else self._registry.default_version(task)
            if served != version and (task, version) not in self._reported:
                self._reported.add((task, version))
                log.warning("prompt %s@%d is released and not in this build: @%d serves", task, version, served)
            edges.append((edge, served))
        return tuple(edges)


def place(task: str, caller: Caller) -> float:
    """Where a caller stands in [0, 100) for a task: always the same, evenly spread over callers."""
    key = f"{task}\0{caller.tenant}\0{caller.user}".encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(key, digest_size=8).digest()) * 100 / SPACE


def checked(registry: Registry, task: str, shares: Shares) -> Shares:
    """Shares that may be released, in order of the versions; those of 0 per cent are left out.

    Raises NotFoundError for a version that is not there, InputError when they are not 100 together.
    """
    for version, share in shares.items():
        registry.get(task, version)
        if not 0 <= share <= 100:
            raise InputError(f"prompt {task}@{version} cannot have {share:g} %: a share lies between 0 and 100")
    total = sum(shares.values())
    if abs(total - 100) > 1e-6:
        raise InputError(f"the shares of task {task!r} are {total:g} % together: make them 100")
    return {version: shares[version] for version in sorted(shares) if shares[version] > 0}


def _decoded(kept: Any) -> dict[str, Shares]:
    """The state file's content; one of another shape counts as absent."""
    try:
        return {
            str(task): {int(version): float(share) for version, share in shares.items()}
            for task, shares in (kept or {}).items()
        }
    except (AttributeError, TypeError, ValueError):
        log.warning("the last known releases on disk have a strange shape: started without them")
        return {}
