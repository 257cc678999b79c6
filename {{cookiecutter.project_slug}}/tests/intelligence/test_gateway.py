"""The one door: retries, fallbacks, one deadline, identity and cache, schema and repair, one row in every ending."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from app.caller import Caller
from app.errors import CallFailedError, DeadlineExceededError, InvalidReplyError, NotFoundError
from app.intelligence.messages import Chunk, Message, ModelReply, ModelRequest, Usage
from app.intelligence.providers.scripted import ScriptedProvider
from app.intelligence.reply import Reply
from app.observability.tracing import configure_for_tests
from tests.intelligence.conftest import Bench

Make = Callable[[ScriptedProvider], Bench]
ADA = {"name": "Ada"}
ME = Caller(tenant="acme", user="u1", session="s1")


@pytest.mark.feature("G1")
async def test_a_task_goes_to_its_model_with_its_prompt(bench: Make) -> None:
    """Route, prompt and limits come from configuration; the reply says which version and model served."""
    provider = ScriptedProvider("ok")

    reply = await bench(provider).gateway.complete("greet", ADA, ME)

    asked = provider.requests[0]
    assert (asked.model, asked.max_output_tokens, asked.messages[1].text) == ("big", 50, "I am Ada.")
    assert (reply.model, reply.deployment, reply.prompt_version, reply.degraded) == ("large", "big", 1, False)


@pytest.mark.feature("G2")
async def test_retry_after_is_honoured_then_it_answers(bench: Make) -> None:
    """A throttled call waits as long as the provider says, once, and succeeds at the same place."""
    made = bench(ScriptedProvider("429-retry-after-1.5", "ok"))

    reply = await made.gateway.complete("greet", ADA, ME)

    assert made.slept == [1.5]
    assert [a.status for a in made.rows[0].attempts] == ["ProviderThrottledError", "ok"]
    assert not reply.degraded


@pytest.mark.feature("G3")
async def test_the_fallback_model_answers_degraded(bench: Make) -> None:
    """When the first model keeps failing the next one answers, and the reply says so."""
    made = bench(ScriptedProvider("500", "500", "500", "ok"))

    reply = await made.gateway.complete("greet", ADA, ME)

    assert (reply.deployment, reply.degraded) == ("little", True)
    assert [a.deployment for a in made.rows[0].attempts] == ["big", "big", "big", "little"]


@pytest.mark.feature("G2")
async def test_a_refused_request_is_not_repeated(bench: Make) -> None:
    """A 400 is tried once at each place and never again."""
    provider = ScriptedProvider("400")
    made = bench(provider)

    with pytest.raises(CallFailedError, match="after 2 attempts"):
        await made.gateway.complete("greet", ADA, ME)

    assert [request.model for request in provider.requests] == ["big", "little"]
    assert made.slept == []


@pytest.mark.feature("G3")
async def test_the_last_resort_is_the_tasks_own_text(bench: Make) -> None:
    """With every model down a task with fallback text still answers, marked as degraded and never cached."""
    made = bench(ScriptedProvider("503"))

    replies = [await made.gateway.complete("safe", ADA, ME) for _ in range(2)]

    assert {reply.text for reply in replies} == {"Please try again later."}
    assert all(reply.degraded and not reply.cached and reply.cost_usd == 0 for reply in replies)
    assert len(made.rows[1].attempts) == 4


@pytest.mark.feature("G3")
async def test_before_the_text_the_last_reply_to_the_same_question_serves(bench: Make) -> None:
    """With every model down an expired reply is better than none, and is marked as degraded."""
    made = bench(ScriptedProvider("ok", "503"))
    first = await made.gateway.complete("greet", ADA, ME)
    made.cache.expired = True

    again = await made.gateway.complete("greet", ADA, ME)

    assert (again.text, again.degraded, again.cached, again.cost_usd) == (first.text, True, True, 0.0)


@pytest.mark.reliability("multiplied retries")
@pytest.mark.feature("G2")
async def test_one_deadline_holds_over_all_attempts(bench: Make) -> None:
    """A provider that hangs costs the deadline once, not once an attempt."""
    made = bench(ScriptedProvider("hang"))
    began = time.perf_counter()

    with pytest.raises(DeadlineExceededError, match="within 2 s"):
        await made.gateway.complete("greet", ADA, ME)

    assert time.perf_counter() - began < 2.5
    assert made.rows[0].status == "failed"


@pytest.mark.feature("G5")
async def test_the_same_call_twice_costs_once(bench: Make) -> None:
    """An identical call is answered from the cache: free, and marked."""
    provider = ScriptedProvider("ok")
    made = bench(provider)

    first, second = [await made.gateway.complete("greet", ADA, ME) for _ in range(2)]

    assert len(provider.requests) == 1
    assert (first.cached, second.cached, second.cost_usd, second.text) == (False, True, 0.0, first.text)
    assert first.call_id != second.call_id


@pytest.mark.feature("G5")
async def test_the_same_call_at_the_same_time_costs_once(bench: Make) -> None:
    """Twenty identical concurrent calls reach the provider once, and each has its own row."""
    provider = ScriptedProvider("slow")
    made = bench(provider)

    replies = await asyncio.gather(*(made.gateway.complete("greet", ADA, ME) for _ in range(20)))

    assert len(provider.requests) == 1
    assert sum(not reply.cached for reply in replies) == 1
    assert len({row.id for row in made.rows}) == 20


@pytest.mark.feature("G5")
@pytest.mark.parametrize(
    "other",
    [("greet", {"name": "Bob"}, ME), ("greet", ADA, Caller(tenant="other")), ("safe", ADA, ME)],
    ids=["input", "tenant", "task"],
)
async def test_any_difference_is_another_call(bench: Make, other: tuple[str, dict[str, str], Caller]) -> None:
    """Another input, tenant or task never gets a stored reply."""
    provider = ScriptedProvider("ok")
    made = bench(provider)

    await made.gateway.complete("greet", ADA, ME)
    reply = await made.gateway.complete(*other)

    assert not reply.cached
    assert len(provider.requests) == 2


async def test_a_task_may_refuse_the_cache(bench: Make) -> None:
    """`cache: false` asks the model every time."""
    provider = ScriptedProvider("ok")
    made = bench(provider)

    for _ in range(2):
        await made.gateway.complete("fresh", ADA, ME)

    assert len(provider.requests) == 2


def said(text: str) -> ModelReply:
    return ModelReply(text, "big", Usage(10, 5))


async def test_a_reply_that_fits_its_schema_comes_parsed(bench: Make) -> None:
    """`data` holds the JSON, also out of a code fence."""
    made = bench(ScriptedProvider(said('```json\n{"age": 36}\n```')))

    assert (await made.gateway.complete("extract", ADA, ME)).data == {"age": 36}


async def test_a_reply_that_does_not_fit_is_repaired_once(bench: Make) -> None:
    """The model is shown the fault and asked again; both replies are paid for."""
    provider = ScriptedProvider(said('{"age": "old"}'), said('{"age": 36}'))

    reply = await bench(provider).gateway.complete("extract", ADA, ME)

    assert (reply.data, reply.usage.input_tokens) == ({"age": 36}, 20)
    assert "is not of type 'integer'" in provider.requests[1].messages[-1].text


async def test_a_second_misfit_is_an_error(bench: Make) -> None:
    """One repair, then the call fails with what did not fit."""
    made = bench(ScriptedProvider(said("no idea")))

    with pytest.raises(InvalidReplyError, match="not JSON"):
        await made.gateway.complete("extract", ADA, ME)

    assert made.rows[0].status == "failed"


async def test_a_stream_gives_chunks_then_the_reply(bench: Make) -> None:
    """Chunks come as the provider sends them, the last item is the whole reply with its usage."""
    made = bench(ScriptedProvider("ok"))

    items = [item async for item in made.gateway.stream("greet", ADA, ME)]

    reply = items[-1]
    assert isinstance(reply, Reply)
    assert "".join(i.text for i in items[:-1] if isinstance(i, Chunk)) == reply.text
    assert made.rows[0].output_tokens == reply.usage.output_tokens == 9


@pytest.mark.feature("G3")
async def test_a_stream_that_does_not_begin_is_retried(bench: Make) -> None:
    """Before the first chunk a failure costs an attempt, not the stream."""
    made = bench(ScriptedProvider("500", "ok"))

    items = [item async for item in made.gateway.stream("greet", ADA, ME)]

    assert isinstance(items[-1], Reply)
    assert [a.status for a in made.rows[0].attempts] == ["ProviderUnavailableError", "ok"]


async def test_a_cut_stream_is_an_error_and_is_recorded(bench: Make) -> None:
    """What was said cannot be taken back: the stream ends in an error, the row holds what had come."""
    made = bench(ScriptedProvider("cut"))

    with pytest.raises(CallFailedError, match="broke off"):
        [item async for item in made.gateway.stream("greet", ADA, ME)]

    assert (made.rows[0].status, made.rows[0].usage_estimated) == ("failed", True)
    assert made.rows[0].output.startswith("The scripted")


@pytest.mark.feature("G10")
async def test_a_client_that_leaves_is_metered_and_the_upstream_closed(bench: Make) -> None:
    """Leaving a stream early closes the provider's side and leaves a row with estimated usage."""
    provider = ScriptedProvider("slow")
    made = bench(provider)

    stream = made.gateway.stream("greet", ADA, ME)
    await anext(stream)
    await stream.aclose()

    assert provider.cancelled == 1
    assert (made.rows[0].status, made.rows[0].usage_estimated) == ("cancelled", True)
    assert made.rows[0].output_tokens > 0


async def test_a_cached_reply_streams_too(bench: Make) -> None:
    """A whole call fills the cache for a stream of the same question, and the other way round."""
    provider = ScriptedProvider("ok")
    made = bench(provider)
    whole = await made.gateway.complete("greet", ADA, ME)

    items = [item async for item in made.gateway.stream("greet", ADA, ME)]

    assert len(provider.requests) == 1
    assert (items[-1].cached, items[-1].text) == (True, whole.text)


@pytest.mark.feature("O2")
async def test_the_row_names_caller_prompt_and_masked_text(bench: Make) -> None:
    """Who asked, which prompt version, what was said: in one row, with personal data masked."""
    made = bench(ScriptedProvider("ok"))

    reply = await made.gateway.complete("greet", ADA, ME)

    row = made.rows[0]
    assert (row.tenant, row.user, row.session, row.task) == ("acme", "u1", "s1", "greet")
    assert (row.prompt_version, row.prompt_hash, str(row.id)) == (1, reply.prompt_hash, reply.call_id)
    assert row.input["messages"][1]["content"] == "I am [name]."


@pytest.mark.feature("O1")
async def test_the_span_carries_the_rows_trace_id(bench: Make) -> None:
    """One trace id in reply, row and span; the span speaks the GenAI convention and names the prompt."""
    spans = configure_for_tests()
    made = bench(ScriptedProvider("ok"))

    reply = await made.gateway.complete("greet", ADA, ME)

    (span,) = spans.get_finished_spans()
    assert reply.trace_id == made.rows[0].trace_id == f"{span.context.trace_id:032x}"
    assert span.attributes["gen_ai.prompt.name"] == "greet"
    assert (span.attributes["gen_ai.usage.input_tokens"], span.attributes["gen_ai.usage.output_tokens"]) == (12, 9)


async def test_a_chat_that_a_prompt_wrote_keeps_its_version(bench: Make) -> None:
    """Calls through a door are tied to a prompt by their text."""
    made = bench(ScriptedProvider("ok"))
    written = (Message("system", "You greet people politely by name."), Message("user", "Hello there"))

    reply = await made.gateway.chat(ModelRequest("large", written), ME, task="door")

    assert (reply.prompt_version, made.rows[0].task) == (1, "door")


async def test_unknown_names_are_refused_with_the_known_ones(bench: Make) -> None:
    """A model or task that is not configured is an error before anything is asked."""
    gateway = bench(ScriptedProvider("ok")).gateway

    with pytest.raises(NotFoundError, match="there are embedding, large"):
        await gateway.chat(ModelRequest("huge", (Message("user", "hi"),)), ME, task="door")
    with pytest.raises(NotFoundError, match="no route for task 'sing'"):
        await gateway.complete("sing", {}, ME)


async def test_costs_are_priced_or_unknown(bench: Make) -> None:
    """A deployment's own price counts; where none is known the cost is unknown, not zero."""
    made = bench(ScriptedProvider("ok"))
    ask = (Message("user", "hi"),)

    paid = await made.gateway.chat(ModelRequest("paid", ask), ME, task="door")
    unknown = await made.gateway.chat(ModelRequest("large", ask), ME, task="door")

    assert (paid.cost_usd, unknown.cost_usd) == (pytest.approx(30 / 1e6), None)


async def test_embeddings_leave_a_row_without_their_texts(bench: Make) -> None:
    """One vector a text; the row counts them and does not keep them."""
    made = bench(ScriptedProvider("ok"))

    embeddings = await made.gateway.embed(["one", "three"], ME)

    assert len(embeddings.vectors) == 2
    assert made.rows[0].task == "embed"
    assert made.rows[0].input["messages"][0]["content"] == "2 texts, 8 characters"
