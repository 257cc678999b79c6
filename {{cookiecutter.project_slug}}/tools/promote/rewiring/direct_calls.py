"""Calls past any constructor: endpoints no door has, plain HTTP to a model's host; and keys that are set.

Keys and addresses that a notebook only puts into place are taken out: the door brings its own.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from tools.promote.clients import FAMILIES
from tools.promote.clients.family import Family, Refusal
from tools.promote.inputs.secrets import is_environ
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edits, removal
from tools.promote.rewiring.rewired import Rewired

MODEL_HOSTS = re.compile(
    r"https?://[\w.-]*(api\.openai\.com|openai\.azure\.com|api\.anthropic\.com|generativelanguage\.googleapis\.com"
    r"|api\.cohere|api\.mistral\.ai|api-inference\.huggingface\.co|router\.huggingface\.co|api\.groq\.com|openrouter\.ai"
    r"|api\.together|api\.fireworks\.ai|api\.deepseek\.com|api\.x\.ai|api\.perplexity\.ai|api\.replicate\.com|api\.jina\.ai"
    r"|integrate\.api\.nvidia\.com|ai\.api\.nvidia\.com|models\.ai\.azure\.com|inference\.ai\.azure\.com|api\.voyageai\.com)"
)
# What is asked says the same where the host is put together, or is somebody's own.
MODEL_PATHS = re.compile(
    r"/chat/completions\b|/v1/(messages|completions|embeddings|responses)\b|:(streamG|g)enerateContent\b|:rawPredict\b"
    r"|/openai/deployments/|:11434/api/(generate|chat|embed)"
)
OLLAMA_PATHS = re.compile(r"/api/(generate|chat|embed|embeddings)/?$")
HUB_LIBRARIES = {"transformers", "datasets", "sentence_transformers", "diffusers", "peft", "trl", "unsloth", "vllm"}
HTTP_CALLS = {"post", "request", "get", "stream", "urlopen", "Request"}
ADDRESS_VARIABLE = re.compile(
    r"(OPENAI|ANTHROPIC|AZURE_OPENAI|CO|COHERE|MISTRAL|OLLAMA|GEMINI|GOOGLE_GEMINI)_(API_BASE|BASE_URL|API_URL|ENDPOINT"
    r"|API_TYPE|API_VERSION|HOST)|OLLAMA_HOST|GOOGLE_GENAI_USE_(VERTEXAI|ENTERPRISE)"
    r"|AWS_ENDPOINT_URL_BEDROCK_RUNTIME|AWS_BEDROCK_RUNTIME_ENDPOINT"
)


def report(program: Program, cell: CodeCell, call: ast.Call, rewired: Rewired) -> None:
    """Findings for one call."""
    _endpoint(program, cell, call, rewired)
    _raw_http(program, cell, call, rewired)


def remove_settings(program: Program, edits: Edits, rewired: Rewired) -> None:
    """Statements that only set a provider's key or address: `login(...)`, `os.environ["OPENAI_BASE_URL"] = ...`."""
    for cell in program.cells:
        for node in cell.nodes:
            what = _only_sets(program, node)
            why, remedy = "the door's key and address stand in its place", ""
            if what.endswith("login(...)") and _takes_from_hub(program):
                why, remedy = "Hugging Face's libraries find the token in the environment", "set HF_TOKEN in .env"
                rewired.variables.add("HF_TOKEN")
            if not what and _restarts(node) and isinstance(cell.parents.get(node), ast.Module):
                what, why = "restart of the kernel", "a step's packages are there before it runs"
            if what and isinstance(node, ast.stmt) and edits.add(removal(cell, node)):
                rewired.changed(cell, node.lineno, f"{what} removed", why, remedy)


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


def _takes_from_hub(program: Program) -> bool:
    """Whether the notebook needs the hub for more than asking a model: to load models, data or files."""
    paths = program.names.imports.values()
    asks = ("huggingface_hub.InferenceClient", "huggingface_hub.AsyncInferenceClient")
    return not any(path in asks for path in paths) or any(path.split(".")[0] in HUB_LIBRARIES for path in paths)


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


def _raw_http(program: Program, cell: CodeCell, call: ast.Call, rewired: Rewired) -> None:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in HTTP_CALLS:
        return
    addresses = [*call.args[:2], *(keyword.value for keyword in call.keywords if keyword.arg == "url")]
    told = [list(_texts(program, cell, address)) for address in addresses]
    if any(_asks_a_model(text) for texts in told for text in texts) or any(
        _asks_ollama(cell.text(address), texts) for address, texts in zip(addresses, told, strict=True)
    ):
        reason = "a model is called by plain HTTP, past any client that could be pointed at the door"
        remedy = "use the openai or anthropic client and promote again"
        rewired.refuse(cell, call.lineno, f"{cell.text(call.func)}(...)", Refusal(reason, remedy))


def _asks_a_model(text: str) -> bool:
    return bool(MODEL_HOSTS.match(text) or MODEL_PATHS.search(text))


def _asks_ollama(address: str, texts: list[str]) -> bool:
    """Its paths are common words, so something about the address must say whose they are."""
    return "ollama" in address.lower() and any(OLLAMA_PATHS.search(text) for text in texts)


def _texts(program: Program, cell: CodeCell, address: ast.expr) -> Iterator[str]:
    """The texts an address is put together of, over the names in it: of the function around it, or of the notebook."""
    for node in ast.walk(address):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Name):
            around = cell.function_around(node)
            local = [
                n.value
                for n in (ast.walk(around) if around is not None else ())
                if isinstance(n, ast.Assign) and any(getattr(t, "id", "") == node.id for t in n.targets)
            ]
            bound = [b.value for b in program.names.bindings.get(node.id, ()) if b.value is not None]
            for value in local or bound:
                yield from (
                    n.value for n in ast.walk(value) if isinstance(n, ast.Constant) and isinstance(n.value, str)
                )
