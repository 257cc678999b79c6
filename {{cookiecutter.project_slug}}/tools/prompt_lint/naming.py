"""What a name says about the text it holds."""

from __future__ import annotations

import re
from functools import lru_cache

_STRONG = re.compile(
    r"prompt|instruct|sys(?:tem)?_?(?:msg|message|text|content|role|string)|few_?shot|preamble|backstory|persona\b|"
    r"^sys(?:tem)?$|^SYSTEM|jailbreak|prefix_turn|meta_?agent|guideline",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"template|tmpl|questions?$|quer(?:y|ies)$|^q\d*$|^task|_task|(?:user|human|input|ai)_?(?:msg|messages?|input|"
    r"text|query|"
    r"question|request)|messages?$|msgs?$|context|^role|goal|example|shots?$|description_for|criteri|rubric|eval|"
    r"judge|agent|"
    r"request|^text\d*$|^input\d*s?$|^content|suffix|prefix|format|rule|topic|scenario|conversation|chat",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"^(?!_*(?:process|run|build|make|get|rewrite|rephrase|parse|execute|handle|format|clean|expand|route|validate)_)"
    r"(?:\w*_)?(?:questions?|quer(?:y|ies))_?\d*$",
    re.IGNORECASE,
)
_NAME = re.compile(r"[\w -]+")
_ABOUT = re.compile(
    r"prompt(?:y|s)?_?(?:path|file|name|id|dir|key|url|uri|version|token|hash|label|title|type|len|count|cost|class|"
    r"toolkit|pattern|"
    r"regex|color|colour|style|char|symbol|msg|message)s?$|instructions?_?(?:path|file|name|id|url)$",
    re.IGNORECASE,
)


def strong(names: tuple[str, ...]) -> str:
    """The first name that says prompt or instruction, or an empty string."""
    return next((n for n in names[:4] if _says_prompt(n)), "")


@lru_cache(maxsize=8192)
def _says_prompt(name: str) -> bool:
    return len(name) < 60 and bool(_NAME.fullmatch(name) and _STRONG.search(name)) and not _ABOUT.search(name)


_SURE = re.compile(r"sys(?:tem)?_?prompt|system_?instruction|prompt_?template|llm_?prompt", re.IGNORECASE)


def sure(name: str) -> bool:
    """True for a strong name that no terminal's prompt has: `system_prompt`, `prompt_template`."""
    return _SURE.search(name) is not None


def question(names: tuple[str, ...]) -> str:
    """The name nearest to the text when it says question or query, or an empty string."""
    return next((n for n in names[:1] if len(n) < 60 and _QUESTION.search(n)), "")


def weak(names: tuple[str, ...]) -> str:
    """The first name that may belong to something sent to a model, or an empty string."""
    return next((n for n in names[:2] if len(n) < 60 and _WEAK.search(n)), "")
