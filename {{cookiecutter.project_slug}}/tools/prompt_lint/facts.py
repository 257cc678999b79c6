"""What one file says: its texts, names, functions, calls and imports, with where each stands.

Values only; `gathering` fills them in one pass over the trees, and nothing here decides anything.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

from tools.prompt_lint.texts import Text

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
    keys: set[str] = field(default_factory=set)
    instructions: list[tuple[Text, str]] = field(default_factory=list)
    module: Scope = field(default_factory=lambda: Scope(None))
    scopes: list[Scope] = field(default_factory=list)

    def release(self) -> None:
        """Take apart what refers to itself, so that the trees are freed at once and not by the collector."""
        for scope in (self.module, *self.scopes):
            scope.bindings.clear()
            scope.function = scope.parent = None
