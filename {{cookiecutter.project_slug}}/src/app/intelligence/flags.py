"""Kill switch and feature flags: what is off, for whom, by whose word, effective everywhere within two seconds.

A switch on `everything`, a task or a model that is off for all, for a tenant or for a user refuses their calls; a
narrower `on` does not lift a wider `off`. For a feature the narrowest word counts, else what the code says itself.
The environment (`flags.off`, `flags.on`) goes before the database for the very same switch. While the database is away
the last known switches hold, over a restart too; with none known, nothing is off.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from app.caller import Caller
from app.data import flag_store, last_known
from app.data.dedicated import connected
from app.data.flag_store import Flag
from app.errors import InputError, RefusedError

EVERYTHING = "everything"
SWITCH = re.compile(r"(everything|(?:task|model|feature):[A-Za-z0-9][\w.:/-]*)(?:@([^@/]+)(?:/([^@]+))?)?")
ENVIRONMENT = "the environment"

Key = tuple[str, str, str]

log = logging.getLogger(__name__)


class Flags:
    """The switches of one replica. `reload` is given to the ChangeFeed; `kept` is the file of the last known state.

    `off` and `on` are the environment's: `TARGET`, `TARGET@TENANT` or `TARGET@TENANT/USER`, where a target is
    `everything`, `task:NAME`, `model:NAME` or `feature:NAME`.
    """

    def __init__(self, url: str, kept: Path, *, off: Sequence[str] = (), on: Sequence[str] = ()) -> None:
        self._url = url
        self._kept = kept
        self._fixed = {**_from_environment(off, enabled=False), **_from_environment(on, enabled=True)}
        self._stored: list[Flag] = []
        self._flags: dict[Key, Flag] = {}
        self._take(_decoded(last_known.read(kept)))

    def require(self, task: str, model: str, caller: Caller) -> None:
        """Raise RefusedError when a switch is off for this call: it names the switch, who set it, when and why."""
        if not self._flags:
            return
        for target in (EVERYTHING, f"task:{task}", f"model:{model}"):
            flag = self.off(target, caller)
            if flag is not None:
                raise RefusedError(
                    f"{flag.target} is switched off for {flag.audience} by {flag.set_by} since "
                    f"{flag.set_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}: {flag.reason}"
                )

    def off(self, target: str, caller: Caller) -> Flag | None:
        """The widest switch that is off for this caller, None when none is."""
        return next((flag for flag in self._about(target, caller) if not flag.enabled), None)

    def enabled(self, feature: str, caller: Caller, *, default: bool = False) -> bool:
        """Whether a feature is on for this caller."""
        words = self._about(f"feature:{feature}", caller)
        return words[-1].enabled if words else default

    def all(self) -> list[Flag]:
        """All switches that are set, the environment's included."""
        return [self._flags[key] for key in sorted(self._flags)]

    async def reload(self, connection: psycopg.AsyncConnection[Any]) -> None:
        """Take over what the database says, and keep it on disk when it is new."""
        fresh = await flag_store.current(connection)
        if fresh != self._stored or not self._kept.exists():
            self._take(fresh)
            await asyncio.to_thread(last_known.write, self._kept, [asdict(flag) for flag in fresh])

    async def set(self, switch: str, *, enabled: bool, by: str, reason: str) -> None:
        """Turn a switch, `TARGET[@TENANT[/USER]]`, and log it. Raises InputError, StoreUnavailableError."""
        target, tenant, user = parse(switch)
        async with connected(self._url) as connection:
            await flag_store.put(connection, target, tenant, user, enabled=enabled, by=by, reason=reason)
            await self.reload(connection)

    def _about(self, target: str, caller: Caller) -> list[Flag]:
        """What is said about a target to this caller, the widest first."""
        keys = ((target, "", ""), (target, caller.tenant, ""), (target, caller.tenant, caller.user))
        return [self._flags[key] for key in keys if key in self._flags]

    def _take(self, stored: list[Flag]) -> None:
        self._stored = stored
        self._flags = {**{(flag.target, flag.tenant, flag.user_id): flag for flag in stored}, **self._fixed}


def parse(switch: str) -> Key:
    """`(target, tenant, user)` of a switch as people write it. Raises InputError."""
    match = SWITCH.fullmatch(switch)
    if match is None:
        raise InputError(
            f"{switch!r} names no switch: write everything, task:NAME, model:NAME or feature:NAME, "
            "then @TENANT or @TENANT/USER if it is not for all"
        )
    return match[1], match[2] or "", match[3] or ""


def _from_environment(switches: Iterable[str], *, enabled: bool) -> dict[Key, Flag]:
    started = datetime.now(UTC)
    name = "APP_FLAGS__ON" if enabled else "APP_FLAGS__OFF"
    return {
        key: Flag(*key, enabled, started, ENVIRONMENT, f"set by {name}") for key in (parse(text) for text in switches)
    }


def _decoded(kept: Any) -> list[Flag]:
    """The state file's content; one of another shape counts as absent."""
    try:
        return [Flag(**{**flag, "set_at": datetime.fromisoformat(flag["set_at"])}) for flag in kept or []]
    except (AttributeError, KeyError, TypeError, ValueError):
        log.warning("the last known flags on disk have a strange shape: started without them")
        return []
