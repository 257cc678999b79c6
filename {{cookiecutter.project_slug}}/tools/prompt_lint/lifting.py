"""Lifts the prompts of one .py file: the prompt files to write, and the file with a call in each text's place.

Nothing else in the file changes, byte for byte; the outcome is parsed and compared with the old tree before it is
offered. It needs `tools.promote` and PyYAML, which the rest of the linter does not.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from tools.promote.lifting.candidates import variable_of
from tools.promote.lifting.pieces import folded, format_calls, format_pieces, pieces_of
from tools.promote.lifting.prompt_files import Hole, Piece, PromptStore, Template, template_of
from tools.promote.notebook.magics import Masked, split_lines
from tools.promote.notebook.program import CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits
from tools.promote.notebook.words import step_name, task_name
from tools.promote.step_notebook import HELPERS, PROMPT, PROMPT_ALIAS, prompt_helper
from tools.prompt_lint.assessment import Prompt

ROLES = ("system", "user", "assistant")
WIDTH = 110
UNREADABLE = "braces or characters of it cannot be written as a prompt file"


@dataclass(slots=True)
class Names:
    """The tasks of this run: each text has one, and no two texts share one."""

    store: PromptStore
    tasks: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def task(self, wanted: str, template: Template, role: str, description: str) -> tuple[str, int]:
        """Task and version of a text; `wanted` is numbered when another text has that name."""
        key = (template.text, role)
        if key not in self.tasks:
            name, number = wanted, 2
            while self._is_of_another(name, template, role):
                name, number = f"{wanted}_{number}", number + 1
            self.tasks[key] = (name, self.store.add(name, template, role, description))
        return self.tasks[key]

    def _is_of_another(self, name: str, template: Template, role: str) -> bool:
        if any(task == name for task, _ in self.tasks.values()):
            return True
        said = [version.get("messages") for version in self.store.versions(name).values()]
        return self.store.taken(name) and [{"role": role, "content": template.text}] not in said


@dataclass(frozen=True, slots=True)
class Place:
    """A prompt of the file, and why it stays there; `task` names the file it went to when it does not."""

    line: int
    reason: str = ""
    task: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class _Lift:
    node: ast.expr
    call: str
    place: Place


class FileLifter:
    """One .py file. `code` is its text without BOM, `name` how descriptions and reports call it."""

    def __init__(self, code: str, tree: ast.Module, name: str, stem: str, at_import: str) -> None:

        self._cell = _cell(code, tree)
        self._program = Program([self._cell])
        self._name = name
        self._step = step_name(stem)
        self._at_import = at_import
        self._helper, self._imported = _helper(self._program, tree)

    def lift(self, prompts: Sequence[Prompt], names: Names) -> tuple[str, list[Place]]:
        """The new text and what became of each prompt. The text is the old one when nothing could be lifted."""
        edits = Edits()
        lifts: list[_Lift] = []
        places: list[Place] = []
        for prompt in prompts:
            lift = self._lift(prompt, names, edits)
            places.append(lift.place if isinstance(lift, _Lift) else lift)
            if isinstance(lift, _Lift):
                lifts.append(lift)
        if lifts and not self._imported:
            edits.add(self._import())
        return edits.apply(self._cell), places

    def obstacle(self, prompt: Prompt) -> str:
        """Why a prompt cannot give way to a call; empty when it can."""
        node = prompt.text.node
        if self._helper is None:
            return f"both {PROMPT} and {PROMPT_ALIAS} are names of this file: rename one"
        if prompt.kind == "few-shot examples":
            return "few-shot examples are several texts: keep them as cases in evals/, or write them into one prompt"
        for above in self._cell.above(node):
            if isinstance(above, ast.FormattedValue | ast.JoinedStr):
                return "it stands inside another f-string: give it a name of its own first"
            if isinstance(above, ast.match_case):
                return "it is a pattern of a match statement"
            if isinstance(above, ast.Expr) and above.value is node:
                return "it is a docstring that a framework reads: pass it as an argument"
            if isinstance(above, ast.stmt):
                break
        if any(isinstance(part, ast.Yield | ast.YieldFrom) for part in ast.walk(node)):
            return "it yields while it is built"
        return self._at_import if self._at_import and _evaluated_at_import(self._cell, node) else ""

    def _lift(self, prompt: Prompt, names: Names, edits: Edits) -> _Lift | Place:
        line = prompt.text.line
        reason = self.obstacle(prompt)
        if reason:
            return Place(line, reason)
        node, pieces = self._pieces(prompt.text.node)
        if not edits.free(0, self._cell.span(node)):
            return Place(line, "a part of it is a prompt of its own: lift that first, then run again")
        try:
            template = template_of(pieces)
            if template is None or not any(isinstance(p, str) and p.strip() for p in pieces):
                return Place(line, UNREADABLE)
            template.text.encode("utf-8")
        except UnicodeEncodeError:
            return Place(line, UNREADABLE)
        task, version = self._task(prompt, node, template, names)
        call = self._call(task, node, pieces)
        edits.add(Edit(0, self._cell.span(node), call))
        return _Lift(node, call, Place(line, "", task, version))

    def _pieces(self, node: ast.expr) -> tuple[ast.expr, list[Piece]]:
        """The widest expression that gives way, and its pieces; a `.format` on the text itself gives way with it."""
        outer, text = folded(self._cell, node)
        if text is None:
            return node, pieces_of(self._cell, node)
        for _, call in format_calls(self._program, self._cell, outer):
            made = format_pieces(text, self._cell, call)
            if made is not None and isinstance(call.func, ast.Attribute) and call.func.value is outer:
                return call, made
        return outer, [text]

    def _task(self, prompt: Prompt, node: ast.expr, template: Template, names: Names) -> tuple[str, int]:
        role = prompt.text.role
        if role not in ROLES:
            role = "system" if prompt.kind == "system prompt" else "user"
        function, variable = self._cell.function_around(node), variable_of(self._cell, node)
        wanted = task_name(self._step, function.name if function else None, variable, role)
        named = f" ({variable})" if variable else ""
        return names.task(wanted, template, role, f"Lifted from {self._name}{named}.")

    def _call(self, task: str, node: ast.expr, pieces: list[Piece]) -> str:
        inputs = dict.fromkeys((p.name, p.expression) for p in pieces if isinstance(p, Hole))
        arguments = [f'"{task}"', *(f"{name}={expression}" for name, expression in inputs)]
        one_line = f"{self._helper}({', '.join(arguments)})"
        start = self._cell.line(node.lineno)
        if not inputs or len(start[: node.col_offset]) + len(one_line) <= WIDTH:
            return one_line
        end = "\r\n" if "\r\n" in self._cell.source else "\n"
        indent = start[: len(start) - len(start.lstrip())]
        inner = "".join(f"{end}{indent}    {argument}," for argument in arguments)
        return f"{self._helper}({inner}{end}{indent})"

    def _import(self) -> Edit:
        """The import, below the imports at the top of the file, else above its first statement."""
        named = PROMPT if self._helper == PROMPT else f"{PROMPT} as {self._helper}"
        end = "\r\n" if "\r\n" in self._cell.source else "\n"
        text = f"from {HELPERS} import {named}{end}"
        body = self._cell.tree.body
        count = _head(body)
        if count == 0:
            first = min([body[0].lineno, *(d.lineno for d in getattr(body[0], "decorator_list", ()))])
            at = self._cell.line_span(first, first).start
            return Edit(0, Span(at, at), text + end)
        last = body[count - 1]
        at = self._cell.line_span(last.lineno, last.end_lineno or last.lineno).end
        lacks_end = not self._cell.encoded[:at].endswith((b"\n", b"\r"))
        only_docstring = isinstance(last, ast.Expr)
        return Edit(0, Span(at, at), end * (lacks_end + only_docstring) + text)


def _head(body: list[ast.stmt]) -> int:
    """How many statements at the top are the docstring and imports."""
    count = 0
    for statement in body:
        docstring = count == 0 and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
        if not docstring and not isinstance(statement, ast.Import | ast.ImportFrom):
            break
        count += 1
    while 0 < count < len(body) and body[count].lineno == body[count - 1].end_lineno:
        count -= 1  # another statement stands on its line
    return count


def _helper(program: Program, tree: ast.Module) -> tuple[str | None, bool]:
    """The name `prompt` has in the file, and whether it is imported already; no name when both are taken."""
    for statement in tree.body:
        if isinstance(statement, ast.ImportFrom) and statement.module == HELPERS:
            for alias in statement.names:
                if alias.name == PROMPT and len(program.names.bindings[alias.asname or PROMPT]) == 1:
                    return alias.asname or PROMPT, True
    name = prompt_helper(program)
    if name == PROMPT_ALIAS and any(PROMPT_ALIAS in names for names in _bound(tree)):
        return None, False
    return name, False


def _bound(tree: ast.Module) -> Iterator[set[str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield {node.id}
        elif isinstance(node, ast.arg):
            yield {node.arg}
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield {node.name}


def _cell(code: str, tree: ast.Module) -> CodeCell:
    lines = split_lines(code)
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line.encode("utf-8")))
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    return CodeCell(0, code, Masked(code, (), (0,) * len(lines)), tree, tuple(starts), parents)


def _evaluated_at_import(cell: CodeCell, node: ast.AST) -> bool:
    """True outside of functions, and for defaults and decorators of those that stand outside."""
    inside = node
    for above in cell.above(node):
        if isinstance(above, ast.FunctionDef | ast.AsyncFunctionDef) and inside in above.body:
            return False
        if isinstance(above, ast.Lambda) and inside is above.body:
            return False
        inside = above
    return True
