"""The offline stand-in: a provider like the others that needs no key and no network. It is no language model.

It reads the prompt's form and works by likeness of words, so prompts, evaluation and gates can be built and tested
without one; what it says about a real model's quality is nothing. Deterministic, and free.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from app.errors import ProviderRefusedError
from app.intelligence.messages import (
    Chunk,
    Embeddings,
    FinishReason,
    Message,
    ModelReply,
    ModelRequest,
    TokenLogprob,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from app.intelligence.providers.provider import Timeouts
from app.intelligence.standin.forms import spelled_out, without_beginning
from app.intelligence.standin.reading import Reading, read
from app.intelligence.standin.side_by_side import named_together, questions
from app.intelligence.standin.similarity import content_words, hashed
from app.intelligence.standin.skills import answer, as_json, classify, labelled, reply
from app.intelligence.standin.tool_use import next_tool, position_of_question, unmarked
from app.intelligence.standin.values import arguments, fill
from app.intelligence.stream import estimate_tokens
from app.intelligence.wire.reaching import one_tool_at_a_time

DIMENSIONS = re.compile(r"hash-(\d+)$")
# To a client that has the whole reply already and asks for the rest of it.
NOTHING_LEFT = "That is all."
# Pieces of a stream: clients take about a millisecond to read one, and what is tested with a stream is not its length.
MOST_PIECES = 8
WORD = re.compile(r"\w+")
# What a checker of results says of one that it hands back.
OBJECTS = re.compile(r"\b(?:errors?|invalid|fix|try again|retry|must|should|instead|not allowed)\b", re.IGNORECASE)
JSON_BEGINS = re.compile(r"\s*(?:```json\s*)?[\[{]")
# How much of the question a reply in JSON speaks of, one after the other until it fits the tokens it may have.
SHORTER = (400, 200, 100, 50, 20, 5)


class OfflineProvider:
    """Serves any model name; `...-hash-N` names an embedding of N dimensions made by feature hashing."""

    async def complete(self, request: ModelRequest, timeouts: Timeouts) -> ModelReply:
        """A reply worked out from the prompt alone."""
        text, calls = _work(request)
        clipped = _clip(text, request)
        usage = Usage(
            input_tokens=sum(estimate_tokens(message.text) for message in request.messages),
            output_tokens=estimate_tokens(clipped) + sum(estimate_tokens(call.arguments) for call in calls),
        )
        finish: FinishReason = "tool_calls" if calls else ("length" if clipped != text else "stop")
        logprob = _likelihood(clipped, request) if request.logprobs else None
        name = f"standin-{zlib.crc32(text.encode()):08x}"
        thoughts = _thoughts(request, calls)
        tokens = _tokens(clipped, request) if request.logprobs else ()
        return ModelReply(clipped, request.model, usage, finish, calls, name, logprob, thoughts, tokens)

    async def stream(self, request: ModelRequest, timeouts: Timeouts) -> AsyncIterator[Chunk]:
        """The same reply in a few pieces, of whole words; token by token where these are told."""
        whole = await self.complete(request, timeouts)
        for index, call in enumerate(whole.tool_calls):
            delta = ToolCallDelta(index, call.id, call.name, call.arguments)
            yield Chunk(tool_calls=(delta,), model=request.model)
        for token in whole.tokens:
            yield Chunk(text=token.token, model=request.model, tokens=(token,))
        for piece in () if whole.tokens else _pieces(whole.text):
            yield Chunk(text=piece, model=request.model)
        measured = () if whole.logprob is None else (whole.logprob,)
        yield Chunk(finish_reason=whole.finish_reason, usage=whole.usage, model=request.model, logprobs=measured)

    async def embed(self, model: str, texts: Sequence[str], timeouts: Timeouts) -> Embeddings:
        """Hashed word vectors of the length the model's name states."""
        stated = DIMENSIONS.search(model)
        if stated is None:
            raise ProviderRefusedError(f"the stand-in embeds with models named `...-hash-<dimensions>`, not {model!r}")
        vectors = [hashed(text, int(stated[1])) for text in texts]
        return Embeddings(vectors, model, Usage(input_tokens=sum(map(estimate_tokens, texts))))

    async def close(self) -> None:
        """Nothing is held."""


def _pieces(text: str) -> list[str]:
    """A text for a stream: word by word while there are few words, else as many at a time as make MOST_PIECES."""
    words = re.findall(r"\S+\s*|\s+", text)
    size = -(-len(words) // MOST_PIECES) or 1
    return ["".join(words[at : at + size]) for at in range(0, len(words), size)]


def _work(request: ModelRequest) -> tuple[str, tuple[ToolCall, ...]]:
    messages, begun = without_beginning(request.messages)
    asked = position_of_question(messages)
    question, after = read(messages[: asked + 1]), messages[asked + 1 :]
    turns = [message for message in messages if message.role != "system"]
    question = replace(question, answered=len(turns) > 1)
    if calls := _calls(request, question, after):
        return "", calls
    said = _said(request, messages, asked, question)
    for length in SHORTER:
        if not _is_cut(said, request):
            break
        said = _said(request, messages, asked, question, length)
    if not begun or not said.startswith(begun):
        return said, ()
    return said[len(begun) :].lstrip() or NOTHING_LEFT, ()


def _calls(request: ModelRequest, question: Reading, after: Sequence[Message]) -> tuple[ToolCall, ...]:
    """The calls of tools to make now: one, or several side by side where the request allows that and the question is
    about several things; nothing is called twice with the same arguments."""
    tool = next_tool(request, question.subject, after)
    if tool is None:
        return ()
    said = next((message.text for message in reversed(after) if message.role in ("tool", "user")), "")
    question = replace(question, objection=said if OBJECTS.search(said) else "")
    wanted = [(tool, question.subject)]
    if not after and request.tool_choice in (None, "auto") and not one_tool_at_a_time(request.extra):
        parts = questions(question.subject, tool)
        if len(parts) > 1:
            wanted = [(found, part) for part in parts if (found := next_tool(request, part, after)) is not None]
        else:
            wanted = [(one, question.subject) for one in named_together(request.tools, tool, question.subject)]
    made: dict[str, ToolCall] = {}
    for called, part in wanted or [(tool, question.subject)]:
        given = as_json(arguments(called.parameters, replace(question, subject=part)))
        number = zlib.crc32(f"{called.name}{given}{len(after) or ''}".encode())
        made.setdefault(f"{called.name}{given}", ToolCall(f"call_{number:08x}", called.name, given))
    return tuple(made.values())


def _is_cut(said: str, request: ModelRequest) -> bool:
    """Whether JSON is longer than the reply may be: cut, it would be none."""
    limit = request.max_output_tokens
    return limit is not None and JSON_BEGINS.match(said) is not None and estimate_tokens(said) > limit


def _said(
    request: ModelRequest, messages: Sequence[Message], asked: int, question: Reading, length: int | None = None
) -> str:
    """The text of the reply: in the schema asked for, in the form the prompt spells out, or as it comes.

    With a `length` only so many characters of the question and of what was found are repeated.
    """
    found = _found(messages[asked + 1 :])
    found = found[:length] if found is not None else None
    question = replace(question, longest=length)
    reading = question if found is None else replace(question, subject=found)
    if request.output_schema is not None:
        return as_json(fill(request.output_schema, reading))
    text = _in_words(question) if found is None else f"Here is what I found: {unmarked(found)}"
    form = spelled_out(messages, asked, reading, text, json_wanted=request.json_object)
    if form is not None:
        return form
    if request.json_object and not question.sources:
        return as_json({"label": classify(question)} if question.labels and found is None else {"reply": text})
    return text


def _found(after: Sequence[Message]) -> str | None:
    """What came back of the calls that were made last, a line each; None where nothing has."""
    said = [index for index, message in enumerate(after) if message.role == "assistant"]
    results = [message.text for message in after if message.role in ("tool", "user") and message.text]
    last = [m.text for m in after[said[-1] + 1 if said else 0 :] if m.role in ("tool", "user") and m.text]
    return "\n".join(last or results[-1:]) or None


def _in_words(question: Reading) -> str:
    if question.sources:
        return answer(question)
    return labelled(classify(question), question) if question.labels else reply(question)


def _thoughts(request: ModelRequest, calls: tuple[ToolCall, ...]) -> str:
    """What can be said of how the reply came about."""
    messages, _ = without_beginning(request.messages)
    about = content_words(messages[position_of_question(messages)].text)[:5]
    chosen = f" The tool {calls[0].name} is about that." if calls else ""
    return f"The stand-in has no thoughts; it read the question's words: {', '.join(about) or 'none'}.{chosen}"


def _likelihood(text: str, request: ModelRequest) -> float | None:
    """The mean log probability of the reply's words as the stand-in counts it: 0.95 for one it was given, else 0.5."""
    given = set(WORD.findall(" ".join(message.text for message in request.messages).casefold()))
    said = WORD.findall(text.casefold())
    return sum(math.log(0.95 if word in given else 0.5) for word in said) / len(said) if said else None


def _tokens(text: str, request: ModelRequest) -> tuple[TokenLogprob, ...]:
    """The reply's words as its tokens, as likely as `_likelihood` has them. Beside each stand words of the prompt, as
    many as are asked for, of which each has half the rest."""
    words = WORD.findall(" ".join(message.text for message in request.messages))
    given, others = {word.casefold() for word in words}, tuple(dict.fromkeys(words))
    most = request.top_logprobs
    tokens = []
    for piece in re.findall(r"\s*\S+(?:\s+\Z)?|\s+", text):
        likely = 0.95 if set(WORD.findall(piece.casefold())) <= given else 0.5
        beside = [word for word in others if word != piece][: max(0, most - 1)]
        rest = [(word, math.log((1 - likely) / 2 ** (place + 1))) for place, word in enumerate(beside)]
        top = ((piece, math.log(likely)), *rest) if most else ()
        tokens.append(TokenLogprob(piece, math.log(likely), top))
    return tuple(tokens)


def _clip(text: str, request: ModelRequest) -> str:
    """Cut at the first stop sequence and at the token limit."""
    for stop in request.stop:
        text = text.split(stop)[0]
    limit = request.max_output_tokens
    return text if limit is None or estimate_tokens(text) <= limit else text[: limit * 4]
