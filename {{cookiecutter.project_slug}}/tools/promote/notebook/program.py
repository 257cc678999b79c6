"""A notebook as one program: its parsed cells, and who binds and reads each name.

Reads only; names are followed without running anything. Refuses (raises Refused) cells that are not Python 3.
"""

from __future__ import annotations

import ast
import re
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from tools.promote.notebook.magics import Masked, mask, split_lines
from tools.promote.notebook.notebook_file import Notebook, source_of
from tools.promote.notebook.outcome import Refused

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
MAGIC_BENEATH = re.compile(r"\s*(?:#[^\n]*\n\s*)+(?P<magic>%%\w+)")
BLANK_LINE = re.compile(r"(?m)^[ \t]+$")
SHELL_NAME = re.compile(r"[{$]\s*([A-Za-z_]\w*)")


@dataclass(frozen=True)
class Span:
    """A piece of a cell's text: byte offsets into its UTF-8 form."""

    start: int
    end: int


@dataclass(frozen=True, eq=False)
class CodeCell:
    """A code cell: its text, the parse of its masked copy, and for each node the node above it."""

    index: int
    source: str
    masked: Masked
    tree: ast.Module
    line_starts: tuple[int, ...]
    parents: dict[ast.AST, ast.AST]

    @cached_property
    def encoded(self) -> bytes:
        """The text as bytes, to which spans refer."""
        return self.source.encode("utf-8")

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the parse, as `ast.walk` gives them."""
        return tuple(ast.walk(self.tree))

    def span(self, node: ast.expr | ast.stmt | ast.keyword | ast.alias | ast.arg) -> Span:
        """Where a node stands in the author's text."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return Span(self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset))

    def text(self, node: ast.expr | ast.stmt | ast.keyword | ast.alias) -> str:
        """The author's text of a node."""
        span = self.span(node)
        return self.encoded[span.start : span.end].decode("utf-8")

    def line_span(self, first: int, last: int) -> Span:
        """Whole lines, ends included; lines count from 1."""
        end = self.line_starts[last] if last < len(self.line_starts) else len(self.encoded)
        return Span(self.line_starts[first - 1], end)

    def line(self, number: int) -> str:
        """The text of one line without its end."""
        span = self.line_span(number, number)
        return self.encoded[span.start : span.end].decode("utf-8").rstrip("\r\n")

    def above(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, innermost first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def function_around(self, node: ast.AST) -> FunctionNode | None:
        """The innermost function a node stands in."""
        return next((a for a in self.above(node) if isinstance(a, FunctionNode)), None)

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The statement a node belongs to."""
        if isinstance(node, ast.stmt):
            return node
        return next(a for a in self.above(node) if isinstance(a, ast.stmt))

    def _offset(self, line: int, column: int) -> int:
        return self.line_starts[line - 1] + self.masked.shift[line - 1] + column


@dataclass(frozen=True, eq=False)
class Binding:
    """A statement that gives a module-level name a value. `value` is None when it is no plain assignment."""

    cell: CodeCell
    node: ast.AST
    value: ast.expr | None
    alone: bool  # a top-level `name = value` or `name: type = value`, the only statement on its lines


@dataclass
class Names:
    """What a notebook does with its module-level names."""

    bindings: dict[str, list[Binding]] = field(default_factory=lambda: defaultdict(list))
    reads: Counter[str] = field(default_factory=Counter)
    imports: dict[str, str] = field(default_factory=dict)
    functions: dict[str, tuple[CodeCell, FunctionNode]] = field(default_factory=dict)


class Program:
    """All code cells of one notebook."""

    def __init__(self, cells: Sequence[CodeCell]) -> None:
        self.cells = tuple(cells)
        self.names = Names()
        for cell in self.cells:
            _collect(cell, self.names)

    def dotted(self, expression: ast.AST) -> str | None:
        """`openai.OpenAI` for the expression that reaches it, through whatever import the notebook used."""
        parts: list[str] = []
        while isinstance(expression, ast.Attribute):
            parts.append(expression.attr)
            expression = expression.value
        if not isinstance(expression, ast.Name):
            return None
        root = self.names.imports.get(expression.id)
        if root is None:
            return None
        return ".".join([root, *reversed(parts)])

    def constant(self, node: ast.expr | None) -> str | None:
        """The text of a constant, or of a name that is given exactly one."""
        if isinstance(node, ast.Name):
            values = [binding.value for binding in self.names.bindings.get(node.id, [])]
            node = values[0] if len(values) == 1 else None
        return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None

    def calls(self) -> Iterator[tuple[CodeCell, ast.Call]]:
        """Every call, in the order of the text."""
        for cell in self.cells:
            for node in cell.nodes:
                if isinstance(node, ast.Call):
                    yield cell, node


def spelled(expression: ast.AST) -> str:
    """A chain of names as it is written, `os.environ.get`; empty for anything else."""
    parts: list[str] = []
    while isinstance(expression, ast.Attribute):
        parts.append(expression.attr)
        expression = expression.value
    return ".".join([expression.id, *reversed(parts)]) if isinstance(expression, ast.Name) else ""


def read_program(notebook: Notebook, name: str) -> Program:
    """Parse every code cell. Raises Refused naming cell and line of the first that does not parse."""
    cells = []
    for index, cell in enumerate(notebook.cells):
        if cell["cell_type"] == "code":
            cells.append(read_cell(index, source_of(cell), name))
    return Program(cells)


def read_cell(index: int, source: str, name: str) -> CodeCell:
    """Parse one cell's text."""
    try:
        lines = split_lines(source.encode("utf-8").decode("utf-8"))
    except UnicodeEncodeError:
        raise Refused(f"{name}: cell {index} holds half a character pair: retype that character") from None
    masked = mask(source)
    # A kernel empties lines of nothing but blanks, also inside texts; places of nodes do not change by it.
    try:
        tree = parse_python(BLANK_LINE.sub("", masked.text), index, name)
    except Refused:
        if beneath := MAGIC_BENEATH.match(source):
            at = source[: beneath.start("magic")].count("\n") + 1
            raise Refused(
                f"{name}: cell {index}, line {at}: {beneath['magic']} stands beneath a comment, where Colab alone "
                "reads it: make it the first line of its cell"
            ) from None
        raise
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode("utf-8")))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return CodeCell(index, source, masked, tree, tuple(starts), parents)


def parse_python(text: str, index: int, name: str) -> ast.Module:
    """`ast.parse` with our refusal: Python 2 and syntax errors name cell and line."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        if error.lineno is None:
            raise Refused(f"{name}: cell {index} cannot be parsed ({error.msg}): mend the cell") from None
        if "Missing parentheses in call to" in (error.msg or ""):
            raise Refused(
                f"{name}: cell {index}, line {error.lineno}: this is Python 2: convert the notebook to Python 3"
            ) from None
        if "f-string" in (error.msg or "") and sys.version_info < (3, 12):
            raise Refused(
                f"{name}: cell {index}, line {error.lineno}: {error.msg} before Python 3.12: "
                "take the expression out of the f-string"
            ) from None
        raise Refused(
            f"{name}: cell {index}, line {error.lineno}: {error.msg}: mend the cell or make it a raw cell"
        ) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise Refused(f"{name}: cell {index} cannot be parsed ({error}): mend the cell") from None


def _collect(cell: CodeCell, names: Names) -> None:
    for node in cell.nodes:
        if isinstance(node, ast.Import | ast.ImportFrom):
            _collect_import(cell, node, names)
        elif isinstance(node, FunctionNode | ast.ClassDef):
            if isinstance(cell.parents.get(node), ast.Module):
                names.bindings[node.name].append(Binding(cell, node, None, False))
                if isinstance(node, FunctionNode):
                    names.functions[node.name] = (cell, node)
        elif isinstance(node, ast.Name):
            _collect_name(cell, node, names)
        elif isinstance(node, ast.ExceptHandler) and node.name and not _inside_function(cell, node):
            names.bindings[node.name].append(Binding(cell, node, None, False))
    for magic in cell.masked.magics:
        names.reads.update(SHELL_NAME.findall(magic.text))
    if not cell.masked.python:
        names.reads.update(SHELL_NAME.findall(cell.source))


def _collect_import(cell: CodeCell, node: ast.Import | ast.ImportFrom, names: Names) -> None:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            local, target = alias.asname or alias.name, f"{node.module or ''}.{alias.name}"
        elif alias.asname:
            local, target = alias.asname, alias.name
        else:
            local = target = alias.name.split(".")[0]
        names.imports[local] = target
        if not _inside_function(cell, node):
            names.bindings[local].append(Binding(cell, node, None, False))


def _collect_name(cell: CodeCell, node: ast.Name, names: Names) -> None:
    if isinstance(node.ctx, ast.Load):
        names.reads[node.id] += 1
        return
    function = cell.function_around(node)
    if function is not None and not _declared_global(function, node.id):
        return
    statement = cell.statement_of(node)
    if isinstance(statement, ast.AugAssign):
        names.reads[node.id] += 1
    value = _assigned_value(statement, node)
    names.bindings[node.id].append(Binding(cell, statement, value, value is not None and _alone(cell, statement)))


def _assigned_value(statement: ast.stmt, target: ast.Name) -> ast.expr | None:
    if isinstance(statement, ast.Assign) and target in statement.targets:
        return statement.value
    if isinstance(statement, ast.AnnAssign) and statement.target is target:
        return statement.value
    return None


def _alone(cell: CodeCell, statement: ast.stmt) -> bool:
    if not isinstance(cell.parents.get(statement), ast.Module):
        return False
    if isinstance(statement, ast.Assign) and len(statement.targets) != 1:
        return False
    span = cell.span(statement)
    assert statement.end_lineno is not None
    lines = cell.line_span(statement.lineno, statement.end_lineno)
    before = cell.encoded[lines.start : span.start]
    after = cell.encoded[span.end : lines.end].strip()
    return not before.strip() and (not after or after.startswith(b"#"))


def _declared_global(function: FunctionNode, name: str) -> bool:
    return any(isinstance(node, ast.Global) and name in node.names for node in ast.walk(function))


def _inside_function(cell: CodeCell, node: ast.AST) -> bool:
    return cell.function_around(node) is not None
