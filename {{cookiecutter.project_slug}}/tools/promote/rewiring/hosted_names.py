"""A model named with its host, `groq/llama3`: where the host's protocol can be OpenAI's the name says `openai/llama3`.

The library then asks by OpenAI's protocol at the address that its environment holds, which is the door's; the name of
the model itself stays, and the gateway says which model answers it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from types import MappingProxyType

from tools.promote.clients.served_models import HOSTS
from tools.promote.notebook.program import CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits

REASON = "its host's protocol is OpenAI's, or can be; which model answers is the gateway's to say"
OPENING = re.compile(r"""[rRuU]?(\"\"\"|'''|"|')""")


def renamed(
    program: Program,
    cell: CodeCell,
    named: ast.expr | None,
    edits: Edits,
    hosts: Mapping[str, str] = MappingProxyType({}),
) -> bool:
    """Change a name of a model where it is given, for a host of `hosts` or one that OpenAI's protocol can stand for."""
    model = program.constant(named)
    split = re.fullmatch(r"([\w-]+)([:/])(.+)", model or "")
    if named is None or model is None or split is None:
        return False
    host, mark, _ = split.groups()
    other = hosts.get(host) or ("openai" if HOSTS.fullmatch(model) else None)
    if other is None:
        return False
    span = cell.span(named)
    if isinstance(named, ast.Name):
        return edits.add(Edit(cell.index, span, f'{named.id}.replace("{host}{mark}", "{other}{mark}", 1)'))
    opening = OPENING.match(cell.text(named))
    if opening is None or not cell.text(named)[opening.end() :].startswith(host + mark):
        return False
    start = span.start + opening.end()
    return edits.add(Edit(cell.index, Span(start, start + len(host)), other))
