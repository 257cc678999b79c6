"""Replies in lines, where a prompt says how: fields such as `Score: ...`, a list, a letter, a verdict, a number."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from app.intelligence.standin.reading import Reading
from app.intelligence.standin.skills import classify
from app.intelligence.standin.verdicts import favourable
from app.intelligence.standin.written import named_in, numbers_in

_TELL = (
    r"(?:respond|reply|return|output|answer|say|provide|give|write|generate|list|create|produce|suggest|state"
    r"|print|use)"
)
# Where the fields begin that a reply is to have, a line each.
SHOWN = re.compile(
    r"\b(?:format|structure|template|layout|like this|as follows|in this form|the following)\b[^\n]{0,80}:[^\S\n]*\n+",
    re.IGNORECASE,
)
FIELD = re.compile(
    r"^[^\S\n]*(?P<mark>[-*#>\d.)( ]{0,6}\**)(?P<name>[A-Z][\w /'-]{0,40}?)(?P<colon>\**:\**)[^\S\n]*"
    r"(?P<value>.{0,300})$"
)
# What stands where a value is to come.
PLACEHOLDER = re.compile(
    r"\s*(?:[<\[{(].*[>\]})][.,]?|\.\.\.|…|_+|(?:your|the|a|an|any|one|list|brief|short|why|what|how|is"
    r"|whether)\b.*|.*\bhere)?\s*",
    re.IGNORECASE,
)
BRACKETED = re.compile(r"\s*[<\[{].*[>\]}][.,]?\s*")
NUMERIC = re.compile(
    r"\b(?:score|rating|number|integer|digit|percent(?:age)?|points?|confidence)\b|\b\d+\s*(?:-|–|to)\s*\d+\b",
    re.IGNORECASE,
)
SPAN = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s*(?:-|–|/|to|and|through)\s*(\d+(?:\.\d+)?)(?!\w|\.\d)", re.IGNORECASE)
OPTIONS = re.compile(r"[\s<\[({\"']*([\w -]{1,30}(?:\s*(?:\||/|,|\bor\b)\s*(?:or\s+)?[\w -]{1,30})+)[\s>\])}\"'.]*")
LONGEST_VALUE = 200
LONGEST_FORMAT = 4_000
MOST_FORMATS = 20

SCORED = re.compile(
    rf"\b(?:{_TELL}|rate|score|assign|grade|evaluate)\b[^.\n]{{0,60}}\b(?:number|integer|score|rating|grade"
    rf"|float|value|scale)\b"
    r"[^.\n]{0,40}?\b(?:between|from|of|ranging from|in the range(?: of)?)\s+(?P<low>\d+(?:\.\d+)?)\s*(?:to"
    r"|and|-|–)\s*(?P<high>\d+(?:\.\d+)?)",
    re.IGNORECASE,
)
EXPLAINED = re.compile(
    r"\b(?:explain|explanation|reason(?:ing)?|justif\w+|why|feedback|because|comments?|critique)\b", re.IGNORECASE
)
VERDICT = re.compile(
    rf"\b(?:{_TELL}|choose)\b[^.\n]{{0,40}}?\W(?P<one>yes|true)\W{{0,2}}\s*(?:or|/|\|)\s*\W{{0,2}}(?P<other>no"
    rf"|false)\b",
    re.IGNORECASE,
)
# A piece of the question that is wanted alone.
EXTRACTED = re.compile(
    r"\b(?:extract|return|output|identify|find|give|reply with|respond with)\b[^.\n]{0,60}?"
    r"\b(?P<kind>file ?names?|e-?mail|url|link|date|city|location|country|company)\b",
    re.IGNORECASE,
)
# Marks by which programs find an answer in a reply.
RATED = re.compile(r"(?:\b(?P<word>[A-Z]\w+):\s*)?\[\[(?:rating|score|verdict|\d+|(?P<letter>[A-C]))\]\]")
BOXED = re.compile(r"\\boxed\s*\{")
HASHED = re.compile(
    r"\b(?:answer|result|number)\b[^.\n]{0,60}####|####[^\n]{0,40}\b(?:answer|result"
    r"|number)\b",
    re.IGNORECASE,
)
LETTER = re.compile(r"\b(?:letter|options?|choices?|multiple[- ]choice)\b|\bA\s*,\s*B\s*,?", re.IGNORECASE)
CHOICE = re.compile(r"^[^\S\n]*[(\[]?(?P<letter>[A-H])[).\]:][^\S\n]+(?P<text>\S.{0,300})$", re.MULTILINE)

_NUMBERS = {"two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10}
COUNT_WORD = rf"\b(?P<count>[2-9]|1\d|20|{'|'.join(_NUMBERS)})\b"
COUNT = re.compile(rf"{COUNT_WORD}(?!\s*(?:words?|sentences?|paragraphs?|lines|stars|years?|%))", re.IGNORECASE)
LISTING = re.compile(rf"\b(?:{_TELL}|brainstorm|propose|come up with|extract|identify)\b[^.\n]{{0,80}}", re.IGNORECASE)
A_LINE_EACH = re.compile(
    r"\b(?:one|each|every)\b[^.\n]{0,30}\b(?:per|on (?:a|its own|separate)|to a)\b[^.\n]{0,12}\blines?\b"
    r"|\bseparate lines\b"
    r"|\b(?:separated?|delimited) (?:by|with) (?:a )?new\s?lines?\b|\bnew\s?line[- ]separated\b",
    re.IGNORECASE,
)
NUMBERED = re.compile(
    r"\bnumbered list\b|\bnumbered\s+1[.)]|\bnumber(?:ed)?\s+(?:them|each|from|the)\b"
    r"|\bas a list numbered\b",
    re.IGNORECASE,
)
PYTHON_LIST = re.compile(r"\bpython list\b|\blist of strings\b|\bvalid python\b[^.\n]{0,20}\blist\b", re.IGNORECASE)
MOST_ITEMS = 20
TOPIC = re.compile(
    r"\b(?:about|regarding|related to|on the topic of|concerning)\b:?\s*(\w[^\n]*?)(?:[.?!](?:\s|$)|$)",
    re.IGNORECASE | re.MULTILINE,
)


def as_lines(told: str, question: Reading) -> str | None:
    """The reply as the list, the letter, the verdict or the number that the prompt wants; None when it wants none."""
    if question.sources:
        return None
    if PYTHON_LIST.search(told):
        return str(items(told, question))
    if A_LINE_EACH.search(told):
        return "\n".join(items(told, question))
    if NUMBERED.search(told):
        return "\n".join(f"{number}. {item}" for number, item in enumerate(items(told, question), 1))
    if (found := EXTRACTED.search(told)) and question.bare and not question.labels:
        kind = re.sub(r"\W", "", found["kind"].lower()).replace("names", "name")
        if value := named_in(question.subject, kind):
            return value
    if LETTER.search(told) and (letter := _letter(told, question)):
        return letter
    return _verdict(told)


def items(told: str, question: Reading, otherwise: int = 3) -> list[str]:
    """As many texts as the prompt names, else as many as are told, all about the question."""
    listed = (COUNT.search(asked[0]) for asked in LISTING.finditer(told))
    found = next((count["count"].lower() for count in listed if count), str(otherwise))
    count = _NUMBERS.get(found) or int(found)
    topic = TOPIC.search(question.subject)
    about = " ".join((topic[1] if topic else question.subject).split())[: question.longest or LONGEST_VALUE]
    return [about if number == 1 else f"{about} ({number})" for number in range(1, min(count, MOST_ITEMS) + 1)]


def counted(name: str, told: str) -> int | None:
    """How many of what a field is called after a text names: `3 short questions` for `questions`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name).strip().lower()
    if not spaced:
        return None
    stem = re.escape(spaced.removesuffix("s"))
    found = re.search(rf"(?i){COUNT_WORD}\s+(?:[\w-]+\s+){{0,3}}?{stem}s?\b", told)
    if found is None:
        return None
    said = found["count"].lower()
    return _NUMBERS.get(said) or int(said)


def as_fields(told: str, question: Reading, plain: str) -> str:
    """The lines of a format that is shown, with values in the place of what stands for them; empty for none."""
    for shown in islice(SHOWN.finditer(told), MOST_FORMATS):
        fields = list(_shown_fields(told[shown.end() : shown.end() + LONGEST_FORMAT]))
        if len(fields) > 1 or (fields and BRACKETED.fullmatch(fields[0]["value"])):
            begun = re.search(r"(?:^|\n)[^\S\n]*\W{0,4}([A-Z][\w /'-]{0,40}?)\W{0,2}:\W{0,2}\Z", told)
            names = [field["name"] for field in fields]
            start = names.index(begun[1]) if begun and begun[1] in names else -1
            lines = [
                f"{field['mark'].lstrip('#> ')}{field['name']}{field['colon']} {_value(field, told, question, plain)}"
                for field in fields[max(0, start) :]
            ]
            if start >= 0:
                lines[0] = lines[0].partition(":")[2].lstrip("* ")
            return "\n".join(lines)
    return ""


def _shown_fields(text: str) -> Iterator[re.Match[str]]:
    """The fields a format begins with: lines of a name and a placeholder; blank lines and fences are read over."""
    found, apart = 0, False
    for line in text.splitlines()[:60]:
        if not line.strip() or line.strip().startswith(("```", "---", "===")):
            apart = True
            continue
        field = FIELD.match(line)
        if field is None or not PLACEHOLDER.fullmatch(field["value"]):
            return
        if apart and found and not BRACKETED.fullmatch(field["value"]) and field["value"] not in ("...", "…"):
            return  # what stands apart from the format is what the prompt gives
        found, apart = found + 1, False
        yield field


def _value(field: re.Match[str], told: str, question: Reading, plain: str) -> str:
    value, name = field["value"], field["name"]
    if NUMERIC.search(f"{name} {value}"):
        return number_in(SPAN.search(value) or SPAN.search(told))
    if (options := OPTIONS.fullmatch(value)) and BRACKETED.fullmatch(value):
        listed = [one.strip() for one in re.split(r"\s*(?:\||/|,|\bor\b)\s*", options[1]) if one.strip()]
        decided = favourable(listed)
        return str(decided or classify(replace(question, labels=dict.fromkeys(listed, ""))))
    return named_in(question.subject, name) or " ".join(plain.split())[:LONGEST_VALUE]


def number_in(span: re.Match[str] | None) -> str:
    """The middle of a range, 1 where there is none."""
    if span is None:
        return "1"
    low, high = float(span[1]), float(span[2])
    middle = (low + high) / 2
    return str(round(middle)) if "." not in span[1] + span[2] and high - low >= 2 else f"{middle:g}"


def marked_answer(told: str, question: Reading, plain: str) -> str | None:
    """The answer behind the mark by which a program finds it: `[[5]]`, `\\boxed{5}`, `#### 5`; None for none."""
    if rating := RATED.search(told):
        best = "A" if rating["letter"] else number_in(SPAN.search(told))
        return f"{plain}\n\n{rating['word'] or 'Rating'}: [[{best}]]"
    found = numbers_in(question.subject)
    number = f"{found[-1]:g}" if found else "1"
    if BOXED.search(told):
        return f"{plain}\n\n\\boxed{{{number}}}"
    return f"{plain}\n#### {number}" if HASHED.search(told) else None


def _letter(told: str, question: Reading) -> str:
    """The letter before the choice that is most like the question; empty where no choices are listed."""
    choices = {found["letter"]: found["text"] for found in CHOICE.finditer(told)}
    if len(choices) < 2:
        return ""
    about = CHOICE.sub("", question.subject).strip() or question.subject
    return classify(replace(question, subject=about, labels=choices, examples=()))


def _verdict(told: str) -> str | None:
    """A number of the range that is named, or the favourable of two words, where the prompt wants no more than that."""
    if EXPLAINED.search(told):
        return None
    if scored := SCORED.search(told):
        return number_in(SPAN.search(f"{scored['low']} to {scored['high']}"))
    if verdict := VERDICT.search(told):
        return verdict["one"]
    return None
