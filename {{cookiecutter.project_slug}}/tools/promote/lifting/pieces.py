"""Taking a text expression apart into literal pieces and holes: f-strings, `+`, `.format(...)`, `dedent`, `strip`."""

from __future__ import annotations

import ast
import inspect
import string
import textwrap
from collections.abc import Callable

from tools.promote.lifting.prompt_files import Hole, Piece
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.text_expressions import leaves
from tools.promote.notebook.words import RESERVED_INPUTS, input_name

FOLDED: dict[str, Callable[[str], str]] = {
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "dedent": textwrap.dedent,
    "cleandoc": inspect.cleandoc,
}


def pieces_of(cell: CodeCell, node: ast.expr) -> list[Piece]:
    """A text expression as literal pieces and holes, in order of evaluation."""
    pieces: list[Piece] = []
    taken: dict[str, str] = {}
    for leaf in leaves(node):
        done = _done(leaf)
        if done is not None:
            pieces.append(done)
        elif isinstance(leaf, ast.Constant) and isinstance(leaf.value, str):
            pieces.append(leaf.value)
        elif isinstance(leaf, ast.JoinedStr):
            for value in leaf.values:
                if isinstance(value, ast.Constant):
                    pieces.append(str(value.value))
                elif isinstance(value, ast.FormattedValue):
                    pieces.append(_hole(value.value, _formatted(value), taken))
        else:
            pieces.append(_hole(leaf, cell.text(leaf), taken))
    return pieces


def folded(cell: CodeCell, node: ast.expr) -> tuple[ast.expr, str | None]:
    """A constant with the `.strip()` or `dedent(...)` around it done: the outermost expression and its text."""
    if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
        return node, None
    outer: ast.expr = node
    text = node.value
    while (call := _plain_call(cell, outer)) is not None:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name not in FOLDED:
            break
        outer, text = call, FOLDED[name](text)
    return outer, text


def format_calls(program: Program, cell: CodeCell, outer: ast.expr) -> list[tuple[CodeCell, ast.Call]]:
    """The calls of `.format` that are all that is done with a text: on the text itself, or on its one variable."""
    direct = _format_call(cell, outer)
    if direct is not None:
        return [(cell, direct)]
    statement = cell.parents.get(outer)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return []
    target = statement.targets[0]
    if not isinstance(target, ast.Name) or _named_otherwise(program, target):
        return []
    calls: list[tuple[CodeCell, ast.Call]] = []
    for other in program.cells:
        for node in other.nodes:
            if isinstance(node, ast.Name) and node.id == target.id and node is not target:
                call = _format_call(other, node)
                if call is None:
                    return []
                calls.append((other, call))
    return calls


def format_pieces(text: str, cell: CodeCell, call: ast.Call) -> list[Piece] | None:
    """The pieces of `text.format(...)`; None when a field is more than a name, or an argument is not explicit."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    if None in given or any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    pieces: list[Piece] = []
    position, used = 0, set[str]()
    try:
        fields = list(string.Formatter().parse(text))
    except ValueError:
        return None
    for literal, field, spec, conversion in fields:
        pieces += [literal] if literal else []
        if field is None:
            continue
        name = field or str(position)
        position += field == ""
        value = call.args[int(name)] if name.isdigit() and int(name) < len(call.args) else given.get(name)
        if value is None or "{" in (spec or ""):
            return None
        used.add(name)
        pieces.append(_format_hole(name, cell, value, spec or "", conversion))
    return pieces if len(used) == len(call.args) + len(given) else None


def _format_hole(name: str, cell: CodeCell, value: ast.expr, spec: str, conversion: str | None) -> Hole:
    source = cell.text(value)
    if conversion or spec:
        convert = ord(conversion) if conversion else -1
        format_spec = ast.JoinedStr(values=[ast.Constant(spec)]) if spec else None
        source = ast.unparse(ast.JoinedStr([ast.FormattedValue(value, convert, format_spec)]))
    plain = f"value_{int(name) + 1}" if name.isdigit() else name
    return Hole(f"{plain}_value" if plain in RESERVED_INPUTS else plain, source)


def _done(leaf: ast.expr) -> str | None:
    """The text of `"...".strip()` or `dedent("...")` as an operand; None for anything else."""
    if not isinstance(leaf, ast.Call) or leaf.keywords:
        return None
    if isinstance(leaf.func, ast.Attribute) and not leaf.args:
        name, inner = leaf.func.attr, leaf.func.value
    elif len(leaf.args) == 1:
        name, inner = leaf.func.attr if isinstance(leaf.func, ast.Attribute) else ast.unparse(leaf.func), leaf.args[0]
    else:
        return None
    if name not in FOLDED or bool(leaf.args) != (name in ("dedent", "cleandoc")):
        return None
    text = inner.value if isinstance(inner, ast.Constant) else _done(inner)
    return FOLDED[name](text) if isinstance(text, str) else None


def _plain_call(cell: CodeCell, node: ast.expr) -> ast.Call | None:
    """The call without further arguments that a text is the object or the only argument of."""
    parent = cell.parents.get(node)
    if isinstance(parent, ast.Attribute):
        call = cell.parents.get(parent)
        found = isinstance(call, ast.Call) and call.func is parent and not call.args and not call.keywords
        return call if found and isinstance(call, ast.Call) else None
    if isinstance(parent, ast.Call) and parent.args == [node] and not parent.keywords:
        return parent
    return None


def _format_call(cell: CodeCell, node: ast.expr) -> ast.Call | None:
    attribute = cell.parents.get(node)
    call = cell.parents.get(attribute) if attribute is not None else None
    if isinstance(attribute, ast.Attribute) and attribute.attr == "format" and isinstance(call, ast.Call):
        return call if call.func is attribute else None
    return None


def _named_otherwise(program: Program, target: ast.Name) -> bool:
    """Whether the name is bound anywhere else: then nobody knows which text a call formats."""
    bound = 0
    for cell in program.cells:
        for node in cell.nodes:
            stored = isinstance(node, ast.Name) and node.id == target.id and not isinstance(node.ctx, ast.Load)
            bound += stored or (isinstance(node, ast.arg) and node.arg == target.id)
    return bound != 1


def _hole(expression: ast.expr, source: str, taken: dict[str, str]) -> Hole:
    """One input for one expression; the same plain name twice is one input."""
    pure = not any(isinstance(n, ast.Call | ast.Await | ast.NamedExpr | ast.Yield) for n in ast.walk(expression))
    if pure and source in taken.values():
        return Hole(next(name for name, known in taken.items() if known == source), source)
    name = input_name(expression, set(taken))
    taken[name] = source
    return Hole(name, source)


def _formatted(value: ast.FormattedValue) -> str:
    if value.conversion == -1 and value.format_spec is None:
        return ast.unparse(ast.keyword(arg=None, value=value.value)).removeprefix("**")
    return ast.unparse(ast.JoinedStr(values=[value]))
