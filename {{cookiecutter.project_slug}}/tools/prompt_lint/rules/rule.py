"""What a rule is: an identifier, a severity, a check, and the cases that must and must not fire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from tools.prompt_lint.assessment import Prompt
from tools.prompt_lint.facts import Facts
from tools.prompt_lint.findings import Finding, Severity
from tools.prompt_lint.source import Source


@dataclass(frozen=True, slots=True)
class Case:
    """Files that a rule must or must not report. A .ipynb is given as its code cells, one string each."""

    title: str
    files: Mapping[str, str | Sequence[str]]
    severity: Severity | None = None


@dataclass(slots=True)
class Reading:
    """One code file, read: its cells, its facts, its prompts, and whether it talks to models."""

    source: Source
    facts: Facts
    prompts: list[Prompt]
    llm_file: bool


@dataclass(slots=True)
class PromptFolder:
    """A prompts folder: the lock file and the prompt files that are to be checked."""

    root: Path
    name: str
    chosen: set[Path] = field(default_factory=set)


class Rule(Protocol):
    """One thing that is looked for. The docstring opens with the change it asks for."""

    @property
    def id(self) -> str:
        """The name people write in configuration and suppressions."""

    @property
    def severity(self) -> Severity:
        """The gravest severity the rule reports."""

    @property
    def must_fire(self) -> tuple[Case, ...]:
        """What it has to report; these are its tests and its documentation."""

    @property
    def must_not_fire(self) -> tuple[Case, ...]:
        """What resembles that and is none."""


class CodeRule(Rule, Protocol):
    """A rule over .py and .ipynb."""

    def check(self, reading: Reading) -> Iterator[Finding]:
        """The findings of one file."""


class PromptFileRule(Rule, Protocol):
    """A rule over a prompts folder."""

    def check_folder(self, folder: PromptFolder) -> Iterator[Finding]:
        """The findings of the chosen files of one folder."""
