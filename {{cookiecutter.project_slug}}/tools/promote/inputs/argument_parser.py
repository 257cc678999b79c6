"""`argparse` in a notebook: its arguments become parameters, and `parse_args()` a namespace made of them.

A parser that cannot be read as a whole is refused as a whole, with the line that stands in the way.
"""

from __future__ import annotations

import ast
import builtins
import keyword
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tools.promote.inputs.argument_definitions import Argument, Parser, Unreadable, arguments_of, parsers_of, sole_call
from tools.promote.inputs.parameter_types import type_of
from tools.promote.inputs.parameters import GIVE_IT, FoundParameter, parameter_line
from tools.promote.inputs.secrets import is_secret_name
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import Program
from tools.promote.notebook.splice import Edit, Edits, removal

EMPTY: dict[str, Any] = {"": "", "str": "", "int": 0, "float": 0.0, "bool": False, "list": []}
NAMESPACE = "from argparse import Namespace"
WIDEST = 100


@dataclass
class ParsedArguments:
    """What became of the parsers. `imports` are lines the step needs."""

    parameters: list[FoundParameter] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    imports: set[str] = field(default_factory=set)
    needs_os: bool = False


def lift_arguments(program: Program, edits: Edits) -> ParsedArguments:
    """Turn every parser of the notebook into parameters, or refuse it."""
    found = ParsedArguments()
    for parser in parsers_of(program):
        try:
            arguments = arguments_of(program, parser)
        except Unreadable as why:
            found.findings.append(_refusal(parser, str(why)))
            continue
        if all(edits.free(cell.index, cell.span(call)) for cell, call in parser.parsed):
            given = [(a.dest, _lift(program, parser, a, found)) for a in arguments]
            _replace(program, parser, given, found, edits)
    return found


def _lift(program: Program, parser: Parser, argument: Argument, found: ParsedArguments) -> str:
    """Make the parameter of one argument; the expression that stands for its value in the namespace."""
    place = parser.added[0][0].index, argument.line
    if is_secret_name(argument.dest):
        variable = argument.dest.upper()
        found.needs_os = True
        what, remedy = f"read from the variable {variable}", f"set {variable} in .env"
        found.findings.append(Finding("changed", "secret", *place, what, "the command line had it", remedy))
        return f'os.environ["{variable}"]'
    value = EMPTY.get(argument.kind, "") if argument.missing else argument.value
    name = _free_name(program, argument.dest, found)
    kind = type_of(name, value, None, "" if argument.made_by else argument.kind) or f"{argument.kind or 'str'} | None"
    choices = f"one of {', '.join(map(str, argument.choices))}" if argument.choices else ""
    comment = "; ".join(part for part in (argument.help, choices) if part)
    reason = f"the command line had it as {argument.option}"
    code = parameter_line(name, kind, _source(value), comment)
    remedy = GIVE_IT if argument.missing else ""
    found.parameters.append(FoundParameter(name, kind, value, comment, code, *place, reason, remedy))
    made_by = f"({argument.made_by})" if argument.made_by.startswith("lambda") else argument.made_by
    return f"{made_by}({name})" if made_by else name


def _free_name(program: Program, dest: str, found: ParsedArguments) -> str:
    """The argument's own name, or `args_<name>` when the notebook or Python has another use for it."""
    used = {n.id for cell in program.cells for n in cell.nodes if isinstance(n, ast.Name)}
    used |= {*program.names.bindings, *dir(builtins), *(parameter.name for parameter in found.parameters)}
    free = dest.isidentifier() and not keyword.iskeyword(dest) and dest not in used
    wanted = dest if free else "args_" + "".join(c if c.isalnum() else "_" for c in dest)
    name, number = wanted, 2
    while name in used:
        name, number = f"{wanted}_{number}", number + 1
    return name


def _replace(
    program: Program, parser: Parser, given: Sequence[tuple[str, str]], found: ParsedArguments, edits: Edits
) -> None:
    """Take the parser out and put the namespace in."""
    cell, call = parser.parsed[0]
    known = isinstance(call.func, ast.Attribute) and call.func.attr == "parse_known_args"
    text = _namespace(program, given, found)
    text = f"({text}, [])" if known else text
    if parser.function is not None:
        owner, outer = sole_call(program, parser.function) or (cell, call)
        edits.add(Edit(owner.index, owner.span(outer), text))
        edits.add(removal(parser.cell, parser.function))
        return
    edits.add(Edit(cell.index, cell.span(call), text))
    edits.add(removal(parser.cell, parser.made))
    for owner, statement, _ in parser.added:
        edits.add(removal(owner, statement))


def _namespace(program: Program, given: Sequence[tuple[str, str]], found: ParsedArguments) -> str:
    """The call that makes the namespace; its import is noted when the notebook has none."""
    imports = program.names.imports.items()
    local = next((name for name, target in imports if target == "argparse.Namespace"), None)
    module = next((name for name, target in imports if target == "argparse"), None)
    if local is None and module is not None:
        local = f"{module}.Namespace"
    elif local is None:
        taken = "Namespace" in program.names.bindings
        local = "ArgumentNamespace" if taken else "Namespace"
        found.imports.add(f"{NAMESPACE} as {local}" if taken else NAMESPACE)
    plain = [(dest, value) for dest, value in given if dest.isidentifier() and not keyword.iskeyword(dest)]
    odd = ", ".join(f'"{dest}": {value}' for dest, value in given if (dest, value) not in plain)
    arguments = [*(f"{dest}={value}" for dest, value in plain), *([f"**{{{odd}}}"] if odd else [])]
    text = f"{local}({', '.join(arguments)})"
    return text if len(text) <= WIDEST else f"{local}(\n    " + ",\n    ".join(arguments) + ",\n)"


def _source(value: Any) -> str:
    plain = isinstance(value, str) and value.isprintable() and not set(value) & {'"', "\\"}
    return f'"{value}"' if plain else repr(value)


def _refusal(parser: Parser, why: str) -> Finding:
    what = f"{parser.name} = {parser.cell.text(parser.made.value)[:40]}"
    reason = f"a step has no command line, and {why}"
    remedy = "write its values as top-level literals, which become parameters"
    return Finding("refused", "input", parser.cell.index, parser.made.lineno, what, reason, remedy)
