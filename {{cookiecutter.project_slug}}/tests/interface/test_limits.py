"""What the service refuses to take in."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from app.settings import Settings
from tests.interface.conftest import Client
from tests.interface.fakes import ANSWER, FakeAssistant

LoadSettings = Callable[..., Settings]
PATHS = ["/v1/chat/completions", "/v1/messages", "/v1/embeddings"]
MALFORMED: dict[str, bytes] = {
    "empty": b"",
    "cut": b'{"model": "assistant", "messages": [',
    "list": b"[]",
    "text": b'"hi"',
    "null": b"null",
    "number": b"12",
    "nan": b'{"model": NaN}',
    "infinity": b'{"model": 1e999}',
    "utf16": '{"model": "assistant"}'.encode("utf-16"),
    "latin1": '{"model": "é"}'.encode("latin-1"),
    "surrogate": b'{"model": "\\ud800"}',
    "nul": b'{"model": "assistant", "messages": [{"role": "user", "content": "a\\u0000b"}]}',
    "nul-key": b'{"model\\u0000": "assistant"}',
    "bom": b"\xef\xbb\xbf{}",
    "depth-40": b'{"model":' + b"[" * 40 + b"]" * 40 + b"}",
    "depth-100000": b'{"model":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "objects-deep": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "no-model": b'{"messages": []}',
    "model-number": b'{"model": 1, "messages": [{"role": "user", "content": "x"}]}',
    "messages-text": b'{"model": "assistant", "messages": "hi"}',
    "message-null": b'{"model": "assistant", "messages": [null]}',
    "role": b'{"model": "assistant", "messages": [{"role": "root", "content": "x"}]}',
    "content": b'{"model": "assistant", "messages": [{"role": "user", "content": {"a": 1}}]}',
    "content-null": b'{"model": "assistant", "messages": [{"role": "user", "content": null}]}',
    "blank": b'{"model": "assistant", "messages": [{"role": "user", "content": "  "}]}',
    "assistant-last": b'{"model": "assistant", "messages": [{"role": "assistant", "content": "x"}]}',
    "stream-text": b'{"model": "assistant", "stream": "yes", "messages": [{"role": "user", "content": "x"}]}',
    "tools": b'{"model": "assistant", "tools": 7, "messages": [{"role": "user", "content": "x"}]}',
    "form": b"model=assistant&messages=hi",
}
NAUGHTY = [
    "\u202e",
    "\ufeff",
    "﷽" * 50,
    "a\u0300" * 200,
    "<script>",
    "'; drop table calls; --",
    "{{7*7}}",
    "%00",
    "🧨" * 99,
]


@pytest.mark.reliability("bad bodies")
@pytest.mark.feature("I3")
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED.keys())
async def test_a_malformed_body_is_refused_with_a_reason(
    serve: Client, settings: Settings, path: str, body: bytes
) -> None:
    """Never a 5xx, never an answer: 4xx with a message that says what is wrong."""
    async with serve(settings) as client:
        response = await client.post(path, content=body, headers={"content-type": "application/json"})

    assert 400 <= response.status_code < 500
    assert len(response.json()["error"]["message"]) > 10


@pytest.mark.reliability("bad bodies")
@pytest.mark.parametrize("text", NAUGHTY)
async def test_strange_text_is_only_text(serve: Client, settings: Settings, text: str) -> None:
    """What is valid is answered, however odd it looks."""
    assistant = FakeAssistant()
    async with serve(settings, assistant=assistant) as client:
        response = await client.post(
            "/v1/chat/completions", json={"model": "assistant", "messages": [{"role": "user", "content": f"x{text}"}]}
        )

    assert response.status_code == 200
    assert assistant.asked[0][0] == f"x{text}".strip()


@pytest.mark.feature("I3")
@pytest.mark.parametrize("announced", [True, False], ids=["content-length", "chunked"])
async def test_a_large_body_is_refused_before_it_is_read(
    serve: Client, load_settings: LoadSettings, announced: bool
) -> None:
    """413 as soon as the size is known; the rest stays with the client."""
    settings = load_settings(APP_SERVICE__MAX_BODY_BYTES="2000")
    sent = 0

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(10_000):
            sent += 1_000
            yield b"x" * 1_000

    async with serve(settings) as client:
        content: Any = b"x" * 3_000 if announced else pieces()
        response = await client.post("/v1/chat/completions", content=content)

    assert response.status_code == 413
    assert response.json()["error"]["code"] == "too_large"
    assert sent <= 4_000


@pytest.mark.feature("I3")
async def test_a_long_question_is_refused(serve: Client, load_settings: LoadSettings) -> None:
    """The limit and the length are named."""
    settings = load_settings(APP_SERVICE__MAX_QUESTION_CHARS="20")
    body = {"model": "assistant", "messages": [{"role": "user", "content": "x" * 21}]}
    async with serve(settings) as client:
        response = await client.post("/v1/chat/completions", json=body)

    assert response.status_code == 400
    assert "21 characters, at most 20" in response.json()["error"]["message"]


async def test_too_many_at_once_are_refused_and_health_is_not(serve: Client, load_settings: LoadSettings) -> None:
    """Above `max_concurrency` comes 503 with Retry-After; when one ends the next is served."""
    settings = load_settings(APP_SERVICE__MAX_CONCURRENCY="1")
    begun, release = asyncio.Event(), asyncio.Event()

    class Slow(FakeAssistant):
        async def ask(self, *args: Any, **kwargs: Any) -> Any:
            begun.set()
            await release.wait()
            return ANSWER

    body = {"model": "assistant", "messages": [{"role": "user", "content": "x"}]}
    async with serve(settings, assistant=Slow()) as client:
        first = asyncio.create_task(client.post("/v1/chat/completions", json=body))
        await begun.wait()
        refused = await client.post("/v1/chat/completions", json=body)
        health = await client.get("/healthz")
        release.set()
        served = [await first, await client.post("/v1/chat/completions", json=body)]

    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
    assert json.loads(refused.content)["error"]["code"] == "overloaded"
    assert health.status_code == 200
    assert [response.status_code for response in served] == [200, 200]
