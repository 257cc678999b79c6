"""Calls of pydantic-ai that its version 2 has no more: keywords of agents and runs, and what is read of a result.

The request is the same as it was, so the notebook that is compared is run with the same change. A name is taken for a
run's result only where everything it is given is one; a result that a function hands on is left.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from tools.promote.moved.homes import PYDANTIC_AI, has_major
from tools.promote.moved.pydantic_ai_names import KEYWORDS, OF_AGENT, OF_RESULT, OF_STREAM, RETRIES, RUNS, SINCE
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits

Kind = Callable[[Program, ast.AST], bool]
REASON = "pydantic-ai calls it so since version 2; what is asked is the same"


def move_agent_calls(program: Program, edits: Edits) -> list[Finding]:
    """Exchange every such keyword and attribute."""
    imported = {path.partition(".")[0] for path in program.names.imports.values()}
    if PYDANTIC_AI not in imported or not has_major(*SINCE):
        return []
    findings = []
    for cell in program.cells:
        for node in cell.nodes:
            change = None
            if isinstance(node, ast.Attribute):
                change = _of_attribute(program, cell, node)
            elif isinstance(node, ast.keyword):
                change = _of_keyword(program, cell, node)
            if change is not None and edits.add(change[0]):
                findings.append(Finding("changed", "call", cell.index, change[2], change[1], REASON))
    return findings


def _of_keyword(program: Program, cell: CodeCell, keyword: ast.keyword) -> tuple[Edit, str, int] | None:
    """The edit, what it changes, and the line."""
    call = cell.parents.get(keyword)
    if not isinstance(call, ast.Call) or keyword.arg is None or not _of_agents(program, call):
        return None
    start, line = cell.span(keyword).start, keyword.value.lineno
    if keyword.arg in KEYWORDS:
        new = KEYWORDS[keyword.arg]
        return Edit(cell.index, Span(start, start + len(keyword.arg)), new), f"{keyword.arg} is {new}", line
    others = {other.arg for other in call.keywords if other is not keyword}
    if keyword.arg in RETRIES and not others & {"retries", *RETRIES}:
        new = f'retries={{"{RETRIES[keyword.arg]}": {cell.text(keyword.value)}}}'
        return Edit(cell.index, cell.span(keyword), new), f"{keyword.arg} is an entry of retries", line
    return None


def _of_agents(program: Program, call: ast.Call) -> bool:
    """Whether it makes an agent, or runs one."""
    function = call.func.value if isinstance(call.func, ast.Subscript) else call.func  # Agent[Deps, str](...)
    if (dotted := program.dotted(function)) is not None:
        return dotted.startswith(f"{PYDANTIC_AI}.") and dotted.endswith(".Agent")
    return _runs(program, call, RUNS)


def _of_attribute(program: Program, cell: CodeCell, node: ast.Attribute) -> tuple[Edit, str, int] | None:
    if node.attr in OF_AGENT and program.dotted(node) is None:
        new = OF_AGENT[node.attr]
    elif node.attr in OF_RESULT and _is_each(program, cell, node.value, _result):
        new = OF_RESULT[node.attr]
    elif node.attr in OF_STREAM and _is_each(program, cell, node.value, _stream):
        new = OF_STREAM[node.attr]
    else:
        return None
    end = cell.span(node).end
    return Edit(cell.index, Span(end - len(node.attr), end), new), f"{cell.text(node)} is .{new}", node.lineno


def _is_each(program: Program, cell: CodeCell, node: ast.expr, kind: Kind) -> bool:
    """Whether an expression, or everything that a name is given, is of a kind."""
    if not isinstance(node, ast.Name):
        return kind(program, node)
    given = _given(program, cell, node)
    return bool(given) and all(value is not None and kind(program, value) for value in given)


def _result(program: Program, value: ast.AST) -> bool:
    """`agent.run_sync(...)`, `await agent.run(...)`, `asyncio.run(agent.run(...))`."""
    if isinstance(value, ast.Await):
        return _runs(program, value.value, ("run",))
    if isinstance(value, ast.Call) and len(value.args) == 1 and program.dotted(value.func) == "asyncio.run":
        return _runs(program, value.args[0], ("run",))
    return _runs(program, value, ("run_sync",))


def _stream(program: Program, value: ast.AST) -> bool:
    return _runs(program, value, ("run_stream",))


def _runs(program: Program, node: ast.AST, methods: tuple[str, ...]) -> bool:
    """Whether it is a call of such a method, of nothing that was imported."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return False
    return node.func.attr in methods and program.dotted(node.func) is None


def _given(program: Program, cell: CodeCell, name: ast.Name) -> list[ast.expr | None]:
    """What a name is given where it is read: in the function around it, else in the notebook. None is anything else."""
    function = cell.function_around(name)
    inside = [node for node in ast.walk(function) if _binds(node, name.id)] if function is not None else []
    bound = [(cell, node) for node in inside] or [
        (binding.cell, node)
        for binding in program.names.bindings.get(name.id, [])
        for node in ast.walk(binding.node)
        if _binds(node, name.id)
    ]
    return [_value(place, node) for place, node in bound]


def _binds(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.arg):
        return node.arg == name
    return isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store)


def _value(cell: CodeCell, target: ast.AST) -> ast.expr | None:
    """What an assignment or a `with` gives its name."""
    parent = cell.parents.get(target)
    if isinstance(parent, ast.Assign | ast.AnnAssign):
        return parent.value
    if isinstance(parent, ast.withitem) and parent.optional_vars is target:
        return parent.context_expr
    return None
