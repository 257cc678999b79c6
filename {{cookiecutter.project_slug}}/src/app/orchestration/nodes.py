"""What each node of the assistant's graph does. A node takes the state and the run and returns what it changes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Annotated, Any, Protocol, TypedDict

from app.caller import Caller
from app.data.retrieval import Hit
from app.errors import CallFailedError, InvalidReplyError
from app.intelligence.messages import Chunk
from app.intelligence.reply import Reply
from app.intelligence.tools.untrusted import cleared
from app.observability import semconv
from app.observability.semconv import Operation
from app.observability.tracing import operation_span
from app.orchestration.citations import Verified, Verifier
from app.orchestration.condensing import relevant_sentences, summaries
from app.orchestration.routing import as_context, chosen_route, in_conversation
from app.orchestration.withholding import withheld
from app.settings import Settings

KEPT_TURNS = 6
# The deployment of a reply that no model wrote: the route's prepared text.
PREPARED = "fallback_text"

Retrieve = Callable[[str, Caller], Awaitable[list[Hit]]]
Say = Callable[[str], None]


class AnsweringGateway(Protocol):
    """What the graph needs of the gateway."""

    async def complete(
        self, task: str, inputs: Mapping[str, str], caller: Caller, *, version: int | None = None
    ) -> Reply:
        """One reply, whole."""
        ...

    def stream(
        self, task: str, inputs: Mapping[str, str], caller: Caller, *, version: int | None = None
    ) -> AsyncIterator[Chunk | Reply]:
        """The reply in chunks, the Reply last."""
        ...


def keep_last(turns: list[dict[str, str]], new: list[dict[str, str]]) -> list[dict[str, str]]:
    """The turns a session remembers."""
    return [*turns, *new][-KEPT_TURNS:]


class State(TypedDict, total=False):
    """What flows through the graph, JSON values all of it. A session keeps it from run to run; `turns` grow."""

    question: str
    earlier: list[str]
    meant: str
    route: str
    found: int
    text: str
    citations: list[dict[str, Any]]
    abstained: bool
    degraded: bool
    turns: Annotated[list[dict[str, str]], keep_last]


@dataclass
class Run:
    """What one run carries and never stores: who asks, where text goes, what was found, which calls it took."""

    caller: Caller
    say: Say | None = None
    hits: list[Hit] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)


@dataclass(frozen=True)
class Nodes:
    """The nodes with the parts they use. `versions` pins prompt versions by task."""

    settings: Settings
    gateway: AnsweringGateway
    retrieve_hits: Retrieve
    versions: Mapping[str, int]

    async def route(self, state: State, run: Run) -> State:
        """What the question means here, and which way it goes. Undecided goes to the documentation."""
        earlier = [*state.get("earlier", []), *(turn["question"] for turn in state.get("turns", []))]
        meant = in_conversation(state["question"], earlier)
        try:
            reply = await self.gateway.complete(
                "route", {"question": meant}, run.caller, version=self.versions.get("route")
            )
        except (CallFailedError, InvalidReplyError):
            return {"meant": meant, "route": "documentation"}
        run.replies.append(reply)
        return {"meant": meant, "route": chosen_route(reply.text, reply.data)}

    async def retrieve(self, state: State, run: Run) -> State:
        """Passages that may answer."""
        with operation_span(Operation.RETRIEVAL, "documents", caller=run.caller) as span:
            span.inputs({"query": state["meant"]})
            found = await self.retrieve_hits(state["meant"], run.caller)
            said = [
                state["question"],
                *state.get("earlier", []),
                *(turn["question"] for turn in state.get("turns", [])),
            ]
            run.hits[:] = withheld(found, self.settings.guards, said)
            span.set({semconv.TOP_K: self.settings.retrieval.top_k})
            span.outputs([{"id": hit.chunk_id, "document": hit.document_id, "score": hit.score} for hit in run.hits])
        return {"found": len(run.hits)}

    async def answer(self, state: State, run: Run) -> State:
        """Ask the model and keep what its sources support."""
        # A link that stands in a source may be said; what loads by itself only where its address is allowed.
        vouched = partial(cleared, allowed=self.settings.tool_loop.urls, known=[hit.text for hit in run.hits])
        verifier = Verifier(run.hits if self.settings.guards.verify_citations else None, clear=vouched)
        inputs = {
            "question": state["meant"],
            "context": as_context(run.hits, await self._texts(state["meant"], run)),
            "abstention": self.settings.assistant.abstention,
        }
        reply = await self._asked(inputs, run, verifier)
        run.replies.append(reply)
        if reply.deployment == PREPARED:
            return self._end(state, run, Verified(reply.text, (), ()), abstained=True, degraded=True)
        verified = verifier.outcome()
        if not verified.text:
            return await self.abstain(state, run)
        return self._end(state, None, verified, abstained=False)

    async def abstain(self, state: State, run: Run) -> State:
        """Say that the documents do not tell."""
        return self._end(state, run, Verified(self.settings.assistant.abstention, (), ()), abstained=True)

    async def _texts(self, question: str, run: Run) -> list[str]:
        """What the model is shown of each passage."""
        wanted = self.settings.assistant.context
        if wanted == "sentences":
            return [relevant_sentences(question, hit.text) for hit in run.hits]
        if wanted == "summaries":

            async def ask(task: str, inputs: Mapping[str, str]) -> Reply:
                return await self.gateway.complete(task, inputs, run.caller, version=self.versions.get(task))

            texts, replies = await summaries(question, run.hits, ask)
            run.replies += replies
            return texts
        return [hit.text for hit in run.hits]

    async def _asked(self, inputs: Mapping[str, str], run: Run, verifier: Verifier) -> Reply:
        version = self.versions.get("answer")
        if run.say is None:
            reply = await self.gateway.complete("answer", inputs, run.caller, version=version)
            verifier.feed(reply.text)
            verifier.finish()
            return reply
        arrived = False
        last: Reply | None = None
        async for item in self.gateway.stream("answer", inputs, run.caller, version=version):
            if isinstance(item, Chunk):
                arrived = arrived or bool(item.text)
                _say(run, verifier.feed(item.text))
            else:
                last = item
        assert last is not None
        if last.deployment != PREPARED:
            _say(run, ("" if arrived else verifier.feed(last.text)) + verifier.finish())
        return last

    def _end(self, state: State, run: Run | None, said: Verified, *, abstained: bool, degraded: bool = False) -> State:
        if run is not None:
            _say(run, said.text)
        return {
            "text": said.text,
            "citations": [asdict(citation) for citation in said.citations],
            "abstained": abstained,
            "degraded": degraded,
            "turns": [{"question": state["question"], "answer": said.text}],
        }


def _say(run: Run, text: str) -> None:
    if run.say is not None and text:
        run.say(text)
