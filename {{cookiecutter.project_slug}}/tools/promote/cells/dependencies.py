"""Install lines of a notebook as requirements of the project, in `requirements-notebooks.in`.

Refuses what is no plain requirement: addresses, requirement files, local paths.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from tools.promote.cells.install_lines import is_install, normalised, read_install
from tools.promote.notebook.magics import Magic
from tools.promote.notebook.outcome import Finding, Refused
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edit, Edits

FILE = "requirements-notebooks.in"
HEADER = "# What promoted notebooks install, one requirement a line; kept up by `python -m tools.promote`.\n"


@dataclass
class Dependencies:
    """The requirements found, by normalised name, and what was done about each install line."""

    requirements: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    places: dict[str, tuple[int, int]] = field(default_factory=dict)  # cell and line of each requirement

    def add(self, cell: int, line: int, requirement: str) -> None:
        """Note one requirement; a second one for the same package with another version is refused."""
        read = normalised(requirement)
        if read is None:
            self.refuse(cell, line, requirement, "it is no plain requirement", f"add it to {FILE} by hand")
            return
        name, text = read
        pinned = re.search(r"[=<>!~]", text) is not None
        standing = self.requirements.get(name)
        if standing is not None and not pinned:
            return
        if standing is not None and standing != text and re.search(r"[=<>!~]", standing):
            self.refuse(cell, line, requirement, f"{standing} was asked for before", f"choose one in {FILE}")
            return
        if standing != text:
            self.requirements[name], self.places[name] = text, (cell, line)
            self.findings.append(Finding("changed", "install", cell, line, f"{text} is in {FILE}"))

    def loosen(self, prefixes: tuple[str, ...]) -> None:
        """Ask for packages so called without the old version that the notebook wanted of them."""
        for name, text in self.requirements.items():
            if name.startswith(prefixes) and re.search(r"==|<|~=", text):
                plain = re.split(r"[=<>!~ ]", text)[0]
                cell, line = self.places[name]
                self.requirements[name] = plain
                self.findings = [f for f in self.findings if f.what != f"{text} is in {FILE}"]
                reason = f"its imports are those of today, which {text} has not"
                self.findings.append(Finding("changed", "install", cell, line, f"{plain} is in {FILE}", reason))

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
                rest = _read_install(cell.index, magic, dependencies)
                edits.add(_removal(cell, magic, rest))
    return dependencies


def requirements_file(project: Path, dependencies: Dependencies) -> dict[Path, bytes]:
    """The file with the new requirements in it; nothing when all of them stand there.

    One that stands there with another version stays, and is refused.
    """
    path = project / FILE
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else HEADER
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} cannot be read ({error}): restore it from version control") from None
    lines = text.splitlines()
    standing = dict(filter(None, (_standing(line) for line in lines)))
    for name, wanted in dependencies.requirements.items():
        if standing.get(name, wanted) not in (wanted, name) and wanted != name:
            reason = f"{standing[name]} stands in {FILE}"
            dependencies.refuse(*dependencies.places[name], wanted, reason, "choose one version for all notebooks")
    new = [text for name, text in dependencies.requirements.items() if name not in standing]
    if not new:
        return {}
    comments = [line for line in lines if not line.strip() or line.startswith(("#", "-"))]
    entries = sorted({*(line for line in lines if line not in comments), *new}, key=str.lower)
    return {path: ("\n".join([*comments, *entries]) + "\n").encode("utf-8")}


def _standing(line: str) -> tuple[str, str] | None:
    """Name and requirement of a line of the file; None for comments, options and what is no plain requirement."""
    plain = line.split(" #")[0].strip()
    if not plain or plain.startswith(("#", "-")):
        return None
    address = re.match(r"([\w.-]+)(\[[\w,\s-]*\])?\s*@", plain)
    return (re.sub(r"[-_.]+", "-", address.group(1)).lower(), plain) if address else normalised(plain)


def _shell_cell(cell: CodeCell, edits: Edits, dependencies: Dependencies) -> None:
    """A `%%bash` cell: when it does nothing but install, it goes."""
    lines = [(n, line.strip()) for n, line in enumerate(cell.source.splitlines(), start=1) if line.strip()]
    commands = [(n, line) for n, line in lines[1:] if not line.startswith("#")]
    if commands and all(is_install(line) and not read_install(line, FILE).rest for _, line in commands):
        for number, line in commands:
            _read_install(cell.index, Magic("shell", number, number, line), dependencies)
        edits.add(Edit(cell.index, cell.line_span(1, len(cell.line_starts) - 1), ""))


def _read_install(cell: int, magic: Magic, dependencies: Dependencies) -> list[str]:
    """Note what a line installs. The commands on it that do something else."""
    read = read_install(magic.text, FILE)
    for requirement in read.requirements:
        dependencies.add(cell, magic.line, requirement)
    for what, reason, remedy in read.odd:
        dependencies.refuse(cell, magic.line, what, reason, remedy)
    if read.system:
        what, reason = f"{' '.join(read.system)} not installed by the step", "packages of the system need its owner"
        remedy = "install them where the pipeline runs: in the Dockerfile, for one"
        dependencies.findings.append(Finding("changed", "install", cell, magic.line, what, reason, remedy))
    if not (read.requirements or read.odd or read.system):
        reason = "packages are installed once, not by a step"
        dependencies.findings.append(Finding("changed", "install", cell, magic.line, "line removed", reason))
    return read.rest


def _removal(cell: CodeCell, magic: Magic, rest: list[str]) -> Edit:
    """The edit that takes the line out, but for the commands that do something else."""
    span = cell.line_span(magic.line, magic.end_line)
    text = cell.encoded[span.start : span.end].decode("utf-8")
    indent = text[: len(text) - len(text.lstrip(" \t"))]
    if rest:
        return Edit(cell.index, span, f"{indent}!{' && '.join(command.lstrip('%! ') for command in rest)}\n")
    return Edit(cell.index, span, f"{indent}pass\n" if indent else "")
