"""Prompts that are still in the step: they stay, and the report says where.

The prompt lint itself looks over the step, so that what promote leaves and what the lint will find there agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from tools.promote.notebook.notebook_file import Notebook, source_of
from tools.promote.notebook.outcome import Finding
from tools.prompt_lint import source
from tools.prompt_lint.configuration import Configuration
from tools.prompt_lint.inspection import check

RULE = "hardcoded_prompt"
SUBJECTS = {"prompt", "description", "parameter"}
REASON = "it reads like a prompt, and promote found no call to put a look-up into"
REMEDY = "move it to a variable named `..._prompt` and promote again, or to a file below prompts/ by hand"


def report_unsent(
    step: Notebook, origins: Mapping[int, int], notebook: Notebook, found: Iterable[Finding]
) -> list[Finding]:
    """A finding for each prompt the lint sees in the step and `found` does not name; places are the notebook's."""
    known = {(finding.cell, finding.line) for finding in found if finding.subject in SUBJECTS}
    left: dict[tuple[int, int], Finding] = {}
    for hit in check(source.notebook(step.dump().encode("utf-8"), "step.ipynb"), Configuration(Path())):
        if hit.rule != RULE or hit.severity != "error" or hit.cell is None or hit.cell not in origins:
            continue
        cell = origins[hit.cell]
        lines = source_of(step.cells[hit.cell]).splitlines()
        spanned = [_line(notebook, cell, text) for text in lines[hit.line - 1 : hit.end_line]]
        if any((cell, line) in known for line in spanned):
            continue
        what = f"text of {len(hit.text)} characters stays in the notebook"
        left[cell, spanned[0]] = Finding("kept", "prompt", cell, spanned[0], what, REASON, REMEDY)
    return list(left.values())


def _line(notebook: Notebook, cell: int, text: str) -> int:
    """Where a line of the step stands in the notebook's cell; its first line when it was changed."""
    lines = source_of(notebook.cells[cell]).splitlines()
    return next((number for number, line in enumerate(lines, start=1) if line.strip() == text.strip()), 1)
