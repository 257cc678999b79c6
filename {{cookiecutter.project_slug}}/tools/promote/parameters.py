"""Finding the notebook's parameters: top-level literals that are read and never bound again.

Values computed from others stay where they are, so that they follow an injected value; secrets are never parameters.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any

from tools.promote.program import Binding, Program, Span
from tools.promote.secrets import is_secret_name, looks_secret
from tools.promote.splice import Edit, Edits

TAG = "parameters"
LONGEST_VALUE = 300
FLOATS = re.compile(r"(?i)temperature|top_p|penalty|threshold|ratio|alpha|_rate$|_s$|seconds")


@dataclass(frozen=True)
class FoundParameter:
    """A parameter: `code` is its line in the parameters cell, comments included."""

    name: str
    type: str
    value: Any
    comment: str
    code: str
    cell: int
    line: int


def tagged_cell(cells: list[dict[str, Any]]) -> int | None:
    """The cell the author has tagged `parameters` already."""
    return next((i for i, c in enumerate(cells) if TAG in (c.get("metadata", {}).get("tags") or [])), None)


def lift_parameters(program: Program, edits: Edits) -> list[FoundParameter]:
    """Take every parameter out of its cell. In the order of the notebook."""
    found: list[FoundParameter] = []
    for name, bindings in program.names.bindings.items():
        if len(bindings) != 1 or not program.names.reads[name] or name.startswith("_"):
            continue
        parameter = _parameter(name, bindings[0])
        if parameter is None:
            continue
        span = _whole_lines(bindings[0])
        if edits.free(bindings[0].cell.index, span) and edits.add(Edit(bindings[0].cell.index, span, "")):
            found.append(parameter)
    return sorted(found, key=lambda p: (p.cell, p.line))


def _parameter(name: str, binding: Binding) -> FoundParameter | None:
    if not binding.alone or binding.value is None or is_secret_name(name):
        return None
    try:
        value = ast.literal_eval(binding.value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    source = binding.cell.text(binding.value)
    if not _injectable(value) or len(source) > LONGEST_VALUE or (isinstance(value, str) and "\n" in value):
        return None
    if isinstance(value, str) and looks_secret(value):
        return None
    kind = _type_of(name, value)
    above, trailing = _comments(binding)
    code = f"{above}{name}: {kind} = {source}{'  ' + trailing if trailing else ''}"
    comment = " ".join(line.lstrip("# ").strip() for line in [*above.splitlines(), trailing] if line).strip()
    return FoundParameter(name, kind, value, comment, code, binding.cell.index, _first_line(binding))


def _type_of(name: str, value: Any) -> str:
    """The annotation; a whole number under a name that means a share or a strength is a float."""
    if type(value) is int and FLOATS.search(name):
        return "float"
    return type(value).__name__


def _injectable(value: Any) -> bool:
    """What papermill can inject and a person would set: scalars, flat lists of them, flat mappings."""
    if isinstance(value, list):
        return bool(value) and all(_scalar(item) for item in value)
    if isinstance(value, dict):
        flat = all(isinstance(k, str) and _scalar(v) for k, v in value.items())
        return bool(value) and flat and "role" not in value and "type" not in value
    return _scalar(value)


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) and value == value and value not in (float("inf"), -float("inf"))


def _first_line(binding: Binding) -> int:
    assert isinstance(binding.node, ast.stmt)
    return binding.node.lineno


def _comments(binding: Binding) -> tuple[str, str]:
    """Comment lines right above the assignment, and the comment behind it."""
    cell, node = binding.cell, binding.node
    assert isinstance(node, ast.stmt)
    assert node.end_lineno is not None
    above = "".join(cell.line(number) + "\n" for number in _comment_lines(binding))
    span, lines = cell.span(node), cell.line_span(node.end_lineno, node.end_lineno)
    behind = cell.encoded[span.end : lines.end].decode("utf-8").strip()
    return above, behind if behind.startswith("#") else ""


def _comment_lines(binding: Binding) -> list[int]:
    """Numbers of the comment lines that belong to the assignment: right above it, after a gap or the cell's start."""
    numbers: list[int] = []
    number = _first_line(binding) - 1
    while number >= 1 and re.match(r"#(?!\|)", binding.cell.line(number)):
        numbers.insert(0, number)
        number -= 1
    return numbers


def _whole_lines(binding: Binding) -> Span:
    node = binding.node
    assert isinstance(node, ast.stmt)
    assert node.end_lineno is not None
    first = min([*_comment_lines(binding), node.lineno])
    return binding.cell.line_span(first, node.end_lineno)
