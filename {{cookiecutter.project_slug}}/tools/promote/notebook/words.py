"""Names for steps, prompts and inputs, made of the notebook's own words."""

from __future__ import annotations

import ast
import hashlib
import keyword
import re
import unicodedata
from collections.abc import Sequence

# Words that say that a text is a prompt and nothing about which one.
GENERIC = {
    "prompt", "prompts", "template", "templates", "tmpl", "message", "messages", "msg", "msgs", "content", "contents",
    "text", "str", "string", "response", "completion", "result", "output", "my", "the", "const", "default", "self",
    "resp", "res", "r", "stream", "chat", "chain", "llm", "agent", "model", "client", "out", "x", "df", "data", "ret",
    "payload", "body", "config", "configuration", "params", "kwargs", "request", "req", "args", "options", "settings",
}  # fmt: skip
# Who speaks says nothing about what is said.
SPEAKERS = {"system", "sys", "user", "human", "assistant", "ai"}
# Words of a heading that say nothing about the prompt under it.
FILLING = {
    "a", "an", "and", "as", "at", "by", "for", "from", "how", "in", "is", "it", "its", "of", "on", "or", "our", "s",
    "t", "that", "this", "to", "use", "using", "via", "we", "with", "you", "your", "let", "now", "some", "step", "part",
    "run", "example", "examples", "define", "create", "test", "try", "set", "up", "setup", "get", "started", "section",
    "1st", "user", "optional", "first", "next", "llms", "code", "function", "call", "notebook", "cell", "second",
    "welcome", "lab", "week", "day", "exercise", "exercises", "congratulations", "introduction", "ejemplo", "ejercicio",
    "de", "del", "el", "la", "los", "las", "un", "una", "en", "y", "con", "para", "por", "exemple", "exercice", "le",
    "les", "des", "du", "et", "pour", "avec", "beispiel", "der", "die", "das", "und", "mit", "fur", "ein", "eine",
}  # fmt: skip
# Words of a prompt that many prompts have.
COMMON = {
    "are", "act", "be", "please", "following", "given", "below", "above", "your", "task", "will", "would", "should",
    "can", "could", "i", "me", "want", "need", "have", "has", "had", "was", "were", "been", "do", "does", "did", "not",
    "no", "any", "all", "what", "which", "who", "when", "where", "why", "these", "those", "their", "them", "they", "he",
    "she", "his", "her", "there", "if", "then", "so", "than", "very", "just", "also", "only", "about", "into", "based",
    "come", "helpful", "assistant", "expert", "professional", "ai", "question", "answer", "context", "input",
    "here", "each",
    "provide", "give", "make", "sure", "must", "role", "system", "information", "related", "but", "un", "una", "el",
    "la", "los", "las", "de", "del", "en", "que", "y", "o", "por", "para", "con", "es", "eres", "le", "les", "des",
    "du", "et", "tu", "vous", "der", "die", "das", "ein", "eine", "und", "sie", "bist", "ist", "um", "e", "os", "da",
}  # fmt: skip
HEADING_WORDS = 4
TEXT_WORDS = 3
BEGINNING = 400  # characters of a prompt that are looked at for words
RESERVED_INPUTS = {"task", "self"}
LONGEST = 60
SHORTEST_STEP = 12  # what is left of a notebook's name in those of its prompts


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
        name = f"{numbered.group(2)[: LONGEST - len(numbered.group(1)) - 1].rstrip('_')}_{numbered.group(1)}"
    usable = name[0].isalpha() and not keyword.iskeyword(name)
    return (name if usable else f"notebook_{name}")[:LONGEST].rstrip("_")


def text_words(text: str) -> list[str]:
    """The first words of a prompt that tell it from others: `summarize`, `support`, `ticket`; Latin ones only."""
    own = re.sub(r"\{\{.*?\}\}|\{%.*?%\}|\{\w*\}|<[^>]*>|https?://\S+", " ", text[:BEGINNING], flags=re.DOTALL)
    words = (word for part in re.findall(r"[^\W\d_]+(?:['’]\w+)?", own) for word in [snake(re.split("['’]", part)[0])])
    telling = (w for w in words if len(w) > 1 and "_" not in w and w not in COMMON | GENERIC | FILLING)
    return list(dict.fromkeys(telling))[:TEXT_WORDS]


def task_names(
    step: str, function: str | None, variable: str | None, role: str, heading: str = "", text: str = ""
) -> list[str]:
    """Names for one prompt, best first: the next is for when another prompt has the one before.

    Function and variable come first, then with the words of the heading above, then with words of the prompt itself;
    the only system prompt of a notebook needs no more than that it is one.
    """
    said = text_words(text)
    first = task_name(step, function, variable, role, heading, said if role != "system" else ())
    own = "_".join(filter(None, (function, variable if variable and tells(variable) else None)))
    more = [f"{own}_{words}" if own else words for words in (_heading_words(step, heading), "_".join(said)) if words]
    return list(dict.fromkeys([first, *(task_name(step, None, name, role) for name in more)]))


def tells(name: str) -> bool:
    """Whether a name says more than that it is a prompt and who speaks."""
    return any(word not in GENERIC | SPEAKERS for word in snake(name).split("_"))


def _heading_words(step: str, heading: str) -> str:
    known = {*snake(step).split("_"), *GENERIC, *FILLING}
    told = [word for word in snake(heading).split("_") if word and word not in known and not word.isdigit()]
    return "_".join(list(dict.fromkeys(told))[:HEADING_WORDS])


def task_name(
    step: str, function: str | None, variable: str | None, role: str, heading: str = "", said: Sequence[str] = ()
) -> str:
    """The task's name: step, function, what the variable's name adds, and `system` for a system prompt.

    Where neither says anything, the words of the heading above do, and without one those of the prompt (`said`).
    """
    words = [w for w in snake(function or "").split("_") if w]
    for word in snake(variable or "").split("_"):
        if role == "system" and word == "sys":
            continue  # the role says it
        if word and word not in GENERIC and word not in words:
            words.append(word)
    if not words:
        words = [word for word in _heading_words(step, heading).split("_") if word] or list(said)
    if not words:
        words = [role]
    elif role == "system" and "system" not in words:
        words.append("system")
    name = "_".join(words)
    name = name if name.startswith(f"{step}_") else f"{step}_{name}"
    return name if len(name) <= LONGEST + 10 else _shortened(step, name)


def _shortened(step: str, name: str) -> str:
    """Of a name that is too long the notebook's part gives way, for the rest tells its prompts apart."""
    own = name.removeprefix(f"{step}_")
    room = LONGEST + 10 - len(own) - 1
    begun = step[:room].rpartition("_")[0] if room >= SHORTEST_STEP else ""
    return f"{begun}_{own}" if begun else name[: LONGEST + 10].rpartition("_")[0]


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
        if isinstance(node.slice, ast.Constant) and isinstance(node.slice.value, str | int):
            words.append(str(node.slice.value))
    elif isinstance(node, ast.Call):
        inner = node.func.value if isinstance(node.func, ast.Attribute) and not node.args else None
        chosen = inner or next((a for a in node.args if not isinstance(a, ast.Constant | ast.GeneratorExp)), None)
        _name_words(chosen if chosen is not None else node.func, words)
    elif isinstance(node, ast.BinOp):
        _name_words(node.left, words)
