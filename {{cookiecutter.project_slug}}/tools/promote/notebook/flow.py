"""Following an expression back to the texts it is made of, over variables, cells, functions and wrappers.

Static and modest: a name is followed to every value it is given, of a loop to the items that are written out, and
nothing is run.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace

from tools.promote.notebook.loops import drawn
from tools.promote.notebook.program import CodeCell, FunctionNode, Program
from tools.promote.notebook.text_expressions import is_text, leaves, words_in

# Calls whose text is that of their object or of their first argument.
TEXT_METHODS = {"format", "format_map", "strip", "lstrip", "rstrip", "replace", "substitute", "safe_substitute"}
TEXT_FUNCTIONS = {"dedent", "cleandoc", "Template", "str"}
# The first of a pair `("system", text)` says who speaks.
SPEAKERS = {"system", "developer", "user", "human", "assistant", "ai", "model", "tool", "function", "placeholder"}
# A function of somebody else's that is given so many words and whose result goes where a prompt goes adds to them.
WORDS_HANDED_ON = 8
ASKING = {"getpass", "input", "print"}


@dataclass(frozen=True, eq=False)
class Text:
    """An expression that is a text in the notebook.

    `templated`: something fills it in later; `drawn`: a loop goes over it, among others of its kind; `filling`: it
    stands in a place of another text.
    """

    cell: CodeCell
    node: ast.expr
    templated: bool = False
    drawn: bool = False
    filling: bool = False


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function of the notebook: what callers pass for it reaches where the parameter goes."""

    function: str
    position: int
    name: str
    method: bool


class Flow:
    """Answers where the texts of an expression stand."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._attributes = _attribute_values(program)
        self._appended = _appended_at_top(program)
        self._drawn: set[int] = set()

    def texts(self, cell: CodeCell, expression: ast.expr) -> list[Text]:
        """Every text that can reach `expression`."""
        return list(self._follow(cell, expression, set(), False))

    def _follow(self, cell: CodeCell, node: ast.expr, seen: set[int], templated: bool) -> Iterator[Text]:
        if id(node) in seen:
            return
        seen.add(id(node))
        if is_text(node):
            yield Text(cell, node, templated, id(node) in self._drawn)
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
            yield from self._follow(cell, node.left, seen, True)
        elif isinstance(node, ast.BinOp):
            for leaf in leaves(node):
                if leaf is not node and not is_text(leaf):
                    yield from self._follow(cell, leaf, seen, templated)
        elif isinstance(node, ast.JoinedStr):
            for value in node.values:
                if isinstance(value, ast.FormattedValue) and isinstance(value.value, ast.Name):
                    for text in self._follow(cell, value.value, seen, templated):
                        yield replace(text, filling=True)
        elif isinstance(node, ast.Name):
            for owner, value in self._values_of(cell, node):
                yield from self._follow(owner, value, seen, templated)
        elif isinstance(node, ast.Call):
            yield from self._follow_call(cell, node, seen, templated)
        else:
            for owner, part in self._parts(cell, node):
                yield from self._follow(owner, part, seen, templated)

    def _follow_call(self, cell: CodeCell, node: ast.Call, seen: set[int], templated: bool) -> Iterator[Text]:
        function = node.func
        if isinstance(function, ast.Attribute) and function.attr in TEXT_METHODS:
            fills = templated or function.attr not in ("strip", "lstrip", "rstrip")
            yield from self._follow(cell, function.value, seen, fills)
            return
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        if name in TEXT_FUNCTIONS and node.args:
            yield from self._follow(cell, node.args[0], seen, templated or name == "Template")
        elif isinstance(function, ast.Name) and function.id in self.program.names.functions:
            owner, definition = self.program.names.functions[function.id]
            for returned in _returns(definition):
                yield from self._follow(owner, returned, seen, templated)
        elif made := self._lambdas(function):
            for owner, body in made:
                yield from self._follow(owner, body, seen, templated)
        elif isinstance(function, ast.Name) and function.id in self.program.names.imports and name not in ASKING:
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                if is_text(argument) and words_in(argument) >= WORDS_HANDED_ON:
                    yield from self._follow(cell, argument, seen, templated)

    def _lambdas(self, function: ast.expr) -> list[tuple[CodeCell, ast.expr]]:
        """What the lambdas return that a name is given: `make = lambda row: f"..."`."""
        bindings = self.program.names.bindings.get(function.id, []) if isinstance(function, ast.Name) else []
        return [(b.cell, b.value.body) for b in bindings if isinstance(b.value, ast.Lambda)]

    def _parts(self, cell: CodeCell, node: ast.expr) -> Iterator[tuple[CodeCell, ast.expr]]:
        if isinstance(node, ast.IfExp):
            yield from ((cell, part) for part in (node.body, node.orelse))
        elif isinstance(node, ast.BoolOp):
            yield from ((cell, part) for part in node.values)
        elif isinstance(node, ast.NamedExpr | ast.Await | ast.Starred):
            yield cell, node.value
        elif isinstance(node, ast.List | ast.Tuple):
            yield from ((cell, part) for part in (node.elts[1:] if _is_turn(node) else node.elts))
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in ("text", "input_text"):
                    yield cell, value
        elif isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            for owner, value in self._values_of(cell, node.value):
                items = _items(value, node.slice)
                if id(value) in self._drawn:  # `row["question"]` is drawn as the row is
                    self._drawn |= {id(item) for item in items}
                yield from ((owner, item) for item in items)
        elif isinstance(node, ast.Attribute):
            yield from self._attributes.get(node.attr, [])

    def _values_of(self, cell: CodeCell, name: ast.Name) -> list[tuple[CodeCell, ast.expr]]:
        """What a name is given: in the loops and functions around it, else at module level."""
        items = drawn(cell, name, self._values_of)
        if items:
            self._drawn |= {id(item) for _, item in items}
            return items
        for function in (a for a in cell.above(name) if isinstance(a, FunctionNode)):
            local = [(cell, value) for value in _local_values(function, name.id)]
            parameter = _parameter(cell, function, name.id)
            if parameter is not None:
                default = _default(function, name.id)
                local += [(cell, default)] if default is not None else []
                local += self._passed(parameter)
            if local or parameter is not None:
                return local
        bindings = self.program.names.bindings.get(name.id, [])
        return [
            *((b.cell, b.value) for b in bindings if b.value is not None),
            *((b.cell, b.node.value) for b in bindings if isinstance(b.node, ast.AugAssign)),
            *self._appended.get(name.id, []),
        ]

    def _passed(self, parameter: Parameter) -> list[tuple[CodeCell, ast.expr]]:
        """What the notebook's calls pass for a parameter."""
        found: list[tuple[CodeCell, ast.expr]] = []
        for cell, call in self.program.calls():
            name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", None)
            if name != parameter.function or isinstance(call.func, ast.Attribute) != parameter.method:
                continue
            found += [(cell, keyword.value) for keyword in call.keywords if keyword.arg == parameter.name]
            if 0 <= parameter.position < len(call.args):
                found.append((cell, call.args[parameter.position]))
        return found


def _is_turn(node: ast.List | ast.Tuple) -> bool:
    first = node.elts[0] if len(node.elts) == 2 else None
    return isinstance(first, ast.Constant) and first.value in SPEAKERS


def _returns(function: FunctionNode) -> list[ast.expr]:
    return [n.value for n in ast.walk(function) if isinstance(n, ast.Return) and n.value is not None]


def _items(value: ast.expr, index: ast.expr) -> list[ast.expr]:
    if isinstance(value, ast.List | ast.Tuple):
        return list(value.elts)
    if not isinstance(value, ast.Dict):
        return []
    if isinstance(index, ast.Constant):
        return [
            item
            for key, item in zip(value.keys, value.values, strict=True)
            if isinstance(key, ast.Constant) and key.value == index.value
        ]
    return list(value.values)


def _appended(node: ast.AST) -> tuple[str, ast.expr] | None:
    """The list's name and what it is given in `parts.append(text)`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute) or node.func.attr != "append":
        return None
    owner = node.func.value
    return (owner.id, node.args[0]) if isinstance(owner, ast.Name) and len(node.args) == 1 else None


def _appended_at_top(program: Program) -> dict[str, list[tuple[CodeCell, ast.expr]]]:
    """What the lists of the module are given outside of functions, by name."""
    values: dict[str, list[tuple[CodeCell, ast.expr]]] = {}
    for cell, call in program.calls():
        given = _appended(call)
        if given is not None and cell.function_around(call) is None:
            values.setdefault(given[0], []).append((cell, given[1]))
    return values


def _local_values(function: FunctionNode, name: str) -> list[ast.expr]:
    values = []
    for node in ast.walk(function):
        targets: list[ast.expr] = []
        given = _appended(node)
        if given is not None and given[0] == name:
            values.append(given[1])
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign | ast.AugAssign):
            targets = [node.target]
        else:
            continue
        if node.value is not None and any(isinstance(t, ast.Name) and t.id == name for t in targets):
            values.append(node.value)
    return values


def _parameter(cell: CodeCell, function: FunctionNode, name: str) -> Parameter | None:
    positional = [*function.args.posonlyargs, *function.args.args]
    names = [arg.arg for arg in positional]
    method = isinstance(cell.parents.get(function), ast.ClassDef)
    if name in names:
        return Parameter(function.name, names.index(name) - int(method), name, method)
    if name in [arg.arg for arg in function.args.kwonlyargs]:
        return Parameter(function.name, -1, name, method)
    return None


def _default(function: FunctionNode, name: str) -> ast.expr | None:
    positional = [*function.args.posonlyargs, *function.args.args]
    from_end = list(zip(reversed(positional), reversed(function.args.defaults), strict=False))
    for arg, default in [*from_end, *zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)]:
        if arg.arg == name:
            return default
    return None


def _attribute_values(program: Program) -> dict[str, list[tuple[CodeCell, ast.expr]]]:
    """Values given to `self.name` and to names of class bodies, by name."""
    values: dict[str, list[tuple[CodeCell, ast.expr]]] = {}
    for cell in program.cells:
        for node in cell.nodes:
            if not isinstance(node, ast.Assign) or len(node.targets) != 1:
                continue
            target = node.targets[0]
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                values.setdefault(target.attr, []).append((cell, node.value))
            elif isinstance(target, ast.Name) and isinstance(cell.parents.get(node), ast.ClassDef):
                values.setdefault(target.id, []).append((cell, node.value))
    return values
