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
from app.intelligence.wire.fields import Kind, optional, refuse_unchecked, shown, texts

SHORTEST = 4
# Places of one beginning that are followed, in one document and in all, so that texts that repeat themselves or each
# other cost no more: a span that stands in very many documents names the first of them.
_MOST_PLACES = 32
_MOST_FOLLOWED = 128
_WORD = re.compile(r"\w+(?:[.,'’-]\w+)*")
_SENTENCE_END = re.compile(r"[.!?…](?=\s|$)|\n")
_MARK = re.compile(r"<(?=/?document\b)", re.IGNORECASE)
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
    """What the results of tools hold in version 2: their documents, and each text as one."""
    found: list[CitedSource] = []
    unnamed: dict[str, int] = {}  # how many documents are named by the number that they have in a call
    for message in messages if isinstance(messages, list) else ():
        is_result = isinstance(message, dict) and message.get("role") == "tool"
        for piece in _pieces(message.get("content")) if is_result else ():
            call = str(message.get("tool_call_id"))
            number = unnamed.get(call, 0)
            id = str(piece.get("id") or f"{call}:{number}")
            unnamed[call] = number + id.startswith(f"{call}:")
            found.append(_result(id, piece.get("data")))
    return found


def _pieces(content: Any) -> Iterator[Mapping[str, Any]]:
    """The documents in a tool's result; a text is one."""
    for piece in [content] if isinstance(content, str) else content if isinstance(content, list) else ():
        text = piece.get("text") if isinstance(piece, dict) else piece
        if isinstance(text, str):
            yield {"data": {"content": text}}
        elif isinstance(piece, dict) and isinstance(piece.get("document"), dict):
            yield piece["document"]


def outputs_of(results: Sequence[Mapping[str, Any]]) -> list[CitedSource]:
    """What tools gave in version 1: each output of each call, named by the tool and its numbers."""
    found = []
    for index, result in enumerate(results):
        call = result.get("call")
        name = call.get("name") if isinstance(call, dict) else None
        outputs = result.get("outputs")
        for number, output in enumerate(outputs if isinstance(outputs, list) else ()):
            found.append(_result(f"{name}:{index}:{number}", output))
    return found


def _result(id: str, data: Any) -> CitedSource:
    where = f"the document {shown(id)} of a tool"
    fields = _parsed(data, where)
    return _indexed(CitedSource("tool", id, fields, _text(fields, where)))


def with_documents(messages: Sequence[Message], documents: Sequence[CitedSource]) -> tuple[Message, ...]:
    """The messages, with the documents before the user's last words. Raises InputError when there are none."""
    if not documents:
        return tuple(messages)
    last = max((i for i, message in enumerate(messages) if message.role == "user"), default=None)
    if last is None:
        raise InputError("documents are sent with no message of the user: ask a question about them")
    block = "\n".join(
        f"<document id={_safe(orjson.dumps(d.id).decode())}>\n{_safe(d.text)}\n</document>" for d in documents
    )
    asked = messages[last].content
    content = f"{block}\n\n{asked}" if isinstance(asked, str) else (Part("text", block), *asked)
    return (*messages[:last], replace(messages[last], content=content), *messages[last + 1 :])


def citations(text: str, sources: Sequence[CitedSource]) -> list[Citation]:
    """The spans of a reply that stand in the sources, from left to right; each as long as it can be."""
    found: list[Citation] = []
    openings = _openings(sources)
    for sentence in _sentences(text):
        at = 0
        while at + SHORTEST <= len(sentence):
            opening = tuple(word for word, _, _ in sentence[at : at + SHORTEST])
            runs = [(_longest(sentence, at, source, places), source) for source, places in openings.get(opening, ())]
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


def _openings(sources: Sequence[CitedSource]) -> dict[tuple[str, ...], list[tuple[CitedSource, Sequence[int]]]]:
    """Where each beginning of a span stands: sources in their order, at most _MOST_FOLLOWED places in all."""
    found: dict[tuple[str, ...], list[tuple[CitedSource, Sequence[int]]]] = {}
    left: dict[tuple[str, ...], int] = {}
    for source in sources:
        for opening, places in source.places.items():
            room = left.get(opening, _MOST_FOLLOWED)
            if room:
                left[opening] = max(0, room - len(places))
                found.setdefault(opening, []).append((source, places[:room]))
    return found


def _longest(sentence: Sequence[tuple[str, int, int]], at: int, source: CitedSource, places: Sequence[int]) -> int:
    """How many words from `at` on stand together at one of these places of the source, at least `SHORTEST`."""
    best = 0
    for place in places:
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
        fields = _parsed(item["data"], where) if "data" in item else {k: v for k, v in item.items() if k != "id"}
    else:
        raise InputError(f"{where} is {shown(item)}: send a text or an object")
    return _indexed(CitedSource("document", id or f"doc_{index}", fields, _text(fields, where)))


def _parsed(data: Any, where: str) -> dict[str, Any]:
    """A document's data as fields: an object, or a text that is one or is not. Raises InputError for a text that hides
    what a body may not hold."""
    if isinstance(data, str):
        try:
            found = orjson.loads(data)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            return {"text": data}
        refuse_unchecked(found, f"{where}.data")
        return found
    return data if isinstance(data, dict) else {"data": data}


def _text(fields: Mapping[str, Any], where: str) -> str:
    """What the model is shown: a text alone as it is, other fields by name. Raises InputError for wrong `_excludes`."""
    excluded = frozenset(texts(fields.get("_excludes") or [], f"{where}._excludes"))
    told = {name: value for name, value in fields.items() if name not in _HIDDEN and name not in excluded}
    if set(told) in ({"text"}, {"data"}, {"content"}):
        return _plain(next(iter(told.values())))
    return "\n".join(f"{name}: {_plain(value)}" for name, value in told.items())


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _safe(text: str) -> str:
    """Text that can neither end the mark it stands in nor begin another document."""
    return _MARK.sub("&lt;", text)


def _indexed(source: CitedSource) -> CitedSource:
    words = tuple(match.group().casefold() for match in _WORD.finditer(source.text))
    places: dict[tuple[str, ...], list[int]] = {}
    for at in range(len(words) - SHORTEST + 1):
        known = places.setdefault(words[at : at + SHORTEST], [])
        if len(known) < _MOST_PLACES:
            known.append(at)
    return replace(source, words=words, places=places)
