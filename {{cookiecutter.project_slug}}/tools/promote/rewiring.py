"""Pointing model clients at the gateway's door: the constructor's arguments change, call sites never do.

What no door can serve is reported as refused with its place, and left as it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import TypeVar

from tools.promote.clients import anthropic, langchain, openai, unserved
from tools.promote.clients.family import NO_DOOR_REMEDY, Constructor, Family, Refusal
from tools.promote.outcome import Finding
from tools.promote.program import CodeCell, Program, Span
from tools.promote.splice import Edit, Edits, removal

FAMILIES: tuple[Family, ...] = (openai.FAMILY, anthropic.FAMILY, langchain.FAMILY, *unserved.FAMILIES)
MODEL_HOSTS = re.compile(
    r"https?://[\w.-]*(api\.openai\.com|openai\.azure\.com|api\.anthropic\.com|generativelanguage\.googleapis\.com"
    r"|api\.cohere|api\.mistral\.ai|api-inference\.huggingface\.co|api\.groq\.com|openrouter\.ai|api\.together)"
)
HTTP_CALLS = {"post", "request", "get", "stream", "urlopen", "Request"}
OPENAI_MODELS = re.compile(r"^(openai:|gpt-|o[134](-|$)|chatgpt)")
ANTHROPIC_MODELS = re.compile(r"^(anthropic:|claude)")
MODULE_SETTINGS = {"api_key", "api_base", "base_url", "api_type", "api_version", "organization", "azure_endpoint"}
Argument = ast.expr | ast.keyword
Entry = TypeVar("Entry", Constructor, Refusal)


@dataclass
class Rewired:
    """What became of the clients of a notebook."""

    findings: list[Finding] = field(default_factory=list)
    helpers: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)  # `from openai import OpenAI`, needed by a class that was exchanged

    def changed(self, cell: CodeCell, line: int, what: str, reason: str = "") -> None:
        """Note a client that now goes through the door."""
        self.findings.append(Finding("changed", "client", cell.index, line, what, reason))

    def refuse(self, cell: CodeCell, line: int, what: str, refusal: Refusal) -> None:
        """Note a client that does not."""
        self.findings.append(Finding("refused", "client", cell.index, line, what, refusal.reason, refusal.remedy))


def rewire(program: Program, edits: Edits) -> Rewired:
    """Swap the constructors of a notebook. The edits are added to `edits`."""
    rewired = Rewired()
    for cell, call in program.calls():
        dotted = program.dotted(call.func)
        if dotted is not None:
            _constructor(program, cell, call, dotted, edits, rewired)
        _endpoint(program, cell, call, rewired)
        _raw_http(cell, call, rewired)
        _bedrock(cell, call, rewired)
    _openai_module(program, edits, rewired)
    return rewired


def _constructor(program: Program, cell: CodeCell, call: ast.Call, dotted: str, edits: Edits, rewired: Rewired) -> None:
    name = cell.text(call.func)
    if dotted.endswith("init_chat_model"):
        _init_chat_model(program, cell, call, edits, rewired)
        return
    for family in FAMILIES:
        if not family.owns(dotted):
            continue
        constructor = _matching(family.constructors, dotted)
        refusal = _matching(family.refusals, dotted)
        if constructor is not None:
            _swap(cell, call, constructor, edits, rewired)
            rewired.changed(cell, call.lineno, f"{name}(...) goes through the gateway's door")
            return
        if refusal is not None:
            rewired.refuse(cell, call.lineno, f"{name}(...)", refusal)
            return


def _matching(table: Mapping[str, Entry], dotted: str) -> Entry | None:
    """The entry whose name ends the path: `Llama.from_pretrained` before `Llama`."""
    parts = dotted.split(".")
    return table.get(".".join(parts[-2:])) or table.get(parts[-1])


def _swap(cell: CodeCell, call: ast.Call, constructor: Constructor, edits: Edits, rewired: Rewired) -> None:
    rewired.helpers.add(constructor.helper)
    if constructor.becomes is not None:
        module, _, name = constructor.becomes.rpartition(".")
        rewired.imports.add(f"from {module} import {name}")
        edits.add(Edit(cell.index, cell.span(call.func), name))
    present = {keyword.arg for keyword in call.keywords}
    items: list[Argument] = sorted([*call.args, *call.keywords], key=lambda a: cell.span(a).start)
    kept: list[Argument] = []
    for item in items:
        renamed = constructor.renames.get(item.arg or "") if isinstance(item, ast.keyword) else None
        clashes = renamed is not None and bool({renamed, f"{renamed}_name"} & present)
        if clashes or (isinstance(item, ast.keyword) and item.arg in constructor.loses):
            continue
        kept.append(item)
        if isinstance(item, ast.keyword) and renamed is not None:
            start = cell.span(item).start
            edits.add(Edit(cell.index, Span(start, start + len(item.arg or "")), renamed))
    _drop(cell, items, kept, edits)
    _gain(cell, call, kept, constructor, edits)


def _drop(cell: CodeCell, items: list[Argument], kept: list[Argument], edits: Edits) -> None:
    """Delete arguments with the comma that belongs to them; when none is kept the next step replaces them all."""
    if not kept:
        return
    for stays, run in groupby(items, key=lambda item: item in kept):
        if stays:
            continue
        dropped = list(run)
        following = items[items.index(dropped[-1]) + 1 :]
        if following:
            span = Span(cell.span(dropped[0]).start, cell.span(following[0]).start)
        else:
            span = Span(cell.span(kept[-1]).end, cell.span(dropped[-1]).end)
        edits.add(Edit(cell.index, span, ""))


def _gain(cell: CodeCell, call: ast.Call, kept: list[Argument], constructor: Constructor, edits: Edits) -> None:
    """Put the door's arguments after the last one that stays; into a `**mapping` when there is one."""
    spread = f"**{constructor.helper}()"
    mapping = next((a for a in kept if isinstance(a, ast.keyword) and a.arg is None), None)
    if mapping is not None:
        merged = f"**{{**{cell.text(mapping.value)}, {spread}}}"
        edits.add(Edit(cell.index, cell.span(mapping), constructor.gains.replace(spread, merged)))
        return
    if kept:
        end = cell.span(kept[-1]).end
        edits.add(Edit(cell.index, Span(end, end), f", {constructor.gains}"))
        return
    arguments: list[Argument] = [*call.args, *call.keywords]
    close = cell.span(call).end - 1
    start = min((cell.span(a).start for a in arguments), default=close)
    end = max((cell.span(a).end for a in arguments), default=close)
    edits.add(Edit(cell.index, Span(start, end), constructor.gains))


def _init_chat_model(program: Program, cell: CodeCell, call: ast.Call, edits: Edits, rewired: Rewired) -> None:
    """LangChain's `init_chat_model`: the provider is read from its arguments."""
    keywords = {keyword.arg: keyword.value for keyword in call.keywords}
    model = keywords.get("model") or (call.args[0] if call.args else None)
    provider = _constant(program, keywords.get("model_provider"))
    name = _constant(program, model) or ""
    if provider == "openai" or (not provider and OPENAI_MODELS.match(name)):
        chosen = langchain.FAMILY.constructors["ChatOpenAI"]
    elif provider == "anthropic" or (not provider and ANTHROPIC_MODELS.match(name)):
        chosen = langchain.FAMILY.constructors["ChatAnthropic"]
    else:
        asked = provider or name or cell.text(call)
        reason = f"init_chat_model makes a model of {asked!r}, for which there is no door"
        rewired.refuse(cell, call.lineno, "init_chat_model(...)", Refusal(reason))
        return
    _swap(cell, call, chosen, edits, rewired)
    rewired.changed(cell, call.lineno, "init_chat_model(...) goes through the gateway's door")


def _constant(program: Program, node: ast.expr | None) -> str | None:
    """The text of a constant, or of a name that is given exactly one."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        values = [binding.value for binding in program.names.bindings.get(node.id, [])]
        if len(values) == 1 and isinstance(values[0], ast.Constant) and isinstance(values[0].value, str):
            return values[0].value
    return None


def _endpoint(program: Program, cell: CodeCell, call: ast.Call, rewired: Rewired) -> None:
    """A call of a client that was rewired, to an endpoint its door does not have."""
    parts: list[str] = []
    node: ast.expr = call.func
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    imported = set(program.names.imports.values())
    for family in (openai.FAMILY, anthropic.FAMILY):
        if not any(family.owns(path) for path in imported):
            continue
        refusal = next((r for e, r in family.calls.items() if parts[-e.count(".") - 1 :] == e.split(".")), None)
        if refusal is not None:
            rewired.refuse(cell, call.lineno, f"{cell.text(call.func)}(...)", refusal)
            return


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


def _bedrock(cell: CodeCell, call: ast.Call, rewired: Rewired) -> None:
    if not (isinstance(call.func, ast.Attribute) and call.func.attr == "client"):
        return
    values = [*call.args, *(keyword.value for keyword in call.keywords)]
    if any(isinstance(v, ast.Constant) and str(v.value).startswith("bedrock") for v in values):
        reason = "no door speaks Bedrock's protocol yet"
        rewired.refuse(cell, call.lineno, f"{cell.text(call.func)}(...)", Refusal(reason, NO_DOOR_REMEDY))


def _openai_module(program: Program, edits: Edits, rewired: Rewired) -> None:
    """`openai` used as the client: `openai.api_key = ...` becomes the door's key and address."""
    alias = next((name for name, path in program.names.imports.items() if path == "openai"), None)
    if alias is None:
        return
    used = any((program.dotted(call.func) or "").startswith("openai.chat.") for _, call in program.calls())
    settings = list(_module_settings(program, alias))
    if not used and not settings:
        return
    rewired.helpers.add(openai.HELPER)
    address = f'{alias}.base_url = {openai.HELPER}()["base_url"] + "/"'
    key = f'{alias}.api_key = {openai.HELPER}()["api_key"]'
    placed = False
    for cell, statement, name in settings:
        if name == "api_key" and not placed:
            indent = " " * statement.col_offset
            placed = edits.add(Edit(cell.index, cell.span(statement), f"{key}\n{indent}{address}"))
        else:
            edits.add(removal(cell, statement))
        rewired.changed(cell, statement.lineno, f"{alias}.{name} is the gateway's door")
    if placed:
        return
    for cell in program.cells:
        for node in cell.tree.body:
            if isinstance(node, ast.Import) and any(a.name == "openai" for a in node.names):
                end = cell.span(node).end
                edits.add(Edit(cell.index, Span(end, end), f"\n{key}\n{address}"))
                rewired.changed(cell, node.lineno, f"the module {alias} goes through the gateway's door")
                return


def _module_settings(program: Program, alias: str) -> Iterator[tuple[CodeCell, ast.Assign, str]]:
    for cell in program.cells:
        for node in ast.walk(cell.tree):
            if not isinstance(node, ast.Assign) or len(node.targets) != 1:
                continue
            target = node.targets[0]
            if (
                isinstance(target, ast.Attribute)
                and isinstance(target.value, ast.Name)
                and target.value.id == alias
                and target.attr in MODULE_SETTINGS
            ):
                yield cell, node, target.attr
