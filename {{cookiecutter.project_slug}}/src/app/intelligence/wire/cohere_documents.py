"""Documents of Cohere's chat: shown to any model inside the question, and cited by what its reply repeats of them.

No model is asked for citations. A citation is a run of at least four words of the reply, inside one sentence, that
stands word by word in a document or in what a tool gave; case, punctuation and white space do not count. What a reply
says in words of its own is not cited.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import orjson

from app.errors import InputError
from app.intelligence.messages import Message, Part
from app.intelligence.wire.fields import Kind, optional, shown

SHORTEST = 4
# Places of one beginning that are followed in one document, so that a text that repeats itself costs no more.
_MOST_PLACES = 32
_WORD = re.compile(r"\w+(?:[.,'’-]\w+)*")
_SENTENCE_END = re.compile(r"[.!?…](?=\s|$)|\n")
_HIDDEN = ("id", "_excludes")


@dataclass(frozen=True, slots=True)
class CitedSource:
    """What can be cited: a document, or a piece of what a tool gave. `fields` is what the client sent of it."""

    kind: Literal["document", "tool"]
    id: str
    fields: Mapping[str, Any]
    text: str
    words: tuple[str, ...] = field(default=(), repr=False)
    places: Mapping[tuple[str, ...], list[int]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Citation:
    """A span of the reply in characters, end excluded, and the sources it stands in."""

    start: int
    end: int
    text: str
    sources: tuple[CitedSource, ...]


def is_off(mode: Any) -> bool:
    """Whether a client's word for how to cite says not to."""
    return str(mode).lower() in ("off", "disabled")


def documents_of(body: Mapping[str, Any]) -> list[CitedSource]:
    """The documents a client sent, in either version. Raises InputError naming the one that is wrong."""
    given = body.get("documents") or []
    if not isinstance(given, list):
        raise InputError(f"documents is {shown(given)}: send a list of texts or objects")
    return [_document(item, index) for index, item in enumerate(given)]


def tool_sources(messages: Any) -> list[CitedSource]:
    """The documents among the results of tools, in version 2."""
    found: list[CitedSource] = []
    for message in messages if isinstance(messages, list) else ():
        content = message.get("content") if isinstance(message, dict) and message.get("role") == "tool" else None
        for piece in content if isinstance(content, list) else ():
            held = piece.get("document") if isinstance(piece, dict) else None
            if isinstance(held, dict):
                number = sum(source.id.startswith(f"{message.get('tool_call_id')}:") for source in found)
                fields = _parsed(held.get("data"))
                id = str(held.get("id") or f"{message.get('tool_call_id')}:{number}")
                found.append(_indexed(CitedSource("tool", id, fields, _text(fields))))
    return found


def with_documents(messages: Sequence[Message], documents: Sequence[CitedSource]) -> tuple[Message, ...]:
    """The messages, with the documents before the user's last words. Raises InputError when there are none."""
    if not documents:
        return tuple(messages)
    last = max((i for i, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None:
        raise InputError("documents are sent with no message of the user: ask a question about them")
    block = "\n".join(f"<document id={orjson.dumps(d.id).decode()}>\n{_safe(d.text)}\n</document>" for d in documents)
    asked = messages[last].content
    content = f"{block}\n\n{asked}" if isinstance(asked, str) else (Part("text", block), *asked)
    return (*messages[:last], replace(messages[last], content=content), *messages[last + 1 :])


def citations(text: str, sources: Sequence[CitedSource]) -> list[Citation]:
    """The spans of a reply that stand in the sources, from left to right; each as long as it can be."""
    found: list[Citation] = []
    for sentence in _sentences(text):
        at = 0
        while at + SHORTEST <= len(sentence):
            runs = [(_longest(sentence, at, source), source) for source in sources]
            length = max((run for run, _ in runs), default=0)
            if length < SHORTEST:
                at += 1
                continue
            start, end = sentence[at][1], sentence[at + length - 1][2]
            named = tuple(source for run, source in runs if run == length)
            found.append(Citation(start, end, text[start:end], named))
            at += length
    return found


def _sentences(text: str) -> Iterator[list[tuple[str, int, int]]]:
    """The words of each sentence, folded, with where they stand."""
    ends = [match.end() for match in _SENTENCE_END.finditer(text)] + [len(text)]
    begin = 0
    for end in ends:
        yield [(m.group().casefold(), begin + m.start(), begin + m.end()) for m in _WORD.finditer(text[begin:end])]
        begin = end


def _longest(sentence: Sequence[tuple[str, int, int]], at: int, source: CitedSource) -> int:
    """How many words from `at` on stand together in the source; fewer than `SHORTEST` count as none."""
    opening = tuple(word for word, _, _ in sentence[at : at + SHORTEST])
    best = 0
    for place in source.places.get(opening, ()):
        length = SHORTEST
        while (
            at + length < len(sentence)
            and place + length < len(source.words)
            and sentence[at + length][0] == source.words[place + length]
        ):
            length += 1
        best = max(best, length)
    return best


def _document(item: Any, index: int) -> CitedSource:
    where = f"documents[{index}]"
    if isinstance(item, str):
        fields: dict[str, Any] = {"text": item}
        id = None
    elif isinstance(item, dict):
        id = optional(item, "id", Kind.TEXT, f"{where}.")
        fields = _parsed(item["data"]) if "data" in item else {k: v for k, v in item.items() if k != "id"}
    else:
        raise InputError(f"{where} is {shown(item)}: send a text or an object")
    return _indexed(CitedSource("document", id or f"doc_{index}", fields, _text(fields)))


def _parsed(data: Any) -> dict[str, Any]:
    """A document's data as fields: an object, or a text that is one or is not."""
    if isinstance(data, str):
        try:
            found = orjson.loads(data)
        except orjson.JSONDecodeError:
            found = None
        return found if isinstance(found, dict) else {"text": data}
    return data if isinstance(data, dict) else {"data": data}


def _text(fields: Mapping[str, Any]) -> str:
    """What the model is shown: a text alone as it is, other fields by name."""
    excluded = fields.get("_excludes") or ()
    told = {name: value for name, value in fields.items() if name not in _HIDDEN and name not in excluded}
    if set(told) in ({"text"}, {"data"}):
        return _plain(next(iter(told.values())))
    return "\n".join(f"{name}: {_plain(value)}" for name, value in told.items())


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _safe(text: str) -> str:
    """Text that cannot end the mark it stands in."""
    return text.replace("</document", "&lt;/document")


def _indexed(source: CitedSource) -> CitedSource:
    words = tuple(match.group().casefold() for match in _WORD.finditer(source.text))
    places: dict[tuple[str, ...], list[int]] = {}
    for at in range(len(words) - SHORTEST + 1):
        known = places.setdefault(words[at : at + SHORTEST], [])
        if len(known) < _MOST_PLACES:
            known.append(at)
    return replace(source, words=words, places=places)
