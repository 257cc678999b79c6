"""LangChain's `ChatHuggingFace(llm=...)`: around an endpoint its chat is OpenAI's, around a pipeline it is local."""

from __future__ import annotations

import ast

from tools.promote.clients.family import Constructor
from tools.promote.clients.langchain import CHAT_OPENAI, HUGGING_FACE
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edits
from tools.promote.rewiring.constructors import body_of, vendor_settings
from tools.promote.rewiring.pointing import point as point_constructor
from tools.promote.rewiring.rewired import Rewired

CLASS = "ChatHuggingFace"
ENDPOINTS = ("HuggingFaceEndpoint", "HuggingFaceHub")
OTHERS = frozenset({"llm", "tokenizer", "verbose", "model_id"})
# What the endpoint was told, read from OpenAI's completion class, which stands for it.
TOLD = "model={0}.model_name, temperature={0}.temperature, max_tokens={0}.max_tokens, extra_body={0}.extra_body"


def point(program: Program, cell: CodeCell, call: ast.Call, dotted: str, edits: Edits, rewired: Rewired) -> bool:
    """Whether the call was one around an endpoint; the class becomes `ChatOpenAI` then, told the same."""
    if dotted.rpartition(".")[2] != CLASS or not dotted.startswith("langchain"):
        return False
    llm = next((k.value for k in call.keywords if k.arg == "llm"), None)
    if isinstance(llm, ast.Name) and _always_an_endpoint(program, llm.id):
        told = TOLD.format(llm.id)
    elif isinstance(llm, ast.Call) and _is_endpoint(program, llm) and not llm.args:
        told = _arguments(cell, llm)
        rewired.within.add(llm)
        rewired.exchanged.add(cell.text(llm.func))
    else:
        return False
    gains = ", ".join(filter(None, [told, CHAT_OPENAI.gains]))
    chat = Constructor(gains, OTHERS, becomes="langchain_openai.ChatOpenAI")
    point_constructor(program, cell, call, chat, edits, rewired)
    return True


def _always_an_endpoint(program: Program, name: str) -> bool:
    bound = program.names.bindings.get(name, [])
    return bool(bound) and all(isinstance(b.value, ast.Call) and _is_endpoint(program, b.value) for b in bound)


def _is_endpoint(program: Program, call: ast.Call) -> bool:
    return (program.dotted(call.func) or "").rpartition(".")[2] in ENDPOINTS


def _arguments(cell: CodeCell, endpoint: ast.Call) -> str:
    """The arguments of an endpoint made in its place, as OpenAI's chat class has them."""
    in_body = vendor_settings(endpoint, HUGGING_FACE.renames)
    kept = [k for k in endpoint.keywords if k not in in_body and k.arg not in HUGGING_FACE.loses]
    texts = [f"{HUGGING_FACE.renames.get(k.arg, k.arg)}={cell.text(k.value)}" if k.arg else cell.text(k) for k in kept]
    return ", ".join([*texts, *([body_of(cell, in_body)] if in_body else [])])
