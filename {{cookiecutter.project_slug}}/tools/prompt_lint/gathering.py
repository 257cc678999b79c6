"""One pass over a file's trees that gathers its facts; this file reads the statements.

All cells of a notebook share one module scope, in their order. The pass decides nothing; it only leaves out what is
never text to be sent: docstrings, annotations.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tools.prompt_lint.expressions import ExpressionReader
from tools.prompt_lint.facts import Facts, Names, Scope
from tools.prompt_lint.recording import PLAIN, Where, target_names
from tools.prompt_lint.source import Cell

INSTRUCTING = frozenset({"Signature", "ai_fn", "ai_model", "ai_classifier", "prompt", "simple", "complex", "ell"})


def gather(path: str, cells: Iterable[Cell]) -> Facts:
    """The facts of all cells that have a tree. Raises RecursionError on absurdly deep code."""
    reader = _Reader(path)
    for cell in cells:
        if cell.tree is not None:
            reader.read(cell)
    reader.finish()
    return reader.facts


class _Reader(ExpressionReader):
    """The handlers of statements, on top of those of expressions."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._handlers |= {
            ast.Assign: self._assign,
            ast.AnnAssign: self._ann_assign,
            ast.AugAssign: self._aug_assign,
            ast.Expr: self._expr,
            ast.Return: self._return,
            ast.FunctionDef: self._function,
            ast.AsyncFunctionDef: self._function,
            ast.ClassDef: self._class,
            ast.For: self._for,
            ast.AsyncFor: self._for,
            ast.If: self._branching,
            ast.Try: self._branching,
            ast.Match: self._branching,
            ast.While: self._branching,
            ast.With: self._with,
            ast.AsyncWith: self._with,
            ast.Raise: self._raise,
            ast.Assert: self._assert,
            ast.Import: self._import,
            ast.ImportFrom: self._import_from,
        }

    def read(self, cell: Cell) -> None:
        assert cell.tree is not None
        self._cell = cell.index
        self._body(cell.tree.body)

    def finish(self) -> None:
        """Let go of the methods in the table of handlers, which refer to this reader."""
        self._handlers.clear()

    def _assign(self, node: ast.Assign, where: Where) -> None:
        self._assigned(node.targets, node.value, "value")

    def _ann_assign(self, node: ast.AnnAssign, where: Where) -> None:
        if node.value is not None:
            self._assigned([node.target], node.value, "value")

    def _aug_assign(self, node: ast.AugAssign, where: Where) -> None:
        self._assigned([node.target], node.value, "more")

    def _assigned(self, targets: list[ast.expr], value: ast.expr, kind: str) -> None:
        first = targets[0]
        if isinstance(first, ast.Tuple) and isinstance(value, ast.Tuple) and len(first.elts) == len(value.elts):
            for target, item in zip(first.elts, value.elts, strict=True):
                self._assigned([target], item, kind)
            return
        names = tuple(name for target in targets for name in target_names(target))
        self._visit(value, Where(names))
        for target in targets:
            self._bind_target(target, kind, value)

    def _expr(self, node: ast.Expr, where: Where) -> None:
        if not isinstance(node.value, ast.Constant | ast.JoinedStr):
            self._visit(node.value, PLAIN)

    def _return(self, node: ast.Return, where: Where) -> None:
        if node.value is None:
            return
        function = self._scope.function
        if function is not None:
            function.returns.append(node.value)
        self._visit(node.value, Where((function.name,) if function else ()))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, where: Where) -> None:
        for decorator in node.decorator_list:
            self._visit(decorator, PLAIN)
        arguments = node.args
        parameters = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        keyword_only = [a.arg for a in arguments.kwonlyargs]
        defaults = dict(zip(reversed(parameters), reversed(arguments.defaults), strict=False))
        defaults.update((k, d) for k, d in zip(keyword_only, arguments.kw_defaults, strict=True) if d is not None)
        for name, default in defaults.items():
            self._visit(default, Where((name,)))
        outer, branch = self._enter(node.name, parameters, keyword_only, node, defaults), self._branch
        self._branch = 0
        self._docstring(node, tuple(last_name(d) for d in node.decorator_list))
        self._body(node.body)
        self._scope, self._branch = outer, branch

    def _docstring(self, node: ast.AST, marks: Names) -> None:
        body = node.body  # type: ignore[attr-defined]
        if not body or not isinstance(body[0], ast.Expr) or not isinstance(body[0].value, ast.Constant):
            return
        constant = body[0].value
        if not isinstance(constant.value, str) or len(constant.value) < 2:
            return
        if any(mark in INSTRUCTING for mark in marks):
            self._statement = (constant.lineno, constant.end_lineno or constant.lineno)
            text = self._text(constant, Where())
            self.facts.instructions.append((text, next(m for m in marks if m in INSTRUCTING)))

    def _class(self, node: ast.ClassDef, where: Where) -> None:
        for decorator in node.decorator_list:
            self._visit(decorator, PLAIN)
        bases = tuple(last_name(b) for b in node.bases)
        for keyword in node.keywords:
            self._visit(keyword.value, PLAIN)
        self._docstring(node, bases)
        owner, self._owner = self._owner, node.name
        outer = self._scope
        self._scope = Scope(outer)
        self.facts.scopes.append(self._scope)
        self._body(node.body)
        for name, bindings in self._scope.bindings.items():
            self.facts.attributes.setdefault(name, []).extend(bindings)
        self._owner, self._scope = owner, outer

    def _for(self, node: ast.For | ast.AsyncFor, where: Where) -> None:
        self._visit(node.iter, Where(target_names(node.target)))
        self._bind_target(node.target, "element", node.iter)
        self._branching(node, where, skip=("iter", "target"))

    def _branching(self, node: ast.AST, where: Where, skip: Names = ()) -> None:
        self._branch += 1
        for name in node._fields:
            value = getattr(node, name, None)
            if name in skip or value is None:
                continue
            if name in ("body", "orelse", "finalbody"):
                self._body(value)
            elif isinstance(value, list):
                for item in value:
                    self._branching(item, where) if isinstance(item, ast.AST) else None
            elif isinstance(value, ast.AST):
                self._visit(value, PLAIN)
        self._branch -= 1

    def _with(self, node: ast.With | ast.AsyncWith, where: Where) -> None:
        for item in node.items:
            self._visit(item.context_expr, PLAIN)
            if item.optional_vars is not None:
                self._bind_target(item.optional_vars, "value", item.context_expr)
        self._body(node.body)

    def _raise(self, node: ast.Raise, where: Where) -> None:
        self._children(node, Where((), "an error message"))

    def _assert(self, node: ast.Assert, where: Where) -> None:
        self._visit(node.test, Where((), "an assertion"))
        if node.msg is not None:
            self._visit(node.msg, Where((), "an assertion"))

    def _import(self, node: ast.Import, where: Where) -> None:
        for alias in node.names:
            self.facts.imported.add(alias.name)
            self.facts.imports[alias.asname or alias.name.partition(".")[0]] = (
                alias.name if alias.asname else alias.name.partition(".")[0]
            )

    def _import_from(self, node: ast.ImportFrom, where: Where) -> None:
        module = "." * node.level + (node.module or "")
        self.facts.imported.add(module)
        for alias in node.names:
            self.facts.imported.add(f"{module}.{alias.name}")
            self.facts.imports[alias.asname or alias.name] = f"{module}.{alias.name}"


def last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
