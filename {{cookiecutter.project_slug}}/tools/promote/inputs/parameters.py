"""Finding the notebook's parameters: top-level literals that are read and never bound again.

Values computed from others stay where they are, so that they follow an injected value; secrets are never parameters.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tools.promote.inputs.colab_form import MARK, form_of
from tools.promote.inputs.parameter_types import choices_of, type_of
from tools.promote.inputs.secrets import is_secret_name, looks_secret
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import Binding, CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits

TAG = "parameters"
LONGEST_VALUE = 300
# A comment above an assignment that is about it, not a directive of nbdev, Colab or a tool.
OWN_COMMENT = re.compile(r"#(?!\||\s*@(title|markdown)|\s*(fmt|type|noqa|pylint|ruff|isort|black|mypy)\b)")
# What an author writes where everybody fills in their own.
PLACEHOLDER = re.compile(r"(?i)[\[<{]?\s*(your|insert|enter|add|put|replace)[\s_-].*|[\[<{][^\]>}]*[\]>}]")
GIVE_IT = "give it a value under `parameters` in notebooks/pipeline.yaml"


@dataclass(frozen=True)
class FoundParameter:
    """A parameter: `code` is its line in the parameters cell, comments included.

    `reason` says where it comes from when it was no literal, `remedy` what is left to do about it.
    """

    name: str
    type: str
    value: Any
    comment: str
    code: str
    cell: int
    line: int
    reason: str = ""
    remedy: str = ""

    @property
    def finding(self) -> Finding:
        """What the report says of it."""
        what = f"{self.name}: {self.type} is a parameter"
        return Finding("changed", "parameter", self.cell, self.line, what, self.reason, self.remedy)


def tagged_cell(cells: list[dict[str, Any]]) -> int | None:
    """The cell the author has tagged `parameters` already."""
    return next((i for i, c in enumerate(cells) if TAG in (c.get("metadata", {}).get("tags") or [])), None)


def lift_parameters(program: Program, edits: Edits) -> list[FoundParameter]:
    """Take every literal parameter out of its cell. In the order of the notebook."""
    found: list[FoundParameter] = []
    for name, bindings in program.names.bindings.items():
        binding = the_binding(program, name)
        parameter = _parameter(name, binding) if binding is not None else None
        if parameter is None:
            continue
        if take_out(bindings[0], edits):
            found.append(parameter)
    return sorted(found, key=lambda p: (p.cell, p.line))


def the_binding(program: Program, name: str) -> Binding | None:
    """The one assignment that decides a name's value; None when the name is rebound, read nowhere, or private.

    A form's field may have a fallback (`if not PROJECT: PROJECT = ...`): injecting a value does what filling it in did.
    """
    bindings = program.names.bindings.get(name, [])
    if not bindings or not program.names.reads[name] or name.startswith("_"):
        return None
    first, *others = bindings
    if others and not (
        first.alone and MARK.search(comments_of(first)[1]) and all(_falls_back(name, o) for o in others)
    ):
        return None
    return first


def left_fields(program: Program, parameters: Sequence[FoundParameter]) -> list[Finding]:
    """Fields of forms that became no parameter, each with the reason."""
    lifted = {parameter.name for parameter in parameters}
    findings = []
    for name, bindings in program.names.bindings.items():
        for binding in bindings[:1]:
            if name in lifted or not binding.alone or not MARK.search(comments_of(binding)[1]):
                continue
            reason, remedy = _why_left(program, name, bindings)
            line = _first_line(binding)
            findings.append(Finding("kept", "parameter", binding.cell.index, line, f"{name} stays", reason, remedy))
    return findings


def take_out(binding: Binding, edits: Edits) -> bool:
    """Remove an assignment with its comments; False when another rule has changed it."""
    span = _whole_lines(binding)
    return edits.free(binding.cell.index, span) and edits.add(Edit(binding.cell.index, span, ""))


def made_of(
    name: str, binding: Binding, value: Any, source: str, words: str = "", reason: str = "", remedy: str = ""
) -> FoundParameter | None:
    """The parameter in the place of an assignment; `words` are added to its comment. None for None without a type."""
    annotation = binding.node.annotation if isinstance(binding.node, ast.AnnAssign) else None
    above, trailing = comments_of(binding)
    form = form_of(trailing)
    kind = type_of(name, value, annotation, form.type if form else "")
    choices = ", ".join(str(choice) for choice in choices_of(annotation))
    own = form.words if form else trailing.lstrip("#").strip()
    behind = "; ".join(part for part in (own, words, f"one of {choices}" if choices else "") if part)
    if form is None and behind == own:
        behind = trailing.removeprefix("#").removeprefix(" ")
    comment = " ".join([*(line.lstrip("# ").strip() for line in above.splitlines()), behind]).strip()
    code = parameter_line(name, kind, source, behind, above)
    line = _first_line(binding)
    return FoundParameter(name, kind, value, comment, code, binding.cell.index, line, reason, remedy) if kind else None


def parameter_line(name: str, kind: str, source: str, comment: str, above: str = "") -> str:
    """A line of the parameters cell. A comment with `=` goes above it, where papermill does not misread it."""
    line = f"{name}: {kind} = {source}"
    if "=" in comment:
        return f"{above}# {comment}\n{line}"
    return f"{above}{line}  # {comment}" if comment else f"{above}{line}"


def comments_of(binding: Binding) -> tuple[str, str]:
    """Comment lines right above the assignment, and the comment behind it."""
    cell, node = binding.cell, binding.node
    assert isinstance(node, ast.stmt)
    assert node.end_lineno is not None
    above = "".join(cell.line(number) + "\n" for number in _comment_lines(binding))
    span, lines = cell.span(node), cell.line_span(node.end_lineno, node.end_lineno)
    behind = cell.encoded[span.end : lines.end].decode("utf-8").strip()
    return above, behind if behind.startswith("#") else ""


def _parameter(name: str, binding: Binding) -> FoundParameter | None:
    if not binding.alone or binding.value is None or is_secret_name(name):
        return None
    try:
        value = ast.literal_eval(binding.value)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    source = standing_alone(binding.cell, binding.value)
    if not injectable(value) or len(source) > LONGEST_VALUE or (isinstance(value, str) and "\n" in value):
        return None
    if isinstance(value, str) and looks_secret(value):
        return None
    filled = not (isinstance(value, str) and PLACEHOLDER.fullmatch(value.strip()))
    reason, remedy = ("", "") if filled else ("its value stands for everybody's own", GIVE_IT)
    return made_of(name, binding, value, source, "", reason, remedy)


def standing_alone(cell: CodeCell, value: ast.expr) -> str:
    """The author's text of a literal, in brackets where it takes more lines than one and has lost its own."""
    source = cell.text(value)
    try:
        ast.parse(source)
    except SyntaxError:
        return f"({source})"
    alone = "\n" not in source or len(ast.parse(source).body) == 1
    return source if alone else f"({source})"


def _why_left(program: Program, name: str, bindings: list[Binding]) -> tuple[str, str]:
    if is_secret_name(name):
        return "it is named like a secret", f"read it from the environment: `os.environ[{name.upper()!r}]`"
    if not program.names.reads[name]:
        return "nothing reads it", "remove it, or use it"
    if len(bindings) > 1:
        again = bindings[1]
        line = getattr(again.node, "lineno", 1)
        return f"it is given a value again in {again.cell.index}:{line}", "give the second value a name of its own"
    return "its value is computed or too large to inject", "write it as a literal, and compute from that"


def _falls_back(name: str, binding: Binding) -> bool:
    for above in binding.cell.above(binding.node):
        if isinstance(above, ast.If):
            return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(above.test))
    return False


def injectable(value: Any) -> bool:
    """What papermill can inject and a person would set: scalars, flat lists of them, flat mappings."""
    if isinstance(value, list):
        return bool(value) and all(_scalar(item) for item in value)
    if isinstance(value, dict):
        flat = all(isinstance(k, str) and _scalar(v) for k, v in value.items())
        return bool(value) and flat and "role" not in value and "type" not in value
    return value is None or _scalar(value)


def _scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool) and value == value and value not in (float("inf"), -float("inf"))


def _first_line(binding: Binding) -> int:
    assert isinstance(binding.node, ast.stmt)
    return binding.node.lineno


def _comment_lines(binding: Binding) -> list[int]:
    """Numbers of the comment lines that belong to the assignment: right above it, after a gap or the cell's start."""
    numbers: list[int] = []
    number = _first_line(binding) - 1
    while number >= 1 and re.match(OWN_COMMENT, binding.cell.line(number)):
        numbers.insert(0, number)
        number -= 1
    return numbers


def _whole_lines(binding: Binding) -> Span:
    node = binding.node
    assert isinstance(node, ast.stmt)
    assert node.end_lineno is not None
    first = min([*_comment_lines(binding), node.lineno])
    return binding.cell.line_span(first, node.end_lineno)
