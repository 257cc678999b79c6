"""Names for steps, prompts and inputs, made of the notebook's own words."""

from __future__ import annotations

import ast
import hashlib
import keyword
import re
import unicodedata

# Words that say that a text is a prompt and nothing about which one.
GENERIC = {
    "prompt", "prompts", "template", "templates", "tmpl", "message", "messages", "msg", "msgs", "content", "contents",
    "text", "str", "string", "response", "completion", "result", "output", "my", "the", "const", "default", "self",
    "resp", "res", "r", "stream", "chat", "chain", "llm", "agent", "model", "client", "out", "x", "df", "data", "ret",
    "payload", "body", "config", "configuration", "params", "kwargs", "request", "req", "args", "options", "settings",
}  # fmt: skip
# Words of a heading that say nothing about the prompt under it.
FILLING = {
    "a", "an", "and", "as", "at", "by", "for", "from", "how", "in", "is", "it", "its", "of", "on", "or", "our", "s",
    "t", "that", "this", "to", "use", "using", "via", "we", "with", "you", "your", "let", "now", "some", "step", "part",
    "run", "example", "examples", "define", "create", "test", "try", "set", "up", "setup", "get", "started", "section",
    "1st", "user", "optional", "first", "next", "llms", "code", "function", "call", "notebook", "cell",
}  # fmt: skip
HEADING_WORDS = 4
RESERVED_INPUTS = {"task", "self"}
LONGEST = 60


def snake(text: str) -> str:
    """`Support PoC (v2)` as `support_poc_v2`; empty when no Latin letter or digit is left."""
    plain = unicodedata.normalize("NFKD", text.replace("ß", "ss")).encode("ascii", "ignore").decode()
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z][a-z])|(?<=[a-z]{2})(?=[A-Z])", "_", plain)
    return re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")


def step_name(stem: str) -> str:
    """The step's name for a notebook's file name: a letter first, letters, digits and `_` only, no word of Python."""
    name = snake(stem)
    if not name:
        return f"notebook_{hashlib.sha256(stem.encode('utf-8', 'surrogatepass')).hexdigest()[:6]}"
    numbered = re.fullmatch(r"([0-9_]+?)_+([a-z].*)", name)
    if numbered:  # `01_intro` stands in an order; a name of Python begins with a letter
        name = f"{numbered.group(2)[: LONGEST - len(numbered.group(1)) - 1]}_{numbered.group(1)}"
    usable = name[0].isalpha() and not keyword.iskeyword(name)
    return (name if usable else f"notebook_{name}")[:LONGEST].rstrip("_")


def task_name(step: str, function: str | None, variable: str | None, role: str, heading: str = "") -> str:
    """The task's name: step, function, what the variable's name adds, and `system` for a system prompt.

    Where neither says anything, the words of the heading above do.
    """
    words = [w for w in snake(function or "").split("_") if w]
    for word in snake(variable or "").split("_"):
        if word and word not in GENERIC and word not in words:
            words.append(word)
    if not words:
        known = {*snake(step).split("_"), *GENERIC, *FILLING}
        told = [word for word in snake(heading).split("_") if word and word not in known and not word.isdigit()]
        words = list(dict.fromkeys(told))[:HEADING_WORDS]
    if not words:
        words = [role]
    elif role == "system" and "system" not in words:
        words.append("system")
    name = "_".join(words)
    name = name if name.startswith(f"{step}_") else f"{step}_{name}"
    return name if len(name) <= LONGEST + 10 else name[: LONGEST + 10].rpartition("_")[0]


def input_name(expression: ast.expr, taken: set[str]) -> str:
    """A name for an input, from the names in its expression: `row["body"]` gives `row_body`."""
    words: list[str] = []
    _name_words(expression, words)
    name = snake("_".join(words[-3:])) or "value"
    if not name[0].isalpha():
        name = f"value_{name}"
    if name in RESERVED_INPUTS or keyword.iskeyword(name):
        name = f"{name}_value"
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}_{number}", number + 1
    return candidate


def _name_words(node: ast.expr, words: list[str]) -> None:
    if isinstance(node, ast.Name):
        words.append(node.id)
    elif isinstance(node, ast.Attribute):
        _name_words(node.value, words)
        words.append(node.attr)
    elif isinstance(node, ast.Subscript):
        _name_words(node.value, words)
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str):
            words.append(node.slice.value)
    elif isinstance(node, ast.Call):
        inner = node.func.value if isinstance(node.func, ast.Attribute) and not node.args else None
        chosen = inner or next((a for a in node.args if not isinstance(a, ast.Constant | ast.GeneratorExp)), None)
        _name_words(chosen if chosen is not None else node.func, words)
    elif isinstance(node, ast.BinOp):
        _name_words(node.left, words)
