"""What a notebook asks a person, its host or the environment for: answers become parameters, secrets variables.

A question inside a function or a loop is left alone: it is a conversation, and no parameter can stand for one.
"""

from __future__ import annotations

import ast
import builtins
import re
from dataclasses import dataclass, field
from typing import Any

from tools.promote.inputs.parameters import (
    GIVE_IT,
    FoundParameter,
    made_of,
    parameter_line,
    standing_alone,
    take_out,
    the_binding,
)
from tools.promote.inputs.questions import (
    CONVERTERS,
    Question,
    bound_by,
    hint_of,
    is_repeated,
    name_of,
    question_of,
    variable_of,
    with_conversion,
)
from tools.promote.inputs.secrets import is_secret_name, looks_secret
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import Program
from tools.promote.notebook.splice import Edit, Edits
from tools.promote.notebook.words import snake

LONGEST_NAME = 40
# What a host's store of secrets holds under such a name carries a password.
CREDENTIAL = re.compile(r"(?i)(^|_)(pat|pass|uri|dsn|conn\w*)$")


@dataclass
class Asked:
    """What became of the questions."""

    parameters: list[FoundParameter] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    needs_os: bool = False


class QuestionRule:
    """Answers the questions of one notebook."""

    def __init__(self, program: Program, edits: Edits) -> None:
        self.program = program
        self.edits = edits
        self.asked = Asked()
        self._names = {n.id for cell in program.cells for n in cell.nodes if isinstance(n, ast.Name)}
        self._names |= set(program.names.bindings) | set(dir(builtins))

    def run(self) -> Asked:
        """Every question that no other rule has taken."""
        for cell, call in self.program.calls():
            question = question_of(self.program, cell, call)
            if question is None or not self.edits.free(cell.index, cell.span(call)):
                continue
            if not self._as_assignment(question) and question.kind != "environment":
                self._in_place(question)
        return self.asked

    def _as_assignment(self, question: Question) -> bool:
        """`name = int(input("How many?"))` at top level: the statement becomes the parameter `name`."""
        binding = bound_by(question)
        if binding is None or self._is_secret(question, name_of(binding)):
            return False
        name = name_of(binding)
        decides = self.program.names.bindings[name]
        if the_binding(self.program, name) is None or decides[0].node is not binding.node:
            return False
        value, source = _answer(question, binding.value)
        if source is None or (isinstance(value, str) and looks_secret(value)):
            return False
        parameter = made_of(name, binding, value, source, question.words, *_said(question, value))
        if parameter is None or not take_out(decides[0], self.edits):
            return False
        self.asked.parameters.append(parameter)
        return True

    def _in_place(self, question: Question) -> None:
        """Anywhere else the call alone gives way."""
        cell, call = question.cell, question.call
        hint = hint_of(cell, call) or snake(question.words)[:LONGEST_NAME].strip("_") or "answer"
        named_by = variable_of(question)
        if named_by:
            self._look_up_by(question, named_by)
        elif self._is_secret(question, hint) or question.kind == "host":
            self._look_up(question, question.variable or hint.upper())
        elif not is_repeated(cell, call):
            whole = with_conversion(cell, call)
            value, source = _answer(question, whole)
            name = self._fresh(hint)
            code = parameter_line(name, type(value).__name__, str(source), question.words)
            reason, remedy = _said(question, value)
            place = cell.index, call.lineno
            if self.edits.add(Edit(cell.index, cell.span(whole), name)):
                self.asked.parameters.append(
                    FoundParameter(name, type(value).__name__, value, question.words, code, *place, reason, remedy)
                )

    def _look_up(self, question: Question, variable: str) -> None:
        self._read(question, f'os.environ["{variable}"]', f"the variable {variable}", f"set {variable} in .env")

    def _look_up_by(self, question: Question, name: str) -> None:
        """`env_value = getpass(f"{var}: ")`: what is not set stays empty, and whoever needs it says so."""
        self._read(question, f'os.environ.get({name}, "")', f"the variable that {name} names", "set it in .env")

    def _read(self, question: Question, expression: str, source: str, remedy: str) -> None:
        """Put a look-up in the environment into the place of the question."""
        cell, call = question.cell, question.call
        if self.edits.add(Edit(cell.index, cell.span(call), expression)):
            self.asked.needs_os = True
            reason = "nobody is there to ask" if question.kind != "host" else "the notebook's host is not there to ask"
            self.asked.findings.append(
                Finding("changed", "secret", cell.index, call.lineno, f"read from {source}", reason, remedy)
            )

    def _is_secret(self, question: Question, name: str) -> bool:
        held = question.kind == "host" and CREDENTIAL.search(question.variable)
        return question.kind == "secret" or bool(held) or is_secret_name(name) or is_secret_name(question.variable)

    def _fresh(self, hint: str) -> str:
        """A name nobody has: the hint, `<hint>_input`, then numbered."""
        wanted = hint if hint.isidentifier() else f"answer_{hint}"
        tried = [wanted, f"{wanted}_input", *(f"{wanted}_input_{number}" for number in range(2, 1000))]
        name = next(name for name in tried if name not in self._names)
        self._names.add(name)
        return name


def _answer(question: Question, expression: ast.expr | None) -> tuple[Any, str | None]:
    """The value in the place of the answer and its source; the source is None when no literal can stand there."""
    if expression is question.call:
        if question.default is None:
            return ("", '""') if question.kind != "environment" else (None, None)
        return _literal(question, question.default)
    if isinstance(expression, ast.BoolOp):
        rest = [value for value in expression.values if question.call not in list(ast.walk(value))]
        return _literal(question, rest[-1]) if len(rest) == 1 else (None, None)
    if isinstance(expression, ast.Call) and isinstance(expression.func, ast.Name):
        return _converted(question, expression, expression.func.id)
    return None, None


def _converted(question: Question, expression: ast.Call, name: str) -> tuple[Any, str | None]:
    value, source = _answer(question, expression.args[0])
    if source is None or (name == "bool" and value):
        return None, None
    if value == "":
        return CONVERTERS[name], repr(CONVERTERS[name]) if name != "str" else '""'
    try:
        made = {"int": int, "float": float, "str": str, "bool": bool}[name](value)
    except (ValueError, TypeError):
        return None, None
    return made, source if made == value and type(made) is type(value) else repr(made)


def _literal(question: Question, node: ast.expr) -> tuple[Any, str | None]:
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return None, None
    plain = isinstance(value, str | int | float | bool) and not (isinstance(value, str) and "\n" in value)
    return (value, standing_alone(question.cell, node)) if plain else (None, None)


def _said(question: Question, value: Any) -> tuple[str, str]:
    """Reason and remedy of the finding."""
    remedy = GIVE_IT if value in ("", 0) and not isinstance(value, bool) else ""
    if question.kind == "person":
        return "a step has nobody to ask", remedy or "change it under `parameters` in notebooks/pipeline.yaml"
    source = "the notebook host's store" if question.kind == "host" else "the environment"
    return f"the notebook read it from {source} as {question.variable}", remedy
