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
    """One thing promote did or declined to do. `cell` counts all cells from 0, `line` counts from 1 in the cell.

    Raises ValueError for a refusal that does not say where, why and what to do: a person could make nothing of it.
    """

    outcome: Outcome
    # client, import, call, argument, prompt, description, parameter, secret, setting, install, magic, host, data ...
    subject: str
    cell: int
    line: int
    what: str
    reason: str = ""
    remedy: str = ""

    def __post_init__(self) -> None:
        if self.outcome == "refused" and not (self.cell >= 0 and self.line >= 1 and self.reason and self.remedy):
            raise ValueError(f"a refusal needs a place, a reason and a remedy: {self}")

    @property
    def place(self) -> str:
        """`cell:line`, as it stands in reports."""
        return f"{self.cell}:{self.line}"
