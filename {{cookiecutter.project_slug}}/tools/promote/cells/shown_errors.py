"""Cells that are meant to fail: their saved output is an error and the notebook goes on behind it, or Jupyter's tag
`raises-exception` says so.

Such a cell keeps the tag in the step, and the type that was shown in a tag of its own (`raises:ValueError`): runs of
the proof, the generated test and the pipeline go on behind that error and end at any other. What tells of the day a
notebook was last run (a limit, a login, a package that was missing) is nothing that its author shows.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tools.promote.notebook.notebook_file import Notebook, source_of
from tools.promote.notebook.outcome import Finding

TAG = "raises-exception"
TYPE_TAG = "raises:"
# Errors of the day: interrupted, logged out, out of quota, unreachable, not installed, refused by a server.
OF_THE_DAY = re.compile(
    r"KeyboardInterrupt|SystemExit|ImportError|ModuleNotFoundError|\w*(?:SyntaxError|IndentationError|TabError)"
    r"|\w*(?:RateLimit|Quota|ResourceExhausted|Authenti|Unauthorized|PermissionDenied|Forbidden|Connect|Timeout|TimedOut"
    r"|HTTP\w*Error|HTTPStatus|API(?:Status)?Error\b|RetryError|ServerError|ServiceUnavailable|InternalServer|Overloaded"
    r"|OutOfMemory|MemoryError|RefreshError|Credential)\w*"
)


def shown_errors(cells: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """The type of the error that each such cell shows, by the cell's number.

    An error is shown when the notebook was run on behind it, or ends with it.
    """
    code = [index for index, cell in enumerate(cells) if cell["cell_type"] == "code" and source_of(dict(cell)).strip()]
    found = {}
    for place, index in enumerate(code):
        name = _error(cells[index])
        if name and not OF_THE_DAY.fullmatch(name):
            behind = [_count(cells[later]) for later in code[place + 1 :]]
            if not behind or any(count > _count(cells[index]) for count in behind):
                found[index] = name
    return found


def with_tags(cell: dict[str, Any], name: str | None) -> dict[str, Any]:
    """The cell with the tags that let a run go on behind this error; itself where there is none."""
    if name is None:
        return cell
    tagged = copy.deepcopy(cell)
    tags = tagged["metadata"].get("tags", [])
    tagged["metadata"]["tags"] = list(dict.fromkeys([*tags, TAG, f"{TYPE_TAG}{name}"]))
    return tagged


def tags_of(cell: Mapping[str, Any]) -> list[str]:
    """Those of a cell's tags that say what it may raise: every piece of it has them."""
    tags = cell.get("metadata", {}).get("tags", [])
    return [tag for tag in tags if isinstance(tag, str) and (tag == TAG or tag.startswith(TYPE_TAG))]


def report_errors(notebook: Notebook) -> Iterator[Finding]:
    """One finding for each cell that may fail in the step."""
    shown = shown_errors(notebook.cells)
    remedy = "if it is not meant, mend the cell or clear its output, and promote again"
    for index, cell in enumerate(notebook.cells):
        if index in shown:
            reason = "its saved output shows that error; the step goes on behind it and ends at any other"
            yield Finding("kept", "error", index, 1, f"the cell raises {shown[index]}", reason, remedy)
        elif cell["cell_type"] == "code" and TAG in tags_of(cell):
            reason = f"its author has given it the tag {TAG}; the step goes on behind whatever it raises"
            yield Finding(
                "kept", "error", index, 1, "the cell may raise", reason, "if it is not meant, take the tag off"
            )


def _error(cell: Mapping[str, Any]) -> str:
    """The last part of the type's name, for kernels differ in whether they tell its module."""
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else []:
        if isinstance(output, dict) and output.get("output_type") == "error":
            return str(output.get("ename") or "").rpartition(".")[2]
    return ""


def _count(cell: Mapping[str, Any]) -> int:
    count = cell.get("execution_count")
    return count if isinstance(count, int) else 0
