"""Texts that read like prompts though no call was found that sends them: they stay, and the report says where.

The wording is judged by the rules of the prompt lint, so that what promote leaves and what the lint finds agree.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.promote.candidates import LONG_CHARS
from tools.promote.outcome import Finding
from tools.promote.program import CodeCell, Program
from tools.promote.splice import Edits
from tools.prompt_lint.prose import excluding_keyword, is_markup_or_code, weight, words
from tools.prompt_lint.wording import strong

LEAST_WORDS = 6
REASON = "it reads like a prompt, and no call was found that sends it to a model"
REMEDY = "move it to a variable named `..._prompt` and promote again, or to a file below prompts/ by hand"
TOLD_A_PERSON = {
    "print",
    "display",
    "Markdown",
    "HTML",
    "input",
    "getpass",
    "warn",
    "info",
    "error",
    "debug",
    "warning",
}


def report_unsent(program: Program, edits: Edits, known: set[tuple[int, int]]) -> list[Finding]:
    """A finding for each such text. `known`: cell and line of what the report names already."""
    findings = []
    for cell in program.cells:
        for node in _texts(cell):
            if any((cell.index, line) in known for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)):
                continue
            if not edits.free(cell.index, cell.span(node)) or not _reads_as_prompt(node):
                continue
            what = "text stays in the notebook"
            findings.append(Finding("kept", "prompt", cell.index, node.lineno, what, REASON, REMEDY))
    return findings


def _texts(cell: CodeCell) -> Iterator[ast.expr]:
    """The widest expressions made of text, without documentation and what a person is told."""
    queue: list[ast.AST] = [cell.tree]
    while queue:
        node = queue.pop(0)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            continue
        if isinstance(node, ast.Call) and _name(node) in TOLD_A_PERSON:
            continue
        if isinstance(node, ast.Raise):
            continue
        if isinstance(node, ast.keyword) and node.arg and excluding_keyword(node.arg):
            continue
        plain = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if plain or isinstance(node, ast.JoinedStr) or (isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)):
            assert isinstance(node, ast.expr)
            if _literal(node):
                yield node
                continue
        queue += ast.iter_child_nodes(node)


def _reads_as_prompt(node: ast.expr) -> bool:
    text = _literal(node)
    if words(text) < LEAST_WORDS or is_markup_or_code(text):
        return False
    holes = any(isinstance(n, ast.FormattedValue) for n in ast.walk(node))
    return strong(text) > 0 and (weight(text) >= LONG_CHARS or holes or "\n" in text.strip())


def _literal(node: ast.expr) -> str:
    return "".join(n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str))


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
