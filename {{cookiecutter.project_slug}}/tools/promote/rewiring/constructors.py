"""Changing one constructor's arguments so that its client asks the gateway's door."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping
from itertools import groupby
from types import MappingProxyType

from tools.promote.clients.family import SPREAD, Constructor
from tools.promote.moved.homes import today
from tools.promote.notebook.program import CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits

Argument = ast.expr | ast.keyword
# Settings of vendors whose protocol is OpenAI's otherwise; OpenAI's client takes them as a part of the body alone.
VENDOR_SETTINGS = frozenset(
    {
        "top_k", "top_a", "min_p", "repetition_penalty", "safety_model", "safe_prompt", "random_seed", "do_sample",
        "reasoning_format", "include_reasoning", "reasoning", "search_settings", "include_domains", "exclude_domains",
        "documents", "citation_options", "compound_custom", "disable_tool_validation", "chat_template_kwargs",
        "context_length_exceeded_behavior", "stop_token_ids", "typical_p",
        "return_full_text", "enable_thinking", "thinking", "clear_thinking", "meta", "request_id",
        "sensitive_word_check",
    }
)  # fmt: skip


def swap(program: Program, cell: CodeCell, call: ast.Call, constructor: Constructor, edits: Edits) -> str | None:
    """Add the edits of one constructor; gives the import its new class needs, None when it stays what it is."""
    needed = _become(program, cell, call, constructor, edits)
    in_body = vendor_settings(call, constructor.renames) if constructor.body else []
    present = {keyword.arg for keyword in call.keywords}
    items: list[Argument] = sorted([*call.args, *call.keywords], key=lambda a: cell.span(a).start)
    kept: list[Argument] = []
    given: set[str | None] = set()  # the names that others were renamed to
    for item in items:
        renamed = constructor.renames.get(item.arg or "") if isinstance(item, ast.keyword) else None
        others = (present - {item.arg} if isinstance(item, ast.keyword) else present) | given
        clashes = renamed is not None and bool({renamed, f"{renamed}_name"} & others)
        if clashes or item in in_body or _is_lost(item, call, constructor):
            continue
        kept.append(item)
        text = constructor.texts.get(item.arg or "") if isinstance(item, ast.keyword) else None
        if isinstance(item, ast.keyword) and text is not None and isinstance(item.value, ast.Constant):
            edits.add(Edit(cell.index, cell.span(item.value), f'"{text}"'))
        if isinstance(item, ast.keyword) and renamed is not None:
            start = cell.span(item).start
            edits.add(Edit(cell.index, Span(start, start + len(item.arg or "")), renamed))
            given.add(renamed)
            if renamed == "extra_body":
                _rename_keys(cell, item.value, constructor.renames, edits)
    if constructor.prefix:
        _prefix(cell, call, constructor, edits)
    _drop(cell, items, kept, edits)
    gains = _gains(constructor, call)
    _gain(cell, call, kept, ", ".join([body_of(cell, in_body), gains]) if in_body else gains, edits)
    return needed


def vendor_settings(call: ast.Call, renames: Mapping[str, str] = MappingProxyType({})) -> list[ast.keyword]:
    """The keywords of a call that belong into `extra_body`; none when it has one already, or will have by `renames`."""
    found = [keyword for keyword in call.keywords if keyword.arg in VENDOR_SETTINGS]
    return [] if any("extra_body" in (k.arg, renames.get(k.arg or "")) for k in call.keywords) else found


def body_of(cell: CodeCell, settings: list[ast.keyword]) -> str:
    """`extra_body={"top_k": 40}`."""
    return "extra_body={" + ", ".join(f'"{k.arg}": {cell.text(k.value)}' for k in settings) + "}"


def _rename_keys(cell: CodeCell, body: ast.expr, renames: Mapping[str, str], edits: Edits) -> None:
    """`{"max_new_tokens": 200}` says `max_tokens` to the door, as the same setting does by keyword."""
    keys = body.keys if isinstance(body, ast.Dict) else []
    there = {key.value for key in keys if isinstance(key, ast.Constant)}
    for key in keys:
        renamed = renames.get(str(key.value)) if isinstance(key, ast.Constant) else None
        if key is not None and renamed not in (None, "extra_body", "model", *there):
            edits.add(Edit(cell.index, cell.span(key), f'"{renamed}"'))


# In front of these a `+` would take their first part alone.
WEAKER_THAN_PLUS = (ast.IfExp, ast.BoolOp, ast.BinOp, ast.Compare, ast.UnaryOp, ast.NamedExpr)


def _prefix(cell: CodeCell, call: ast.Call, constructor: Constructor, edits: Edits) -> None:
    """Name the provider before the model, inside the literal, or in front of whatever names it."""
    named = next((k.value for k in call.keywords if k.arg == "model"), call.args[0] if call.args else None)
    if named is None or isinstance(named, ast.Starred):
        return
    start = cell.span(named).start
    literal = isinstance(named, ast.Constant | ast.JoinedStr) and re.match(r"[fF]?(\"\"\"|'''|\"|')", cell.text(named))
    if isinstance(named, WEAKER_THAN_PLUS):
        edits.add(Edit(cell.index, cell.span(named), f'"{constructor.prefix}" + ({cell.text(named)})'))
    elif not literal:
        edits.add(Edit(cell.index, Span(start, start), f'"{constructor.prefix}" + '))
    elif not (isinstance(named, ast.Constant) and "/" in str(named.value)):
        start += literal.end()
        edits.add(Edit(cell.index, Span(start, start), constructor.prefix))


def _is_lost(item: Argument, call: ast.Call, constructor: Constructor) -> bool:
    if isinstance(item, ast.keyword):
        return item.arg in constructor.loses
    return call.args.index(item) < constructor.drops


def _gains(constructor: Constructor, call: ast.Call) -> str:
    """What the door needs, after the arguments another class demands and the call does not give."""
    given = {constructor.renames.get(k.arg or "", k.arg) for k in call.keywords}
    known = not call.args and None not in given  # not those of a mapping that is handed on
    asked = {name.removesuffix("_name") for name in given if name}
    missing = [f"{name}={code}" for name, code in constructor.defaults.items() if known and name not in asked]
    return ", ".join([*missing, *filter(None, [constructor.gains])])


def _become(program: Program, cell: CodeCell, call: ast.Call, constructor: Constructor, edits: Edits) -> str | None:
    """Exchange the class; under another name where the notebook uses that one for something else."""
    dotted = program.dotted(call.func) or ""
    other = today(constructor.becomes) if constructor.becomes else None
    becomes = other or _through_a_module(call, dotted)
    if becomes is None or (today(dotted) == becomes and becomes == other):
        return None
    module, _, name = becomes.rpartition(".")
    known = program.names.imports.get(name)
    taken = today(known) != becomes if known is not None else name in program.names.bindings
    local = f"Gateway{name}" if taken else name
    edits.add(Edit(cell.index, cell.span(call.func), local))
    return f"from {module} import {name}" + (f" as {local}" if taken else "")


def _through_a_module(call: ast.Call, dotted: str) -> str | None:
    """The class of `langchain.chat_models.ChatOpenAI(...)`, whose module of today has another name."""
    deep = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Attribute)
    return today(dotted) if deep and today(dotted) != dotted else None


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


def _gain(cell: CodeCell, call: ast.Call, kept: list[Argument], gains: str, edits: Edits) -> None:
    """Put the door's arguments after the last one that stays; into a `**mapping` when there is one."""
    mapping = next((a for a in kept if isinstance(a, ast.keyword) and a.arg is None), None)
    spread = SPREAD.search(gains)
    if mapping is not None and spread is not None:
        merged = f"**{{**{cell.text(mapping.value)}, {spread.group()}}}"
        edits.add(Edit(cell.index, cell.span(mapping), gains.replace(spread.group(), merged)))
        return
    if kept:
        end = cell.span(kept[-1]).end
        if gains:
            edits.add(Edit(cell.index, Span(end, end), f", {gains}"))
        return
    arguments: list[Argument] = [*call.args, *call.keywords]
    close = cell.span(call).end - 1
    start = min((cell.span(a).start for a in arguments), default=close)
    end = max((cell.span(a).end for a in arguments), default=close)
    if gains or start < end:
        edits.add(Edit(cell.index, Span(start, end), gains))


def for_model(constructor: Constructor, model: str | None) -> Constructor:
    """The way for the model that is named, when there is one of its own."""
    for pattern, other in constructor.by_model:
        if model and re.search(pattern, model):
            return other
    return constructor
