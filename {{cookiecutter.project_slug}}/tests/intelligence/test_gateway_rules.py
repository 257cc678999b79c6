"""What the gateway refuses, hides and accounts for: personal data, regions, tiers, switches, live versions, budgets."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import psycopg
import pytest

from app.caller import Caller
from app.errors import BudgetExceededError, RefusedError
from app.intelligence.admission import Admission, CapRule, Rules
from app.intelligence.flags import Flags
from app.intelligence.messages import Chunk, Message, ModelReply, ModelRequest, Usage
from app.intelligence.providers.scripted import ScriptedProvider
from app.intelligence.reply import Reply
from tests.intelligence.conftest import Bench

Make = Callable[..., Bench]
ME = Caller(tenant="acme", user="u1")
MAIL = "ada.lovelace@example.com"
CARD = "4111 1111 1111 1111"


def said(text: str) -> ModelReply:
    return ModelReply(text, "big", Usage(10, 5))


@pytest.mark.feature("I4")
async def test_a_provider_never_sees_personal_data_and_the_caller_gets_it_back(bench: Make) -> None:
    """Masked on the way out, restored in the reply, and only the masked form is logged."""
    provider = ScriptedProvider(said("I wrote to <EMAIL_1> about it."))
    made = bench(provider)

    reply = await made.gateway.complete("greet", {"name": f"Ada, {MAIL}, card {CARD}"}, ME)

    sent = provider.requests[0].messages[1].text
    assert MAIL not in sent
    assert CARD not in sent
    assert reply.text == f"I wrote to {MAIL} about it."
    assert MAIL not in str(made.rows[0].input)
    assert made.rows[0].output == "I wrote to <EMAIL_1> about it."


@pytest.mark.feature("I4")
async def test_a_stream_restores_what_it_masked(bench: Make) -> None:
    """Whole or streamed, the caller reads the same."""
    made = bench(ScriptedProvider(said("I wrote to <EMAIL_1> about it.")))

    items = [item async for item in made.gateway.stream("greet", {"name": MAIL}, ME)]

    assert "".join(item.text for item in items if isinstance(item, Chunk)) == f"I wrote to {MAIL} about it."
    assert isinstance(items[-1], Reply)
    assert items[-1].text == f"I wrote to {MAIL} about it."


async def test_a_cached_reply_carries_each_callers_own_data(bench: Make) -> None:
    """Two callers whose masked questions are alike share the reply, and neither sees the other's address."""
    provider = ScriptedProvider(said("Noted: <EMAIL_1>."))
    made = bench(provider)

    first = await made.gateway.complete("greet", {"name": MAIL}, ME)
    second = await made.gateway.complete("greet", {"name": "bob@example.com"}, ME)

    assert (first.text, second.text) == (f"Noted: {MAIL}.", "Noted: bob@example.com.")
    assert (second.cached, len(provider.requests)) == (True, 1)


async def test_personal_data_the_caller_never_gave_is_taken_out_of_the_reply(bench: Make) -> None:
    """What a model says about somebody else is masked, in streams as in whole replies."""
    provider = ScriptedProvider(said("Ask grace.hopper@example.com for it."))
    made = bench(provider)

    whole = await made.gateway.complete("fresh", {"name": "Ada"}, ME)
    items = [item async for item in made.gateway.stream("fresh", {"name": "Ada"}, ME)]

    assert "grace.hopper" not in whole.text
    assert "".join(item.text for item in items if isinstance(item, Chunk)) == whole.text


@pytest.mark.feature("G8")
async def test_data_never_leaves_its_tenants_regions(bench: Make) -> None:
    """A tenant bound to a region no deployment states is refused before anything is asked."""
    provider = ScriptedProvider("ok")
    made = bench(provider)

    with pytest.raises(RefusedError, match="european"):
        await made.gateway.complete("greet", {"name": "Ada"}, Caller(tenant="european"))

    assert provider.requests == []


@pytest.mark.feature("G8")
async def test_a_simple_request_begins_at_the_cheap_model(bench: Make) -> None:
    """With tiers a short question goes to the small model and stays there when its reply is good."""
    provider = ScriptedProvider("ok")

    reply = await bench(provider).gateway.complete("tiered", {"name": "Ada"}, ME)

    assert ([request.model for request in provider.requests], reply.degraded) == (["little"], False)


@pytest.mark.feature("G8")
async def test_a_poor_cheap_reply_escalates(bench: Make) -> None:
    """An empty reply of the small model is asked of the large one; both are paid for, neither is degraded."""
    provider = ScriptedProvider(said(""), said("Hello Ada"))

    reply = await bench(provider).gateway.complete("tiered", {"name": "Ada"}, ME)

    assert [request.model for request in provider.requests] == ["little", "big"]
    assert (reply.text, reply.degraded, reply.usage.input_tokens) == ("Hello Ada", False, 20)


@pytest.mark.feature("G12")
async def test_a_switch_stops_a_task_for_one_tenant(bench: Make, tmp_path: Path) -> None:
    """Switched off for a tenant, the task is refused there, on no provider, and served elsewhere."""
    provider = ScriptedProvider("ok")
    switches = Flags("postgresql://nobody@127.0.0.1:1/x", tmp_path / "flags.json", off=["task:greet@acme"])
    made = bench(provider, switches=switches)

    with pytest.raises(RefusedError, match="task:greet"):
        await made.gateway.complete("greet", {"name": "Ada"}, ME)

    assert provider.requests == []
    assert (await made.gateway.complete("greet", {"name": "Ada"}, Caller(tenant="other"))).text


class Pinned:
    """Live versions that serve one user another version."""

    def version(self, task: str, caller: Caller) -> int:
        return 2 if caller.user == "canary" else 1


@pytest.mark.feature("P3")
async def test_the_live_version_serves_each_caller(bench: Make) -> None:
    """The pointer decides for each caller; the row and the reply say which version it was."""
    made = bench(ScriptedProvider("ok"), versions=Pinned())

    replies = [await made.gateway.complete("greet", {"name": "Ada"}, Caller(user=u)) for u in ("u1", "canary")]

    assert [reply.prompt_version for reply in replies] == [1, 2]
    assert [row.prompt_version for row in made.rows] == [1, 2]


@pytest.fixture
async def admission(database_url: str, tmp_path: Path) -> AsyncIterator[Admission]:
    """A cap of 300 millionths of a dollar a day for each tenant."""
    cap = CapRule("tenant", "day", 0.0003)
    opened = Admission(Rules(caps=(cap,)), database_url, tmp_path / "settlements")
    opened.start()
    yield opened
    await opened.close()


def hello(number: int) -> ModelRequest:
    return ModelRequest("paid", (Message("user", f"hi {number}"),), max_output_tokens=50)


@pytest.mark.feature("G7")
async def test_a_cap_holds_under_concurrency_and_settles_to_the_real_cost(bench: Make, admission: Admission) -> None:
    """Of forty calls at once, each 102 millionths at worst, two fit; settled at 30 each, more fit afterwards."""
    made = bench(ScriptedProvider("slow"), admission=admission)

    outcomes = await asyncio.gather(
        *(made.gateway.chat(hello(n), ME, task="door") for n in range(40)), return_exceptions=True
    )
    await admission.flush()
    later = await made.gateway.chat(hello(99), ME, task="door")

    admitted = [outcome for outcome in outcomes if isinstance(outcome, Reply)]
    assert len(admitted) == 2
    assert all(isinstance(o, BudgetExceededError) for o in outcomes if not isinstance(o, Reply))
    assert later.cost_usd == pytest.approx(30 / 1e6)


@pytest.mark.feature("G7")
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
async def test_an_exhausted_budget_refuses_every_way_in(
    bench: Make, database_url: str, tmp_path: Path, streamed: bool
) -> None:
    """Whole or streamed: nothing reaches the provider, and the refusal has a row."""
    provider = ScriptedProvider("ok")
    spent = Admission(Rules(caps=(CapRule("tenant", "day", 0.0),)), database_url, tmp_path / "settlements")
    made = bench(provider, admission=spent)

    stream = made.gateway.chat_stream(hello(1), ME, task="door")
    asked = anext(stream) if streamed else made.gateway.chat(hello(1), ME, task="door")
    with pytest.raises(BudgetExceededError):
        await asked
    await spent.close()

    assert provider.requests == []
    assert made.rows[0].status == "refused"


async def test_a_stream_that_is_left_settles_what_was_received(
    bench: Make, admission: Admission, database_url: str
) -> None:
    """Leaving early costs what came until then, not the worst case and not nothing."""
    made = bench(ScriptedProvider("slow"), admission=admission)

    stream = made.gateway.chat_stream(hello(1), ME, task="door")
    await anext(stream)
    await stream.aclose()
    await admission.flush()

    with psycopg.connect(database_url) as connection:
        rows = connection.execute("select settled_usd, reserved_usd from app.budget_windows").fetchall()
    settled, reserved = rows[0]
    assert 0 < float(settled) < 102 / 1e6
    assert float(reserved) == 0


@pytest.mark.reliability("unmetered stream")
@pytest.mark.feature("G10")
async def test_no_stream_ends_unrecorded_wherever_it_is_left(bench: Make) -> None:
    """500 streams left after a random number of chunks: a row each, metered to what was received within a token."""
    provider = ScriptedProvider("ok")
    made = bench(provider)
    draw = random.Random(3)
    received = []

    for number in range(500):
        stream = made.gateway.chat_stream(hello(number), ME, task="door")
        chunks = [await anext(stream) for _ in range(draw.randint(1, 4))]
        await stream.aclose()
        received.append(sum(len(chunk.text) for chunk in chunks if isinstance(chunk, Chunk)))

    assert len(made.rows) == 500
    assert all(row.status == "cancelled" for row in made.rows)
    assert provider.cancelled == 500
    assert all(row.output_tokens * 4 >= read for row, read in zip(made.rows, received, strict=True))
