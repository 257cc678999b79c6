"""Who asks: the value that every layer passes on so that cost, limits and permissions land on the right one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Caller:
    """Who pays and who may see.

    `groups` are the document groups the caller may read besides documents open to the whole tenant.
    """

    tenant: str = "default"
    user: str = "anonymous"
    session: str | None = None
    role: str = "user"
    groups: frozenset[str] = frozenset()
