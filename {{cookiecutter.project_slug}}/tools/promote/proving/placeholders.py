"""What both runs of a proof, and the generated test, are given in the place of settings no door needs.

Keys of providers the doors serve; which model is asked, where, and in which version of its interface; and Google's
default credentials, whose token comes from a server on loopback. Nothing else: any other setting that is missing is the
notebook's own matter.
"""

from __future__ import annotations

import ast
import json
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tools.promote.notebook.program import Program
from tools.promote.rewiring.environment import names_with_a_default, variable_in

# Keys of providers whose clients the door serves: a notebook that reads one wants it there, whatever it is.
PROVIDER_KEY = re.compile(
    r"(?:\w+_)?(?:OPENAI|AZURE|ANTHROPIC|CLAUDE|GOOGLE|GEMINI|CO|COHERE|MISTRAL|OLLAMA|GROQ|TOGETHER|FIREWORKS|DEEPSEEK"
    r"|OPENROUTER|PERPLEXITY|NVIDIA|XAI|HF|HUGGINGFACE(?:HUB)?|LLM|ANYSCALE|CEREBRAS|DASHSCOPE|DEEPINFRA|MOONSHOT|NEBIUS"
    r"|SAMBANOVA|UPSTAGE|VOYAGE|ZHIPU(?:AI)?)"
    r"(?:_(?:OPENAI|AI|GENAI|STUDIO|INFERENCE|API|ACCESS|AUTH|SECRET))*_(?:KEY|TOKEN)"
    r"|AWS_(?:ACCESS_KEY_ID|SECRET_ACCESS_KEY|SESSION_TOKEN)",
    re.IGNORECASE,
)
# Names of models that a notebook leaves to its surroundings; what they are, a door leaves to the project.
MODEL_NAME = re.compile(
    r"(?:(?:\w+_)?(?:OPENAI|AZURE|ANTHROPIC|CLAUDE|GOOGLE|GEMINI|COHERE|MISTRAL|GROQ|LLM|CHAT|GPT\w*|EMBEDDINGS?|COMPLETIONS?)"
    r"(?:_\w+)?_)?(?:MODEL|DEPLOYMENT|ENGINE)(?:_(?:NAME|ID))?",
    re.IGNORECASE,
)
MODEL_KEYWORDS = ("model", "engine", "deployment_id", "azure_deployment", "deployment_name", "model_name")
PLACEHOLDER = "no-key-is-needed-here"
MODEL, EMBEDDING_MODEL = "gpt-4o-mini", "text-embedding-3-small"
# Where a model is asked and in which version of its interface: the door answers whatever is said of it.
WHERE_A_MODEL_IS = (
    (re.compile(r"(?:\w+_)?API_VERSION", re.IGNORECASE), "2024-10-21"),
    (
        re.compile(r"(?:\w+_)?(?:OPENAI|AZURE_AI|INFERENCE|LLM)(?:_\w+)?_(?:ENDPOINT|BASE|URL)", re.IGNORECASE),
        "https://no-address-is-needed-here.invalid",
    ),
)
# Where a Google client looks for its project.
PROJECT = "GOOGLE_CLOUD_PROJECT"
CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"
GOOGLE_LOGINS = ("google.auth", "vertexai", "google.cloud.aiplatform")


def placeholders(program: Program, read: Iterable[str]) -> dict[str, str]:
    """A value for each variable that a notebook reads (`read`) and a door makes superfluous, and a project for one that
    logs in at Google."""
    defaults, models = names_with_a_default(program), _given_as_model(program)
    wanted = (name for name in sorted(read) if PROVIDER_KEY.fullmatch(name) or name not in defaults)
    found = {name: value for name in wanted if (value := _value(name) or (MODEL if name in models else ""))}
    return {**found, **({PROJECT: PLACEHOLDER} if logs_in_at_google(program) else {})}


def _value(name: str) -> str:
    """What stands for a variable; empty for one that nothing stands for."""
    if PROVIDER_KEY.fullmatch(name):
        return PLACEHOLDER
    if MODEL_NAME.fullmatch(name):
        return EMBEDDING_MODEL if "EMBED" in name.upper() else MODEL
    return next((value for pattern, value in WHERE_A_MODEL_IS if pattern.fullmatch(name)), "")


def _given_as_model(program: Program) -> set[str]:
    """Variables whose value is the model of a call, at once or by a name."""
    found = set()
    for _, call in program.calls():
        for keyword in call.keywords:
            if keyword.arg in MODEL_KEYWORDS:
                values: list[ast.expr | None] = [keyword.value]
                if isinstance(keyword.value, ast.Name):
                    values = [binding.value for binding in program.names.bindings.get(keyword.value.id, [])]
                found |= {variable_in(program, value) for value in values if value is not None}
    return found


def logs_in_at_google(program: Program) -> bool:
    """Whether a notebook asks Google's library for the credentials of whoever runs it."""
    return any(
        path == login or path.startswith(f"{login}.")
        for path in program.names.imports.values()
        for login in GOOGLE_LOGINS
    )


@contextmanager
def google_login(program: Program, folder: Path) -> Iterator[Mapping[str, str]]:
    """The variable that names a file with made-up credentials, while their token can be had; empty for other notebooks.

    Whoever asks with that token asks a door, for which it opens nothing, or Google, where it is worth nothing.
    """
    if not logs_in_at_google(program):
        yield {}
        return
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Tokens)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    file = folder / "google-credentials.json"
    made_up = dict.fromkeys(("audience", "client_id", "client_secret", "refresh_token"), PLACEHOLDER)
    url = f"http://127.0.0.1:{server.server_address[1]}/token"
    login = {"type": "external_account_authorized_user", "token_url": url, **made_up}
    file.write_text(json.dumps(login), encoding="utf-8")
    try:
        yield {CREDENTIALS: str(file)}
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Tokens(BaseHTTPRequestHandler):
    """Gives everybody the same token, which opens nothing."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("content-length") or 0))
        body = json.dumps({"access_token": PLACEHOLDER, "expires_in": 3600, "token_type": "Bearer"}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """A notebook's output is not the place for it."""
