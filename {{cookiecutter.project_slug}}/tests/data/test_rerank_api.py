"""Hits put in order by a provider's rerank API, through the gateway: masked, admitted, logged like any call."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from typing import Any

import psycopg
import pytest
from aiohttp import web

from app import bootstrap
from app.caller import Caller
from app.errors import CallFailedError, ProviderBrokenError
from app.intelligence.wire import cohere_rerank
from app.orchestration.search import Search
from app.settings import Settings
from tests.data.index import ingest

FILES = {
    "a.md": "# A\n\nRefund of the yearly plan.",
    "b.md": "# B\n\nRefund, plan and ada@example.org, in another order.",
    "c.md": "# C\n\nThe refund plan.",
}


class RerankServer:
    """Speaks the rerank protocol on loopback: the text that comes last is the best. `requests` holds the bodies."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.url = ""
        self.broken = False
        self.status = 200
        self.thinks_s = 0.0

    async def answer(self, request: web.Request) -> web.Response:
        body = await request.json()
        self.requests.append(body)
        await asyncio.sleep(self.thinks_s)
        if self.status != 200:
            return web.json_response({"message": "no scores today"}, status=self.status)
        count = len(body["documents"])
        places = list(reversed(range(count)))[: 1 if self.broken else count]
        results = [{"index": place, "relevance_score": (place + 1) / 10} for place in places]
        return web.json_response({"id": "r", "results": results, "meta": {"billed_units": {"search_units": 1}}})


@pytest.fixture
async def server() -> AsyncIterator[RerankServer]:
    made = RerankServer()
    application = web.Application()
    application.router.add_post("/v2/rerank", made.answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield made
    await runner.cleanup()


@pytest.fixture
def reranked(load_settings: Callable[..., Settings], server: RerankServer) -> Settings:
    return load_settings(
        COHERE_API_KEY="key-only-on-loopback-0123",
        APP_PROVIDERS__COHERE__BASE_URL=server.url,
        APP_MODELS__RANK__OFFLINE="[{id: rerank-v3.5, provider: cohere}]",
        APP_RETRIEVAL__RERANK="model:rank",
        APP_RETRIEVAL__TOP_K="2",
    )


@pytest.mark.feature("D4")
async def test_the_providers_scores_order_the_hits(
    reranked: Settings, server: RerankServer, service_url: str, database_url: str
) -> None:
    """Four times the wanted hits are sent, under their headings and masked; one call row tells of it."""
    async with bootstrap.open_services(reranked, service_url) as services:
        await ingest(services.pool, FILES)
        hits = await Search(reranked, services.pool, services.gateway)("refund plan", Caller())
        await services.call_log.flush()

    (body,) = server.requests
    assert (body["model"], body["query"], body["top_n"]) == ("rerank-v3.5", "refund plan", 3)
    assert "ada@example.org" not in json.dumps(body)
    assert [round(hit.score, 1) for hit in hits] == [0.3, 0.2]
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT status, deployment FROM app.calls WHERE task = 'rerank'").fetchall()
    assert rows == [("ok", "rerank-v3.5")]


@pytest.mark.feature("D4")
async def test_a_reply_without_a_score_for_each_text_is_a_failed_call(
    reranked: Settings, server: RerankServer, service_url: str
) -> None:
    """The order of search is not passed off as the provider's."""
    server.broken = True
    async with bootstrap.open_services(reranked, service_url) as services:
        await ingest(services.pool, FILES)
        with pytest.raises(CallFailedError):
            await Search(reranked, services.pool, services.gateway)("refund plan", Caller())


@pytest.mark.feature("D4")
@pytest.mark.parametrize(
    ("status", "thinks_s", "said"),
    [
        pytest.param(500, 0.0, "after 4 attempts.*answered 500: no scores today", id="errors"),
        pytest.param(200, 2.0, "within 1.5 s.*did not answer", id="hangs"),
    ],
)
async def test_an_api_that_errs_or_hangs_ends_the_search_with_one_error_in_time(
    reranked: Settings,
    server: RerankServer,
    service_url: str,
    database_url: str,
    status: int,
    thinks_s: float,
    said: str,
) -> None:
    """After its attempts, within the call's deadline, and with a call row; never with the order of search."""
    server.status, server.thinks_s = status, thinks_s
    policy = reranked.gateway.model_copy(
        update={"deadline_s": 1.5, "attempt_timeout_s": 0.5, "first_token_timeout_s": 0.5, "backoff_initial_s": 0.05}
    )
    loaded = reranked.model_copy(update={"gateway": policy})
    async with bootstrap.open_services(loaded, service_url) as services:
        await ingest(services.pool, FILES)
        began = time.monotonic()
        with pytest.raises(CallFailedError, match=said):
            await Search(loaded, services.pool, services.gateway)("refund plan", Caller())
        took_s = time.monotonic() - began
        await services.call_log.flush()

    assert took_s < 3
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT status FROM app.calls WHERE task = 'rerank'").fetchall()
    assert len(rows) == 1
    assert rows[0][0] != "ok"


@pytest.mark.parametrize(
    "results",
    [
        None,
        [],
        [{"index": 0, "relevance_score": 1.0}],
        [{"index": 0, "relevance_score": 1.0}, {"index": 0, "relevance_score": 0.5}, {"index": 1}],
        [{"index": 0, "relevance_score": 1.0}, {"index": 2, "relevance_score": 0.5}],
        [{"index": 0, "relevance_score": "high"}, {"index": 1, "relevance_score": 0.5}],
        [{"index": 0, "relevance_score": float("nan")}, {"index": 1, "relevance_score": 0.5}],
    ],
)
def test_scores_that_do_not_fit_are_the_providers_fault(results: object) -> None:
    """Missing, double, of other texts, no numbers."""
    with pytest.raises(ProviderBrokenError):
        cohere_rerank.decode_reply({"results": results}, 2)
