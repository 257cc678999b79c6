"""AutoGen's agents by their lists of models: what an `llm_config` holds is pointed at the door as the step runs.

The lists are data with keys and addresses, put together anywhere; so the place that takes one wraps it. What would read
them from a file of keys names the same models instead.
"""

from __future__ import annotations

import ast

from tools.promote.clients import agents
from tools.promote.notebook.program import CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits
from tools.promote.rewiring import pointing
from tools.promote.rewiring.rewired import Rewired, matching

MODULE = "app.orchestration.autogen_models"
ROOTS = ("autogen", "ag2")
TAKEN = ("llm_config", "config_list")
READERS = {
    "config_list_from_json",
    "config_list_from_dotenv",
    "config_list_from_models",
    "config_list_openai_aoai",
    "config_list_gpt4_gpt35",
}
NAMED_BY = ("filter_dict", "model_list")
CONFIG = "LLMConfig"
WHY = "each model of its list is asked at the door, by OpenAI's protocol and its own name"
NO_FILE = "its models are those it is told to take, not those of a file with keys"


def is_imported(program: Program) -> bool:
    """Whether the notebook has AutoGen at all."""
    return any(path.split(".")[0] in ROOTS for path in program.names.imports.values())


def point(program: Program, cell: CodeCell, call: ast.Call, edits: Edits, rewired: Rewired) -> bool:
    """Whether the call reads or takes a list of AutoGen's models; both are pointed at the door."""
    dotted = program.dotted(call.func) or ""
    if dotted.split(".")[0] in ROOTS and _reads(dotted):
        return _replace(cell, call, dotted, edits, rewired)
    if dotted.split(".")[0] not in ROOTS and not _of_parent(call) and not _of_own_class(program, call):
        return False
    if matching(agents.AUTOGEN_REFUSED, dotted) is not None:
        return False
    taken = [k.value for k in call.keywords if k.arg in TAKEN and not isinstance(k.value, ast.Constant)]
    if dotted.split(".")[-1] == CONFIG:
        taken += [a for a in call.args if not isinstance(a, ast.Starred | ast.Constant)]
        if not taken and call.keywords:
            pointing.point(program, cell, call, agents.AG2_CONFIG, edits, rewired)
            return True
    if not taken:
        return False
    if not edits.add_all([edit for value in taken for edit in _wrapping(cell, value)]):
        return False
    rewired.imports.add(f"from {MODULE} import autogen_config")
    rewired.surrounded = True
    rewired.changed(cell, call.lineno, f"{cell.text(call.func)}(...) goes through the gateway's door", WHY)
    return True


def _of_parent(call: ast.Call) -> bool:
    """`super().__init__(...)` of an agent's class."""
    return (
        isinstance(call.func, ast.Attribute) and call.func.attr == "__init__" and isinstance(call.func.value, ast.Call)
    )


def _of_own_class(program: Program, call: ast.Call) -> bool:
    return isinstance(call.func, ast.Name) and any(
        isinstance(node, ast.ClassDef) and node.name == call.func.id for cell in program.cells for node in cell.nodes
    )


def _reads(dotted: str) -> bool:
    return dotted.split(".")[-1] in READERS or dotted.endswith(f"{CONFIG}.from_json")


def _replace(cell: CodeCell, call: ast.Call, dotted: str, edits: Edits, rewired: Rewired) -> bool:
    named = ", ".join(f"{k.arg}={cell.text(k.value)}" for k in call.keywords if k.arg in NAMED_BY)
    text = f"autogen_models({named})"
    if dotted.endswith("from_json") and f"{CONFIG}." in dotted:
        text = f"{cell.text(call.func).removesuffix('.from_json')}(config_list={text})"
    if edits.add(Edit(cell.index, cell.span(call), text)):
        rewired.imports.add(f"from {MODULE} import autogen_models")
        rewired.changed(cell, call.lineno, f"{cell.text(call.func)}(...) goes through the gateway's door", NO_FILE)
    return True


def _wrapping(cell: CodeCell, value: ast.expr) -> list[Edit]:
    span = cell.span(value)
    return [
        Edit(cell.index, Span(span.start, span.start), "autogen_config("),
        Edit(cell.index, Span(span.end, span.end), ")"),
    ]
