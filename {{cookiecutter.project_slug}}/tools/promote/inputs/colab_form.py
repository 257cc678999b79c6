"""Reading Colab's form comments, `# @param ["a", "b"] {allow-input: true}`: the type, the choices and the bounds.

The comment a parameter keeps says the same in words, for nobody draws the form where a pipeline runs.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

MARK = re.compile(r"#\s*@param\b")
TYPES = {"string": "str", "date": "str", "markdown": "str", "number": "float", "integer": "int", "boolean": "bool"}
FIELD = re.compile(r"""['"]?([\w-]+)['"]?\s*:\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|[^,{}]+)""")


@dataclass(frozen=True)
class Form:
    """One field of a form. `type` is a Python type's name, empty when the form does not say; `words` is for people."""

    type: str
    words: str


def form_of(comment: str) -> Form | None:
    """The form in a comment; None when there is none."""
    mark = MARK.search(comment)
    if mark is None:
        return None
    before, rest = comment[: mark.start()].strip("# \t"), comment[mark.end() :].strip()
    choices, rest = _choices(rest)
    fields, rest = _fields(rest)
    said = [before, _choice_words(choices, fields), _bounds(fields), fields.get("label", ""), _trailing(rest)]
    return Form(_type(choices, fields), "; ".join(part for part in said if part))


def _choices(text: str) -> tuple[list[object], str]:
    """The list a form starts with, and what stands behind it."""
    if not text.startswith("["):
        return [], text
    for end in (match.end() for match in re.finditer(r"\]", text)):
        try:
            found = ast.literal_eval(text[:end])
        except (ValueError, SyntaxError):
            continue
        return list(found), text[end:].strip()
    return [], text


def _fields(text: str) -> tuple[dict[str, str], str]:
    """The settings in braces, as texts, and what stands behind them."""
    match = re.match(r"\{[^}]*\}", text)
    if match is None:
        return {}, text
    fields = {name: value.strip().strip("\"'") for name, value in FIELD.findall(match.group())}
    return fields, text[match.end() :].strip()


def _type(choices: list[object], fields: dict[str, str]) -> str:
    if fields.get("type") == "slider":
        whole = all(re.fullmatch(r"-?[0-9]+", fields.get(key, "0")) for key in ("min", "max", "step"))
        return "int" if whole else "float"
    kinds = {type(choice).__name__ for choice in choices}
    return TYPES.get(fields.get("type", ""), kinds.pop() if len(kinds) == 1 else "")


def _choice_words(choices: list[object], fields: dict[str, str]) -> str:
    if not choices:
        return ""
    words = "such as" if fields.get("allow-input", "").lower() == "true" else "one of"
    return f"{words} {', '.join(str(choice) for choice in choices)}"


def _bounds(fields: dict[str, str]) -> str:
    low, high, step = (fields.get(key, "") for key in ("min", "max", "step"))
    words = [f"from {low}" if low else "", f"to {high}" if high else "", f"in steps of {step}" if step else ""]
    return " ".join(word for word in words if word)


def _trailing(text: str) -> str:
    said = text.strip(",; \t").removeprefix("#").strip()
    return "" if re.match(r"(fmt|type|noqa|pylint|ruff)\b", said) else said
