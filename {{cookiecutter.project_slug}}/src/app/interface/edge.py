"""The outermost layer of every request: its trace, its log line, its security headers, and the one catch-all.

Whatever is raised inside ends here as a response in one form; nothing leaves without an `x-trace-id`.
"""

from __future__ import annotations

import secrets
import time
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.caller import Caller
from app.data.limits import Rate
from app.errors import AppError
from app.intelligence.admission import standing
from app.interface.auth import OPEN_PATHS
from app.interface.door_errors import dialect_of, error_response
from app.interface.failures import failure_response
from app.interface.rate_headers import rate_headers
from app.observability import semconv
from app.observability.semconv import Operation
from app.observability.tracing import OperationSpan, operation_span, parent_of

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "cache-control": "private, no-store",
}

_SECURITY = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]

log = structlog.stdlib.get_logger("app.access")


class Edge:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; lifespan and others pass."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] in OPEN_PATHS:
            await _Exchange(scope, send, secrets.token_hex(16)).serve(self._app, receive)
        else:
            parent = parent_of(Headers(scope=scope))
            with operation_span(Operation.STEP, f"{scope['method']} {scope['path']}", parent=parent) as span:
                await _Exchange(scope, send, span.trace_id, span).serve(self._app, receive)


class _Exchange:
    """One request and its response on the way out."""

    def __init__(self, scope: Scope, send: Send, trace_id: str, span: OperationSpan | None = None) -> None:
        self._scope = scope
        self._send = send
        self._trace_id = trace_id
        self._span = span
        self._status = 0
        self._began = time.perf_counter()
        self._rates: list[Rate] = []
        state = scope.setdefault("state", {})
        state["trace_id"] = trace_id
        state["span"] = span

    async def serve(self, app: ASGIApp, receive: Receive) -> None:
        error: Exception | None = None
        listening = standing.set(self._rates)
        try:
            await app(self._scope, receive, self._send_marked)
        except Exception as raised:  # noqa: BLE001  the HTTP edge: any error becomes a response
            error = raised
            await self._answer(raised, receive)
        finally:
            standing.reset(listening)
            self._describe(error)

    async def _send_marked(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = [pair for pair in message.get("headers", ()) if pair[0] != b"x-trace-id"]
            there = {name for name, _ in headers}
            headers += [pair for pair in _SECURITY if pair[0] not in there]
            headers.append((b"x-trace-id", self._trace_id.encode()))
            if self._rates:
                told = rate_headers(self._rates, dialect_of(self._scope["path"]))
                headers += [(name.encode(), value.encode()) for name, value in told.items()]
            message["headers"] = headers
        await self._send(message)

    async def _answer(self, error: Exception, receive: Receive) -> None:
        """Tell the client, unless its response has begun: then the connection ends as broken, not as complete."""
        if self._status:
            return
        if isinstance(error, AppError):
            response = error_response(dialect_of(self._scope["path"]), error)
        else:
            response = failure_response(error)
        await response(self._scope, receive, self._send_marked)

    def _describe(self, error: Exception | None) -> None:
        caller: Caller | None = self._scope["state"].get("caller")
        fields: dict[str, Any] = {
            "method": self._scope["method"],
            "path": self._scope["path"],
            "status": self._status,
            "ms": round((time.perf_counter() - self._began) * 1000, 1),
        }
        if caller is not None:
            fields |= {"tenant": caller.tenant, "user": caller.user, "session": caller.session}
        if error is not None:
            fields["error"] = type(error).__name__
        self._trace(caller, error)
        if error is not None and not isinstance(error, AppError):
            log.error("request", **fields, exc_info=error)
        elif self._scope["path"] not in OPEN_PATHS or self._status != 200:
            log.info("request", **fields)

    def _trace(self, caller: Caller | None, error: Exception | None) -> None:
        if self._span is None:
            return
        self._span.set({semconv.HTTP_STATUS: self._status or None})
        if caller is not None:
            self._span.set({semconv.USER: caller.user, semconv.TENANT: caller.tenant, semconv.SESSION: caller.session})
            self._span.tag("tenant", caller.tenant)
        if error is not None:
            self._span.fail(error)
