"""Further words for a search: a few, from a model that is asked once and may fail."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, cast

import pytest
from psycopg_pool import AsyncConnectionPool

from app import bootstrap
from app.caller import Caller
from app.errors import AppError, BudgetExceededError, CallFailedError
from app.intelligence.reply import Reply
from app.orchestration.expansion import MOST_CHARACTERS, MOST_WORDS, expanded
from app.orchestration.search import Search
from app.settings import Settings
from tests.data.index import ingest
from tests.interface.fakes import ScriptedGateway

CALLER = Caller()


class Silent:
    """Never answers; says whether it was let go."""

    let_go = False

    async def complete(self, task: str, inputs: Mapping[str, str], caller: Caller) -> Reply:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            self.let_go = True
            raise
        raise AssertionError("nobody waits that long")


@pytest.mark.feature("D4")
async def test_words_the_question_lacks_stand_behind_it() -> None:
    """Each once, none that was asked, at most eight, whatever form the model gives them."""
    many = " ".join(f"word{n}" for n in range(20))
    gateway = ScriptedGateway({"expand": f"- Refund, reimbursement\n- REFUND; money-back {many}"})

    said = await expanded("When do I get my refund?", CALLER, gateway, timeout_s=1)

    assert said.startswith("When do I get my refund? reimbursement money-back word0 ")
    assert len(said.split()) == len(["When", "do", "I", "get", "my", "refund?"]) + MOST_WORDS
    assert gateway.calls == [("expand", {"question": "When do I get my refund?"})]


@pytest.mark.parametrize(
    "error",
    [CallFailedError("no model answered"), BudgetExceededError("the day's cap is used up")],
    ids=["no model", "no budget"],
)
async def test_a_model_that_fails_costs_the_words_alone(error: AppError, caplog: pytest.LogCaptureFixture) -> None:
    """The question goes on as it was; the log says why."""
    said = await expanded("refund", CALLER, ScriptedGateway({"expand": error}), timeout_s=1)

    assert said == "refund"
    assert str(error) in caplog.text


async def test_a_model_that_is_late_is_let_go(caplog: pytest.LogCaptureFixture) -> None:
    """After the time that is set the search goes on and the call is ended."""
    gateway = Silent()

    said = await expanded("refund", CALLER, gateway, timeout_s=0.05)

    assert said == "refund"
    assert gateway.let_go
    assert "none came within 0.05 s" in caplog.text


@pytest.mark.parametrize("question", ["  ", "x" * (MOST_CHARACTERS + 1)], ids=["empty", "long"])
async def test_what_is_not_worth_it_asks_no_model(question: str) -> None:
    """An empty question has no other words, a long one has enough of its own."""
    gateway = ScriptedGateway({"expand": "other words"})

    assert await expanded(question, CALLER, gateway, timeout_s=1) == question
    assert gateway.calls == []


@pytest.mark.feature("D4")
async def test_a_search_finds_by_further_words_and_without_them(
    pool: AsyncConnectionPool, load_settings: Callable[..., Settings]
) -> None:
    """On: the document that speaks otherwise is found. Failing: what was found before. Off: no model is asked."""
    await ingest(pool, {"a.md": "# A\n\nReimbursement takes ten days.", "b.md": "# B\n\nThe harbour of Piran."})
    on, off = load_settings(APP_RETRIEVAL__EXPAND="true"), load_settings()
    willing = ScriptedGateway({"expand": "reimbursement"})
    failing = ScriptedGateway({"expand": CallFailedError("no model answered")})

    async def found(settings: Settings, gateway: Any, question: str) -> list[str]:
        hits = await Search(settings, pool, cast("Any", gateway))(question, CALLER)
        return [hit.document_id for hit in hits]

    assert await found(on, willing, "money back") == ["a.md"]
    assert await found(on, failing, "harbour") == ["b.md"]
    willing.calls.clear()
    assert await found(off, willing, "money back") == []
    assert willing.calls == []


@pytest.mark.feature("D4")
async def test_the_gateway_runs_the_released_prompt(load_settings: Callable[..., Settings], service_url: str) -> None:
    """With the stand-in: the call is one of task `expand`, in its route's bounds, and the search answers."""
    settings = load_settings(APP_RETRIEVAL__EXPAND="true")
    async with bootstrap.open_services(settings, service_url) as services:
        await ingest(services.pool, {"a.md": "# A\n\nRefund of the yearly plan."})
        hits = await Search(settings, services.pool, services.gateway)("refund plan", CALLER)
        await services.call_log.flush()
        async with services.pool.connection() as connection:
            cursor = await connection.execute(
                "SELECT status, prompt_version, output_tokens <= 40 FROM app.calls WHERE task = 'expand'"
            )
            calls = await cursor.fetchall()

    assert [hit.document_id for hit in hits] == ["a.md"]
    assert calls == [("ok", 1, True)]
