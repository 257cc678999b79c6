"""What became of the clients of a notebook: findings, and what the step must import for them."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools.promote.clients.family import Refusal
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell


@dataclass
class Rewired:
    """What became of the clients of a notebook. `surrounded`: some of them read the environment."""

    findings: list[Finding] = field(default_factory=list)
    helpers: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)  # `from openai import OpenAI`, needed by a class that was exchanged
    surrounded: bool = False
    exchanged: set[str] = field(default_factory=set)  # names of classes that others stand for now
    variables: set[str] = field(default_factory=set)  # of the environment, which libraries of the notebook read

    def changed(self, cell: CodeCell, line: int, what: str, reason: str = "", remedy: str = "") -> None:
        """Note a client that now goes through the door."""
        self.findings.append(Finding("changed", "client", cell.index, line, what, reason, remedy))

    def refuse(self, cell: CodeCell, line: int, what: str, refusal: Refusal) -> None:
        """Note a client that does not."""
        self.findings.append(Finding("refused", "client", cell.index, line, what, refusal.reason, refusal.remedy))
