"""Making the functions of a step a module: cells divided, nbdev's directives set, what functions need passed to them.

The notebook stays the source and goes on defining what it defines; the module is generated from it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tools.promote.cells.shown_errors import tags_of
from tools.promote.functions.export_plan import WITH_STATE, Plan, Planned, plain_import, plan_exports
from tools.promote.inputs.parameters import tagged_cell
from tools.promote.notebook.free_names import Definition, definition_lines
from tools.promote.notebook.magics import split_lines
from tools.promote.notebook.notebook_file import Notebook, finished_cells, source_of, with_source
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, FunctionNode, Program, Span, read_program
from tools.promote.notebook.splice import Edit, Edits
from tools.promote.step_notebook import Assembled

PACKAGE = "orchestration.steps"
EXPORT = "#| export\n"
OWN_DIRECTIVES = ("#| default_exp", "#|default_exp", "#| export", "#|export")


@dataclass(frozen=True)
class Exported:
    """The step with its directives; `functions` are those its module offers, each with the id of its cell."""

    assembled: Assembled
    functions: dict[str, str] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)


def export_functions(assembled: Assembled, original: Program, step: str) -> Exported:
    """Divide the cells of an assembled step and mark what goes into its module."""
    notebook = assembled.notebook
    if any(source_of(cell).lstrip().startswith(OWN_DIRECTIVES) for cell in notebook.cells):
        reason = "the notebook has nbdev directives of its own, which stay as they are"
        return Exported(
            assembled, {}, [Finding("kept", "function", 0, 1, "exports", reason, "see that `make modules` passes")]
        )
    program = read_program(notebook, step)
    plan = plan_exports(program, tagged_cell(notebook.cells))
    findings = list(_findings(plan, program, assembled.origins, original, f"app.{PACKAGE}.{step}"))
    functions = [p.node.name for p in plan.planned if not p.reason]
    if not functions:
        return Exported(assembled, {}, findings)
    edits = Edits()
    for planned in plan.planned:
        if planned.passed and not planned.reason:
            _take(planned, edits)
    for cell, call, planned in plan.calls:
        _give(cell, call, planned, edits)
    for cell, use, planned in plan.handed:
        bound = ", ".join(f"{name}={name}" for name in sorted(planned.passed))
        edits.add(Edit(cell.index, cell.span(use), f"{WITH_STATE}({use.id}, {bound})"))
    divided = _divided(assembled, program, plan, edits, step)
    return Exported(divided, _cells_of(divided.notebook, functions), findings)


def _cells_of(notebook: Notebook, names: list[str]) -> dict[str, str]:
    """For each exported function the id of the cell that defines it."""
    found: dict[str, str] = {}
    for cell in notebook.cells:
        if source_of(cell).startswith(EXPORT):
            defined = (node for node in ast.parse(source_of(cell)).body if isinstance(node, FunctionNode))
            found |= {node.name: cell["id"] for node in defined if node.name in names}
    return found


def _take(planned: Planned, edits: Edits) -> None:
    """Add keyword-only parameters to a function."""
    cell, node = planned.cell, planned.node
    assert isinstance(node, FunctionNode)
    arguments = node.args
    names = ", ".join(sorted(planned.passed))
    starred = arguments.vararg is not None or bool(arguments.kwonlyargs)
    new = names if starred else f"*, {names}"
    if arguments.kwarg is not None:
        start = cell.span(arguments.kwarg).start
        stars = cell.encoded.rindex(b"**", 0, start)
        edits.add(Edit(cell.index, Span(stars, stars), f"{new}, "))
        return
    parts: list[Any] = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    parts += [arguments.vararg, *arguments.defaults, *(d for d in arguments.kw_defaults if d is not None)]
    end = max((cell.span(part).end for part in parts if part is not None), default=-1)
    if end < 0:
        end = cell.encoded.index(b"(", cell.span(node).start + len("def ") + len(node.name)) + 1
        edits.add(Edit(cell.index, Span(end, end), new))
        return
    end = _behind_last(cell.encoded, end)
    edits.add(Edit(cell.index, Span(end, end), f", {new}"))


def _behind_last(text: bytes, end: int) -> int:
    """Past what still belongs to the last parameter: brackets around its default, a `/` behind it."""
    last, closed = end, list[int]()
    for match in re.finditer(rb"\s+|,|#[^\n]*|/|\)|.", text[end:], re.DOTALL):
        if match.group() == b")":
            closed.append(end + match.end())
        elif match.group() == b"/":
            last = end + match.end()
        elif not match.group().isspace() and match.group()[:1] not in b",#":
            break
    # The last bracket closes the whole list.
    return max([last, *closed[:-1]])


def _give(cell: CodeCell, call: ast.Call, planned: Planned, edits: Edits) -> None:
    """Add keyword arguments to a call."""
    new = ", ".join(f"{name}={name}" for name in sorted(planned.passed))
    close = cell.span(call).end - 1
    arguments: list[ast.expr | ast.keyword] = [*call.args, *call.keywords]
    if not arguments:
        edits.add(Edit(cell.index, Span(close, close), new))
        return
    end = max(cell.span(argument).end for argument in arguments)
    between = cell.encoded[end:close]
    if not between.strip():
        edits.add(Edit(cell.index, Span(end, end), f", {new}"))
        return
    code = b"".join(line.split(b"#")[0] for line in between.splitlines())
    edits.add(Edit(cell.index, Span(close, close), new if code.rstrip().endswith(b",") else f", {new}"))


def _divided(assembled: Assembled, program: Program, plan: Plan, edits: Edits, step: str) -> Assembled:
    """The step with its cells in pieces, the exported ones marked."""
    by_index = {cell.index: cell for cell in program.cells}
    cells: list[dict[str, Any]] = []
    origin: list[int | None] = []
    directed, parameters = False, tagged_cell(assembled.notebook.cells)
    for index, cell in enumerate(assembled.notebook.cells):
        if cell["cell_type"] == "code" and not directed:
            directed = True
            lines = [f"#| default_exp {PACKAGE}.{step}"]
            cells.append({"cell_type": "code", "metadata": {}, "source": lines})
            origin.append(None)
            if plan.imports:
                text = EXPORT + "\n".join(plan.imports)
                cells.append({"cell_type": "code", "metadata": {}, "source": split_lines(text)})
                origin.append(None)
        whole = index == parameters
        pieces = _pieces(by_index[index], plan, edits, whole=whole) if index in by_index else [source_of(cell)]
        for number, piece in enumerate(pieces):
            new = with_source(cell, piece) if piece != source_of(cell) else cell
            more = {k: v for k, v in new.items() if k != "id"} | {
                "metadata": {"tags": tags_of(cell)} if tags_of(cell) else {}
            }
            cells.append(new if number == 0 else more)
            origin.append(assembled.origins.get(index))
    notebook = assembled.notebook
    divided = notebook.with_cells(finished_cells(cells), notebook.data["metadata"])
    return Assembled(divided, {new: old for new, old in enumerate(origin) if old is not None})


def _pieces(cell: CodeCell, plan: Plan, edits: Edits, *, whole: bool) -> list[str]:
    """The texts a cell is divided into; one, unmarked, when nothing of it is exported. `whole`: it is not divided."""
    body = cell.tree.body
    marked = _marked(cell, plan)
    if whole and any(marked):
        marked = [True] * len(body)
    runs: list[tuple[int, bool]] = []  # index of the first statement, and whether it is exported
    for number, mark in enumerate(marked):
        if not runs or runs[-1][1] != mark:
            runs.append((number, mark))
    if not any(mark for _, mark in runs):
        return [edits.apply(cell)]
    for number, (_, mark) in enumerate(runs[:-1]):
        last = body[runs[number + 1][0] - 1]
        if not mark and isinstance(last, ast.Expr):  # it was not the cell's last, so its value was not shown
            end = cell.span(last).end
            if not cell.encoded[end:].lstrip(b" \t").startswith(b";"):
                edits.add(Edit(cell.index, Span(end, end), ";"))
    lines = split_lines(edits.apply(cell))
    starts = [
        0,
        *(_past_its_comments(lines, definition_lines(body[first - 1])[1]) for first, _ in runs[1:]),
        len(lines),
    ]
    texts = ["".join(lines[start:end]) for start, end in pairwise(starts)]
    if len(texts) > 1:
        texts = [_without_blank_ends(text) for text in texts]
    return [EXPORT + text if mark else text for text, (_, mark) in zip(texts, runs, strict=True)]


def _past_its_comments(lines: list[str], end: int) -> int:
    """The line after a block's indented comments, which end it although the parser does not see them."""
    for number in range(end, len(lines)):
        if lines[number].lstrip().startswith("#") and lines[number][0].isspace():
            end = number + 1
        elif lines[number].strip():
            break
    return end


def _marked(cell: CodeCell, plan: Plan) -> list[bool]:
    """For each top-level statement whether it is exported; a run of imports is not torn apart."""
    body = cell.tree.body
    marked = [statement in plan.statements for statement in body]
    imports = [plain_import(cell, s) for s in body]
    for order in (range(len(body) - 1), range(len(body) - 2, -1, -1)):
        for number in order:
            if imports[number] and imports[number + 1] and (marked[number] or marked[number + 1]):
                marked[number] = marked[number + 1] = True
    return marked


def _without_blank_ends(text: str) -> str:
    lines = split_lines(text)
    while lines and not lines[0].strip():
        lines.pop(0)
    while lines and not lines[-1].strip():
        lines.pop()
    return "".join(lines).rstrip("\r\n")


def _findings(
    plan: Plan, program: Program, origins: dict[int, int], original: Program, module: str
) -> Iterator[Finding]:
    """What became of each definition, call and helper statement, at its place in the original."""
    places = _places(original)
    for planned in plan.planned:
        name, origin = planned.node.name, origins.get(planned.cell.index, 0)
        cell, line = origin, next((at for known, index, at in places if (known, index) == (name, origin)), 1)
        if planned.reason:
            yield Finding("kept", "function", cell, line, f"{name} is not exported", planned.reason, planned.remedy)
        else:
            passed = f"it is given {', '.join(sorted(planned.passed))}" if planned.passed else ""
            yield Finding("changed", "function", cell, line, f"{name} is exported to {module}", passed)
    numbers: dict[tuple[int, str], int] = {}
    for step_cell, _, planned in plan.calls:
        name, old = planned.node.name, origins.get(step_cell.index)
        if old is None:
            continue
        nth = numbers[old, name] = numbers.get((old, name), -1) + 1
        lines = _call_lines(original, old, name)
        what = f"{name}(...) is given {', '.join(sorted(planned.passed))}"
        yield Finding("changed", "function", old, lines[nth] if nth < len(lines) else 1, what)
    for step_cell, use, planned in plan.handed:
        old = origins.get(step_cell.index)
        if old is not None:
            what = f"{use.id} is handed on with {', '.join(sorted(planned.passed))}"
            yield Finding("changed", "function", old, use.lineno, what)
    for step_cell in program.cells:
        old = origins.get(step_cell.index)
        helpers = [s for s in step_cell.tree.body if s in plan.statements and not isinstance(s, Definition)]
        if old is not None and helpers:
            yield Finding("changed", "function", old, 1, f"what {module} needs is marked in this cell")


def _places(original: Program) -> list[tuple[str, int, int]]:
    """Name, cell and line of each definition of the original."""
    return [
        (node.name, cell.index, node.lineno)
        for cell in original.cells
        for node in cell.tree.body
        if isinstance(node, Definition)
    ]


def _call_lines(original: Program, index: int, name: str) -> list[int]:
    cell = next((c for c in original.cells if c.index == index), None)
    calls = ast.walk(cell.tree) if cell is not None else []
    return [n.lineno for n in calls if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == name]
