"""What the HTTP layer works with, made by `bootstrap` and handed to every handler through the application's state."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, cast

from starlette.requests import Request

from app.caller import Caller
from app.interface.readiness import Readiness
from app.observability.tracing import OperationSpan
from app.orchestration.answer import Answer
from app.settings import Settings


class AnsweringAssistant(Protocol):
    """What answers questions: `app.orchestration.graph.Assistant`."""

    async def ask(self, question: str, caller: Caller, *, earlier: Sequence[str] = ()) -> Answer:
        """The whole answer."""
        ...

    def stream(self, question: str, caller: Caller, *, earlier: Sequence[str] = ()) -> AsyncIterator[str | Answer]:
        """Pieces of verified text; the last item is the whole answer."""
        ...

    async def warm(self) -> None:
        """Do beforehand what the first question would wait for."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """The parts a request may use. `gateway` is the Gateway, `pool` the open database pool, `tool_loop` the ToolLoop.

    `readiness()` gives one line for each reason not to send traffic here: an empty list when all is well.
    """

    settings: Settings
    gateway: Any
    assistant: AnsweringAssistant
    pool: Any
    call_log: Any
    readiness: Readiness
    tool_loop: Any = None


OpenServices = Callable[[], AbstractAsyncContextManager[Services]]


def services_of(request: Request) -> Services:
    """The application's services."""
    return cast(Services, request.app.state.services)


def caller_of(request: Request) -> Caller:
    """Who calls, as `auth` found out."""
    return cast(Caller, request.state.caller)


def body_of(request: Request) -> Mapping[str, Any]:
    """The request's JSON object, as `limits` checked it."""
    return cast(Mapping[str, Any], request.state.body)


def span_of(request: Request) -> OperationSpan:
    """The request's own span, the root of its trace here."""
    return cast(OperationSpan, request.state.span)
