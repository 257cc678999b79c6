"""Calls past any constructor: endpoints no door has, plain HTTP to a model's host; and keys that are set.

Keys and addresses that a notebook only puts into place are taken out: the door brings its own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping

from tools.promote.clients import FAMILIES
from tools.promote.clients.family import Family, Refusal
from tools.promote.inputs.secrets import is_environ
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edits, removal
from tools.promote.rewiring.rewired import Rewired

MODEL_HOSTS = re.compile(
    r"https?://[\w.-]*(api\.openai\.com|openai\.azure\.com|api\.anthropic\.com|generativelanguage\.googleapis\.com"
    r"|api\.cohere|api\.mistral\.ai|api-inference\.huggingface\.co|api\.groq\.com|openrouter\.ai|api\.together)"
)
HTTP_CALLS = {"post", "request", "get", "stream", "urlopen", "Request"}
ADDRESS_VARIABLE = re.compile(
    r"(OPENAI|ANTHROPIC|AZURE_OPENAI|CO|COHERE|MISTRAL|OLLAMA|GEMINI|GOOGLE_GEMINI)_(API_BASE|BASE_URL|API_URL|ENDPOINT"
    r"|API_TYPE|API_VERSION|HOST)|OLLAMA_HOST|GOOGLE_GENAI_USE_(VERTEXAI|ENTERPRISE)"
    r"|AWS_ENDPOINT_URL_BEDROCK_RUNTIME|AWS_BEDROCK_RUNTIME_ENDPOINT"
)


def report(program: Program, cell: CodeCell, call: ast.Call, rewired: Rewired) -> None:
    """Findings for one call."""
    _endpoint(program, cell, call, rewired)
    _raw_http(cell, call, rewired)


def remove_settings(program: Program, edits: Edits, rewired: Rewired) -> None:
    """Statements that only set a provider's key or address: `login(...)`, `os.environ["OPENAI_BASE_URL"] = ...`."""
    for cell in program.cells:
        for node in cell.nodes:
            what = _only_sets(program, node)
            why = "the door's key and address stand in its place"
            if not what and _restarts(node):
                what, why = "restart of the kernel", "a step's packages are there before it runs"
            if what and isinstance(node, ast.stmt) and edits.add(removal(cell, node)):
                rewired.changed(cell, node.lineno, f"{what} removed", why)


def _only_sets(program: Program, node: ast.AST) -> str:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        dotted = program.dotted(node.value.func) or ""
        name = dotted.rpartition(".")[2]
        pointless = any(family.owns(dotted) and name in family.pointless for family in FAMILIES)
        return f"{name}(...)" if pointless else ""
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Subscript):
        target = node.targets[0]
        named = target.slice.value if isinstance(target.slice, ast.Constant) else ""
        return str(named) if is_environ(target.value) and ADDRESS_VARIABLE.fullmatch(str(named)) else ""
    return ""


def _restarts(node: ast.AST) -> bool:
    """`app.kernel.do_shutdown(True)` and `os._exit(0)`, after packages were installed."""
    if not isinstance(node, ast.Expr) or not isinstance(node.value, ast.Call):
        return False
    called = ast.unparse(node.value.func)
    return called.endswith(("kernel.do_shutdown", "os._exit")) or called in ("os.kill", "exit", "quit")


def _endpoint(program: Program, cell: CodeCell, call: ast.Call, rewired: Rewired) -> None:
    """A call of a client that was rewired, to an endpoint its door does not have."""
    parts: list[str] = []
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    if not parts:
        return
    owner = _owner(program, node)
    imported = set(program.names.imports.values())
    for family in FAMILIES:
        if not family.calls or not any(family.owns(path) for path in imported):
            continue
        refusal = _ending(family.calls, parts, owner, family)
        if refusal is not None:
            rewired.refuse(cell, call.lineno, f"{cell.text(call.func)}(...)", refusal)
            return


def _ending(calls: Mapping[str, Refusal], parts: list[str], owner: Family | None, family: Family) -> Refusal | None:
    """The refusal of an ending. One word alone counts on a client that is known to be the family's."""
    if owner is not None and owner is not family:
        return None
    for ending, refusal in calls.items():
        words = ending.split(".")
        # `chat.completions.create` is everybody's, `completions.create` is not.
        longer = parts[-len(words) - 1 : -len(words)] == ["chat"]
        if parts[-len(words) :] == words and not longer and (len(words) > 1 or owner is family):
            return refusal
    return None


def _owner(program: Program, root: ast.expr) -> Family | None:
    """Whose client it is: a constructor's call, or a name by the constructors it is bound to."""
    made = [root] if isinstance(root, ast.Call) else []
    if isinstance(root, ast.Name):
        made = [b.value for b in program.names.bindings.get(root.id, []) if isinstance(b.value, ast.Call)]
    for call in made:
        dotted = program.dotted(call.func)
        for family in FAMILIES:
            if dotted and family.owns(dotted) and dotted.rpartition(".")[2] in family.constructors:
                return family
    return None


def _raw_http(cell: CodeCell, call: ast.Call, rewired: Rewired) -> None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in HTTP_CALLS:
        return
    for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
        for node in ast.walk(argument):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and MODEL_HOSTS.match(node.value):
                reason = "a model is called by plain HTTP, past any client that could be pointed at the door"
                remedy = "use the openai or anthropic client and promote again"
                rewired.refuse(cell, call.lineno, f"{cell.text(call.func)}(...)", Refusal(reason, remedy))
                return
