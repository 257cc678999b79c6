"""Lifting prompt texts into the registry: which deserve a file, what they are called, and the code in their place.

A text deserves a file when it is a system prompt, long, interpolated or a template. A short question stays.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count

from tools.promote.lifting.appended import built_texts
from tools.promote.lifting.candidates import LONG_CHARS, Candidate, deserves, find_candidates
from tools.promote.lifting.naming import function_name, telling_name
from tools.promote.lifting.pieces import folded, format_calls, format_pieces, pieces_of
from tools.promote.lifting.prompt_files import Hole, Piece, PromptStore, Template, template_of
from tools.promote.notebook.outcome import Finding, Outcome
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edit, Edits, removal
from tools.promote.notebook.words import task_names
from tools.prompt_lint.prose import words as count_words

VALUE = "a value that goes into a place of a prompt"
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class Lifted:
    """A prompt that now stands in the registry."""

    task: str
    version: int
    role: str
    inputs: tuple[str, ...]
    cell: int
    line: int
    characters: int


@dataclass(frozen=True, eq=False)
class Use:
    """An expression to replace by a call of `prompt`, and the text it makes."""

    cell: CodeCell
    node: ast.expr
    pieces: list[Piece]


class PromptLifter:
    """Lifts the prompts of one notebook.

    `helper` is the name `prompt` has in the step, `headings` gives for a cell the heading it stands under.
    """

    def __init__(
        self,
        program: Program,
        store: PromptStore,
        step: str,
        source_name: str,
        helper: str,
        headings: Mapping[int, str],
    ) -> None:
        self.program = program
        self.store = store
        self.step = step
        self.source_name = source_name
        self.helper = helper
        self.headings = headings
        self.lifted: list[Lifted] = []
        self.findings: list[Finding] = []
        self._built = built_texts(program)
        self._joined: set[int] = set()  # parts that went into the file of the first one
        self.called = False  # whether the step calls `prompt`
        self._tasks: dict[tuple[str, str], str] = {}
        self._versions: dict[tuple[str, str], int] = {}

    def lift(self, edits: Edits, descriptions: Sequence[Candidate] = ()) -> None:
        """Replace every text that deserves a file, and the descriptions that are to be; report those that stay."""
        for candidate in [*find_candidates(self.program), *descriptions]:
            cell, node = candidate.text.cell, candidate.text.node
            if id(node) in self._built and self._lift_built(candidate, edits):
                continue
            if id(node) in self._joined:
                continue
            if not edits.free(cell.index, cell.span(node)):
                if not edits.replaced(cell.index, cell.span(node)) and deserves(candidate, pieces_of(cell, node)):
                    self._refused(candidate, "another rule changes a part of it")
                continue
            uses, definition = self._uses(candidate, edits)
            if not deserves(candidate, uses[0].pieces):
                self._kept(candidate, uses[0].pieces)
                continue
            obstacle = _obstacle(cell, node)
            template = None if obstacle else template_of(uses[0].pieces)
            if obstacle or template is None:
                self._refused(candidate, obstacle or "its braces cannot be written as a prompt file")
                continue
            self._replace(candidate, template, uses, edits)
            if definition is not None:
                edits.add(removal(cell, definition))

    def _lift_built(self, candidate: Candidate, edits: Edits) -> bool:
        """Lift a text with all that is appended to it below as one prompt; whether it was done."""
        cell, node = candidate.text.cell, candidate.text.node
        built = self._built[id(node)]
        statements = [cell.statement_of(node), *built.statements]
        pieces = pieces_of(cell, built.whole)
        template = template_of(pieces)
        free = all(edits.free(cell.index, cell.span(statement)) for statement in statements)
        if template is None or not free or any(_obstacle(cell, part) for part in built.parts):
            return False
        if not deserves(replace(candidate, described=None), pieces):
            return False
        self._replace(candidate, template, [Use(cell, node, pieces)], edits)
        for statement in built.statements:
            edits.add(removal(cell, statement))
        self._joined |= {id(part) for part in built.parts}
        return True

    def _uses(self, candidate: Candidate, edits: Edits) -> tuple[list[Use], ast.stmt | None]:
        """Where the text is used, and the statement that is pointless afterwards.

        A text that is only ever filled by `.format(...)` gives way at those calls; any other one where it stands.
        """
        cell = candidate.text.cell
        outer, text = folded(cell, candidate.text.node)
        if text is None:
            return [Use(cell, outer, pieces_of(cell, outer))], None
        uses = []
        for owner, call in format_calls(self.program, cell, outer):
            pieces = format_pieces(text, owner, call)
            if pieces is None or not edits.free(owner.index, owner.span(call)):
                return [Use(cell, outer, [text])], None
            uses.append(Use(owner, call, pieces))
        templates = {template_of(use.pieces) for use in uses}
        if len(templates) != 1 or not any(isinstance(piece, Hole) for piece in uses[0].pieces):
            return [Use(cell, outer, [text])], None
        direct = cell.span(uses[0].node).start <= cell.span(outer).start if uses[0].cell is cell else False
        return uses, None if direct else cell.statement_of(outer)

    def _replace(self, candidate: Candidate, template: Template, uses: list[Use], edits: Edits) -> None:
        cell, node = candidate.text.cell, candidate.text.node
        role = candidate.role if candidate.role in ROLES else "user"
        variable = candidate.described or telling_name(self.program, cell, node)
        task = self.register(template, role, cell, node, variable, function_name(cell, node))
        self.called = True
        for use in uses:
            edits.add(Edit(use.cell.index, use.cell.span(use.node), self._call(task, use)))
            if use.cell is not cell or use.node.lineno != node.lineno:
                what = f"{task} is filled in here"
                self.findings.append(Finding("changed", "prompt", use.cell.index, use.node.lineno, what))

    def register(
        self, template: Template, role: str, cell: CodeCell, node: ast.expr, variable: str | None, function: str | None
    ) -> str:
        """Put a text into the registry, or find the file that holds it already, and report it. The task's name."""
        key = (template.text, role)
        version = self._versions.get(key)
        if version is None:
            heading = self.headings.get(cell.index, "")
            wanted = task_names(self.step, function, variable, role, heading, template.text)
            self._tasks[key] = self._free_name(wanted, template, role)
            named = f" ({variable})" if variable else ""
            description = f"Lifted from {self.source_name}, cell {cell.index}{named}."
            version = self._versions[key] = self.store.add(self._tasks[key], template, role, description)
        task = self._tasks[key]
        self.lifted.append(Lifted(task, version, role, template.inputs, cell.index, node.lineno, len(template.text)))
        what = f"lifted to prompts/{task}/v{version}.prompt.yml"
        self.findings.append(Finding("changed", "prompt", cell.index, node.lineno, what))
        return task

    def _free_name(self, wanted: Sequence[str], template: Template, role: str) -> str:
        """The first of `wanted` that no other text of this run has, nor a task on disk that is not this notebook's;
        else the first, numbered."""
        numbered = (f"{wanted[0]}_{number}" for number in count(2))
        names = chain(wanted, numbered)
        return next(n for n in names if n not in self._tasks.values() and self._ours(n, template, role))

    def _ours(self, task: str, template: Template, role: str) -> bool:
        if not self.store.taken(task):
            return True
        versions = self.store.versions(task).values()
        if any(v.get("messages") == [{"role": role, "content": template.text}] for v in versions):
            return True
        return any(str(v.get("description", "")).startswith(f"Lifted from {self.source_name},") for v in versions)

    def _call(self, task: str, use: Use) -> str:
        cell, node = use.cell, use.node
        inputs = dict.fromkeys((p.name, p.expression) for p in use.pieces if isinstance(p, Hole))
        arguments = [f'"{task}"', *(f"{name}={expression}" for name, expression in inputs)]
        # A docstring that is a call is none: it is given by its name.
        helper = f"__doc__ = {self.helper}" if isinstance(cell.parents.get(node), ast.Expr) else self.helper
        one_line = f"{helper}({', '.join(arguments)})"
        before = len(cell.line(node.lineno)[: node.col_offset])
        if before + len(one_line) <= 110:
            return one_line
        start = cell.line(node.lineno)
        indent = start[: len(start) - len(start.lstrip())]
        inner = "".join(f"\n{indent}    {argument}," for argument in arguments)
        return f"{helper}({inner}\n{indent})"

    def _kept(self, candidate: Candidate, pieces: list[Piece]) -> None:
        words = "".join(p for p in pieces if isinstance(p, str))
        if not count_words(words):
            return
        remedy = "assign it to a name at top level, which becomes a parameter"
        short = "short text, no file of its own"
        reason = VALUE if candidate.fills_place and len(words) >= LONG_CHARS else short
        self._find(candidate, "kept", reason, remedy)

    def _refused(self, candidate: Candidate, reason: str) -> None:
        self._find(candidate, "refused", reason, "move the text to a variable of its own and promote again")

    def _find(self, candidate: Candidate, outcome: Outcome, reason: str, remedy: str) -> None:
        cell, node = candidate.text.cell, candidate.text.node
        what = f"{candidate.role} prompt stays in the notebook"
        finding = Finding(outcome, "prompt", cell.index, node.lineno, what, reason, remedy)
        if finding not in self.findings:
            self.findings.append(finding)


def _obstacle(cell: CodeCell, node: ast.expr) -> str:
    """Why an expression cannot give way to a call; empty when it can."""
    for above in cell.above(node):
        if isinstance(above, ast.FormattedValue | ast.JoinedStr):
            return "it stands inside another f-string"
        if isinstance(above, ast.match_case):
            return "it is a pattern of a match statement"
        if isinstance(above, ast.stmt):
            break
    if isinstance(node, ast.JoinedStr) and any(isinstance(n, ast.Yield | ast.YieldFrom) for n in ast.walk(node)):
        return "it yields while it is built"
    return ""
