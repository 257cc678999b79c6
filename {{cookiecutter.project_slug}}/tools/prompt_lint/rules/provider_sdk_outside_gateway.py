"""provider_sdk_outside_gateway: every model call of the system goes through the gateway."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tools.prompt_lint.facts import Call, Facts, Scope
from tools.prompt_lint.families import CLIENTS, FRAMEWORK_MODELS, talks_to_models
from tools.prompt_lint.findings import Finding, Severity
from tools.prompt_lint.rules.rule import Case, Reading
from tools.prompt_lint.sinks import dotted

_CLIENT_ARGUMENTS = re.compile(r"(?:^|_)(?:client|ollama|bedrock|hugging_face)_args$")
# What points every client at the door that reads its address from the environment; these read none there.
_SURROUNDS = "use_door_environment"
_READ_NO_ENVIRONMENT = re.compile(
    r"(?:groq|together|fireworks|cerebras|replicate|mistralai|voyageai|zhipuai|ai21|boto3)\b"
)
_RUNTIMES = frozenset({"bedrock-runtime", "bedrock-agent-runtime"})
_MODULE_CALL = frozenset(
    {"create", "acreate", "generate_content", "completion", "acompletion", "embedding", "embed_content"}
)
_EMBEDDING = re.compile(
    r"^(?:OpenAI|AzureOpenAI|Cohere|MistralAI|GoogleGenerativeAI|GoogleGenAI|VertexAI|Bedrock|Voyage\w*)\w*Embeddings?$"
)
_NOT_A_MODEL = re.compile(
    r"(?:Prompt|Message|Template|History|Generation|Memory|Store|Loader|Result|Engine|Session|Agent)"
)


class ProviderSdkOutsideGateway:
    """
    Before:

        client = OpenAI(api_key=os.environ["OPENAI_API_KEY"])

    After, in a notebook or script (the calls stay as they are):

        client = OpenAI(**openai_client_args())

    or, in the application, `await gateway.complete("answer", {"question": question}, caller)`.

    What finds its address in the environment (`litellm.completion(...)`, an agent that is given a model's name) goes
    the same way below `use_door_environment()`.

    A client of one's own knows no budget, no fallback, no cache, no redaction and leaves no trace. Only
    `src/app/intelligence/providers` may hold one; `[tool.prompt_lint.allow]` names other folders, such as tests that
    use a vendor's SDK as a test client.
    """

    id = "provider_sdk_outside_gateway"
    severity: Severity = "error"

    def check(self, reading: Reading) -> Iterator[Finding]:
        """One finding for each client that is built, or module-level call that is made, past the gateway."""
        facts = reading.facts
        surrounded = bool(facts.calls_of.get(_SURROUNDS))
        heads = frozenset(alias for alias, origin in facts.imports.items() if talks_to_models((origin,)))
        for call in facts.calls:
            if not _begins_with(call.node.func, heads) and call.tail not in ("client", "resource"):
                continue
            name = _reaches_a_provider(call, facts)
            read = surrounded and not _READ_NO_ENVIRONMENT.match(facts.imports.get(name.partition(".")[0], name))
            if name and not read and not _through_the_gateway(call.node, call.scope):
                node = call.node
                message = (
                    f"{name} is used outside the gateway: build it with `**{_arguments_for(name)}()` from "
                    "app.orchestration.notebook, or call the gateway"
                )
                yield Finding(
                    reading.source.path, call.cell, node.lineno, node.end_lineno or node.lineno, self.id, self.severity,
                    message, call.statement, f"{name}:{ast.unparse(node)[:200]}",
                )  # fmt: skip

    must_fire = (
        Case(
            "a client that reads no address in the environment",
            {
                "a.ipynb": [
                    "from app.orchestration.notebook import use_door_environment\nuse_door_environment()",
                    "from groq import Groq\nc = Groq()",
                ]
            },
        ),
        Case("an OpenAI client", {"a.py": "from openai import OpenAI\nclient = OpenAI()\n"}),
        Case(
            "a client built through the module",
            {"a.py": "import anthropic\nclient = anthropic.Anthropic(api_key=key)\n"},
        ),
        Case(
            "a model of a framework",
            {"a.ipynb": ["from langchain_openai import ChatOpenAI", "llm = ChatOpenAI(model=m)"]},
        ),
        Case(
            "a call on the module itself",
            {"a.py": "import litellm\nreply = litellm.completion(model=m, messages=ms)\n"},
        ),
        Case("Google under another name", {"a.py": "from google import genai as g\nclient = g.Client()\n"}),
        Case(
            "a client under its module's name, made past the gateway",
            {"a.py": "import together\ntogether = together.Together()\ntogether.chat.completions.create(model=m)\n"},
        ),
        Case("a Bedrock runtime", {"a.py": "import boto3\nclient = boto3.client('bedrock-runtime')\n"}),
        Case(
            "arguments that are not the gateway's", {"a.py": "from openai import OpenAI\nclient = OpenAI(**settings)\n"}
        ),
    )
    must_not_fire = (
        Case(
            "the gateway's arguments",
            {
                "a.py": "from openai import OpenAI\nfrom app.orchestration.notebook import openai_client_args\n"
                "client = OpenAI(**openai_client_args())\n"
            },
        ),
        Case(
            "the gateway's arguments by name, in another cell",
            {
                "a.ipynb": [
                    "import anthropic\nfrom app.orchestration.notebook import anthropic_client_args",
                    "door = anthropic_client_args()",
                    "client = anthropic.Anthropic(**door)",
                ]
            },
        ),
        Case(
            "arguments for a class that names its address otherwise",
            {
                "a.ipynb": [
                    "import cohere\nfrom langchain_ollama import ChatOllama",
                    'c = cohere.Client(**client_args("cohere", "base_url", "api_key"))',
                    'llm = ChatOllama(model="x", **langchain_ollama_args())',
                ]
            },
        ),
        Case(
            "the environment, which points at the door",
            {
                "a.ipynb": [
                    "from app.orchestration.notebook import use_door_environment\nuse_door_environment()",
                    "from litellm import completion\ncompletion(model=m, messages=ms)",
                ]
            },
        ),
        Case("a service that manages models", {"a.py": "import boto3\nclient = boto3.client('bedrock')\n"}),
        Case(
            "one argument at a time",
            {
                "a.py": "from langchain_openai import ChatOpenAI\ndoor = openai_client_args()\nllm = "
                "ChatOpenAI(base_url=door['base_url'])\n"
            },
        ),
        Case(
            "the providers package",
            {"src/app/intelligence/providers/x.py": "from openai import OpenAI\nc = OpenAI()\n"},
        ),
        Case("a class of the same name", {"a.py": "from mine import OpenAI\nclient = OpenAI()\n"}),
        Case(
            "a client under its module's name",
            {
                "a.py": "import openai\nfrom app.orchestration.notebook import openai_client_args\n"
                "openai = openai.OpenAI(**openai_client_args())\nopenai.chat.completions.create(model=m, messages=ms)\n"
            },
        ),
        Case("another AWS service", {"a.py": "import boto3\nclient = boto3.client('s3')\n"}),
        Case("types and errors of an SDK", {"a.py": "import openai\n\ndef f(e: openai.APIError) -> None: ...\n"}),
    )


def _begins_with(function: ast.expr, heads: frozenset[str]) -> bool:
    while isinstance(function, ast.Attribute):
        function = function.value
    return isinstance(function, ast.Name) and function.id in heads


def _reaches_a_provider(call: Call, facts: Facts) -> str:
    """The dotted name of a client or module-level model call, or an empty string."""
    name = dotted(call.node.func) if isinstance(call.node.func, ast.Name | ast.Attribute) else ""
    if not name:
        return ""
    if call.tail in ("client", "resource") and call.node.args:
        service = call.node.args[0]
        if isinstance(service, ast.Constant) and service.value in _RUNTIMES:
            return f"{name}({service.value!r})"
    head, _, rest = name.partition(".")
    origin = facts.imports.get(head)
    if origin is None or _is_bound_anew(head, call):
        return ""
    full = f"{origin}.{rest}" if rest else origin
    return name if _is_client(full, call.tail) else ""


def _is_bound_anew(head: str, call: Call) -> bool:
    """Whether the name is something else by now: `openai = OpenAI(...)` below `import openai`."""
    scope: Scope | None = call.scope
    while scope is not None:
        bindings = scope.bindings.get(head, ())
        if any(binding.order < call.order or scope is not call.scope for binding in bindings):
            return True
        scope = scope.parent
    return False


def _is_client(full: str, tail: str) -> bool:
    for module, names in CLIENTS.items():
        if full.startswith(module + "."):
            if tail in names:
                return True
            if tail in _MODULE_CALL and (full == f"{module}.{tail}" or "Completion" in full or ".completions." in full):
                return True
    family = full.partition(".")[0].removeprefix(".")
    return any(family.startswith(start) and _is_model(tail, models) for start, models in FRAMEWORK_MODELS.items())


def _is_model(tail: str, models: tuple[str, ...]) -> bool:
    if tail in models:
        return tail != "Chat"
    chat = "Chat" in models and tail.startswith("Chat") and len(tail) > 4
    return (chat or bool(_EMBEDDING.match(tail))) and not _NOT_A_MODEL.search(tail)


def _through_the_gateway(node: ast.Call, scope: Scope) -> bool:
    values: list[ast.expr] = [k.value for k in node.keywords] + list(node.args)
    return any(_is_gateway_argument(part, scope) for value in values for part in ast.walk(value))


def _is_gateway_argument(node: ast.AST, scope: Scope) -> bool:
    if isinstance(node, ast.Call):
        return bool(_CLIENT_ARGUMENTS.search(dotted(node.func)))
    if not isinstance(node, ast.Name):
        return False
    current: Scope | None = scope
    while current is not None:
        for binding in current.bindings.get(node.id, ()):
            if isinstance(binding.value, ast.Call) and _CLIENT_ARGUMENTS.search(dotted(binding.value.func)):
                return True
        current = current.parent
    return False


def _arguments_for(name: str) -> str:
    return "anthropic_client_args" if "nthropic" in name else "openai_client_args"
