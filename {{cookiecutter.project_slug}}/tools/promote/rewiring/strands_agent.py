"""Agents of strands: one with no model, or a name alone, asks Amazon Bedrock; its model is made to ask the door."""

from __future__ import annotations

import ast

from tools.promote.clients.agent_models import STRANDS_BEDROCK
from tools.promote.notebook.program import CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits
from tools.promote.rewiring.rewired import Rewired

AGENTS = ("strands.Agent", "strands.agent.Agent", "strands.agent.agent.Agent")
MODEL = "BedrockModel"
WHY = "strands makes a model of Amazon Bedrock's for it"


def point(program: Program, cell: CodeCell, call: ast.Call, dotted: str, edits: Edits, rewired: Rewired) -> bool:
    """Whether the call makes an agent; what it is given as a model is put into `BedrockModel` where it is a name."""
    if dotted not in AGENTS:
        return False
    if any(k.arg is None for k in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args):
        return True
    keyword = next((k for k in call.keywords if k.arg == "model"), None)
    given = keyword.value if keyword is not None else call.args[0] if call.args else None
    nothing = given is None or (isinstance(given, ast.Constant) and given.value is None)
    if not nothing and program.constant(given) is None:
        return True
    if _put(cell, call, given, nothing, edits):
        known = program.names.imports.get(MODEL, "").startswith("strands")
        rewired.helpers |= STRANDS_BEDROCK.helpers
        if not known:
            rewired.imports.add(f"from strands.models import {MODEL}")
        rewired.changed(cell, call.lineno, f"{cell.text(call.func)}(...) goes through the gateway's door", WHY)
    return True


def _put(cell: CodeCell, call: ast.Call, given: ast.expr | None, nothing: bool, edits: Edits) -> bool:
    gains = STRANDS_BEDROCK.gains
    if given is not None:
        named = "" if nothing else f"model_id={cell.text(given)}, "
        return edits.add(Edit(cell.index, cell.span(given), f"{MODEL}({named}{gains})"))
    start = min((cell.span(k).start for k in call.keywords), default=cell.span(call).end - 1)
    comma = ", " if call.keywords else ""
    return edits.add(Edit(cell.index, Span(start, start), f"model={MODEL}({gains}){comma}"))
