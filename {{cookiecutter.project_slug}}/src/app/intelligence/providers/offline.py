"""The offline stand-in: a provider like the others that needs no key and no network. It is no language model.

It reads the prompt's form and works by likeness of words, so prompts, evaluation and gates can be built and tested
without one; what it says about a real model's quality is nothing. Deterministic, and free.
"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import AsyncIterator, Sequence

from app.errors import ProviderRefusedError
from app.intelligence.messages import (
    Chunk,
    Embeddings,
    FinishReason,
    ModelReply,
    ModelRequest,
    ToolCall,
    ToolCallDelta,
    Usage,
)
from app.intelligence.providers.provider import Timeouts
from app.intelligence.standin.reading import read
from app.intelligence.standin.similarity import hashed
from app.intelligence.standin.skills import answer, as_json, choose_tool, classify, fill, labelled, reply
from app.intelligence.stream import estimate_tokens

DIMENSIONS = re.compile(r"hash-(\d+)$")
WORD = re.compile(r"\w+")


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
        return ModelReply(clipped, request.model, usage, finish, calls, id=name, logprob=logprob)

    async def stream(self, request: ModelRequest, timeouts: Timeouts) -> AsyncIterator[Chunk]:
        """The same reply word by word."""
        whole = await self.complete(request, timeouts)
        for index, call in enumerate(whole.tool_calls):
            delta = ToolCallDelta(index, call.id, call.name, call.arguments)
            yield Chunk(tool_calls=(delta,), model=request.model)
        for word in re.findall(r"\S+\s*|\s+", whole.text):
            yield Chunk(text=word, model=request.model)
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


def _work(request: ModelRequest) -> tuple[str, tuple[ToolCall, ...]]:
    last = request.messages[-1]
    if last.role == "tool":
        return f"Here is what I found: {last.text}", ()
    reading = read(request.messages)
    if request.tools and request.tool_choice != "none":
        named = [tool for tool in request.tools if tool.name == request.tool_choice]
        forced = bool(named) or request.tool_choice == "required"
        tool = choose_tool(named or request.tools, reading.subject, forced=forced)
        if tool is not None:
            arguments = as_json(fill(tool.parameters or {"type": "object"}, reading))
            return "", (ToolCall(f"call_{zlib.crc32(arguments.encode()):08x}", tool.name, arguments),)
    if request.output_schema is not None:
        return as_json(fill(request.output_schema, reading)), ()
    if reading.sources:
        return answer(reading), ()
    if reading.labels:
        label = classify(reading)
        return as_json({"label": label}) if request.json_object else labelled(label, reading), ()
    return as_json({"reply": reply(reading)}) if request.json_object else reply(reading), ()


def _likelihood(text: str, request: ModelRequest) -> float | None:
    """The mean log probability of the reply's words as the stand-in counts it: 0.95 for one it was given, else 0.5."""
    given = set(WORD.findall(" ".join(message.text for message in request.messages).casefold()))
    said = WORD.findall(text.casefold())
    return sum(math.log(0.95 if word in given else 0.5) for word in said) / len(said) if said else None


def _clip(text: str, request: ModelRequest) -> str:
    """Cut at the first stop sequence and at the token limit."""
    for stop in request.stop:
        text = text.split(stop)[0]
    limit = request.max_output_tokens
    return text if limit is None or estimate_tokens(text) <= limit else text[: limit * 4]
