"""A streamed reply on its way to a client, in any protocol.

Nothing is sent before the first item is there, so a call that fails at once is an ordinary error answer. A client that
leaves, at whatever moment, ends the call: the gateway's stream is closed and settles what was used.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Protocol, cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.errors import AppError
from app.intelligence.messages import Chunk, ModelReply, ToolCallDelta
from app.intelligence.reply import Reply
from app.interface.door_errors import Dialect, error_kind, error_response

EVENTS = "text/event-stream"


class StreamEncoder(Protocol):
    """Writes the frames of one stream in one protocol."""

    def start(self) -> bytes:
        """The frame that opens the message."""
        ...

    def chunk(self, chunk: Chunk) -> bytes:
        """Text and tool calls of a chunk."""
        ...

    def end(self, reply: ModelReply) -> bytes:
        """Finish reason, usage and end mark."""
        ...

    def error(self, kind: str, message: str) -> bytes:
        """The error that ends a stream already begun."""
        ...


class EventStream(Response):
    """Sends `items` (chunks, the Reply last) through `encoder`; `on_error` hears of the error that ended them."""

    def __init__(
        self,
        items: AsyncIterator[Chunk | Reply],
        encoder: StreamEncoder,
        dialect: Dialect,
        *,
        on_error: Callable[[AppError], None],
        media_type: str = EVENTS,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self.init_headers(headers)
        self._items = cast("AsyncGenerator[Chunk | Reply, None]", items)
        self._encoder = encoder
        self._dialect = dialect
        self._on_error = on_error
        self._client_left = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything, or stop when the client has left."""
        sending = asyncio.current_task()
        assert sending is not None
        watching = asyncio.create_task(self._watch(receive, sending))
        try:
            async with aclosing(self._items):
                await self._send(scope, receive, send)
        except asyncio.CancelledError:
            if not self._client_left:
                raise
            sending.uncancel()
        finally:
            watching.cancel()

    async def _watch(self, receive: Receive, sending: asyncio.Task[None]) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._client_left = True
        sending.cancel()

    async def _send(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            item = await anext(self._items)
        except AppError as error:
            self._on_error(error)
            await error_response(self._dialect, error)(scope, receive, send)
            return
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        frames = self._encoder.start()
        said_text = said_tools = False
        try:
            while isinstance(item, Chunk):
                said_text = said_text or bool(item.text)
                said_tools = said_tools or bool(item.tool_calls)
                frames += self._encoder.chunk(item)
                if frames:
                    await send({"type": "http.response.body", "body": frames, "more_body": True})
                    frames = b""
                item = await anext(self._items)
            frames += self._encoder.chunk(_unsaid(item, said_text, said_tools)) + self._encoder.end(
                as_model_reply(item)
            )
        except AppError as error:
            self._on_error(error)
            frames += self._encoder.error(error_kind(self._dialect, error), str(error))
        await send({"type": "http.response.body", "body": frames, "more_body": False})


def as_model_reply(reply: Reply) -> ModelReply:
    """The part of a gateway's reply that the protocols speak of."""
    return ModelReply(
        reply.text,
        reply.model,
        reply.usage,
        reply.finish_reason,
        reply.tool_calls,
        thoughts=reply.thoughts,
        tokens=reply.tokens,
    )


def _unsaid(reply: Reply, said_text: bool, said_tools: bool) -> Chunk:
    """What the reply holds and no chunk has said, as when it comes whole from the cache."""
    calls = () if said_tools else reply.tool_calls
    deltas = tuple(ToolCallDelta(i, call.id, call.name, call.arguments) for i, call in enumerate(calls))
    if said_text:
        return Chunk(tool_calls=deltas)
    return Chunk(text=reply.text, tool_calls=deltas, tokens=reply.tokens)
