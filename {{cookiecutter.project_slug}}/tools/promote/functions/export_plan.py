"""Which functions and classes of a step can stand in a module, and what else has to stand there with them.

What a function reads of the notebook's state is passed to it: the names in `Planned.passed` become keyword arguments.
Never exported: what writes the notebook's variables, and what is handed on as a value although it needs state.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tools.promote.functions.changed_values import changes_value
from tools.promote.notebook.free_names import BUILTINS, Definition, Needs, definition_lines, needs_of
from tools.promote.notebook.program import Binding, CodeCell, FunctionNode, Program
from tools.promote.step_notebook import HELPERS

WITH_STATE = "with_state"
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
# Names IPython gives every cell, and where a module gets them.
SHELL_NAMES = {"display": "from IPython.display import display"}


@dataclass(eq=False)
class Planned:
    """A definition of the step: what is passed to it, or why it stays in the notebook alone."""

    cell: CodeCell
    node: Definition
    needs: Needs
    passed: set[str] = field(default_factory=set)
    handed: list[tuple[CodeCell, ast.Name]] = field(default_factory=list)  # where it is used as a value
    reason: str = ""
    remedy: str = ""

    @property
    def place(self) -> tuple[int, int]:
        """Its cell and line."""
        return self.cell.index, self.node.lineno

    def stays(self, reason: str, remedy: str) -> bool:
        """Note why it cannot be exported; True when that is new."""
        if self.reason:
            return False
        self.reason, self.remedy = reason, remedy
        return True


@dataclass
class Plan:
    """`planned` are all definitions by name; `statements` those that go into the module, the definitions included.

    `calls` are the calls to which arguments are added, `handed` the places where a function goes on as a value with its
    state bound to it; `imports` are lines the module needs that no cell has.
    """

    planned: list[Planned]
    statements: set[ast.stmt]
    calls: list[tuple[CodeCell, ast.Call, Planned]]
    handed: list[tuple[CodeCell, ast.Name, Planned]]
    imports: list[str]


class Planner:
    """Makes the plan for one step."""

    def __init__(self, program: Program, parameters: int | None) -> None:
        self.program = program
        self.parameters = parameters  # the number of the parameters cell, which stays in one piece
        self.bindings = program.names.bindings
        self.rebound: set[str] = set()
        self.uses: dict[str, list[tuple[CodeCell, ast.Name]]] = {}
        self.stars: list[tuple[CodeCell, ast.stmt]] = []
        for cell in program.cells:
            for node in ast.walk(cell.tree):
                if isinstance(node, ast.Name):
                    self.uses.setdefault(node.id, []).append((cell, node))
                elif isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                    self.stars.append((cell, node))
        self.filled = set(self._filled())
        self.all = list(self._definitions())
        self.planned = {p.node.name: p for p in self.all}

    def plan(self) -> Plan:
        """Everything decided; a reason found for one definition reaches those that call it."""
        for planned in self.all:
            self.rebound |= planned.needs.rebound
        for planned in self.all:
            self._check_itself(planned)
        while self._spread() or self._check_uses():
            pass
        exported = [p for p in self.planned.values() if not p.reason]
        statements = {statement for p in exported for statement in self._statements(p)}
        calls = [found for p in exported if p.passed for found in self._calls(p)]
        handed = [(cell, use, p) for p in exported if p.passed for cell, use in p.handed]
        needed = {name for p in exported for name in p.needs.names if name not in self.bindings}
        imports = [SHELL_NAMES[name] for name in sorted(needed) if name in SHELL_NAMES]
        if handed:
            imports.append(f"from {HELPERS} import {WITH_STATE}")
        return Plan(self.all, statements, calls, handed, imports)

    def _definitions(self) -> Iterator[Planned]:
        for cell in self.program.cells:
            for node in cell.tree.body:
                if isinstance(node, Definition):
                    yield Planned(cell, node, needs_of(cell, node))

    def _filled(self) -> Iterator[str]:
        """Names whose value changes where it is: an item or an attribute is set, or a method that changes it is called.

        A module's copy of such a value would go its own way.
        """
        for name, uses in self.uses.items():
            if any(changes_value(cell, use) and name not in _hidden(cell, use) for cell, use in uses):
                yield name

    def _check_itself(self, planned: Planned) -> None:
        """What can be said without the other definitions."""
        cell, node = planned.cell, planned.node
        first, last = definition_lines(node)
        again = self.planned[node.name]
        if again is not planned:
            planned.stays(f"it is defined again in cell {again.cell.index}", "give each version a name of its own")
        elif not all(isinstance(b.node, Definition) for b in self.bindings[node.name]):
            planned.stays("its name is given other values, too", "give each of them a name of its own")
        if any(first <= magic.line <= last for magic in cell.masked.magics) or not divisible(cell):
            planned.stays("a magic stands in it or over its cell, or the cell is indented", "make it plain Python")
        try:
            compile(ast.Module([node], []), "cell", "exec")
        except SyntaxError as error:
            planned.stays(f"it does not compile: {error.msg}", "mend it")
        if planned.needs.rebound:
            name = min(planned.needs.rebound)
            planned.stays(f"it gives the notebook's {name} another value", f"return {name} instead of `global {name}`")
        if shares_line(cell, node):
            planned.stays("another statement stands on its lines", "give it lines of its own")
        for name in sorted(planned.needs.names):
            self._check_name(planned, name)

    def _check_name(self, planned: Planned, name: str) -> None:
        if name in self.planned or name in SHELL_NAMES or self.constant(name) or self._imports(name, planned.place):
            return
        if name not in self.bindings:
            if not self.stars:
                planned.stays(f"{name} is defined nowhere in the notebook", f"define or import {name}")
        elif name in planned.needs.at_once:
            planned.stays(f"{name}, which its definition reads, is no constant", f"read {name} in its body")
        elif isinstance(planned.node, ast.ClassDef):
            planned.stays(f"its methods read the notebook's {name}", f"pass {name} to its __init__")
        elif name in self.rebound:
            planned.stays(f"{name} is given another value by a function", f"return {name} instead of `global {name}`")
        elif any(isinstance(b.node, ast.Import | ast.ImportFrom) for b in self.bindings[name]):
            planned.stays(f"{name} is imported on a condition, or bound again", f"import {name} at the top of a cell")
        else:
            planned.passed.add(name)

    def _spread(self) -> bool:
        """Carry reasons and arguments from what is called to what calls it. Whether anything changed."""
        changed = False
        for planned in self.planned.values():
            if planned.reason:
                continue
            for name in planned.needs.names:
                called = self.planned.get(name)
                if called is None or called is planned:
                    continue
                if called.reason:
                    changed |= planned.stays(f"it needs {name}, which stays in the notebook", f"see {name}")
                elif not called.passed <= planned.passed:
                    if isinstance(planned.node, ast.ClassDef):
                        what = min(called.passed)
                        changed |= planned.stays(
                            f"its methods call {name}, which reads {what}", f"pass {what} to its __init__"
                        )
                    else:
                        planned.passed |= called.passed
                        changed = True
        return changed

    def _check_uses(self) -> bool:
        """Find functions with a use that cannot be given the state they need. Whether there was a new one."""
        changed = False
        for planned in self.planned.values():
            if planned.reason or not planned.passed:
                continue
            reason, remedy = self._use_obstacle(planned)
            changed |= bool(reason) and planned.stays(reason, remedy)
        return changed

    def _use_obstacle(self, planned: Planned) -> tuple[str, str]:
        name, node = planned.node.name, planned.node
        planned.handed.clear()
        state = ", ".join(sorted(planned.passed))
        if len(self.bindings[name]) > 1:
            return f"it reads {state} and is defined more than once", "give each version a name of its own"
        if node.decorator_list:
            return (
                f"it reads {state} and is decorated, so nobody can pass that",
                f"make {state} known inside the function",
            )
        if any(name in magic.text for cell in self.program.cells for magic in cell.masked.magics):
            return f"it reads {state} and a magic calls it", "replace the magic by Python"
        for cell, use in self.uses.get(name, []):
            call = cell.parents.get(use)
            called = isinstance(call, ast.Call) and call.func is use
            if not called and not isinstance(use.ctx, ast.Load):
                return f"a caller has a variable {name} of its own", f"rename one {name}"
            if called and isinstance(call, ast.Call) and _bare_generator(call):
                return f"it reads {state} and is called with a bare generator", "put the generator into brackets"
            hidden = (planned.passed | {name}) & set(_hidden(cell, use))
            if hidden:
                return f"a caller has a variable {min(hidden)} of its own", f"rename one {min(hidden)}"
            outside = cell.function_around(use) is None
            late = sorted(n for n in planned.passed if outside and not self._before(n, cell, use))
            if late:
                return f"it is used before {late[0]} has a value", f"move the line below {late[0]}"
            if not called:
                changing = sorted(n for n in planned.passed if not self._given_once(n))
                if changing or WITH_STATE in self.bindings:
                    what = changing[0] if changing else WITH_STATE
                    return f"it is handed on as a value and reads {what}, which changes", f"give {what} one value only"
                planned.handed.append((cell, use))
        return "", ""

    def _given_once(self, name: str) -> bool:
        return len(self.bindings[name]) == 1 and self.bindings[name][0].alone and name not in self.rebound

    def _before(self, name: str, cell: CodeCell, use: ast.expr) -> bool:
        here = (cell.index, cell.statement_of(use).lineno)
        return any((b.cell.index, getattr(b.node, "lineno", 0)) < here for b in self.bindings[name])

    def _calls(self, planned: Planned) -> Iterator[tuple[CodeCell, ast.Call, Planned]]:
        for cell, use in self.uses.get(planned.node.name, []):
            call = cell.parents.get(use)
            if isinstance(call, ast.Call) and call.func is use:
                yield cell, call, planned

    def constant(self, name: str, asking: frozenset[str] = frozenset()) -> Binding | None:
        """The one top-level assignment that gives this name a value which needs no call: a literal, a type, a sum."""
        bindings = self.bindings.get(name, [])
        if len(bindings) != 1 or not bindings[0].alone or bindings[0].value is None:
            return None
        if name in self.rebound | self.filled | asking:
            return None
        binding = bindings[0]
        assert isinstance(binding.node, ast.stmt)
        together = binding.cell.tree.body if binding.cell.index == self.parameters else [binding.node]
        fits = divisible(binding.cell) and all(_call_free(binding.cell, other) for other in together)
        return binding if fits and all(self._resolves(n, binding, asking | {name}) for n in _read(together)) else None

    def _resolves(self, name: str, binding: Binding, asking: frozenset[str]) -> bool:
        return bool(
            (name in BUILTINS and name not in self.bindings)
            or self.constant(name, asking)
            or self._imports(name, (binding.cell.index, getattr(binding.node, "lineno", 0)))
        )

    def _imports(self, name: str, here: tuple[int, int]) -> tuple[CodeCell, ast.stmt] | None:
        """The import that gives a place (cell, line) this name: the last one above it, else the first one below."""
        bindings = self.bindings.get(name, [])
        found = [b for b in bindings if plain_import(b.cell, b.node)]
        if not found or len(found) != len(bindings):
            return None
        above = [b for b in found if (b.cell.index, getattr(b.node, "lineno", 0)) < here]
        chosen = above[-1] if above else found[0]
        assert isinstance(chosen.node, ast.stmt)
        return chosen.cell, chosen.node

    def _statements(self, planned: Planned) -> Iterator[ast.stmt]:
        yield planned.node
        for name in planned.needs.names:
            if name not in self.planned:
                yield from self._sources(name, planned.place)

    def _sources(self, name: str, place: tuple[int, int]) -> Iterator[ast.stmt]:
        """The statements that give the module a name, and those that these need."""
        constant, imported = self.constant(name), self._imports(name, place)
        if constant is not None and isinstance(constant.node, ast.stmt):
            yield constant.node
            whole = constant.cell.tree.body if constant.cell.index == self.parameters else [constant.node]
            for read in _read(whole):
                yield from self._sources(read, (constant.cell.index, constant.node.lineno))
        elif imported is not None:
            yield imported[1]
        elif name not in self.bindings and name not in SHELL_NAMES | dict.fromkeys(BUILTINS):
            yield from (node for _, node in self.stars)


def plan_exports(program: Program, parameters: int | None) -> Plan:
    """The plan for a step. `parameters`: the number of its parameters cell."""
    return Planner(program, parameters).plan()


def plain_import(cell: CodeCell, node: ast.AST) -> bool:
    """Whether an import can stand in the module: at top level, absolute, on lines of its own."""
    if not isinstance(node, ast.Import | ast.ImportFrom) or not isinstance(cell.parents.get(node), ast.Module):
        return False
    relative = isinstance(node, ast.ImportFrom) and (bool(node.level) or node.module == "__future__")
    return not relative and divisible(cell) and not shares_line(cell, node)


def divisible(cell: CodeCell) -> bool:
    """Whether statements can be taken out of a cell: no magic stands over it, and its lines are not indented."""
    return not any(m.kind == "cell" for m in cell.masked.magics) and not any(cell.masked.shift)


def shares_line(cell: CodeCell, node: ast.stmt) -> bool:
    """Whether another statement, or a masked magic, stands on one of a top-level statement's lines."""
    first, last = definition_lines(node)
    return any(
        other is not node and definition_lines(other)[0] <= last and definition_lines(other)[1] >= first
        for other in cell.tree.body
    )


def _bare_generator(call: ast.Call) -> bool:
    return len(call.args) == 1 and not call.keywords and isinstance(call.args[0], ast.GeneratorExp)


def _hidden(cell: CodeCell, node: ast.AST) -> Iterator[str]:
    """Names that mean something of their own where a node stands: locals and parameters of the scopes around it."""
    for scope in cell.above(node):
        if isinstance(scope, SCOPES):
            yield from _bound_in(scope)


def _bound_in(scope: ast.AST) -> Iterable[str]:
    declared = {n for g in ast.walk(scope) if isinstance(g, ast.Global) for n in g.names}
    for inner in ast.walk(scope):
        if isinstance(inner, ast.arg):
            yield inner.arg
        elif isinstance(inner, ast.Name) and not isinstance(inner.ctx, ast.Load) and inner.id not in declared:
            yield inner.id
        elif isinstance(inner, ast.Import | ast.ImportFrom):
            yield from ((a.asname or a.name).split(".")[0] for a in inner.names)
        elif isinstance(inner, FunctionNode | ast.ClassDef | ast.ExceptHandler) and inner is not scope and inner.name:
            yield inner.name


def _call_free(cell: CodeCell, node: ast.stmt) -> bool:
    """Whether a statement gives names a value without calling anything, and holds no result of a magic."""
    first, last = definition_lines(node)
    if not isinstance(node, ast.Assign | ast.AnnAssign) or node.value is None:
        return False
    if any(first <= magic.line <= last for magic in cell.masked.magics):
        return False
    return not any(
        isinstance(n, ast.Call | ast.Await | ast.Yield | ast.NamedExpr | COMPREHENSIONS) for n in ast.walk(node)
    )


def _read(statements: Iterable[ast.stmt]) -> list[str]:
    """Names that statements read."""
    nodes = (node for statement in statements for node in ast.walk(statement) if isinstance(node, ast.Name))
    return list(dict.fromkeys(node.id for node in nodes if isinstance(node.ctx, ast.Load)))
