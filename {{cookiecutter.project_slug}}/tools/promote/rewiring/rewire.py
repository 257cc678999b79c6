"""Pointing model clients at the gateway's door: the constructor's arguments change, call sites never do.

What no door can serve is reported as refused with its place, and left as it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from typing import TypeVar

from tools.promote.cells import written_files
from tools.promote.clients import FAMILIES, by_environment, google, langchain, mistral, unknown
from tools.promote.clients.family import Constructor, Family, Refusal
from tools.promote.clients.served_models import served
from tools.promote.inputs.questions import ENVIRONMENT_READERS
from tools.promote.inputs.secrets import DOOR_KEYS, is_environ
from tools.promote.notebook.program import CodeCell, Program, Span, spelled
from tools.promote.notebook.splice import Edit, Edits
from tools.promote.rewiring import (
    bedrock,
    direct_calls,
    interactions,
    local_names,
    openai_module,
    retired_google,
    retired_mistral,
    unused_imports,
    vendor_arguments,
)
from tools.promote.rewiring.constructors import for_model, swap
from tools.promote.rewiring.rewired import Rewired

Entry = TypeVar("Entry")
MODEL_KEYWORDS = ("model", "model_id", "model_name", "azure_deployment", "deployment_name")
OWN_HOSTS = Refusal(
    "what it is given names models and hosts of its own",
    "leave that argument out, so that it takes its models from the environment, and promote again",
)
ENVIRONMENT = "takes its model from the environment, which points at the gateway's door"


def rewire(program: Program, edits: Edits) -> Rewired:
    """Swap the constructors of a notebook. The edits are added to `edits`."""
    rewired = Rewired()
    direct_calls.remove_settings(program, edits, rewired)
    stood_in = [google.LEGACY] if retired_google.stand_in(program, edits, rewired) else []
    stood_in += [mistral.FAMILY] if retired_mistral.stand_in(program, edits, rewired) else []
    for cell, call in program.calls():
        dotted = program.dotted(call.func)
        if dotted is not None and not any(family.owns(dotted) for family in stood_in):
            _constructor(program, cell, call, dotted, edits, rewired)
        direct_calls.report(program, cell, call, rewired)
        interactions.check(program, cell, call, rewired)
        bedrock.rewire(program, cell, call, edits, rewired)
    _subclasses(program, rewired)
    _libraries(program, rewired)
    local_names.refuse(program, rewired)
    _handed_modules(program, rewired)
    _looked_up_keys(program, rewired)
    written_files.surround(program, rewired)
    openai_module.rewire(program, edits, rewired)
    vendor_arguments.move(program, edits, rewired)
    if mistral.FAMILY not in stood_in:
        _move_imports(program, edits)
    unused_imports.remove(program, rewired, edits)
    return rewired


def _constructor(program: Program, cell: CodeCell, call: ast.Call, dotted: str, edits: Edits, rewired: Rewired) -> None:
    name = cell.text(call.func)
    if dotted.endswith("init_chat_model"):
        _init_chat_model(program, cell, call, edits, rewired)
        return
    for family in FAMILIES:
        if not family.owns(dotted):
            continue
        constructor = matching(family.constructors, dotted)
        refusal = matching(family.refusals, dotted)
        model = matching(family.surrounded, dotted)
        if constructor is not None:
            _point(program, cell, call, constructor, edits, rewired)
        elif refusal is not None:
            rewired.refuse(cell, call.lineno, f"{name}(...)", refusal)
        elif model is not None:
            _surround(program, cell, call, family, model, rewired)
        else:
            continue
        return
    unlisted = unknown.refusal_of(dotted)
    if unlisted is not None:
        rewired.refuse(cell, call.lineno, f"{name}(...)", unlisted)


def matching(table: Mapping[str, Entry], dotted: str) -> Entry | None:
    """The entry whose name ends the path: `Llama.from_pretrained` before `Llama`."""
    parts = dotted.split(".")
    found = table.get(".".join(parts[-2:]))
    return found if found is not None else table.get(parts[-1])


def _point(
    program: Program, cell: CodeCell, call: ast.Call, constructor: Constructor, edits: Edits, rewired: Rewired
) -> None:
    """Point one constructor at the door, by its arguments or by the environment it reads."""
    name, model = cell.text(call.func), _named_model(program, call, MODEL_KEYWORDS)
    chosen = for_model(constructor, model)
    if chosen.surrounded and not chosen.gains and model is not None and not served(model) and "/" in model:
        _refuse_model(cell, call, model, rewired)
        return
    rewired.helpers |= chosen.helpers
    rewired.surrounded |= chosen.surrounded
    needed = swap(program, cell, call, chosen, edits)
    if needed is not None:
        rewired.imports.add(needed)
    if edits.replaced(cell.index, cell.span(call.func)):
        rewired.exchanged.add(name)
    rewired.changed(cell, call.lineno, f"{name}(...) goes through the gateway's door", chosen.note)


def _surround(program: Program, cell: CodeCell, call: ast.Call, family: Family, keyword: str, rewired: Rewired) -> None:
    """A call that makes its client from the environment, unless it is given a model that was made before."""
    if any(k.arg in family.own_hosts for k in call.keywords):
        rewired.refuse(cell, call.lineno, f"{cell.text(call.func)}(...)", OWN_HOSTS)
        return
    if keyword:
        given = next((k.value for k in call.keywords if k.arg == keyword), None)
        if given is None and keyword == "model" and call.args:
            given = call.args[0]
        model = program.constant(given)
        if model is not None and not served(model):
            _refuse_model(cell, call, model, rewired)
            return
        if given is not None and model is None and not _maybe_text(given):
            return
    rewired.surrounded = True
    rewired.changed(cell, call.lineno, f"{cell.text(call.func)}(...) {ENVIRONMENT}")


def _maybe_text(given: ast.expr) -> bool:
    """Whether it may be the name of a model: a text put together, or looked up."""
    return isinstance(given, ast.JoinedStr | ast.BinOp | ast.Subscript | ast.Constant | ast.Name)


def _subclasses(program: Program, rewired: Rewired) -> None:
    """Classes of the notebook that extend a client: the address they do not name is read from the environment."""
    for cell in program.cells:
        for node in cell.nodes:
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                dotted = program.dotted(base) or ""
                if any(family.owns(dotted) and matching(family.constructors, dotted) for family in FAMILIES):
                    rewired.surrounded = True
                    assert isinstance(node, ast.ClassDef)
                    rewired.changed(cell, node.lineno, f"class {node.name} {ENVIRONMENT}")


def _libraries(program: Program, rewired: Rewired) -> None:
    """Libraries that make clients of their own, out of reach: they find the door in the environment."""
    seen: set[str] = set()
    for cell in program.cells:
        for node in cell.nodes:
            for library in by_environment.asking(node) - seen:
                assert isinstance(node, ast.stmt)
                seen.add(library)
                rewired.surrounded = True
                rewired.changed(cell, node.lineno, f"{library} {ENVIRONMENT}", "it makes its own clients, out of reach")


def _handed_modules(program: Program, rewired: Rewired) -> None:
    """A module that stands in for its client, `client = ollama`: what it is asked then comes from its own client."""
    for cell in program.cells:
        for node in cell.nodes:
            if not isinstance(node, ast.Name) or isinstance(cell.parents.get(node), ast.Attribute):
                continue
            dotted = program.dotted(node) if isinstance(node.ctx, ast.Load) else None
            if any(family.surrounded and dotted in family.modules for family in FAMILIES):
                rewired.surrounded = True
                rewired.changed(cell, node.lineno, f"{node.id} {ENVIRONMENT}")


def _looked_up_keys(program: Program, rewired: Rewired) -> None:
    """`os.getenv(name)` of a function that looks whether a key is there: the door's keys are, by their names."""
    nodes = [(cell, node) for cell in program.cells for node in cell.nodes]
    texts = (node.value for _, node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    if not any(re.fullmatch(DOOR_KEYS, text) for text in texts):
        return
    for cell, node in nodes:
        if isinstance(node, ast.Call) and node.args and spelled(node.func) in ENVIRONMENT_READERS:
            name: ast.expr = node.args[0]
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and is_environ(node.value):
            name = node.slice
        else:
            continue
        if not isinstance(name, ast.Constant):
            rewired.surrounded = True
            what = f"the key that {cell.text(node)} looks up is the door's"
            rewired.changed(cell, node.lineno, what, "the notebook asks by name whether it is there")


def _refuse_model(cell: CodeCell, call: ast.Call, model: str, rewired: Rewired) -> None:
    reason = f"no door speaks the protocol of {model!r}"
    remedy = "name a model of OpenAI, Anthropic, Gemini, Mistral, Cohere or Ollama and promote again"
    rewired.refuse(cell, call.lineno, f"{cell.text(call.func)}(...)", Refusal(reason, remedy))


def _named_model(program: Program, call: ast.Call, keywords: tuple[str, ...]) -> str | None:
    """The name of the model a constructor is given, as far as it is known."""
    for keyword in call.keywords:
        if keyword.arg in keywords:
            return program.constant(keyword.value)
    return program.constant(call.args[0]) if call.args else None


def _init_chat_model(program: Program, cell: CodeCell, call: ast.Call, edits: Edits, rewired: Rewired) -> None:
    """LangChain's `init_chat_model`: the provider is read from its arguments, or else from the environment."""
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    model = keywords.get("model") or (call.args[0] if call.args else None)
    provider = program.constant(keywords.get("model_provider"))
    name = program.constant(model)
    by_name = next((made for pattern, made in langchain.MODELS.items() if name and re.match(pattern, name)), None)
    chosen = langchain.PROVIDERS.get(provider) if provider else by_name
    if chosen is not None and chosen is not langchain.CHAT_OLLAMA:
        # It makes the same class by its provider, and hands the arguments on.
        _point(program, cell, call, _without_class(chosen), edits, rewired)
    elif name is None and provider is None:
        rewired.surrounded = True
        rewired.changed(cell, call.lineno, f"init_chat_model(...) {ENVIRONMENT}")
    else:
        asked = provider or name or cell.text(call)
        reason = f"init_chat_model makes a model of {asked!r}, for which there is no door"
        rewired.refuse(cell, call.lineno, "init_chat_model(...)", Refusal(reason))


def _without_class(constructor: Constructor) -> Constructor:
    return Constructor(constructor.gains, constructor.loses)


def _move_imports(program: Program, edits: Edits) -> None:
    """`from mistralai import Mistral`: the module that has the name in the installed version."""
    for cell in program.cells:
        for node in cell.nodes:
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                _move_import(cell, node, node.module, edits)


def _move_import(cell: CodeCell, node: ast.ImportFrom, module: str, edits: Edits) -> None:
    family: Family | None = next((f for f in FAMILIES if f.moved and module in f.modules), None)
    if family is None:
        return
    targets = {family.moved.get(alias.name) for alias in node.names}
    target = targets.pop()
    if targets or target is None or target == module:
        return
    text = cell.text(node)
    start = cell.span(node).start + len(text[: text.index(module)].encode("utf-8"))
    edits.add(Edit(cell.index, Span(start, start + len(module)), target))
