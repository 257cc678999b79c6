"""Google's `interactions.create`: the door keeps nothing and runs no tools of Google's; calls that need it are refused.

What a call names outright is seen here; what it puts together the door refuses when it is asked.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.promote.clients.family import Refusal
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.rewiring.rewired import Rewired

MODULES = ("google.genai", "google")
KEYWORDS = {
    "previous_interaction_id": Refusal(
        "the door keeps no interaction to go on from",
        "send the conversation as the steps of input: [{'type': 'user_input', ...}, *interaction.steps, ...]",
    ),
    "agent": Refusal("agents run at Google, past the gateway", "name a model, or keep this step out of the pipeline"),
    "background": Refusal("the door answers at once, and keeps no reply to ask for later", "leave background out"),
    "environment": Refusal("code runs at Google here, past the gateway", "run it in a function of the notebook's own"),
}
LATER = Refusal("the door keeps no interaction to ask for later", "use what interactions.create gives")
# Types of content and tools, in dictionaries, that no other provider could be given.
TYPES = {
    **dict.fromkeys(
        ("audio", "video", "document"),
        Refusal("the door takes text and pictures", "send its text, or keep this step out of the pipeline"),
    ),
    **dict.fromkeys(
        (
            "google_search", "code_execution", "url_context", "file_search", "google_maps", "computer_use",
            "mcp_server", "retrieval", "tool_search",
        ),
        Refusal("this tool runs at Google, past the gateway", "give the model a function of the notebook's own"),
    ),
}  # fmt: skip


def check(program: Program, cell: CodeCell, call: ast.Call, rewired: Rewired) -> None:
    """Refusals for one call."""
    what = ast.unparse(call.func)
    if not what.endswith((".interactions.create", ".interactions.get")) or not _google_s(program):
        return
    if what.endswith(".get"):
        rewired.refuse(cell, call.lineno, f"{what}(...)", LATER)
        return
    for keyword in call.keywords:
        named = KEYWORDS.get(keyword.arg or "")
        empty = isinstance(keyword.value, ast.Constant) and not keyword.value.value
        if named is not None and not empty:
            rewired.refuse(cell, keyword.value.lineno, f"{what}({keyword.arg}=...)", named)
        elif keyword.arg in ("input", "tools", "response_format"):
            for line, kind in _types(program, keyword.value):
                rewired.refuse(cell, line or keyword.value.lineno, f"{what}(...{kind!r}...)", TYPES[kind])


def _types(program: Program, given: ast.expr) -> Iterator[tuple[int, str]]:
    """Line and type of each dictionary of a refused type: those of the call, and of a name it is given."""
    if isinstance(given, ast.Name):
        bound = [b.value for b in program.names.bindings.get(given.id, ()) if b.value is not None]
        yield from (
            (0, kind) for value in bound if not isinstance(value, ast.Name) for _, kind in _types(program, value)
        )
        return
    for node in ast.walk(given):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                named = isinstance(key, ast.Constant) and key.value == "type"
                if named and isinstance(value, ast.Constant) and value.value in TYPES:
                    yield value.lineno, str(value.value)


def _google_s(program: Program) -> bool:
    return any(path == m or path.startswith(f"{m}.") for path in program.names.imports.values() for m in MODULES)
