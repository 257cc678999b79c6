"""Reading a prompt the way a careful stranger would: which labels, examples, sources and instructions does it give?

Only the form of the text is used. Nothing here knows any project's labels, documents or wording.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from app.intelligence.messages import Message
from app.intelligence.standin.verdicts import named_options

LABEL = r"[\w][\w /&'-]{0,38}"
BULLET = re.compile(rf"^\s*(?:[-*•]|\d+[.)])\s+[`\"'*]*({LABEL}?)[`\"'*]*\s*(?:(?::|—|–| - )\s*(.*))?$")
ANNOUNCED = re.compile(
    r"(?:labels?|categor(?:y|ies)|class(?:es)?|definitions|topics?|intents?|options?|one of|choose from|among)\b"
    r"[^:\n\[]{0,80}[:\[]",
    re.IGNORECASE,
)
INLINE = re.compile(
    r"(?:one of|labels?|categor(?:y|ies)|classes|topics|intents|options|values|choose from|among)\b[^:\n]{0,60}:\s*"
    r"([^\n.;]+(?:,|\bor\b|\||/)[^\n.;]+)",
    re.IGNORECASE,
)
ONE_OF = re.compile(
    r"\b(?:one of|either|as|with|among|into)\s+"
    r"([`\"']?[\w-]+[`\"']?(?:\s*,\s*[`\"']?[\w-]+[`\"']?)*\s*,?\s+or\s+[`\"']?[\w-]+[`\"']?)",
    re.IGNORECASE,
)
# Words in quotes that a sentence lists to choose from: route to `sql` or `docs`, 'spam' or 'ham'.
CHOOSING = re.compile(
    r"\b(?:classif\w*|categori[sz]\w*|label|sort|route|assign|decide|determine|choose|select|answer|respond"
    r"|reply|output|return)\b"
    r"[^.\n]*",
    re.IGNORECASE,
)
# Words to choose from on a line of their own: `code | math | general`.
PIPED = re.compile(rf"^[ \t]*({LABEL}(?:[ \t]*\|[ \t]*{LABEL})+)[ \t]*$", re.MULTILINE)
PY_LIST = re.compile(r"\[\s*(?:'[^'\n]+'|\"[^\"\n]+\")(?:\s*,\s*(?:'[^'\n]+'|\"[^\"\n]+\"))+\s*\]")
EXAMPLE_PAIR = re.compile(
    r"^(?P<in>[A-Z][\w ]{1,20}):[ \t]*(?P<text>\S.*(?:\n(?![A-Z][\w ]{1,20}:).+)*)\n"
    r"(?P<out>[A-Z][\w ]{1,20}):[ \t]*(?P<label>\S.*)$",
    re.MULTILINE,
)
ARROW = re.compile(
    r"^[ \t]*(?=\S)(?:[-*•]\s+)?[\"“]?(.{1,500}?)[\"”]?\s{0,20}(?:->|=>|→)\s*[`\"']?([\w /&'-]{1,40}?)[`\"']?\s*$",
    re.MULTILINE,
)
SOURCE = re.compile(r"^\[(\d{1,3})\][ \t]+(.*)$", re.MULTILINE)
TAGGED = re.compile(r"<(document|source|context|passage)\b[^>]*>(.*?)</\1>", re.DOTALL | re.IGNORECASE)
CONTEXT = re.compile(r"^(?:context|sources?|documents?|passages?)\s*:\s*\n", re.IGNORECASE | re.MULTILINE)
LAST_FIELD = re.compile(
    r"^(?:#+\s*)?(?:question|query|ticket|message|text|input|email|review|comment|case|customer|user)"
    r"\s*[\w ]{0,20}:[ \t]*",
    re.IGNORECASE | re.MULTILINE,
)
# A prompt in sections under marks such as `<< INPUT >>`, and the one that holds what it is about.
SECTION = re.compile(r"^<<[ \t]*(?P<name>[A-Z][A-Za-z ]{0,30}?)[ \t]*(?:\([^\n]*\))?[ \t]*>>[ \t]*$", re.MULTILINE)
ABOUT = ("INPUT", "QUESTION", "QUERY", "USER INPUT", "USER QUERY")
OPENING = re.compile(r"\"\"\"|'''|```|<(\w+)>")
# Behind it stands the form of the reply, not what it is about.
FORM_SHOWN = re.compile(r"\bformat\b[^<`\n]{0,40}:\s*\Z", re.IGNORECASE)
TRAILING_FIELD = re.compile(
    r"\n[ \t]*(?:label|category|answer|output|response|result)\s{0,20}:?\s{0,20}$", re.IGNORECASE
)
ABSTAIN = re.compile(
    r"\bif\b[^.\n]{0,160}?\b(?:not|no|cannot|can't|don't|doesn't|unless|missing|nothing|insufficient"
    r"|outside)\b[^\n]{0,200}?"
    r"\b(?:exactly|reply|answer|say|respond|write|return|output)\b[^\n:\"“']{0,40}(?::\s*|[\"“'])(?P<phrase>[^\n\"”]+)",
    re.IGNORECASE,
)
BARE = re.compile(
    r"\b(?:only|alone|just|nothing else|no other|single word|one word|exactly one word|no explanation|nothing but)\b",
    re.IGNORECASE,
)
CITES = re.compile(
    r"\b(?:cite|cites|citing|citation|citations|reference the source|source number)\b|\[\d\]|\[n\]", re.IGNORECASE
)
AS_DATA = re.compile(
    r"\b(?:is|are|as)\s+(?:only\s+|just\s+)?(?:data|quoted text|untrusted|content)\b|"
    r"\b(?:never|do not|don't)\s+(?:follow|obey|act on|execute)\b[^.\n]*\b(?:instruction|request|command|order)",
    re.IGNORECASE,
)
SENTENCES = re.compile(r"\b(one|two|three|four|five|\d)\s+(?:short\s+)?sentences?\b", re.IGNORECASE)
NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}


@dataclass(frozen=True)
class Source:
    """A numbered text the prompt offers: its heading line and its body."""

    number: int
    heading: str
    body: str


@dataclass(frozen=True)
class Reading:
    """What a prompt asks for. `subject` is the text to work on, `instructions` everything around it."""

    instructions: str
    subject: str
    labels: dict[str, str] = field(default_factory=dict)
    examples: tuple[tuple[str, str], ...] = ()
    sources: tuple[Source, ...] = ()
    abstention: str | None = None
    bare: bool = False
    cites: bool = False
    subject_is_data: bool = False
    sentences: int | None = None
    answered: bool = False  # somebody has worked on it already
    objection: str = ""  # what was said against the last attempt
    longest: int | None = None  # characters of the subject that a value may repeat


def read(messages: Sequence[Message]) -> Reading:
    """Read a conversation whose last user message holds the subject."""
    system = "\n\n".join(m.text for m in messages if m.role == "system")
    turns = [m for m in messages if m.role != "system"]
    last = turns[-1].text if turns else ""
    sources = _sources(last) or _sources(system)
    instructions, subject = _split(system, last, sources)
    labels = _labels(instructions)
    count = SENTENCES.search(instructions)
    abstain = ABSTAIN.search(instructions)
    return Reading(
        instructions=instructions,
        subject=subject,
        labels=labels,
        examples=_examples(instructions, turns[:-1], labels),
        sources=sources,
        abstention=abstain["phrase"].strip().strip("\"'“”`") if abstain else None,
        # A list without descriptions is there to be chosen from, and code compares what comes back with it.
        bare=BARE.search(instructions) is not None or (bool(labels) and not any(labels.values())),
        cites=CITES.search(instructions) is not None,
        subject_is_data=AS_DATA.search(instructions) is not None,
        sentences=int(NUMBERS.get(count[1].lower(), count[1])) if count else None,
    )


def _split(system: str, last: str, sources: tuple[Source, ...]) -> tuple[str, str]:
    """Instructions and subject: the last named field of the last message, a fenced part, or the whole message."""
    if section := _section(last):
        start, end = section
        return f"{system}\n\n{last[:start]}\n{last[end:]}", last[start:end].strip()
    text = TRAILING_FIELD.sub("", last)
    fields = list(LAST_FIELD.finditer(text))
    if sources:
        outside = _without_sources(text)
        fields = list(LAST_FIELD.finditer(outside))
        subject = outside[fields[-1].end() :] if fields else outside
        return f"{system}\n\n{outside[: fields[-1].start()] if fields else ''}", subject.strip()
    if fenced := _last_fenced(text):
        start, end, inside = fenced
        return f"{system}\n\n{text[:start]}\n{text[end:]}", inside
    if fields:
        return f"{system}\n\n{text[: fields[-1].start()]}", text[fields[-1].end() :].strip()
    if not system and "\n\n" in text.strip():
        head, _, tail = text.strip().rpartition("\n\n")
        return head, tail
    return (system, text.strip()) if system else (text, text.strip())


def _section(text: str) -> tuple[int, int] | None:
    """Where the section that holds the subject begins and ends; None for a prompt without such sections."""
    marks = list(SECTION.finditer(text))
    for index in range(len(marks) - 1, -1, -1):
        if marks[index]["name"].upper() in ABOUT:
            end = marks[index + 1].start() if index + 1 < len(marks) else len(text)
            return (marks[index].end(), end) if text[marks[index].end() : end].strip() else None
    return None


def _last_fenced(text: str) -> tuple[int, int, str] | None:
    """Where the last part between fences or tags stands, and what is in it; None where there is none, or it is empty.

    A fence that is nowhere closed is looked for once: prompts may hold thousands of them.
    """
    found, position, unclosed = None, 0, set()
    while opening := OPENING.search(text, position):
        position = opening.end()
        closing = f"</{opening[1]}>" if opening[1] else opening[0]
        end = -1 if closing in unclosed else text.find(closing, position)
        if end < 0:
            unclosed.add(closing)
            continue
        if not FORM_SHOWN.search(text, max(0, opening.start() - 80), opening.start()):
            found = opening.start(), end + len(closing), text[opening.end() : end].strip()
        position = end + len(closing)
    return found if found and found[2] else None


def _without_sources(text: str) -> str:
    """The text around its sources: numbered blocks end at a blank line followed by something that is no source."""
    text = TAGGED.sub("\n", text)
    kept, inside = [], False
    for block in re.split(r"\n{2,}", text):
        if SOURCE.match(block):
            inside = True
        elif inside and LAST_FIELD.match(block):
            inside = False
        if not inside:
            kept.append(block)
    return "\n\n".join(kept)


def _sources(text: str) -> tuple[Source, ...]:
    starts = list(SOURCE.finditer(text))
    if starts:
        found = []
        for index, start in enumerate(starts):
            end = starts[index + 1].start() if index + 1 < len(starts) else _end_of_last(text, start.end())
            found.append(Source(int(start[1]), start[2].strip(), text[start.end() : end].strip()))
        return tuple(found)
    tagged = [match[2].strip() for match in TAGGED.finditer(text)] if "</" in text else []
    if not tagged and (context := CONTEXT.search(text)):
        tagged = [text[context.end() : _end_of_last(text, context.end())].strip()]
    return tuple(Source(i, "", body) for i, body in enumerate(tagged, start=1) if body)


def _end_of_last(text: str, start: int) -> int:
    """Where the last source stops: at the next named field on a line of its own paragraph, or at the end."""
    for match in re.finditer(r"\n\n(?=\S)", text[start:]):
        if LAST_FIELD.match(text, start + match.end()):
            return start + match.start()
    return len(text)


def _labels(text: str) -> dict[str, str]:
    """Labels and their descriptions: an announced list of bullets, an inline list, a Python list, words in quotes."""
    bullets = _bulleted(text)
    if len(bullets) >= 2:
        return bullets
    for pattern in (PY_LIST, INLINE, ONE_OF, PIPED):
        match = pattern.search(text)
        if match:
            names = _names(match[0] if pattern is PY_LIST else match[1])
            if len(names) >= 2:
                return dict.fromkeys(names, "")
    quoted = max((named_options(sentence[0]) for sentence in CHOOSING.finditer(text)), key=len, default=[])
    return dict.fromkeys(quoted, "")


def _bulleted(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    announced = False
    for line in text.splitlines():
        if (bullet := BULLET.match(line)) and announced:
            found.setdefault(bullet[1].strip(), (bullet[2] or "").strip())
        elif ANNOUNCED.search(line):
            if len(found) >= 2:
                break
            announced, found = True, {}
        elif line.strip() and found:
            if len(found) >= 2:
                break
            announced, found = False, {}
    return {name: text for name, text in found.items() if name}


def _names(listed: str) -> list[str]:
    if listed.startswith("["):
        return [str(name) for name in ast.literal_eval(listed)]
    parts = re.split(r"\s*(?:,\s*(?:or|and)\s+|,|\||/|\s+or\s+|\s+and\s+)\s*", listed.strip())
    cleaned = [part.strip(" `\"'.()*") for part in parts]
    return [name for name in cleaned if name and len(name) <= 40 and len(name.split()) <= 3]


def _examples(text: str, turns: Sequence[Message], labels: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """Worked examples whose outcome is one of the labels: fields in pairs, arrows, or earlier turns."""
    known = {name.lower(): name for name in labels}
    pairs = [(m["text"].strip(), m["label"]) for m in EXAMPLE_PAIR.finditer(text)]
    pairs += [(m[1], m[2]) for m in ARROW.finditer(text)]
    for asked, answered in pairwise(turns):
        if asked.role == "user" and answered.role == "assistant":
            pairs.append((asked.text, answered.text))
    cleaned = [(example, outcome.strip(" `\"'.").lower()) for example, outcome in pairs]
    return tuple((example, known[outcome]) for example, outcome in cleaned if outcome in known)
