"""Hand-written stand-ins for what the HTTP layer uses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from app.caller import Caller
from app.intelligence.messages import Chunk, Embeddings, ModelRequest, Usage
from app.intelligence.reply import Reply
from app.orchestration.answer import Answer, Citation

TRACE = "ab" * 16


def reply_of(text: str, *, task: str = "answer", deployment: str = "d", data: Any = None) -> Reply:
    """A reply of a model."""
    return Reply(
        text=text,
        task=task,
        model="large",
        provider="offline",
        deployment=deployment,
        usage=Usage(10, 5),
        cost_usd=0.0,
        identity="i",
        call_id="c",
        trace_id=TRACE,
        data=data,
    )


CITATION = Citation(1, "chunk-1", "billing/refunds.md", "Refunds", ("Refund window",), "Refunds take 14 days.")
ANSWER = Answer(
    text="Refunds take 14 days [1]. Ask billing [1].",
    citations=(CITATION,),
    abstained=False,
    route="documentation",
    trace_id=TRACE,
    replies=(reply_of("x"),),
)


class FakeAssistant:
    """Answers with one fixed answer, in two pieces when streamed; or fails, at once or in the middle."""

    def __init__(self, answer: Answer = ANSWER, error: Exception | None = None, after: int = 0) -> None:
        self.asked: list[tuple[str, Caller, list[str]]] = []
        self._answer, self._error, self._after = answer, error, after

    async def ask(self, question: str, caller: Caller, *, earlier: Sequence[str] = ()) -> Answer:
        self.asked.append((question, caller, list(earlier)))
        if self._error:
            raise self._error
        return self._answer

    async def stream(self, question: str, caller: Caller, *, earlier: Sequence[str] = ()) -> AsyncIterator[Any]:
        self.asked.append((question, caller, list(earlier)))
        for number, piece in enumerate(("Refunds take 14 days [1]. ", "Ask billing [1].")):
            if self._error and number >= self._after:
                raise self._error
            yield piece
        yield self._answer


class FakeGateway:
    """Echoes the last message; remembers what it was asked."""

    def __init__(self) -> None:
        self.requests: list[tuple[ModelRequest, Caller, str]] = []

    async def chat(self, request: ModelRequest, caller: Caller, *, task: str) -> Reply:
        self.requests.append((request, caller, task))
        return reply_of(request.messages[-1].text, task=task)

    async def chat_stream(self, request: ModelRequest, caller: Caller, *, task: str) -> AsyncIterator[Chunk | Reply]:
        self.requests.append((request, caller, task))
        yield Chunk(text=request.messages[-1].text)
        yield reply_of(request.messages[-1].text, task=task)

    async def embed(self, texts: Sequence[str], caller: Caller, *, model: str = "embedding") -> Embeddings:
        return Embeddings([[1.0, 0.0] for _ in texts], model, Usage(1, 0))


class ScriptedGateway:
    """Answers tasks of the graph from a table; remembers the inputs of each call."""

    def __init__(self, replies: Mapping[str, str | Reply | Exception]) -> None:
        self.calls: list[tuple[str, Mapping[str, str]]] = []
        self._replies = replies

    async def complete(
        self, task: str, inputs: Mapping[str, str], caller: Caller, *, version: int | None = None
    ) -> Reply:
        self.calls.append((task, inputs))
        reply = self._replies[task]
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, Reply) else reply_of(reply, task=task)

    async def stream(
        self, task: str, inputs: Mapping[str, str], caller: Caller, *, version: int | None = None
    ) -> AsyncIterator[Chunk | Reply]:
        reply = await self.complete(task, inputs, caller, version=version)
        for start in range(0, len(reply.text), 7):
            yield Chunk(text=reply.text[start : start + 7])
        yield reply
