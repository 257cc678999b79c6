"""One constructor, or a call that makes its client itself, pointed at the door: by arguments or the environment."""

from __future__ import annotations

import ast
import re

from tools.promote.clients.family import Constructor, Family, Refusal
from tools.promote.clients.served_models import served
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edits
from tools.promote.rewiring import hosted_names
from tools.promote.rewiring.constructors import for_model, swap
from tools.promote.rewiring.rewired import ENVIRONMENT, Rewired

MODEL_KEYWORDS = ("model", "model_id", "model_name", "azure_deployment", "deployment_name")
OWN_HOSTS = Refusal(
    "what it is given names models and hosts of its own",
    "leave that argument out, so that it takes its models from the environment, and promote again",
)


def point(
    program: Program, cell: CodeCell, call: ast.Call, constructor: Constructor, edits: Edits, rewired: Rewired
) -> None:
    """Point one constructor at the door, by its arguments or by the environment it reads."""
    name, named = cell.text(call.func), _model_of(call, MODEL_KEYWORDS)
    model, note = program.constant(named), ""
    chosen = for_model(constructor, model)
    untold = next((k for k in call.keywords if k.arg in chosen.untold and not _empty(k.value)), None)
    if untold is not None:
        rewired.refuse(cell, untold.value.lineno, f"{name}({untold.arg}=...)", _untold(chosen))
        return
    if chosen.routed and model is not None and not served(model) and "/" in model:
        if not hosted_names.renamed(program, cell, named, edits):
            _refuse_model(cell, call, model, rewired)
            return
        note = hosted_names.REASON
    rewired.helpers |= chosen.helpers
    rewired.surrounded |= chosen.surrounded
    needed = swap(program, cell, call, chosen, edits)
    if needed is not None:
        rewired.need(needed, cell, call.lineno)
        note = note or (f"{chosen.becomes} stands for it" if chosen.becomes else "it stands elsewhere today")
    if edits.replaced(cell.index, cell.span(call.func)):
        rewired.exchanged.add(name)
    rewired.changed(cell, call.lineno, f"{name}(...) goes through the gateway's door", chosen.note or note)


def surround(
    program: Program,
    cell: CodeCell,
    call: ast.Call,
    family: Family,
    keyword: str,
    edits: Edits,
    rewired: Rewired,
) -> None:
    """A call that makes its client from the environment, unless it is given a model that was made before."""
    if any(k.arg in family.own_hosts for k in call.keywords):
        rewired.refuse(cell, call.lineno, f"{cell.text(call.func)}(...)", OWN_HOSTS)
        return
    note = ""
    if keyword:
        given = next((k.value for k in call.keywords if k.arg == keyword), None)
        if given is None and keyword == "model" and call.args:
            given = call.args[0]
        model = program.constant(given)
        if model is not None and re.split("[:/]", model)[0] in family.hosts:
            hosted_names.renamed(program, cell, given, edits, family.hosts)
        elif model is not None and not served(model):
            if not hosted_names.renamed(program, cell, given, edits):
                _refuse_model(cell, call, model, rewired)
                return
            note = hosted_names.REASON
        if given is not None and model is None and not _maybe_text(given):
            return
    rewired.surrounded = True
    rewired.changed(cell, call.lineno, f"{cell.text(call.func)}(...) {ENVIRONMENT}", note)


def _empty(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and not value.value


def _untold(constructor: Constructor) -> Refusal:
    return Refusal(
        f"it changes what the model is told, and {constructor.becomes}, which would stand for the class, has no place "
        "for it",
        "say it in the prompt or give it as a tool of the notebook's own, and promote again",
    )


def _maybe_text(given: ast.expr) -> bool:
    """Whether it may be the name of a model: a text put together, or looked up."""
    return isinstance(given, ast.JoinedStr | ast.BinOp | ast.Subscript | ast.Constant | ast.Name)


def _refuse_model(cell: CodeCell, call: ast.Call, model: str, rewired: Rewired) -> None:
    reason = f"no door speaks the protocol of {model!r}"
    remedy = "name a model of OpenAI, Anthropic, Gemini, Mistral, Cohere or Ollama and promote again"
    rewired.refuse(cell, call.lineno, f"{cell.text(call.func)}(...)", Refusal(reason, remedy))


def _model_of(call: ast.Call, keywords: tuple[str, ...]) -> ast.expr | None:
    """The model a constructor is given."""
    for keyword in call.keywords:
        if keyword.arg in keywords:
            return keyword.value
    return call.args[0] if call.args else None
