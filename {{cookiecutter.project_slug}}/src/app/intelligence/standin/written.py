"""What a text holds of dates, numbers, names, addresses and sums, for values asked for by format or by name."""

from __future__ import annotations

import re
from collections.abc import Callable

from app.intelligence.standin.similarity import name_words

NUMBER = re.compile(r"(?<![\w.])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!\w)|(?<![\w.])-?\d+(?:\.\d+)?(?![\w-])")
ANY_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
# Signs between numbers; dates, ranges and telephone numbers have theirs without spaces. Numbers and addresses have a
# length, so that no text takes long to search.
SUM = re.compile(
    r"(?<![\d/-])(?:[-(]\s*){0,8}\d[\d.,]{0,40}"
    r"(?:(?:\s*(?:\*\*|//|[+*^%×÷]|/(?!\d+/))|\s+[-x]\s)[-(\s]*\d[\d.,]{0,40}(?:\s*\))*)+"
)
IDENTIFIER = re.compile(r"\b(?=[A-Z0-9-]*\d)[A-Z0-9][A-Z0-9-]{2,}\b")
DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
# Dates in words, the year last: `March 5th, 2027`, `5 March 2027`.
SPOKEN = (
    re.compile(rf"\b{_MONTH}\s+(?P<day>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<year>\d{{4}})\b", re.IGNORECASE),
    re.compile(rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTH},?\s+(?P<year>\d{{4}})\b", re.IGNORECASE),
)
TIME = re.compile(r"\b\d{1,2}:\d{2}(?::\d{2})?\b")
MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]+\.[\w.-]+\w")
URL = re.compile(r"https?://[^\s\"'<>)\]]+")
FILE = re.compile(
    r"(?<![\w/])[\w./~-]*\w\.(?:py|txt|csv|tsv|jsonl?|md|pdf|html?|xml|ya?ml|docx?|xlsx?|png|jpe?g|db|sqlite|sql|log)\b"
)
# Words in capitals that follow each other, not at the beginning of a sentence unless nothing else is there.
PROPER = re.compile(
    r"(?<![.!?]\s)(?<!^)(?<!<)\b[A-Z][\w'’-]*(?:(?:\s+(?:of|de|da|la|von|van)\s+|\s+|,\s+)[A-Z][\w'’-]*)*"
)
NAMED = re.compile(r"\s*[A-Z][\w'’-]*(?:\s+[A-Z][\w'’-]*)*")
LAST_WORD = re.compile(r"\b(?:in|for|at|of|from|to)\s+([a-z][\w-]+)\W*$")

_IDENTIFIERS = {"id", "number", "code", "ref", "reference", "order", "invoice"}
_NAME_WORDS = """
city location place country state region town destination origin name person author artist company airport customer
user product title ticker stock
"""
_NAMES = set(_NAME_WORDS.split())
_SUMS = {"expression", "equation", "formula", "calculation"}
_FIRST_DAY = "2024-01-01"
_PLAIN = {
    "date": _FIRST_DAY,
    "date-time": f"{_FIRST_DAY}T00:00:00Z",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "idn-email": "someone@example.com",
    "hostname": "example.com",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uri-reference": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
}
# Forms that people write where JSON Schema has names.
_SPELLED = {"YYYY-MM-DD": "date", "%Y-%M-%D": "date", "HH:MM": "time", "HH:MM:SS": "time"}
_WRITTEN = {"date": DATE, "time": TIME, "email": MAIL, "uri": URL, "url": URL}


def numbers_in(text: str) -> list[float]:
    """The numbers that stand alone, in order; the first inside a word where there are none."""
    alone = [float(found.replace(",", "")) for found in NUMBER.findall(text)]
    return alone or [float(found) for found in ANY_NUMBER.findall(text)[:1]]


def in_format(form: str, text: str) -> str | None:
    """A value of a format of JSON Schema: the text's own, else the plainest; None for a format that is not known."""
    form = _SPELLED.get(form.upper(), form)
    if form not in _PLAIN:
        return None
    found = _WRITTEN[form].search(text) if form in _WRITTEN else None
    return found[0] if found else _PLAIN[form]


def named_in(text: str, name: str) -> str:
    """What the text holds of the kind that a field's name tells, first right behind that word; empty for nothing."""
    words = set(name_words(name))
    for wanted, find in _FINDERS:
        if words & wanted:
            behind = [text[m.end() :] for word in sorted(words) for m in re.finditer(rf"(?i)\b{word}\b\W", text)]
            if said := next((near for rest in behind if (near := _beginning(find, rest))), "") or find(text):
                return said
    return ""


def _found(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def find(subject: str) -> str:
        match = pattern.search(subject)
        return match[0].strip() if match else ""

    return find


def _beginning(find: Callable[[str], str], rest: str) -> str:
    """What is found right behind the word that names it: `customer C-1007`."""
    near = NAMED.match(rest)
    return find(f"- {near[0]}") if near else ""


def _proper(subject: str) -> str:
    """The longest run of words in capitals: a name, if there is one; else a last word such as `in tokyo`."""
    names = [re.sub(r"['’]s?$", "", found.strip(" ,")) for found in PROPER.findall(subject)]
    last = LAST_WORD.search(subject)
    return max((name for name in names if name != "I"), key=len, default=last[1] if last else "")


def _date(subject: str) -> str:
    """A date as ISO 8601 writes it, also of one that is written in words."""
    if written := DATE.search(subject):
        return written[0]
    spoken = next((found for rule in SPOKEN if (found := rule.search(subject))), None)
    if spoken is None:
        return ""
    return f"{spoken['year']}-{_MONTHS.index(spoken['month'].lower()) + 1:02}-{int(spoken['day']):02}"


def _sum(subject: str) -> str:
    """Arithmetic as Python writes it."""
    found = max(SUM.findall(subject), key=len, default="").strip()
    plain = re.sub(r"(?<=\d),(?=\d{3})", "", found).translate(str.maketrans("x×÷", "**/")).replace("^", "**")
    return plain.strip(" ,.")


def _identifier(subject: str) -> str:
    found = IDENTIFIER.search(subject)
    return found[0] if found else ""


_FINDERS: tuple[tuple[set[str], Callable[[str], str]], ...] = (
    (_SUMS, _sum),
    ({"email", "mail"}, _found(MAIL)),
    ({"url", "link", "website"}, _found(URL)),
    ({"file", "filename", "filepath", "path"}, _found(FILE)),
    ({"date", "day"}, _date),
    ({"time"}, _found(TIME)),
    (_IDENTIFIERS, _identifier),
    (_NAMES, _proper),
)
