"""Install lines of a notebook as requirements of the project, in `requirements-notebooks.in`.

Refuses what is no plain requirement: addresses, requirement files, local paths.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from tools.promote.magics import INSTALL_WORDS, Magic
from tools.promote.outcome import Finding, Refused
from tools.promote.program import CodeCell, Program
from tools.promote.splice import Edit, Edits

FILE = "requirements-notebooks.in"
HEADER = "# What promoted notebooks install, one requirement a line; kept up by `python -m tools.promote`.\n"
INSTALL = re.compile(
    r"^[%!]*\s*(?:sudo\s+)?(?:\{?\s*(?:sys\.executable|python3?)\s*\}?\s+-m\s+)?"
    r"(?P<tool>pip3?|uv\s+pip|uv|conda|mamba)\s+(?P<verb>install|add|uninstall)\b(?P<rest>.*)$",
    re.DOTALL,
)
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?P<extras>\[[\w,\s.-]*\])?\s*(?P<version>[=<>!~].*)?")
TAKES_VALUE = {"-c", "--channel", "-i", "--index-url", "--extra-index-url", "--find-links", "-f", "-t", "--target"}
TAKES_FILE = {"-r", "--requirement", "-e", "--editable", "--constraint"}
SHELL_OPERATORS = {"&&", "||", "|", ";", "2>&1", "&"}


@dataclass
class Dependencies:
    """The requirements found, by normalised name, and what was done about each install line."""

    requirements: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)

    def add(self, cell: int, line: int, requirement: str) -> None:
        """Note one requirement; a second one for the same package with another version is refused."""
        match = REQUIREMENT.fullmatch(requirement)
        if match is None or "/" in requirement or ":" in requirement:
            self.refuse(cell, line, requirement, "it is no plain requirement", f"add it to {FILE} by hand")
            return
        name = re.sub(r"[-_.]+", "-", match.group("name")).lower()
        text = re.sub(r"\s+", "", requirement)
        standing = self.requirements.get(name)
        if standing is not None and not match.group("version"):
            return
        if standing is not None and standing != text and re.search(r"[=<>!~]", standing):
            self.refuse(cell, line, requirement, f"{standing} was asked for before", f"choose one in {FILE}")
            return
        if standing != text:
            self.requirements[name] = text
            self.findings.append(Finding("changed", "install", cell, line, f"{text} is in {FILE}"))

    def refuse(self, cell: int, line: int, what: str, reason: str, remedy: str) -> None:
        """Note something installed that is left to a person."""
        self.findings.append(Finding("refused", "install", cell, line, what, reason, remedy))


def lift_installs(program: Program, edits: Edits) -> Dependencies:
    """Take the install lines out of the notebook."""
    dependencies = Dependencies()
    for cell in program.cells:
        if not cell.masked.python:
            _shell_cell(cell, edits, dependencies)
            continue
        for magic in cell.masked.magics:
            if magic.kind in ("line", "shell") and is_install(magic.text):
                _read_install(cell.index, magic, dependencies)
                edits.add(_removal(cell, magic))
    return dependencies


def is_install(text: str) -> bool:
    """Whether a magic or shell line installs packages."""
    return INSTALL.match(text) is not None or INSTALL_WORDS.match(text) is not None


def requirements_file(project: Path, dependencies: Dependencies) -> dict[Path, bytes]:
    """The file with the new requirements in it; nothing when all of them stand there."""
    path = project / FILE
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else HEADER
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} cannot be read ({error}): restore it from version control") from None
    lines = text.splitlines()
    standing = {
        re.sub(r"[-_.]+", "-", match.group("name")).lower()
        for line in lines
        if (match := REQUIREMENT.match(line.strip())) and not line.startswith(("#", "-"))
    }
    new = [text for name, text in dependencies.requirements.items() if name not in standing]
    if not new:
        return {}
    comments = [line for line in lines if not line.strip() or line.startswith(("#", "-"))]
    entries = sorted({*(line for line in lines if line not in comments), *new}, key=str.lower)
    return {path: ("\n".join([*comments, *entries]) + "\n").encode("utf-8")}


def _shell_cell(cell: CodeCell, edits: Edits, dependencies: Dependencies) -> None:
    """A `%%bash` cell: when it does nothing but install, it goes."""
    lines = [(n, line.strip()) for n, line in enumerate(cell.source.splitlines(), start=1) if line.strip()]
    commands = [(n, line) for n, line in lines[1:] if not line.startswith("#")]
    if commands and all(is_install(line) for _, line in commands):
        for number, line in commands:
            _read_install(cell.index, Magic("shell", number, number, line), dependencies)
        edits.add(Edit(cell.index, cell.line_span(1, len(cell.line_starts) - 1), ""))


def _read_install(cell: int, magic: Magic, dependencies: Dependencies) -> None:
    text = re.sub(r"\\\r?\n", " ", magic.text)
    match = INSTALL.match(text)
    if match is None or match.group("verb") == "uninstall":
        dependencies.findings.append(
            Finding(
                "changed", "install", cell, magic.line, "line removed", "packages are installed once, not by a step"
            )
        )
        return
    try:
        words = shlex.split(match.group("rest"), comments=True)
    except ValueError:
        words = match.group("rest").split()
    _read_words(cell, magic.line, words, dependencies)


def _read_words(cell: int, line: int, words: list[str], dependencies: Dependencies) -> None:
    left = iter(words)
    for word in left:
        if word in SHELL_OPERATORS or word.startswith(">"):
            return
        if word in TAKES_VALUE:
            next(left, None)
        elif word in TAKES_FILE:
            named = f"{word} {next(left, '')}"
            dependencies.refuse(cell, line, named, "it is no plain requirement", f"add it to {FILE} by hand")
        elif not word.startswith("-") and word not in ("pip", "install"):
            dependencies.add(cell, line, word.removesuffix(";"))
        if word.endswith(";"):
            return


def _removal(cell: CodeCell, magic: Magic) -> Edit:
    span = cell.line_span(magic.line, magic.end_line)
    text = cell.encoded[span.start : span.end].decode("utf-8")
    indent = text[: len(text) - len(text.lstrip(" \t"))]
    return Edit(cell.index, span, f"{indent}pass\n" if indent else "")
