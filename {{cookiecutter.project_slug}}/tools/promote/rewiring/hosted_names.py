"""A model named with its host, `groq/llama3`: where the host's protocol can be OpenAI's the name says `openai/llama3`.

The library then asks by OpenAI's protocol at the address that its environment holds, which is the door's; the name of
the model itself stays, and the gateway says which model answers it.
"""

from __future__ import annotations

import ast
import re

from tools.promote.clients.served_models import HOSTS, through_openai
from tools.promote.notebook.program import CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits

REASON = "its host's protocol is OpenAI's, or can be; which model answers is the gateway's to say"
OPENING = re.compile(r"""[rRuU]?(\"\"\"|'''|"|')""")


def renamed(program: Program, cell: CodeCell, named: ast.expr | None, edits: Edits) -> str | None:
    """Change a name of a model where it is given; what it is called then, None where nothing was changed."""
    model = program.constant(named)
    if named is None or model is None:
        return None
    found, other = HOSTS.fullmatch(model), through_openai(model)
    if found is None or other is None:
        return None
    span, host = cell.span(named), found["host"] + found["mark"]
    if isinstance(named, ast.Name):
        edit = Edit(cell.index, span, f'{named.id}.replace("{host}", "openai{found["mark"]}", 1)')
        return other if edits.add(edit) else None
    opening = OPENING.match(cell.text(named))
    if opening is None or not cell.text(named)[opening.end() :].startswith(host):
        return None
    start = span.start + opening.end()
    return other if edits.add(Edit(cell.index, Span(start, start + len(found["host"])), "openai")) else None
