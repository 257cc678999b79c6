"""What became of the clients of a notebook: findings, and what the step must import for them."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from tools.promote.clients.family import Refusal
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell

Entry = TypeVar("Entry")
ENVIRONMENT = "takes its model from the environment, which points at the gateway's door"


def matching(table: Mapping[str, Entry], dotted: str) -> Entry | None:
    """The entry whose name ends the path: `Llama.from_pretrained` before `Llama`."""
    parts = dotted.split(".")
    found = table.get(".".join(parts[-2:]))
    return found if found is not None else table.get(parts[-1])


@dataclass
class Rewired:
    """What became of the clients of a notebook. `surrounded`: some of them read the environment."""

    findings: list[Finding] = field(default_factory=list)
    helpers: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)  # `from openai import OpenAI`, needed by a class that was exchanged
    packages: dict[str, tuple[CodeCell, int]] = field(default_factory=dict)  # modules of such classes, and where
    surrounded: bool = False
    exchanged: set[str] = field(default_factory=set)  # names of classes that others stand for now
    within: set[ast.Call] = field(default_factory=set)  # calls that another one's edit has taken in
    variables: set[str] = field(default_factory=set)  # of the environment, which libraries of the notebook read

    def need(self, statement: str, cell: CodeCell, line: int) -> None:
        """Note the import that a class made at that line needs."""
        self.imports.add(statement)
        self.packages.setdefault(statement.split()[1], (cell, line))

    def changed(self, cell: CodeCell, line: int, what: str, reason: str = "", remedy: str = "") -> None:
        """Note a client that now goes through the door."""
        self.findings.append(Finding("changed", "client", cell.index, line, what, reason, remedy))

    def refuse(self, cell: CodeCell, line: int, what: str, refusal: Refusal) -> None:
        """Note a client that does not."""
        self.findings.append(Finding("refused", "client", cell.index, line, what, refusal.reason, refusal.remedy))
