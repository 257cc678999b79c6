"""What is too much: bodies are bounded while they arrive, JSON in depth and characters, requests in number at a time.

The checked JSON is left in the request's state as `body`; handlers read nothing unchecked.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.interface.auth import OPEN_PATHS
from app.interface.failures import RequestRefusedError
from app.settings import Service, Settings

BODY_TIMEOUT_S = 30.0
WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Admitted:
    """ASGI middleware that refuses requests above `max_concurrency` with 503; a stream counts until it ends."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._limit = settings.service.max_concurrency
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request if there is room."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS:
            await self._app(scope, receive, send)
            return
        if self._running >= self._limit:
            raise RequestRefusedError(
                f"{self._limit} requests are running, as many as service.max_concurrency allows: try again shortly",
                503,
                "overloaded",
            )
        self._running += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._running -= 1


class Bounded:
    """ASGI middleware that reads a body within its limits, checks it as JSON and hands it on."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._service = settings.service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request if its body is acceptable."""
        if scope["type"] != "http" or scope["method"] not in WITH_BODY:
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(BODY_TIMEOUT_S):
                body = await read_body(Headers(scope=scope), receive, self._service.max_body_bytes)
        except TimeoutError:
            raise RequestRefusedError(
                f"the body did not arrive within {BODY_TIMEOUT_S:.0f} s: send it again", 408, "too_slow"
            ) from None
        scope.setdefault("state", {})["body"] = checked_json(body, self._service)
        handed = False

        async def receive_again() -> Message:
            nonlocal handed
            if handed:
                return await receive()
            handed = True
            return {"type": "http.request", "body": body, "more_body": False}

        await self._app(scope, receive_again, send)


async def read_body(headers: Headers, receive: Receive, limit: int) -> bytes:
    """The whole body; raises RequestRefusedError (413) as soon as it is known to be longer than `limit` bytes."""
    announced = headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestRefusedError("the client left before its request was whole", 400, "incomplete")
        body += message.get("body", b"")
        if len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body", False):
            return bytes(body)


def checked_json(body: bytes, limits: Service) -> dict[str, Any]:
    """The JSON object in a body. Raises RequestRefusedError: 400 when it is none, 422 when too deep or with NUL.

    Invalid UTF-8 and unpaired surrogates are no JSON here: no database and no provider takes them.
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise RequestRefusedError(f"the body is not JSON: {error}", 400, "invalid_json") from None
    if not isinstance(value, dict):
        raise RequestRefusedError(f"the body must be a JSON object, found {type(value).__name__}", 422, "invalid_input")
    for text, depth in _walk(value):
        if depth > limits.max_json_depth:
            raise RequestRefusedError(f"the body is nested deeper than {limits.max_json_depth} levels", 422, "too_deep")
        if "\0" in text:
            raise RequestRefusedError("the body holds a NUL character (\\u0000): remove it", 422, "invalid_text")
    return value


def _walk(value: dict[str, Any]) -> Iterator[tuple[str, int]]:
    """Every text and key with its depth, and an empty text for every container; no recursion."""
    waiting: list[tuple[Any, int]] = [(value, 1)]
    while waiting:
        found, depth = waiting.pop()
        if isinstance(found, str):
            yield found, depth
            continue
        yield "", depth
        if isinstance(found, dict):
            for key, item in found.items():
                yield key, depth
                if isinstance(item, (str, dict, list)):
                    waiting.append((item, depth + (not isinstance(item, str))))
        else:
            waiting += [
                (item, depth + (not isinstance(item, str))) for item in found if isinstance(item, (str, dict, list))
            ]


def _too_large(limit: int) -> RequestRefusedError:
    return RequestRefusedError(f"the body is larger than {limit} bytes: send less", 413, "too_large")
