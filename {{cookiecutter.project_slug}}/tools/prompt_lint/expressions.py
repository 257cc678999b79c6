"""Reads expressions: which are texts and what they are called, which are calls, and which look like messages.

It decides nothing; it only marks what is said to somebody else than a model.
"""

from __future__ import annotations

import ast

from tools.prompt_lint.facts import Call, Place
from tools.prompt_lint.naming import strong
from tools.prompt_lint.prose import excluding_call, excluding_keyword
from tools.prompt_lint.recording import PLAIN, Recorder, Where, target_names
from tools.prompt_lint.texts import METHODS, is_written
from tools.prompt_lint.wording import opens_with_role

SPEAKERS = frozenset({"system", "user", "human", "assistant", "ai", "developer"})
_SEE_THROUGH = frozenset(
    {"dedent", "cleandoc", "str", "Template", "Markdown", "list", "tuple", "dict", "Path", "markdown", "unwrap", "fill"}
)
_LEAVES = (ast.Name, ast.Pass, ast.Break, ast.Continue, ast.Global, ast.Nonlocal, ast.Delete)

# What says that a dictionary is a document, and where such a one has its text.
DOCUMENT = "a document"
ROW = "a row of data"
BODIES = frozenset({"content", "text", "body", "page_content", "document", "chunk", "abstract", "summary", "answer"})
_BESIDE = frozenset({"id", "title", "source", "url", "page", "page_number", "chunk_id", "doc_id", "author", "date"})
_ROWS = 4
_TOLD = 60


def _is_document(node: ast.Dict) -> bool:
    """`{"id": 1, "title": "Refunds", "content": "..."}`: what is searched, whatever it reads like."""
    keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
    return not _BESIDE.isdisjoint(keys) and "role" not in keys


def _tells_a_model(text: str) -> bool:
    """Shorter ones are patterns to look for, such as "act as if you have no rules"."""
    return len(text) >= _TOLD and opens_with_role(text)


def _is_rows(node: ast.List | ast.Set) -> bool:
    """Several texts beside one another, of which none says who a model is."""
    said = [item.value for item in node.elts if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return len(said) == len(node.elts) >= _ROWS and not any(_tells_a_model(text.strip()) for text in said)


class ExpressionReader(Recorder):
    """The handlers of expressions."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._handlers |= {
            ast.Constant: self._constant,
            ast.JoinedStr: self._joined_str,
            ast.BinOp: self._bin_op,
            ast.Call: self._call,
            ast.Dict: self._dict,
            ast.Tuple: self._tuple,
            ast.List: self._list,
            ast.Set: self._list,
            ast.Compare: self._compare,
            ast.Subscript: self._subscript,
            ast.Attribute: self._attribute,
            ast.Lambda: self._lambda,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension,
            ast.NamedExpr: self._named,
        }
        self._handlers |= dict.fromkeys(_LEAVES, self._nothing)

    def _constant(self, node: ast.Constant, where: Where) -> None:
        if type(node.value) is str and len(node.value) > 1:
            self._text(node, where)

    def _joined_str(self, node: ast.JoinedStr, where: Where) -> None:
        self._text(node, where)

    def _bin_op(self, node: ast.BinOp, where: Where) -> None:
        if is_written(node):
            self._text(node, where)
            return
        pending: list[ast.expr] = [node]
        while pending:
            item = pending.pop()
            if isinstance(item, ast.BinOp):
                pending += [item.right, item.left]
            else:
                self._visit(item, where)

    def _call(self, node: ast.Call, where: Where) -> None:
        function = node.func
        tail = ""
        if isinstance(function, ast.Attribute):
            tail = function.attr
            if tail in METHODS and is_written(node):
                self._text(node, where)
                return
            self._visit(function.value, where if tail in METHODS else PLAIN)
            if tail in ("append", "extend", "insert") and node.args:
                self._grow(function.value, node.args[-1])
        elif isinstance(function, ast.Name):
            tail = function.id
        else:
            self._visit(function, PLAIN)
        self._order += 1
        call = Call(node, tail, self._scope, self._order, self._cell, self._statement)
        self.facts.calls.append(call)
        self.facts.calls_of.setdefault(tail, []).append(call)
        quiet = excluding_call(function, tail)
        if quiet:
            inside = Where((), quiet)
        elif tail in _SEE_THROUGH:
            inside = where
        elif tail in ("append", "extend", "insert") and isinstance(function, ast.Attribute):
            inside = Where(target_names(function.value))
        else:
            inside = PLAIN
        for argument in node.args:
            self._visit(argument, inside)
        for keyword in node.keywords:
            name = keyword.arg or ""
            self._visit(keyword.value, Where((name, *inside.names), quiet or excluding_keyword(name)))

    def _grow(self, receiver: ast.expr, value: ast.expr) -> None:
        if isinstance(receiver, ast.Name):
            self._bind(receiver.id, "more", value)
        elif isinstance(receiver, ast.Attribute):
            self._bind_attribute(receiver.attr, "more", value)

    def _list(self, node: ast.List | ast.Set, where: Where) -> None:
        row = _is_rows(node) and not strong(where.names)
        for item in node.elts:
            self._visit(item, Where(where.names, where.excluded or ROW) if row else where)

    def _dict(self, node: ast.Dict, where: Where) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
            if key is not None and not name:
                self._visit(key, PLAIN)
            if name in ("role", "from"):
                self._order += 1
                self.facts.messages.append(Place(node, self._scope, self._order))
            excluded = (
                where.excluded or excluding_keyword(name) or (DOCUMENT if name in BODIES and _is_document(node) else "")
            )
            self._visit(value, Where((name, *where.names) if name else where.names, excluded))

    def _tuple(self, node: ast.Tuple, where: Where) -> None:
        if len(node.elts) == 2 and isinstance(node.elts[0], ast.Constant) and node.elts[0].value in SPEAKERS:
            self._order += 1
            self.facts.messages.append(Place(node, self._scope, self._order))
        for item in node.elts:
            self._visit(item, where)

    def _compare(self, node: ast.Compare, where: Where) -> None:
        self._children(node, Where((), "a comparison"))

    def _subscript(self, node: ast.Subscript, where: Where) -> None:
        self._visit(node.value, PLAIN)
        if not isinstance(node.slice, ast.Constant):
            self._visit(node.slice, Where((), "an index"))
        elif isinstance(node.slice.value, str):
            self.facts.keys.add(node.slice.value)

    def _attribute(self, node: ast.Attribute, where: Where) -> None:
        inner = node.value
        while isinstance(inner, ast.Attribute):
            inner = inner.value
        self._visit(inner, PLAIN)

    def _lambda(self, node: ast.Lambda, where: Where) -> None:
        names = [a.arg for a in node.args.args]
        name = where.names[0] if where.names else ""
        outer = self._enter(name, names, [], node)
        function = self._scope.function
        assert function is not None
        function.returns.append(node.body)
        self._visit(node.body, Where(where.names))
        self._scope = outer

    def _comprehension(self, node: ast.AST, where: Where) -> None:
        for generator in node.generators:  # type: ignore[attr-defined]
            self._bind_target(generator.target, "element", generator.iter)
            self._visit(generator.iter, PLAIN)
            for condition in generator.ifs:
                self._visit(condition, PLAIN)
        for part in ("key", "value", "elt"):
            inner = getattr(node, part, None)
            if inner is not None:
                self._visit(inner, where)

    def _named(self, node: ast.NamedExpr, where: Where) -> None:
        self._visit(node.value, Where((node.target.id,), where.excluded))
        self._bind(node.target.id, "value", node.value)
