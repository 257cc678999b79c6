"""LangChain's `init_chat_model`: a provider, the model's name, or only its run says which class it makes."""

from __future__ import annotations

import ast
import re

from tools.promote.clients import langchain
from tools.promote.clients.family import Constructor, Refusal
from tools.promote.clients.served_models import HOSTS
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edit, Edits
from tools.promote.rewiring import hosted_names, pointing
from tools.promote.rewiring.rewired import ENVIRONMENT, Rewired

NAME = "init_chat_model"


def point(program: Program, cell: CodeCell, call: ast.Call, edits: Edits, rewired: Rewired) -> None:
    """The provider is read from its arguments, or else from the environment."""
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    model = keywords.get("model") or (call.args[0] if call.args else None)
    named = keywords.get("model_provider")
    provider, name = program.constant(named), program.constant(model)
    by_name = next((made for pattern, made in langchain.MODELS.items() if name and re.match(pattern, name)), None)
    chosen = langchain.PROVIDERS.get(provider) if provider else by_name
    if chosen is not None:
        # It makes the same class by its provider, and hands the arguments on.
        pointing.point(program, cell, call, _without_class(chosen), edits, rewired)
    elif name is None and provider is None:
        rewired.surrounded = True
        rewired.changed(cell, call.lineno, f"{NAME}(...) {ENVIRONMENT}")
    elif _through_openai(program, cell, named, model, edits):
        note = hosted_names.REASON
        pointing.point(program, cell, call, _without_class(langchain.COMPATIBLE, note), edits, rewired)
    else:
        asked = provider or name or cell.text(call)
        reason = f"{NAME} makes a model of {asked!r}, for which there is no door"
        rewired.refuse(cell, call.lineno, f"{NAME}(...)", Refusal(reason))


def _through_openai(
    program: Program, cell: CodeCell, provider: ast.expr | None, model: ast.expr | None, edits: Edits
) -> bool:
    """Have a host's model made by OpenAI's class: `model_provider="openai"`, or `"openai:m"` for `"groq:m"`."""
    if isinstance(provider, ast.Constant) and isinstance(provider.value, str):
        known = HOSTS.fullmatch(f"{provider.value}:model") is not None
        return known and edits.add(Edit(cell.index, cell.span(provider), '"openai"'))
    return provider is None and hosted_names.renamed(program, cell, model, edits)


def _without_class(constructor: Constructor, note: str = "") -> Constructor:
    return Constructor(constructor.gains, constructor.loses, note=note)
