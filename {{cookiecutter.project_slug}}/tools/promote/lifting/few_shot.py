"""Few-shot examples: collections of literals that a prompt shows a model, and turns written before the question.

Each collection becomes one file of the registry that holds it as JSON; `prompt_data` gives it back as it was. Inputs
of a test and data of the notebook's own, which no prompt shows, stay.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tools.promote.lifting.candidates import LONG_CHARS, variable_of
from tools.promote.lifting.prompt_files import template_of
from tools.promote.lifting.prompts import PromptLifter
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, Program, Span, spelled
from tools.promote.notebook.splice import Edit, Edits

DATA = "prompt_data"
SURE_NAME = re.compile(r"(?i)few_?shot|exemplars?$|demonstrations?$|(^|_)shots$")
NAME = re.compile(r"(?i)(^|_)(examples?|samples?|cases)$")
TAKES_EXAMPLES = re.compile(r"FewShot\w*Template$|ExampleSelector$|from_examples$|ExampleSelector\w*\.from_examples$")
TURNS = ("user", "assistant", "model", "human", "ai")
REMEDY = "write the examples as literals and promote again, or keep them in prompts/ by hand"


@dataclass(frozen=True, eq=False)
class Examples:
    """A collection that gives way: `value` stands at `span`; `spread` when it is a part of a longer list."""

    cell: CodeCell
    node: ast.expr
    span: Span
    value: Any
    name: str | None
    spread: bool = False


class ExampleLifter:
    """Lifts the few-shot examples of one notebook; run before the texts, which may be parts of them."""

    def __init__(self, program: Program, prompts: PromptLifter) -> None:
        self.program = program
        self.prompts = prompts
        self.helpers: set[str] = set()
        taken = DATA in program.names.bindings
        self._imported, self._name = (f"{DATA} as registry_{DATA}", f"registry_{DATA}") if taken else (DATA, DATA)

    def lift(self, edits: Edits) -> None:
        """Replace every collection by a look-up; report those that hold code."""
        shown = set(_shown(self.program))
        for cell in self.program.cells:
            for node in cell.nodes:
                if isinstance(node, ast.List | ast.Tuple):
                    for examples in self._found(cell, node, shown):
                        self._replace(examples, edits)

    def _found(self, cell: CodeCell, node: ast.List | ast.Tuple, shown: set[str]) -> Iterator[Examples]:
        name = variable_of(cell, node) if isinstance(cell.parents.get(node), ast.Assign | ast.AnnAssign) else None
        if isinstance(node, ast.List):
            yield from _turns(cell, node)
        given = _is_given(self.program, cell, node)
        if not given and not (name and (SURE_NAME.search(name) or (NAME.search(name) and name in shown))):
            return
        if len(node.elts) < 1 or not all(
            isinstance(item, ast.Dict | ast.Tuple | ast.List | ast.Constant | ast.JoinedStr | ast.Call)
            for item in node.elts
        ):
            return
        value = _value(node)
        if value is None:
            self._left(cell, node)
        elif _letters(value) >= LONG_CHARS or len(value) > 1:
            yield Examples(cell, node, cell.span(node), value, name or "examples")

    def _left(self, cell: CodeCell, node: ast.expr) -> None:
        what, reason = "few-shot examples stay in the notebook", "they hold code, which no prompt file can"
        self.prompts.findings.append(Finding("kept", "prompt", cell.index, node.lineno, what, reason, REMEDY))

    def _replace(self, examples: Examples, edits: Edits) -> None:
        cell = examples.cell
        rows = [list(row) if isinstance(row, tuple) else row for row in examples.value]
        template = template_of([json.dumps(rows, ensure_ascii=False, indent=2)])
        if template is None or not edits.free(cell.index, examples.span):
            return
        function = cell.function_around(examples.node)
        named = examples.name or "examples"
        task = self.prompts.register(template, "user", cell, examples.node, named, function.name if function else None)
        edits.add(Edit(cell.index, examples.span, _look_up(self._name, task, examples)))
        self.helpers = {self._imported}


def _look_up(name: str, task: str, examples: Examples) -> str:
    """The expression that gives the collection back: tuples as tuples, turns spread into their list."""
    text = f'{name}("{task}")'
    if examples.spread:
        return f"*{text}"
    if any(isinstance(row, tuple) for row in examples.value):
        text = f"[tuple(row) for row in {text}]"
    return f"tuple({text})" if isinstance(examples.value, tuple) else text


def _value(node: ast.expr) -> Any:
    """The collection when JSON can hold it: rows of texts and numbers, dictionaries or tuples of them; else None."""
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    tuples = {isinstance(row, tuple) for row in value}
    if len(tuples) > 1:
        return None
    plain = [list(row) if isinstance(row, tuple) else row for row in value]
    try:
        same = json.loads(json.dumps(plain, allow_nan=False)) == plain
    except (TypeError, ValueError):
        return None
    return value if same and _letters(value) and not _holds_tuple(plain) else None


def _holds_tuple(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_holds_tuple(item) or not isinstance(key, str) for key, item in value.items())
    return isinstance(value, tuple) or (isinstance(value, list) and any(_holds_tuple(item) for item in value))


def _letters(value: Any) -> int:
    if isinstance(value, dict):
        return sum(_letters(item) for item in value.values())
    if isinstance(value, list | tuple):
        return sum(_letters(item) for item in value)
    return len(value) if isinstance(value, str) else 0


def _is_given(program: Program, cell: CodeCell, node: ast.expr) -> bool:
    """Whether the collection is passed to a template or a selector of examples, itself or by its name."""
    above = cell.parents.get(node)
    if isinstance(above, ast.keyword) and above.arg == "examples":
        above = cell.parents.get(above)
        return isinstance(above, ast.Call) and _takes_examples(above)
    if isinstance(above, ast.Call) and node in above.args[:1]:
        return _takes_examples(above)
    if not isinstance(above, ast.Assign) or not isinstance(above.targets[0], ast.Name):
        return False
    name = above.targets[0].id
    return any(
        isinstance(value, ast.Name) and value.id == name
        for _, call in program.calls()
        if _takes_examples(call)
        for value in [*call.args[:1], *(keyword.value for keyword in call.keywords if keyword.arg == "examples")]
    )


def _takes_examples(call: ast.Call) -> bool:
    return TAKES_EXAMPLES.search(spelled(call.func)) is not None


def _shown(program: Program) -> Iterator[str]:
    """Names that are put into a text: in an f-string, joined, dumped as JSON, or walked to write texts or messages."""
    for cell in program.cells:
        for node in cell.nodes:
            if isinstance(node, ast.FormattedValue) or (isinstance(node, ast.Call) and _writes(node)):
                yield from (n.id for n in ast.walk(node) if isinstance(n, ast.Name))
            elif isinstance(node, ast.For | ast.ListComp | ast.GeneratorExp):
                walked = [node.iter] if isinstance(node, ast.For) else [g.iter for g in node.generators]
                if _makes_text(node):
                    yield from (n.id for place in walked for n in ast.walk(place) if isinstance(n, ast.Name))


def _writes(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr in ("join", "format", "dumps")


def _makes_text(node: ast.AST) -> bool:
    """Whether a loop builds a text with holes or a message."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Dict) and any(isinstance(k, ast.Constant) and k.value == "role" for k in inner.keys):
            return True
        if isinstance(inner, ast.JoinedStr):
            return not any(isinstance(n, ast.Call) and spelled(n.func) == "print" for n in ast.walk(node))
    return False


def _turns(cell: CodeCell, node: ast.List) -> Iterator[Examples]:
    """Literal turns of both sides before the last message: `[system, user, assistant, question]`."""
    run: list[ast.expr] = []
    for item in node.elts[:-1]:
        if _is_turn(item):
            run.append(item)
        elif run:
            break
    while run and not _is_answer(ast.literal_eval(run[-1])):
        run.pop()
    if len(run) < 2:
        return
    span = Span(cell.span(run[0]).start, cell.span(run[-1]).end)
    value = [ast.literal_eval(item) for item in run]
    if _value(ast.List(elts=run, ctx=ast.Load())) is not None:
        yield Examples(cell, run[0], span, value, variable_of(cell, node) or "examples", spread=True)


def _is_turn(node: ast.expr) -> bool:
    if not isinstance(node, ast.Dict):
        return False
    try:
        value = ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError):
        return False
    turn = value.get("role") in TURNS or str(value.get("name")).startswith("example")
    return turn and isinstance(value.get("content", value.get("parts")), str | list)


def _is_answer(turn: dict[str, Any]) -> bool:
    return turn.get("role") in ("assistant", "model", "ai") or turn.get("name") == "example_assistant"
