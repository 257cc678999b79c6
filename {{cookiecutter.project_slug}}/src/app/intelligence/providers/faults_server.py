"""The scripted faults over real HTTP on loopback, speaking every protocol that `faults_protocols` lists.

What happens to a request is said by the script, request by request, or else by the name of the model it asks for; a
model that is called like no fault is served well. `python -m app.intelligence.providers.faults_server --port 8099`.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter, deque
from collections.abc import Sequence
from functools import partial
from typing import Any

import orjson
from aiohttp import web

from app.intelligence.providers.faults import Outcome, named, outcome_named, words
from app.intelligence.providers.faults_protocols import (
    EMBEDDING_SPEECHES,
    SPEECHES,
    EmbeddingSpeech,
    Speech,
    StreamEncoder,
)

KEPT_REQUESTS = 1_000
HANG_S = 3_600.0


class FaultsServer:
    """`async with FaultsServer(["429", "ok"]) as server:` then point a provider at `server.base_url` or `server.url`.

    The script's last outcome stays. `count` is the number of requests, `by_model` the same by model, `requests` and
    `headers` the latest of them (a body that leaves its model to the address with `model` added), `streaming` the
    streams open now, `left` those the client left before their end.
    """

    def __init__(self, script: Sequence[str | Outcome] = (), *, port: int = 0) -> None:
        self.count = 0
        self.by_model: Counter[str] = Counter()
        self.requests: deque[dict[str, Any]] = deque(maxlen=KEPT_REQUESTS)
        self.headers: deque[dict[str, str]] = deque(maxlen=KEPT_REQUESTS)
        self.streaming = 0
        self.left = 0
        self.url = ""
        self._script = [outcome_named(play) if isinstance(play, str) else play for play in script]
        self._port = port
        self._runner: web.AppRunner | None = None

    def play(self, outcome: str | Outcome) -> None:
        """From now on every request ends like this."""
        self._script = [outcome_named(outcome) if isinstance(outcome, str) else outcome]

    @property
    def base_url(self) -> str:
        """The base URL for OpenAI's protocols; `url` is the one for all others."""
        return f"{self.url}/v1"

    async def __aenter__(self) -> FaultsServer:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        for speech in SPEECHES:
            app.router.add_post(speech.path, partial(self._chat, speech))
        for embedding in EMBEDDING_SPEECHES:
            app.router.add_post(embedding.path, partial(self._embed, embedding))
        app.router.add_get("/counts", self._counts)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    async def _chat(self, speech: Speech, request: web.Request) -> web.StreamResponse:
        body, outcome = await self._asked(request)
        if outcome.kind == "status":
            return _error(outcome, speech)
        if speech.streams(body):
            encoder = speech.encoder(body, body["model"], outcome.reply)
            return await self._stream(request, outcome, encoder, speech.media_type)
        return await _whole(request, outcome, speech.reply(body, body["model"], outcome.reply), speech.usage_fields)

    async def _embed(self, speech: EmbeddingSpeech, request: web.Request) -> web.StreamResponse:
        body, outcome = await self._asked(request)
        if outcome.kind == "status":
            return _error(outcome, speech)
        return await _whole(request, outcome, speech.reply(body), speech.usage_fields)

    async def _counts(self, _: web.Request) -> web.Response:
        counts = {"count": self.count, "by_model": self.by_model, "streaming": self.streaming, "left": self.left}
        return web.Response(body=orjson.dumps(counts), content_type="application/json")

    async def _asked(self, request: web.Request) -> tuple[dict[str, Any], Outcome]:
        """The body and what is to happen to it; never returns for one that hangs."""
        body = {**request.match_info, **orjson.loads(await request.read())}
        if self._script:
            outcome = self._script[min(self.count, len(self._script) - 1)]
        else:
            outcome = named(body["model"]) or Outcome()
        self.count += 1
        self.by_model[body["model"]] += 1
        self.requests.append(body)
        self.headers.append({name.lower(): value for name, value in request.headers.items()})
        if outcome.kind == "hang":
            await asyncio.sleep(HANG_S)
        return body, outcome

    async def _stream(
        self, request: web.Request, outcome: Outcome, encoder: StreamEncoder, media_type: str
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"content-type": media_type})
        await response.prepare(request)
        self.streaming += 1
        whole = False
        try:
            if outcome.kind == "badjson":
                await response.write(b"data: {not json\n\n")
            else:
                await _say(response, outcome, encoder)
            whole = True
        finally:
            self.streaming -= 1
            self.left += not whole
        if outcome.kind == "cut":
            _hang_up(request)
        return response


async def _say(response: web.StreamResponse, outcome: Outcome, encoder: StreamEncoder) -> None:
    said = words(outcome.reply)[:-1]
    if outcome.kind == "cut":
        said = said[: len(said) // 2]
    await response.write(encoder.start())
    for chunk in said:
        if outcome.gap_s:
            await asyncio.sleep(outcome.gap_s)
        await response.write(encoder.chunk(chunk))
    if outcome.kind != "cut":
        await response.write(encoder.end(outcome.reply))


async def _whole(
    request: web.Request, outcome: Outcome, reply: dict[str, Any], usage_fields: Sequence[str]
) -> web.StreamResponse:
    if outcome.reply.usage.estimated:
        for field in usage_fields:
            del reply[field]
    raw = b"{not json" if outcome.kind == "badjson" else orjson.dumps(reply)
    if outcome.gap_s:
        await asyncio.sleep(outcome.gap_s)
    if outcome.kind != "cut":
        return web.Response(body=raw, content_type="application/json")
    response = web.StreamResponse(headers={"content-type": "application/json", "content-length": str(len(raw))})
    await response.prepare(request)
    await response.write(raw[: len(raw) // 2])
    _hang_up(request)
    return response


def _hang_up(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.close()


def _error(outcome: Outcome, speech: Speech | EmbeddingSpeech) -> web.Response:
    delay = outcome.retry_after_s
    return web.Response(
        status=outcome.status,
        body=orjson.dumps(speech.error(outcome.status, f"scripted {outcome.status}")),
        content_type="application/json",
        headers={} if delay is None else {"retry-after": f"{delay:g}"},
    )


async def _serve(port: int, script: Sequence[str]) -> None:
    async with FaultsServer(script, port=port) as server:
        print(server.base_url, flush=True)
        await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted; the first line printed is the base URL."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("script", nargs="*", help="outcomes in order, such as 429 500 ok; the last one stays")
    arguments = parser.parse_args()
    try:
        asyncio.run(_serve(arguments.port, arguments.script))
    except KeyboardInterrupt:
        print("stopped")


if __name__ == "__main__":
    main()
