"""What a top-level function or class needs from outside itself, by the interpreter's own scope analysis."""

from __future__ import annotations

import ast
import builtins
import symtable
from dataclasses import dataclass

from tools.promote.notebook.program import CodeCell, FunctionNode

BUILTINS = frozenset(dir(builtins))
Definition = FunctionNode | ast.ClassDef


@dataclass(frozen=True)
class Needs:
    """Names from outside: `at_once` when it is defined (decorators, defaults, annotations), `later` when it runs.

    `rebound` are names of the notebook it gives a value with `global`.
    """

    at_once: frozenset[str]
    later: frozenset[str]
    rebound: frozenset[str]

    @property
    def names(self) -> frozenset[str]:
        """All of them."""
        return self.at_once | self.later


def needs_of(cell: CodeCell, node: Definition) -> Needs:
    """The names a definition needs, built-in ones left out. A class needs those of its body at once."""
    first, last = definition_lines(node)
    text = "\n".join(cell.masked.text.splitlines()[first - 1 : last])
    table = symtable.symtable(text, "cell", "exec")
    at_once = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    later: set[str] = set()
    rebound: set[str] = set()
    blocks = list(table.get_children())
    while blocks:
        block = blocks.pop()
        body = isinstance(node, ast.ClassDef) and block.get_type() == "class" and block.get_name() == node.name
        for symbol in block.get_symbols():
            if symbol.is_declared_global() and symbol.is_assigned():
                rebound.add(symbol.get_name())
            if symbol.is_global() and symbol.is_referenced():
                (at_once if body else later).add(symbol.get_name())
        blocks += block.get_children()
    own = {node.name, "__name__"} | (BUILTINS - {"__import__"})
    return Needs(frozenset(at_once - own), frozenset(later - own), frozenset(rebound))


def definition_lines(node: ast.stmt) -> tuple[int, int]:
    """First and last line of a statement, decorators included."""
    decorators = getattr(node, "decorator_list", [])
    first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
    assert node.end_lineno is not None
    return first, node.end_lineno
