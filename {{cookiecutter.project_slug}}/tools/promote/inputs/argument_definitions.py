"""Reading the argparse parsers of a notebook: their arguments, with the values a run without a command line has.

The real argparse reads the definitions, so actions, types and defaults mean what they meant. What is no literal, and
what only a command line can give, raises Unreadable.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.promote.notebook.program import CodeCell, FunctionNode, Program

PARSER = "argparse.ArgumentParser"
TYPES: dict[str, type] = {"int": int, "float": float, "str": str, "bool": bool}
COMMAND_LINE_ACTIONS = {"version", "help", "count", "append_const", "extend"}


class Unreadable(Exception):
    """A parser that cannot be told by its text; the message says what stands in the way."""


@dataclass(frozen=True, eq=False)
class Parser:
    """One parser: the statement that makes it, those that add arguments, the calls that read the command line."""

    cell: CodeCell
    name: str
    made: ast.Assign
    function: FunctionNode | None
    added: list[tuple[CodeCell, ast.Expr, ast.Call]] = field(default_factory=list)
    parsed: list[tuple[CodeCell, ast.Call]] = field(default_factory=list)
    other: list[tuple[CodeCell, ast.Name]] = field(default_factory=list)


@dataclass(frozen=True)
class Argument:
    """One argument. `kind` is its type's name, empty when it says none; `made_by` a type of the notebook's own."""

    dest: str
    option: str
    kind: str
    value: Any
    missing: bool  # it has to be given and is not
    choices: tuple[object, ...]
    help: str
    made_by: str
    line: int


def parsers_of(program: Program) -> Iterator[Parser]:
    """Every parser that is run somewhere in the notebook."""
    for cell in program.cells:
        for node in cell.nodes:
            if not isinstance(node, ast.Assign) or len(node.targets) != 1 or not isinstance(node.targets[0], ast.Name):
                continue
            if isinstance(node.value, ast.Call) and program.dotted(node.value.func) == PARSER:
                parser = _uses(program, cell, node, node.targets[0])
                if parser.parsed:
                    yield parser


def arguments_of(program: Program, parser: Parser) -> list[Argument]:
    """Its arguments in their order. Raises Unreadable."""
    for owner, node in parser.other:
        line = owner.text(owner.statement_of(node)).splitlines()[0]
        raise Unreadable(f"`{line[:60]}` does more than add an argument")
    if len(parser.parsed) != 1:
        raise Unreadable("its arguments are parsed more than once")
    if parser.function is not None and sole_call(program, parser.function) is None:
        raise Unreadable("it stands in a function that does more, takes arguments or is called more than once")
    reader = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    read = [_add(reader, cell, call) for cell, _, call in parser.added]
    words = _listed(*parser.parsed[0])
    try:
        values = vars(reader.parse_known_args(words)[0])
    except (argparse.ArgumentError, SystemExit) as error:
        raise Unreadable(f"its own list of arguments does not fit it: {error}") from None
    return [_argument(action, values[action.dest], missing, own, line) for action, missing, own, line in read]


def sole_call(program: Program, function: FunctionNode) -> tuple[CodeCell, ast.Call] | None:
    """The one call of a function that builds and runs a parser and does nothing else; None when it does more."""
    given = function.args
    if given.args or given.kwonlyargs or given.posonlyargs or given.vararg or given.kwarg:
        return None
    for statement in function.body:
        added = isinstance(statement, ast.Expr) and ".add_argument(" in ast.unparse(statement)
        note = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not (added or note or isinstance(statement, ast.Assign | ast.Return)):
            return None
    reads = program.names.reads[function.name]
    calls = [(c, n) for c, n in program.calls() if isinstance(n.func, ast.Name) and n.func.id == function.name]
    return calls[0] if len(calls) == 1 == reads else None


def _uses(program: Program, cell: CodeCell, made: ast.Assign, target: ast.Name) -> Parser:
    function = cell.function_around(made)
    parser = Parser(cell, target.id, made, function)
    places = [(cell, function)] if function else [(owner, owner.tree) for owner in program.cells]
    for owner, tree in places:
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id == target.id and node is not target:
                _sort(parser, owner, node)
    return parser


def _sort(parser: Parser, cell: CodeCell, node: ast.Name) -> None:
    attribute = cell.parents.get(node)
    call = cell.parents.get(attribute) if isinstance(attribute, ast.Attribute) else None
    statement = cell.parents.get(call) if isinstance(call, ast.Call) else None
    method = attribute.attr if isinstance(attribute, ast.Attribute) else ""
    if isinstance(call, ast.Call) and method == "add_argument" and isinstance(statement, ast.Expr):
        parser.added.append((cell, statement, call))
    elif isinstance(call, ast.Call) and method in ("parse_args", "parse_known_args"):
        parser.parsed.append((cell, call))
    else:
        parser.other.append((cell, node))


def _add(reader: argparse.ArgumentParser, cell: CodeCell, call: ast.Call) -> tuple[argparse.Action, bool, str, int]:
    """The action, whether it has to be given, the notebook's own type for it, and its line."""
    options, made_by = _options(cell, call)
    try:
        action = reader.add_argument(*[_literal(cell, node) for node in call.args], **options)
    except (TypeError, ValueError, argparse.ArgumentError) as error:
        raise Unreadable(f"line {call.lineno} of cell {cell.index}: {error}") from None
    missing = action.required
    action.required = False
    if not action.option_strings and action.nargs is None:
        action.nargs = "?"
    return action, missing, made_by, call.lineno


def _argument(action: argparse.Action, value: Any, missing: bool, made_by: str, line: int) -> Argument:
    if made_by and not isinstance(value, str):
        raise Unreadable(f"`{made_by}` in line {line} makes its value, and its default is no text")
    several = isinstance(action.nargs, int) or action.nargs in ("+", "*") or isinstance(value, list)
    kind = "list" if several else getattr(action.type, "__name__", "")
    helped = (action.help or "").replace("%(default)s", str(value)).replace("%%", "%")
    option = (action.option_strings or [action.dest])[-1]
    missing = missing and value in (None, [])
    choices = tuple(action.choices or ())
    return Argument(action.dest, option, kind, value, missing, choices, " ".join(helped.split()), made_by, line)


def _options(cell: CodeCell, call: ast.Call) -> tuple[dict[str, Any], str]:
    options: dict[str, Any] = {}
    made_by = ""
    for keyword in call.keywords:
        text = cell.text(keyword.value)
        if keyword.arg is None:
            raise Unreadable(f"`**` in line {call.lineno} hides its options")
        if keyword.arg == "type":
            options["type"] = TYPES.get(text, str)
            made_by = "" if text in TYPES else text
        elif keyword.arg == "action" and text.endswith("BooleanOptionalAction"):
            options["action"] = argparse.BooleanOptionalAction
        elif keyword.arg != "metavar":
            options[keyword.arg] = _literal(cell, keyword.value)
    if options.get("action") in COMMAND_LINE_ACTIONS:
        raise Unreadable(f"its action {options['action']!r} in line {call.lineno} makes sense on a command line alone")
    return options, made_by


def _listed(cell: CodeCell, call: ast.Call) -> Sequence[str]:
    """The literal list that `parse_args` is given in place of a command line."""
    if not call.args:
        return []
    given = call.args[0]
    if isinstance(given, ast.Call) and isinstance(given.func, ast.Attribute) and given.func.attr == "split":
        text = _literal(cell, given.func.value)
        return str(text).split()
    value = _literal(cell, given)
    return [str(word) for word in value] if isinstance(value, list | tuple) else []


def _literal(cell: CodeCell, node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        raise Unreadable(f"`{cell.text(node)[:60]}` in line {node.lineno} is no literal") from None
