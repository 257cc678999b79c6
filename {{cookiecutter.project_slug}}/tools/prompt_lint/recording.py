"""Walks a tree by handlers and writes down texts and names, with the scope, the order and the statement of each.

What a node means is for the readers of expressions and of statements that stand on this.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from tools.prompt_lint.facts import Binding, Facts, Function, Names, Scope
from tools.prompt_lint.texts import Text, written


@dataclass(slots=True)
class Where:
    """What an expression inherits from what it stands in."""

    names: Names = ()
    excluded: str = ""


PLAIN = Where()
_SKIPPED = frozenset(
    {"ctx", "op", "ops", "id", "attr", "arg", "kind", "type_comment", "level", "annotation", "returns", "type_ignores"}
)


class Recorder:
    """Where the walk is, and what it has found so far. A node without a handler is walked through."""

    def __init__(self, path: str) -> None:
        self.facts = Facts(path)
        self._scope = self.facts.module
        self._owner = ""
        self._order = 0
        self._cell: int | None = None
        self._statement = (1, 1)
        self._branch = 0
        self._handlers: dict[type, Callable[..., None]] = {}

    def _visit(self, node: ast.AST, where: Where) -> None:
        kind = type(node)
        if kind is ast.Name:
            return
        handler = self._handlers.get(kind)
        if handler is not None:
            handler(node, where)
        else:
            self._children(node, where)

    def _children(self, node: ast.AST, where: Where) -> None:
        for name in node._fields:
            if name in _SKIPPED:
                continue
            value = getattr(node, name, None)
            if type(value) is list:
                for item in value:
                    if isinstance(item, ast.AST):
                        self._visit(item, where)
            elif isinstance(value, ast.AST):
                self._visit(value, where)

    def _body(self, body: list[ast.stmt]) -> None:
        for statement in body:
            self._order += 1
            inner = getattr(statement, "body", None)
            end = inner[0].lineno if inner and isinstance(inner, list) else statement.end_lineno
            self._statement = (statement.lineno, end or statement.lineno)
            self._visit(statement, PLAIN)

    def _nothing(self, node: ast.AST, where: Where) -> None:
        """A leaf without text."""

    def _text(self, node: ast.expr, where: Where) -> Text:
        read = written(node)
        text = Text(
            read.node,
            self._cell,
            read.literal,
            read.holes,
            read.templated,
            where.names,
            where.excluded,
            self._statement,
        )
        self.facts.texts.append(text)
        self.facts.text_of[id(node)] = text
        for hole in read.holes:
            self._visit(hole, PLAIN)
        return text

    def _enter(
        self,
        name: str,
        parameters: list[str],
        keyword_only: list[str],
        node: ast.AST,
        defaults: dict[str, ast.expr] | None = None,
    ) -> Scope:
        outer = self._scope
        scope = Scope(outer)
        self.facts.scopes.append(scope)
        function = Function(name, self._owner, parameters, keyword_only, defaults or {}, scope, node)
        scope.function = function
        self.facts.functions.setdefault(name, []).append(function)
        self._scope = scope
        for parameter in (*parameters, *keyword_only):
            self._bind(parameter, "parameter", function.defaults.get(parameter))
        return outer

    def _bind_target(self, target: ast.expr, kind: str, value: ast.expr) -> None:
        if isinstance(target, ast.Name):
            self._bind(target.id, kind, value)
        elif isinstance(target, ast.Attribute):
            self._bind_attribute(target.attr, kind, value)
        elif isinstance(target, ast.Subscript) and isinstance(target.value, ast.Name):
            self._bind(target.value.id, "more", value)
        elif isinstance(target, ast.Tuple | ast.List):
            for item in target.elts:
                self._bind_target(item, "element", value)
        elif isinstance(target, ast.Starred):
            self._bind_target(target.value, kind, value)

    def _bind(self, name: str, kind: str, value: ast.expr | None) -> None:
        self._order += 1
        binding = Binding(self._order, kind, value, self._branch > 0, self._scope)
        self._scope.bindings.setdefault(name, []).append(binding)

    def _bind_attribute(self, name: str, kind: str, value: ast.expr) -> None:
        self._order += 1
        binding = Binding(self._order, kind, value, True, self._scope)
        self.facts.attributes.setdefault(name, []).append(binding)


def target_names(target: ast.expr) -> Names:
    if isinstance(target, ast.Name):
        return (target.id,)
    if isinstance(target, ast.Attribute):
        return (target.attr,)
    if isinstance(target, ast.Subscript):
        key = target.slice
        own = (key.value,) if isinstance(key, ast.Constant) and isinstance(key.value, str) else ()
        return own + target_names(target.value)
    if isinstance(target, ast.Tuple | ast.List):
        return tuple(name for item in target.elts for name in target_names(item))
    return ()
