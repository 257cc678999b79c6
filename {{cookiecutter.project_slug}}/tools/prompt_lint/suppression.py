"""`# prompt-lint: allow <rule>[, <rule>] -- reason`: what a person has decided to leave in code, and why.

It stands on a line of the finding, alone on the line before it or before its statement, or at the end of the statement.
Without a reason it is an error itself; when there is nothing to allow it is a warning, so that it does not outlive its
cause.
"""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field

from tools.prompt_lint.findings import Finding
from tools.prompt_lint.masking import mask
from tools.prompt_lint.source import Source

MARK = "prompt-lint:"
_COMMENT = re.compile(r"#\s*prompt-lint:\s*(.*)$")
_ALLOW = re.compile(r"allow\s+([\w-]+(?:\s*,\s*[\w-]+)*)\s*(?:(?:--|—|–)\s*(.*))?$")

SUPPRESSION = "suppression"
UNUSED = "unused_suppression"


@dataclass(slots=True)
class Suppression:
    """One comment. `alone` when nothing else stands on its line; `used` holds the rules it silenced something of."""

    cell: int | None
    line: int
    alone: bool
    rules: tuple[str, ...]
    reason: str
    problem: str = ""
    used: set[str] = field(default_factory=set)

    def covers(self, finding: Finding) -> bool:
        """True when the comment stands where it speaks about the finding, and names its rule."""
        if self.problem or finding.rule not in self.rules or finding.cell != self.cell:
            return False
        first, last = finding.statement if finding.statement[0] else (finding.line, finding.end_line)
        if self.alone:
            before = {finding.line - 1, first - 1}
            return self.line in before or finding.line <= self.line <= finding.end_line or self.line == last + 1
        return finding.line <= self.line <= finding.end_line or self.line in (first, last)


def suppressions(source: Source, known_rules: frozenset[str]) -> list[Suppression]:
    """All suppression comments of a file; a mark inside a string is no comment."""
    found = []
    for cell in source.cells:
        if MARK in cell.code:
            code = cell.code if cell.index is None else mask(cell.code) or ""
            for line, text, alone in _comments(code):
                match = _COMMENT.match(text)
                if match:
                    found.append(_suppression(cell.index, line, alone, match[1].strip(), known_rules))
    return found


def _comments(code: str) -> Iterator[tuple[int, str, bool]]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(code).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string, not token.line[: token.start[1]].strip()
    except (tokenize.TokenError, SyntaxError):
        return


def _suppression(cell: int | None, line: int, alone: bool, said: str, known_rules: frozenset[str]) -> Suppression:
    match = _ALLOW.match(said)
    if not match:
        return Suppression(cell, line, alone, (), "", f"{said!r} is no suppression: write `allow <rule> -- reason`")
    rules = tuple(rule.strip().replace("-", "_") for rule in match[1].split(","))
    reason = (match[2] or "").strip()
    unknown = [rule for rule in rules if rule not in known_rules]
    problem = ""
    if unknown:
        problem = f"unknown rule {unknown[0]}: known are {', '.join(sorted(known_rules))}"
    elif not reason:
        problem = f"suppression of {', '.join(rules)} without a reason: write `allow {rules[0]} -- reason`"
    return Suppression(cell, line, alone, rules, reason, problem)


def apply(path: str, findings: list[Finding], comments: list[Suppression]) -> list[Finding]:
    """The findings that nobody allowed, and what is wrong with the comments themselves."""
    if not comments:
        return findings
    kept = []
    for finding in findings:
        covering = [c for c in comments if c.covers(finding)]
        for comment in covering:
            comment.used.add(finding.rule)
        if not covering:
            kept.append(finding)
    for comment in comments:
        at = (path, comment.cell, comment.line, comment.line)
        if comment.problem:
            kept.append(Finding(*at, SUPPRESSION, "error", comment.problem))
        for rule in comment.rules:
            if not comment.problem and rule not in comment.used:
                message = f"nothing here needs `allow {rule}`: remove the comment"
                kept.append(Finding(*at, UNUSED, "warning", message))
    return kept
