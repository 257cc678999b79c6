"""The assistant: a graph that routes a question, retrieves, answers and verifies, or abstains.

The route is chosen first, so that small talk costs no search; a question nothing was found for costs no answer. What
the model writes is verified before anybody sees it: streams hold each sentence back until its citations are checked.
With a session the last turns are kept, and a question that leans on the one before it is understood together with it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg_pool import PoolTimeout

from app.caller import Caller
from app.errors import StoreUnavailableError
from app.observability.semconv import Operation
from app.observability.tracing import operation_span
from app.orchestration.answer import Answer, Citation
from app.orchestration.nodes import AnsweringGateway, Nodes, Retrieve, Run, Say, State
from app.orchestration.sessions import Sessions
from app.settings import Settings


class Assistant:
    """Answers questions from the documents. Built by `bootstrap`; safe to use concurrently in one event loop.

    `retrieve(question, caller)` gives the passages the caller may read, best first. Without `sessions` nothing is
    remembered. `versions` pins prompt versions by task, for evaluation.
    """

    def __init__(
        self,
        settings: Settings,
        gateway: AnsweringGateway,
        retrieve: Retrieve,
        sessions: Sessions | None = None,
        *,
        versions: Mapping[str, int] | None = None,
    ) -> None:
        self._name = settings.assistant.model_name
        self._nodes = Nodes(settings, gateway, retrieve, versions or {})
        self._sessions = sessions
        self._compiled: dict[bool, Any] = {}

    async def ask(self, question: str, caller: Caller, *, earlier: Sequence[str] = ()) -> Answer:
        """The verified answer. `earlier` are the conversation's questions so far, where no session remembers them.

        Raises CallFailedError when no model answers, StoreUnavailableError without a database, NotFoundError for
        somebody else's session, RateLimitedError for one that stays busy.
        """
        return await self._run(question, caller, earlier, None)

    async def stream(
        self, question: str, caller: Caller, *, earlier: Sequence[str] = ()
    ) -> AsyncIterator[str | Answer]:
        """Like `ask`, in verified sentences as they come; the last item is the Answer.

        Leaving early ends the run and its calls.
        """
        said: asyncio.Queue[str | None] = asyncio.Queue()
        run = asyncio.create_task(self._run(question, caller, earlier, said.put_nowait))
        run.add_done_callback(lambda _: said.put_nowait(None))
        try:
            while (piece := await said.get()) is not None:
                yield piece
            yield await run
        finally:
            run.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait([run])

    async def warm(self) -> None:
        """Build the graph beforehand, so that the first question does not wait for LangGraph's import."""
        await asyncio.to_thread(self._graph, None)

    async def close(self) -> None:
        """Release the sessions' connections."""
        if self._sessions is not None:
            await self._sessions.close()

    async def _run(self, question: str, caller: Caller, earlier: Sequence[str], say: Say | None) -> Answer:
        run = Run(caller, say)
        start: State = {"question": question, "earlier": list(earlier)}
        with operation_span(Operation.AGENT, self._name, caller=caller) as span:
            span.inputs({"question": question})
            if caller.session is None or self._sessions is None:
                state = await self._graph(None).ainvoke(start, context=run)
            else:
                state = await self._in_session(self._sessions, start, run)
            span.outputs({"answer": state["text"], "abstained": state["abstained"], "route": state["route"]})
            return _answer(state, run, span.trace_id)

    async def _in_session(self, sessions: Sessions, start: State, run: Run) -> State:
        try:
            async with sessions.held(run.caller) as thread:
                graph = self._graph(await sessions.saver())
                config = {"configurable": {"thread_id": thread}}
                state: State = await graph.ainvoke(start, config, context=run, durability="exit")
                await sessions.keep_latest(thread)
                return state
        except (psycopg.OperationalError, PoolTimeout) as error:
            raise StoreUnavailableError(
                f"session {run.caller.session!r} cannot be kept ({' '.join(str(error).split())}): is the database up?"
            ) from None

    def _graph(self, saver: Any) -> Any:
        key = saver is not None
        if key not in self._compiled:
            self._compiled[key] = compile_graph(self._nodes, saver)
        return self._compiled[key]


def compile_graph(nodes: Nodes, saver: Any = None) -> Any:
    """The graph, ready to run; with a checkpointer when there is one.

    LangGraph takes over a second to import and reads its switches while it does: both happen here, at the first use.
    """
    os.environ["LANGGRAPH_STRICT_MSGPACK"] = "true"
    os.environ["LANGSMITH_TRACING"] = "false"
    from langgraph.graph import END, START, StateGraph
    from langgraph.runtime import Runtime

    graph: Any = StateGraph(State, context_schema=Run)
    for name in ("route", "retrieve", "answer", "abstain"):
        node = getattr(nodes, name)

        async def step(state: State, runtime: Runtime[Run], node: Any = node) -> State:
            done: State = await node(state, runtime.context)
            return done

        step.__annotations__.update(state=State, runtime=Runtime[Run])
        graph.add_node(name, step)
    graph.add_edge(START, "route")
    graph.add_conditional_edges("route", _after_route, ["retrieve", "abstain"])
    graph.add_conditional_edges("retrieve", _after_retrieve, ["answer", "abstain"])
    graph.add_edge("answer", END)
    graph.add_edge("abstain", END)
    return graph.compile(checkpointer=saver)


def _after_route(state: dict[str, Any]) -> str:
    return "retrieve" if state["route"] == "documentation" else "abstain"


def _after_retrieve(state: dict[str, Any]) -> str:
    return "answer" if state["found"] else "abstain"


def _answer(state: State, run: Run, trace_id: str) -> Answer:
    citations = (Citation(**{**found, "heading": tuple(found["heading"])}) for found in state["citations"])
    return Answer(
        text=state["text"],
        citations=tuple(citations),
        abstained=state["abstained"],
        route=state["route"],
        trace_id=trace_id,
        hits=tuple(run.hits),
        replies=tuple(run.replies),
        degraded=state["degraded"],
    )
