"""The expressions a text expression is made of, and the role each is sent in: lists, messages, bodies, choices.

By form alone; names and calls are followed by the dataflow.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.prompt_lint.facts import Call, Function
from tools.prompt_lint.sinks import BODY_KEYS, BODY_MESSAGE_KEYS, BODY_SYSTEM_KEYS, INPUT_KEYS, ROLES

BREADTH = 24
"""How many values of one name, or of one container, are looked at."""
CARRIES_RECEIVER = frozenset(
    {
        "format", "format_map", "substitute", "safe_substitute", "replace", "strip", "lstrip", "rstrip", "render",
        "partial",
        "format_messages", "format_prompt", "to_messages", "to_string", "encode", "invoke", "copy", "dedent", "join",
        "get",
        "expandtabs", "lower", "upper", "pop", "items", "values", "splitlines", "split", "keys", "model_dump", "tolist",
    }
)  # fmt: skip
CARRIES_ARGUMENTS = frozenset(
    {
        "dedent", "cleandoc", "str", "Template", "list", "tuple", "dict", "dumps", "deepcopy", "copy", "enumerate",
        "zip",
        "reversed", "sorted", "Markdown", "Series", "DataFrame", "cycle", "chain", "Content", "UserContent",
        "ModelContent",
        "Part", "from_text", "set", "array", "unescape", "tqdm", "gather", "encode", "Text", "run", "from_messages",
        "PromptTemplate", "from_template", "TextPart", "ContentPart", "TextBlock", "TextContent", "bytes",
    }
)  # fmt: skip
"""Calls that give back the text of their receiver, or of their arguments, with more or less done to it."""
TURNS = ("messages", "contents", "parts", "content", "history", "turns")


def inside(node: ast.expr, role: str) -> Iterator[tuple[ast.expr, str]]:
    """The expressions an expression is made of, with the role each is sent in."""
    if isinstance(node, ast.List | ast.Tuple | ast.Set):
        named = role_pair(node)
        if named is not None:
            if named[1]:
                yield named
            return
        for item in node.elts[:400]:
            yield item, role
    elif isinstance(node, ast.Dict):
        yield from _inside_dict(node, role)
    elif isinstance(node, ast.IfExp):
        yield node.body, role
        yield node.orelse, role
    elif isinstance(node, ast.BoolOp):
        for item in node.values:
            yield item, role
    elif isinstance(node, ast.BinOp):
        yield node.left, role
        yield node.right, role
    elif isinstance(node, ast.Subscript):
        yield from _inside_subscript(node, role)
    elif isinstance(node, ast.Await | ast.Starred | ast.NamedExpr | ast.FormattedValue):
        yield node.value, role
    elif isinstance(node, ast.ListComp | ast.GeneratorExp | ast.SetComp):
        yield node.elt, role
    elif isinstance(node, ast.Lambda):
        yield node.body, role


def selected(container: ast.expr | None, key: ast.expr) -> list[ast.expr]:
    """What `container[key]` may be: the value of a literal key, else any value."""
    if container is None:
        return []
    if not isinstance(container, ast.Dict):
        return [container]
    wanted = key.value if isinstance(key, ast.Constant) else None
    exact = [v for k, v in keyed(container).items() if k == wanted]
    return exact or (container.values[:BREADTH] if wanted is None else [])


def _inside_subscript(node: ast.Subscript, role: str) -> Iterator[tuple[ast.expr, str]]:
    key = node.slice.value if isinstance(node.slice, ast.Constant) else None
    if isinstance(node.value, ast.Dict) and isinstance(key, str):
        value = keyed(node.value).get(key)
        if value is not None:
            yield value, role
        return
    yield node.value, role


def _inside_dict(node: ast.Dict, role: str) -> Iterator[tuple[ast.expr, str]]:
    pairs = keyed(node)
    if "role" in pairs or "from" in pairs:
        return
    if role == "body":
        for key, value in pairs.items():
            if key in BODY_SYSTEM_KEYS:
                yield value, "system"
            elif key == "prompt":
                yield value, "user"
            elif key in BODY_KEYS or key in BODY_MESSAGE_KEYS:
                yield value, "body"
        return
    if role == "few-shot":
        for value in node.values:
            yield value, role
        return
    if "type" in pairs and "text" in pairs:
        yield pairs["text"], role
        return
    for key, value in pairs.items():
        if key in TURNS or (key == "text" and len(pairs) <= 3):
            yield value, role
        elif key in INPUT_KEYS:
            yield value, role if role in ("system", "template") else "input"
        elif isinstance(value, ast.Dict):
            yield value, "input"
    if not any(pairs) and len(node.values) <= 40:
        for value in node.values:
            yield value, role


def role_pair(node: ast.List | ast.Tuple | ast.Set) -> tuple[ast.expr, str] | None:
    """`("system", "...")` as (text, role); None when the sequence is no such pair."""
    if len(node.elts) != 2 or not isinstance(node.elts[0], ast.Constant):
        return None
    speaker = node.elts[0].value
    if isinstance(speaker, str) and speaker.lower() in ROLES:
        return node.elts[1], ROLES[speaker.lower()]
    return None


def keyed(node: ast.Dict) -> dict[str, ast.expr]:
    return {
        key.value: value
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }


def argument(call: Call, function: Function, parameter: str) -> ast.expr | None:
    """What a call of a function of this file passes for one of its parameters; None when nobody can tell."""
    for keyword in call.node.keywords:
        if keyword.arg == parameter:
            return keyword.value
    parameters = function.parameters
    if function.owner and parameters[:1] in (["self"], ["cls"]):
        parameters = parameters[1:]
    if parameter in parameters:
        position = parameters.index(parameter)
        if position < len(call.node.args) and not any(
            isinstance(a, ast.Starred) for a in call.node.args[: position + 1]
        ):
            return call.node.args[position]
    return None
