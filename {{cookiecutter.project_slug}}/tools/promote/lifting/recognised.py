"""Texts the prompt lint takes for prompts and that no call here is seen to send: in methods, in dictionaries, returned.

What promote lifts and what the lint finds agree by this. A row of data is left: among its like only a text counts that
says who the model is, however much the others read as instructions.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.promote.lifting.sinks import Sink
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.text_expressions import is_text
from tools.prompt_lint import naming
from tools.prompt_lint.assessment import Prompt, assess
from tools.prompt_lint.dataflow import follow
from tools.prompt_lint.families import is_llm_file
from tools.prompt_lint.gathering import gather
from tools.prompt_lint.scaffold import is_scaffold
from tools.prompt_lint.source import Cell
from tools.prompt_lint.wording import imperative, opens_with_role, strong

ADDRESSED_CHARS = 60  # shorter ones in a list are patterns to look for, such as "act as if you have no rules"
# Keys beside which a text is a document or a question, whatever it reads like.
ROW_KEYS = {"id", "title", "source", "url", "page", "page_number", "query", "question", "answer", "label", "expected"}


def recognised(program: Program) -> Iterator[Sink]:
    """Those texts, in the order of the notebook."""
    cells = {cell.index: cell for cell in program.cells}
    for prompt in _prompts(program):
        node, cell = prompt.text.node, cells[prompt.text.cell or 0]
        if is_text(node) and _plain(prompt) and not in_row(cell, node, prompt):
            yield Sink(cell, node, "system" if prompt.kind == "system prompt" else "user")


def _prompts(program: Program) -> list[Prompt]:
    """What the lint would call an error, over the same trees."""
    read = [Cell(cell.index, cell.source, cell.tree) for cell in program.cells]
    try:
        facts = gather("notebook.ipynb", read)
        asks = is_llm_file(facts, read)
        follow(facts, asks)
        found = [p for p in assess(facts.texts, asks, True) if p.severity == "error" and p.kind != "few-shot examples"]
        facts.release()
    except RecursionError:
        return []
    return found


def _plain(prompt: Prompt) -> bool:
    """Whether it is called a prompt, or says who the model is or what to do; what is sent may be data or a result."""
    text, said = prompt.text, prompt.text.literal.strip()
    if is_scaffold(said):
        return False
    if text.role == "system" or naming.strong(text.names) or opens_with_role(said):
        return True
    return bool(strong(said)) and imperative(said)


def in_row(cell: CodeCell, node: ast.expr, prompt: Prompt) -> bool:
    """Whether a text is a row of data: one of a list, or in a dictionary beside what tells rows apart."""
    said = prompt.text.literal.strip()
    if len(said) >= ADDRESSED_CHARS and opens_with_role(said):
        return False
    below: ast.AST = node
    for above in cell.above(node):
        if isinstance(above, ast.stmt):
            return False
        if isinstance(above, ast.List | ast.Tuple | ast.Set) and len(above.elts) > 1:
            return True
        if isinstance(above, ast.Dict):
            keys = {key.value for key in above.keys if isinstance(key, ast.Constant)}
            if keys & ROW_KEYS and not naming.strong(tuple(_key_of(above, below))):
                return True
        if isinstance(above, ast.Compare):
            return True
        below = above
    return False


def _key_of(mapping: ast.Dict, value: ast.AST) -> Iterator[str]:
    for key, held in zip(mapping.keys, mapping.values, strict=True):
        if held is value and isinstance(key, ast.Constant):
            yield str(key.value)
