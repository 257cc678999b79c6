"""One pass over a file's trees: its texts, names, functions, calls and imports, with where each stands.

All cells of a notebook share one module scope, in their order. The pass decides nothing; it only leaves out what is
never text to be sent (docstrings, annotations) and marks what merely looks like prose.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tools.prompt_lint.prose import excluding_call, excluding_keyword
from tools.prompt_lint.source import Cell
from tools.prompt_lint.texts import METHODS, Text, is_written, written

Names = tuple[str, ...]


@dataclass(slots=True, eq=False)
class Function:
    """A function or method: what it takes, what it returns, and its class if it has one."""

    name: str
    owner: str
    parameters: list[str]
    keyword_only: list[str]
    defaults: dict[str, ast.expr]
    scope: Scope
    node: ast.AST
    returns: list[ast.expr] = field(default_factory=list)

    @property
    def called(self) -> str:
        """The name a caller writes: the class for a constructor."""
        return self.owner if self.name in ("__init__", "__call__") and self.owner else self.name


@dataclass(slots=True, eq=False)
class Binding:
    """A name given a value. `kind`: value, more (`+=`, append), element (of an iterable), parameter."""

    order: int
    kind: str
    value: ast.expr | None
    branch: bool
    scope: Scope


@dataclass(slots=True, eq=False)
class Scope:
    """A module or a function with the names bound in it."""

    parent: Scope | None
    function: Function | None = None
    bindings: dict[str, list[Binding]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Call:
    """A call, its last name (`create` of `client.messages.create`), and where it stands."""

    node: ast.Call
    tail: str
    scope: Scope
    order: int
    cell: int | None
    statement: tuple[int, int]


@dataclass(slots=True, eq=False)
class Place:
    """An expression that means something by its form: a message dictionary, a class docstring."""

    node: ast.expr
    scope: Scope
    order: int


@dataclass(slots=True, eq=False)
class Facts:
    """All that one file says, in reading order."""

    path: str
    texts: list[Text] = field(default_factory=list)
    text_of: dict[int, Text] = field(default_factory=dict)
    calls: list[Call] = field(default_factory=list)
    calls_of: dict[str, list[Call]] = field(default_factory=dict)
    messages: list[Place] = field(default_factory=list)
    functions: dict[str, list[Function]] = field(default_factory=dict)
    attributes: dict[str, list[Binding]] = field(default_factory=dict)
    imports: dict[str, str] = field(default_factory=dict)
    imported: set[str] = field(default_factory=set)
    instructions: list[tuple[Text, str]] = field(default_factory=list)
    module: Scope = field(default_factory=lambda: Scope(None))
    scopes: list[Scope] = field(default_factory=list)

    def release(self) -> None:
        """Take apart what refers to itself, so that the trees are freed at once and not by the collector."""
        for scope in (self.module, *self.scopes):
            scope.bindings.clear()
            scope.function = scope.parent = None


@dataclass(slots=True)
class _Where:
    """What an expression inherits from what it stands in."""

    names: Names = ()
    excluded: str = ""


_PLAIN = _Where()
_SEE_THROUGH = frozenset(
    {"dedent", "cleandoc", "str", "Template", "Markdown", "list", "tuple", "dict", "Path", "markdown", "unwrap", "fill"}
)
_SKIPPED = frozenset(
    {"ctx", "op", "ops", "id", "attr", "arg", "kind", "type_comment", "level", "annotation", "returns", "type_ignores"}
)
_LEAVES = (ast.Name, ast.Pass, ast.Break, ast.Continue, ast.Global, ast.Nonlocal, ast.Delete)


def gather(path: str, cells: Iterable[Cell]) -> Facts:
    """The facts of all cells that have a tree. Raises RecursionError on absurdly deep code."""
    reader = _Reader(path)
    for cell in cells:
        if cell.tree is not None:
            reader.read(cell)
    reader.finish()
    return reader.facts


class _Reader:
    def __init__(self, path: str) -> None:
        self.facts = Facts(path)
        self._scope = self.facts.module
        self._owner = ""
        self._order = 0
        self._cell: int | None = None
        self._statement = (1, 1)
        self._branch = 0
        self._handlers: dict[type, Callable[..., None]] = {
            ast.Constant: self._constant,
            ast.JoinedStr: self._joined_str,
            ast.BinOp: self._bin_op,
            ast.Call: self._call,
            ast.Dict: self._dict,
            ast.Tuple: self._tuple,
            ast.Compare: self._compare,
            ast.Subscript: self._subscript,
            ast.Attribute: self._attribute,
            ast.Lambda: self._lambda,
            ast.ListComp: self._comprehension,
            ast.SetComp: self._comprehension,
            ast.GeneratorExp: self._comprehension,
            ast.DictComp: self._comprehension,
            ast.NamedExpr: self._named,
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
        for leaf in _LEAVES:
            self._handlers[leaf] = self._nothing

    def read(self, cell: Cell) -> None:
        assert cell.tree is not None
        self._cell = cell.index
        self._body(cell.tree.body)

    def finish(self) -> None:
        """Let go of the methods in the table of handlers, which refer to this reader."""
        self._handlers.clear()

    def _visit(self, node: ast.AST, where: _Where) -> None:
        handler = self._handlers.get(type(node))
        if handler is not None:
            handler(node, where)
        else:
            self._children(node, where)

    def _children(self, node: ast.AST, where: _Where) -> None:
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
            self._visit(statement, _PLAIN)

    def _nothing(self, node: ast.AST, where: _Where) -> None:
        """A leaf without text."""

    # Expressions.

    def _text(self, node: ast.expr, where: _Where) -> Text:
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
            self._visit(hole, _PLAIN)
        return text

    def _constant(self, node: ast.Constant, where: _Where) -> None:
        if type(node.value) is str and len(node.value) > 1:
            self._text(node, where)

    def _joined_str(self, node: ast.JoinedStr, where: _Where) -> None:
        self._text(node, where)

    def _bin_op(self, node: ast.BinOp, where: _Where) -> None:
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

    def _call(self, node: ast.Call, where: _Where) -> None:
        function = node.func
        tail = ""
        if isinstance(function, ast.Attribute):
            tail = function.attr
            if tail in METHODS and is_written(node):
                self._text(node, where)
                return
            self._visit(function.value, where if tail in METHODS else _PLAIN)
            if tail in ("append", "extend", "insert") and node.args:
                self._grow(function.value, node.args[-1])
        elif isinstance(function, ast.Name):
            tail = function.id
        else:
            self._visit(function, _PLAIN)
        self._order += 1
        call = Call(node, tail, self._scope, self._order, self._cell, self._statement)
        self.facts.calls.append(call)
        self.facts.calls_of.setdefault(tail, []).append(call)
        quiet = excluding_call(function, tail)
        if quiet:
            inside = _Where((), quiet)
        elif tail in _SEE_THROUGH:
            inside = where
        elif tail in ("append", "extend", "insert") and isinstance(function, ast.Attribute):
            inside = _Where(_target_names(function.value))
        else:
            inside = _PLAIN
        for argument in node.args:
            self._visit(argument, inside)
        for keyword in node.keywords:
            name = keyword.arg or ""
            self._visit(keyword.value, _Where((name, *inside.names), quiet or excluding_keyword(name)))

    def _grow(self, receiver: ast.expr, value: ast.expr) -> None:
        if isinstance(receiver, ast.Name):
            self._bind(receiver.id, "more", value)
        elif isinstance(receiver, ast.Attribute):
            self._bind_attribute(receiver.attr, "more", value)

    def _dict(self, node: ast.Dict, where: _Where) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else ""
            if key is not None and not name:
                self._visit(key, _PLAIN)
            if name in ("role", "from"):
                self._order += 1
                self.facts.messages.append(Place(node, self._scope, self._order))
            excluded = where.excluded or excluding_keyword(name)
            self._visit(value, _Where((name, *where.names) if name else where.names, excluded))

    def _tuple(self, node: ast.Tuple, where: _Where) -> None:
        if len(node.elts) == 2 and isinstance(node.elts[0], ast.Constant) and node.elts[0].value in SPEAKERS:
            self._order += 1
            self.facts.messages.append(Place(node, self._scope, self._order))
        for item in node.elts:
            self._visit(item, where)

    def _compare(self, node: ast.Compare, where: _Where) -> None:
        self._children(node, _Where((), "a comparison"))

    def _subscript(self, node: ast.Subscript, where: _Where) -> None:
        self._visit(node.value, _PLAIN)
        if not isinstance(node.slice, ast.Constant):
            self._visit(node.slice, _Where((), "an index"))

    def _attribute(self, node: ast.Attribute, where: _Where) -> None:
        self._visit(node.value, _PLAIN)

    def _lambda(self, node: ast.Lambda, where: _Where) -> None:
        names = [a.arg for a in node.args.args]
        name = where.names[0] if where.names else ""
        outer = self._enter(name, names, [], node)
        function = self._scope.function
        assert function is not None
        function.returns.append(node.body)
        self._visit(node.body, _Where(where.names))
        self._scope = outer

    def _comprehension(self, node: ast.AST, where: _Where) -> None:
        for generator in node.generators:  # type: ignore[attr-defined]
            self._bind_target(generator.target, "element", generator.iter)
            self._visit(generator.iter, _PLAIN)
            for condition in generator.ifs:
                self._visit(condition, _PLAIN)
        for part in ("key", "value", "elt"):
            inner = getattr(node, part, None)
            if inner is not None:
                self._visit(inner, where)

    def _named(self, node: ast.NamedExpr, where: _Where) -> None:
        self._visit(node.value, _Where((node.target.id,), where.excluded))
        self._bind(node.target.id, "value", node.value)

    # Statements.

    def _assign(self, node: ast.Assign, where: _Where) -> None:
        self._assigned(node.targets, node.value, "value")

    def _ann_assign(self, node: ast.AnnAssign, where: _Where) -> None:
        if node.value is not None:
            self._assigned([node.target], node.value, "value")

    def _aug_assign(self, node: ast.AugAssign, where: _Where) -> None:
        self._assigned([node.target], node.value, "more")

    def _assigned(self, targets: list[ast.expr], value: ast.expr, kind: str) -> None:
        first = targets[0]
        if isinstance(first, ast.Tuple) and isinstance(value, ast.Tuple) and len(first.elts) == len(value.elts):
            for target, item in zip(first.elts, value.elts, strict=True):
                self._assigned([target], item, kind)
            return
        names = tuple(name for target in targets for name in _target_names(target))
        self._visit(value, _Where(names))
        for target in targets:
            self._bind_target(target, kind, value)

    def _expr(self, node: ast.Expr, where: _Where) -> None:
        if not isinstance(node.value, ast.Constant | ast.JoinedStr):
            self._visit(node.value, _PLAIN)

    def _return(self, node: ast.Return, where: _Where) -> None:
        if node.value is None:
            return
        function = self._scope.function
        if function is not None:
            function.returns.append(node.value)
        self._visit(node.value, _Where((function.name,) if function else ()))

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, where: _Where) -> None:
        for decorator in node.decorator_list:
            self._visit(decorator, _PLAIN)
        arguments = node.args
        parameters = [a.arg for a in (*arguments.posonlyargs, *arguments.args)]
        keyword_only = [a.arg for a in arguments.kwonlyargs]
        defaults = dict(zip(reversed(parameters), reversed(arguments.defaults), strict=False))
        defaults.update((k, d) for k, d in zip(keyword_only, arguments.kw_defaults, strict=True) if d is not None)
        for name, default in defaults.items():
            self._visit(default, _Where((name,)))
        outer, branch = self._enter(node.name, parameters, keyword_only, node, defaults), self._branch
        self._branch = 0
        self._docstring(node, tuple(_last_name(d) for d in node.decorator_list))
        self._body(node.body)
        self._scope, self._branch = outer, branch

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

    def _docstring(self, node: ast.AST, marks: Names) -> None:
        body = node.body  # type: ignore[attr-defined]
        if not body or not isinstance(body[0], ast.Expr) or not isinstance(body[0].value, ast.Constant):
            return
        constant = body[0].value
        if not isinstance(constant.value, str) or len(constant.value) < 2:
            return
        if any(mark in INSTRUCTING for mark in marks):
            self._statement = (constant.lineno, constant.end_lineno or constant.lineno)
            text = self._text(constant, _Where())
            self.facts.instructions.append((text, next(m for m in marks if m in INSTRUCTING)))

    def _class(self, node: ast.ClassDef, where: _Where) -> None:
        for decorator in node.decorator_list:
            self._visit(decorator, _PLAIN)
        bases = tuple(_last_name(b) for b in node.bases)
        for keyword in node.keywords:
            self._visit(keyword.value, _PLAIN)
        self._docstring(node, bases)
        owner, self._owner = self._owner, node.name
        outer = self._scope
        self._scope = Scope(outer)
        self.facts.scopes.append(self._scope)
        self._body(node.body)
        for name, bindings in self._scope.bindings.items():
            self.facts.attributes.setdefault(name, []).extend(bindings)
        self._owner, self._scope = owner, outer

    def _for(self, node: ast.For | ast.AsyncFor, where: _Where) -> None:
        self._visit(node.iter, _Where(_target_names(node.target)))
        self._bind_target(node.target, "element", node.iter)
        self._branching(node, where, skip=("iter", "target"))

    def _branching(self, node: ast.AST, where: _Where, skip: Names = ()) -> None:
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
                self._visit(value, _PLAIN)
        self._branch -= 1

    def _with(self, node: ast.With | ast.AsyncWith, where: _Where) -> None:
        for item in node.items:
            self._visit(item.context_expr, _PLAIN)
            if item.optional_vars is not None:
                self._bind_target(item.optional_vars, "value", item.context_expr)
        self._body(node.body)

    def _raise(self, node: ast.Raise, where: _Where) -> None:
        self._children(node, _Where((), "an error message"))

    def _assert(self, node: ast.Assert, where: _Where) -> None:
        self._visit(node.test, _Where((), "an assertion"))
        if node.msg is not None:
            self._visit(node.msg, _Where((), "an assertion"))

    def _import(self, node: ast.Import, where: _Where) -> None:
        for alias in node.names:
            self.facts.imported.add(alias.name)
            self.facts.imports[alias.asname or alias.name.partition(".")[0]] = (
                alias.name if alias.asname else alias.name.partition(".")[0]
            )

    def _import_from(self, node: ast.ImportFrom, where: _Where) -> None:
        module = "." * node.level + (node.module or "")
        self.facts.imported.add(module)
        for alias in node.names:
            self.facts.imported.add(f"{module}.{alias.name}")
            self.facts.imports[alias.asname or alias.name] = f"{module}.{alias.name}"

    # Names.

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


SPEAKERS = frozenset({"system", "user", "human", "assistant", "ai", "developer"})
INSTRUCTING = frozenset({"Signature", "ai_fn", "ai_model", "ai_classifier", "prompt", "simple", "complex", "ell"})


def _last_name(node: ast.expr) -> str:
    if isinstance(node, ast.Call):
        node = node.func
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _target_names(target: ast.expr) -> Names:
    if isinstance(target, ast.Name):
        return (target.id,)
    if isinstance(target, ast.Attribute):
        return (target.attr,)
    if isinstance(target, ast.Subscript):
        key = target.slice
        own = (key.value,) if isinstance(key, ast.Constant) and isinstance(key.value, str) else ()
        return own + _target_names(target.value)
    if isinstance(target, ast.Tuple | ast.List):
        return tuple(name for item in target.elts for name in _target_names(item))
    return ()
