"""What the linter says: one finding for one span of one file.

A finding carries what the output needs and what suppression and the baseline need to recognise it again; it decides
nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "info"]

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to mend.

    `cell` is the 0-based index over all cells of a notebook, None elsewhere; `line` and `end_line` are 1-based and, in
    a notebook, count within the cell. `statement` is the first and last line of the statement that holds the span:
    a suppression may stand at either end of it. `text` is what the finding is about, for the baseline.
    """

    path: str
    cell: int | None
    line: int
    end_line: int
    rule: str
    severity: Severity
    message: str
    statement: tuple[int, int] = (0, 0)
    text: str = ""

    @property
    def fingerprint(self) -> str:
        """The same for the same text under the same rule in the same file, wherever in the file it stands."""
        words = " ".join((self.text or self.message).split())
        return hashlib.sha256(f"{self.rule}\0{self.path}\0{words}".encode()).hexdigest()[:32]

    def as_json(self) -> dict[str, object]:
        """The fields of the JSON lines output, in their order."""
        return {
            "path": self.path,
            "cell": self.cell,
            "line": self.line,
            "end_line": self.end_line,
            "rule": self.rule,
            "severity": self.severity,
            "message": self.message,
        }


def order(finding: Finding) -> tuple[str, int, int, int, str]:
    """Sort key: by file, cell, line, then rule."""
    cell = -1 if finding.cell is None else finding.cell
    return (finding.path, cell, finding.line, finding.end_line, finding.rule)
