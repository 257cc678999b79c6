"""Where a text reaches a model: messages, prompt keywords, template classes, calls that take a prompt first.

Each rule begins with what it must not touch: queries, shell commands and plain function arguments are no prompts.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from tools.promote.lifting.sink_names import (
    AGENT_CLASS,
    AGENT_KEYWORDS,
    ASKED_KEYS,
    ASKING_METHODS,
    CALLABLE,
    JUDGE_CLASS,
    JUDGE_KEYWORDS,
    MAKES_AN_AGENT,
    MESSAGE_CLASSES,
    MESSAGE_MAKERS,
    NOT_PROMPTED,
    PROMPT_METHODS,
    ROLES,
    RUNS_AN_AGENT,
    SIGNATURE,
    SYSTEM_KEYWORDS,
    TEMPLATE_CLASSES,
    TEMPLATE_KEYWORDS,
    TOLD_KEYS,
    USER_KEYWORDS,
)
from tools.promote.notebook.program import CodeCell, Program


@dataclass(frozen=True, eq=False)
class Sink:
    """An expression whose text a model reads, and the role it has there."""

    cell: CodeCell
    value: ast.expr
    role: str
    templated: bool = False
    prose: bool = False  # only a text that reads as natural language counts
    place: str = ""  # of a prompt, which a chain fills with a variable


def find_sinks(program: Program) -> Iterator[Sink]:
    """Every place of the notebook where a text reaches a model."""
    for cell in program.cells:
        for node in cell.nodes:
            if isinstance(node, ast.Dict):
                yield from _message_dict(cell, node)
                yield from _told_in_dict(cell, node)
            elif isinstance(node, ast.Tuple):
                yield from _message_pair(cell, node)
            elif isinstance(node, ast.ClassDef):
                yield from _signature(program, cell, node)
            elif isinstance(node, ast.Call):
                yield from _call(program, cell, node)


def _signature(program: Program, cell: CodeCell, node: ast.ClassDef) -> Iterator[Sink]:
    """`class Answer(dspy.Signature)`: its docstring is what the model is told to do."""
    if not any(SIGNATURE.fullmatch(program.dotted(base) or "") for base in node.bases):
        return
    first = node.body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        yield Sink(cell, first.value, "system")


def _message_dict(cell: CodeCell, node: ast.Dict) -> Iterator[Sink]:
    """`{"role": "system", "content": text}`; Gemini's `parts` in place of `content`."""
    fields = {k.value: v for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)}
    role = fields.get("role")
    if role is None or (isinstance(role, ast.Constant) and role.value in ("tool", "function")):
        return  # what a tool gave back
    named = ROLES.get(str(role.value), "user") if isinstance(role, ast.Constant) else "user"
    for key in ("content", "parts"):
        if key in fields:
            yield Sink(cell, fields[key], named)


def _told_in_dict(cell: CodeCell, node: ast.Dict) -> Iterator[Sink]:
    """`{"name": "researcher", "system_prompt": text}`: what an agent is told, where it is described as data."""
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and key.value in TOLD_KEYS:
            yield Sink(cell, value, "system", prose=True)
        elif isinstance(key, ast.Constant) and key.value in ASKED_KEYS:
            yield Sink(cell, value, "user", prose=True)


def _message_pair(cell: CodeCell, node: ast.Tuple) -> Iterator[Sink]:
    """`("system", text)` in a list, as chat templates and agents take them."""
    if len(node.elts) != 2 or not isinstance(node.ctx, ast.Load) or not isinstance(cell.parents.get(node), ast.List):
        return
    role = node.elts[0]
    if isinstance(role, ast.Constant) and role.value in ROLES:
        text = node.elts[1]
        braces = isinstance(text, ast.Constant) and isinstance(text.value, str) and "{" in text.value
        yield Sink(cell, text, ROLES[role.value], templated=braces)


def _call(program: Program, cell: CodeCell, node: ast.Call) -> Iterator[Sink]:
    name, owner = _called(node)
    if name in NOT_PROMPTED:
        return
    keywords = {k.arg: k.value for k in node.keywords if k.arg}
    if name in MESSAGE_CLASSES:
        given = keywords.get("role")
        known = ROLES.get(str(given.value), "user") if isinstance(given, ast.Constant) else MESSAGE_CLASSES[name]
        yield from _first(cell, node, keywords, ("content", "text"), known)
        return
    if name in MESSAGE_MAKERS:
        for value in [*node.args[:1], *(keywords[key] for key in ("text", "content") if key in keywords)]:
            yield Sink(cell, value, MESSAGE_MAKERS[name], templated=isinstance(value, ast.Constant) and _braces(value))
        return
    if name == "with_instructions" or SIGNATURE.fullmatch(program.dotted(node.func) or ""):
        for argument in node.args[:1] if name == "with_instructions" else node.args[1:2]:
            yield Sink(cell, argument, "system")
    template = name if name in TEMPLATE_CLASSES else owner if owner in TEMPLATE_CLASSES else None
    if template is not None:
        role = TEMPLATE_CLASSES[template]
        if template == name or name in ("from_template", "from_messages"):
            yield from _first(cell, node, keywords, ("template", "prompt"), role, templated=True)
        for key in ("prefix", "suffix"):
            if key in keywords:
                yield Sink(cell, keywords[key], role, templated=True)
        return
    for key, value in keywords.items():
        if key in SYSTEM_KEYWORDS or (key == "prompt" and MAKES_AN_AGENT.search(name)):
            yield Sink(cell, value, "system")
        elif key in TEMPLATE_KEYWORDS:
            yield Sink(cell, value, "user", templated=True, prose=True)
        elif (
            (key in AGENT_KEYWORDS and AGENT_CLASS.search(name))
            or (key == "role" and AGENT_CLASS.search(name) and not _is_message_role(value))
            or (key in JUDGE_KEYWORDS and JUDGE_CLASS.search(name))
            or key in USER_KEYWORDS
            or _is_user_keyword(node, key, name)
        ):
            yield Sink(cell, value, "user")
    if owner == "Runner" and name in RUNS_AN_AGENT:  # OpenAI's agents: the agent, then what it is asked
        yield from (Sink(cell, value, "user") for value in [*node.args[1:2], *_given(keywords, "input")])
        return
    if isinstance(node.func, ast.Name) and _is_asked_itself(program, name):
        yield from (Sink(cell, argument, "user", prose=True) for argument in node.args[:1])
    if name in PROMPT_METHODS and isinstance(node.func, ast.Attribute) and program.dotted(node.func.value) is None:
        for argument in node.args[:1]:
            yield Sink(cell, argument, "user")
            yield from _asked(cell, argument)
    elif name in ASKING_METHODS and isinstance(node.func, ast.Attribute):
        passed: list[ast.expr] = [
            *node.args[:2],
            *(keywords[key] for key in ("message", "query", "question", "task") if key in keywords),
        ]
        for argument in passed:
            yield Sink(cell, argument, "user", prose=True)
            yield from _asked(cell, argument)


def _given(keywords: dict[str, ast.expr], name: str) -> list[ast.expr]:
    return [keywords[name]] if name in keywords else []


def _is_asked_itself(program: Program, name: str) -> bool:
    """Whether a variable holds a model, a chain or an agent of LangChain's: `llm("...")`, `agent("...")`."""
    values = [binding.value for binding in program.names.bindings.get(name, ())]
    return any(isinstance(value, ast.Call) and CALLABLE.search(_called(value)[0]) for value in values)


def _is_message_role(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in (*ROLES, "tool", "function")


def _asked(cell: CodeCell, argument: ast.expr) -> Iterator[Sink]:
    """`invoke({"input": text})`: the values a chain or a graph is given."""
    if isinstance(argument, ast.Dict):
        for key, value in zip(argument.keys, argument.values, strict=True):
            name = str(key.value) if isinstance(key, ast.Constant) and isinstance(value, ast.Name) else ""
            yield Sink(cell, value, "user", prose=True, place=name)


def _braces(value: ast.Constant) -> bool:
    return isinstance(value.value, str) and "{" in value.value


def _is_user_keyword(node: ast.Call, key: str, name: str) -> bool:
    """Keywords that hold a prompt in some calls only: `responses.create(input=...)`, Cohere's `chat(message=...)`."""
    if key == "input":
        return _ends_with(node, "responses", "interactions")
    if key in AGENT_KEYWORDS:
        return AGENT_CLASS.search(name) is not None
    return key == "messages" or (key == "message" and name in ("chat", "chat_stream"))


def _first(
    cell: CodeCell,
    node: ast.Call,
    keywords: dict[str, ast.expr],
    names: tuple[str, ...],
    role: str,
    *,
    templated: bool = False,
) -> Iterator[Sink]:
    found = [keywords[name] for name in names if name in keywords] or node.args[:1]
    yield from (Sink(cell, value, role, templated) for value in found)


def _called(node: ast.Call) -> tuple[str, str]:
    """The name of what is called, and of the object it is an attribute of."""
    if isinstance(node.func, ast.Name):
        return node.func.id, ""
    if isinstance(node.func, ast.Attribute):
        owner = node.func.value
        return node.func.attr, owner.id if isinstance(owner, ast.Name) else getattr(owner, "attr", "")
    return "", ""


def _ends_with(node: ast.Call, *owners: str) -> bool:
    return isinstance(node.func, ast.Attribute) and getattr(node.func.value, "attr", "") in owners
