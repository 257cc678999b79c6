"""What promoting a notebook comes to: findings with their place, and the one error that stops it.

A `Refused` stops everything and nothing is written; a `Finding` with outcome `refused` concerns one part only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["changed", "kept", "refused"]


class Refused(Exception):
    """The notebook cannot be promoted. The message is one line: what is wrong, then what to do."""


@dataclass(frozen=True)
class Finding:
    """One thing promote did or declined to do. `cell` counts all cells from 0, `line` counts from 1 in the cell."""

    outcome: Outcome
    subject: str  # client, prompt, parameter, secret, install, magic, input, data
    cell: int
    line: int
    what: str
    reason: str = ""
    remedy: str = ""

    @property
    def place(self) -> str:
        """`cell:line`, as it stands in reports."""
        return f"{self.cell}:{self.line}"
