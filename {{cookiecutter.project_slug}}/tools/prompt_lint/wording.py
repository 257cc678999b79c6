"""What reads like an instruction to a model, in several languages.

`strong` is wording that hardly occurs elsewhere ("You are a helpful ...", "Answer using only the context below");
`weak` is an imperative opening or a placeholder, which counts only beside other evidence.
"""

from __future__ import annotations

import re
from functools import cache

from tools.prompt_lint.wording_english import ENGLISH, ROLES_GIVEN, Table
from tools.prompt_lint.wording_languages import LANGUAGES

_IMPERATIVE = re.compile(
    r"\s*(?:[#*>\-\d.)\s]*)(?:please |now |then |can you |could you |help me |let'?s |first,? )?(?:summari[sz]e|"
    r"translate|write|"
    r"rewrite|generate|extract|classify|explain|describe|list|create|given|answer|identify|analy[sz]e|compare|"
    r"provide|tell|"
    r"suggest|act|compose|draft|convert|determine|evaluate|find|give|make|respond|reply|return|output|produce|think|"
    r"imagine|"
    r"consider|read|review|plan|research|design|build|develop|solve|calculate|predict|paraphrase|rephrase|correct|"
    r"fix|improve|"
    r"categori[sz]e|complete|continue|"
    r"crawl|gather|investigate|decide|discuss|choose|select|use|based on|perform|recommend|rank|rate|score|"
    r"grade|"
    r"judge|check|verify|examine|assess|follow|ensure|convert|outline|brainstorm|teach|show|search|ask|help|keep|"
    r"do not|"
    r"don't|be |label|tag|detect|parse|reformat|simplify|expand|shorten|condense|assume|pretend|speak|interpret|"
    r"merge|combine|"
    r"organize|prepare|formulate|break down|synthesize|report|focus|avoid|always|never|only|put|state|what|how|why|"
    r"who|which|"
    r"when|where|is|are|does|do|should|i want|i need|i'm|i am)\b",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"\{\{?\s*[A-Za-z_][\w.\[\]'\"]*\s*(?:\|[^{}]*)?\}?\}|<<?[A-Za-z_ ]{3,40}>>?|\{\}|%\(\w+\)s|\{%"
)
_NAMED_PLACEHOLDER = re.compile(r"\{\{?\s*[A-Za-z_]\w*\s*\}?\}|%\([A-Za-z_]\w*\)s")
_TARGETED = re.compile(
    r"\b(?:following|below|above|sentence|paragraph|bullet|concise|json|format|question|answer|context|text|word|"
    r"summary|"
    r"user|customer|response|output|input|example|instructions?|step|tone|style)\b",
    re.IGNORECASE,
)


_READ = 3_000


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    """Compiled when a hint is met for the first time: most runs meet few of them."""
    return re.compile(expression, re.IGNORECASE | re.DOTALL)


def _with_ascii(table: Table) -> Table:
    reduced = ((tuple(hint for hint in hints if hint.isascii()), expression) for hints, expression in table)
    return tuple((hints, expression) for hints, expression in reduced if hints)


_LANGUAGES_IN_ASCII = _with_ascii(LANGUAGES)
"""What of the table can be met in a text without letters beyond ASCII: most texts are looked at with this."""


def _foreign_hits(low: str) -> int:
    return _hits(_LANGUAGES_IN_ASCII if low.isascii() else LANGUAGES, low)


def strong(text: str) -> int:
    """How many kinds of prompt wording the first 3,000 characters show."""
    text = text[:_READ]
    low = text.lower()
    count = _hits(ENGLISH, low)
    return count or _foreign_hits(low)


def _hits(table: Table, low: str) -> int:
    count = 0
    for hints, expression in table:
        for hint in hints:
            if hint in low:
                count += _compiled(expression).search(low) is not None
                break
    return count


def opens_with_role(text: str) -> bool:
    """True for "You are a ...", "Act as ..." and their like, in any of the languages."""
    low = text[:_READ].lower()
    return _hits(ROLES_GIVEN, low) > 0 or _foreign_hits(low) > 0


def weak(text: str) -> bool:
    """True for an imperative or a question at the start, a placeholder, or talk of a format to answer in."""
    if _IMPERATIVE.match(text) or _PLACEHOLDER.search(text[:_READ]):
        return True
    return len({word.lower() for word in _TARGETED.findall(text[:_READ])}) >= 2


def imperative(text: str) -> bool:
    """True for a text that opens with an order or a question."""
    return _IMPERATIVE.match(text) is not None


def openings() -> tuple[str, ...]:
    """Lower-case ASCII words of which one occurs in every ASCII text that opens with a role, for a look at a whole
    file."""
    return (
        "you are ", "you're ", "act as", "your task", "your job", "your role", "your goal", "pretend ", "imagine you",
        "du bist", "sie sind ein", "eres un", "tu tarea", "tu es un", "tu es le", "sua tarefa", "aja como", "sei un",
        "agisci come", "je bent een", "u bent een", "jouw taak", "sen bir", "anda adalah", "kamu adalah",
        "folgenden text", "siguiente texto", "texto siguiente", "seguinte texto", "texte suivant", "seguente testo",
        "testo seguente", "volgende tekst", "teks berikut",
    )  # fmt: skip


def foreign_hints() -> tuple[str, ...]:
    """The same for texts with letters beyond ASCII."""
    return tuple(dict.fromkeys(h for hints, _ in LANGUAGES for h in hints))


def foreign(text: str) -> bool:
    """True for prompt wording in another language than English."""
    return _foreign_hits(text[:_READ].lower()) > 0


def has_placeholder(text: str) -> bool:
    """True when the text has a hole to fill: `{x}`, `{{ x }}`, `%(x)s`, `<x>`."""
    return _PLACEHOLDER.search(text[:_READ]) is not None


def has_named_placeholder(text: str) -> bool:
    """True when the text has a hole with a name: `{question}`, `{{ question }}`, `%(question)s`."""
    return _NAMED_PLACEHOLDER.search(text[:_READ]) is not None


def without_placeholders(text: str) -> str:
    """What is left when the named holes are taken out."""
    return _NAMED_PLACEHOLDER.sub(" ", text[:_READ])
