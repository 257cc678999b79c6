"""The service with stand-ins behind it, in this event loop."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any

import httpx2
import pytest
import structlog

from app.interface.api import create_app
from app.interface.services import Services
from app.settings import Settings
from tests.interface.fakes import FakeAssistant, FakeGateway
from tests.interface.served_doors import Served, served_doors

Client = Callable[..., AbstractAsyncContextManager[httpx2.AsyncClient]]


def services_with(settings: Settings, **parts: Any) -> Services:
    """Services of stand-ins; `parts` replaces some."""

    async def ready() -> list[str]:
        return []

    chosen = {"gateway": FakeGateway(), "assistant": FakeAssistant(), "readiness": ready} | parts
    return Services(settings=settings, pool=None, call_log=None, **chosen)


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    """The log lines of the test, instead of printed ones."""
    with structlog.testing.capture_logs() as entries:
        yield entries


@pytest.fixture
def serve() -> Client:
    """`async with serve(settings, assistant=...) as client`: a client of the service, over ASGI."""

    @asynccontextmanager
    async def served(settings: Settings, **parts: Any) -> AsyncIterator[httpx2.AsyncClient]:
        app = create_app(settings, lambda: nullcontext(services_with(settings, **parts)))
        async with app.router.lifespan_context(app):
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://service") as client:
                yield client

    return served


@pytest.fixture(scope="session")
def running() -> Iterator[Served]:
    """The doors on loopback; one server for the whole run."""
    with served_doors() as server:
        yield server


@pytest.fixture
def doors(running: Served) -> Served:
    """The server with a fresh gateway's state."""
    running.gateway.reset()
    return running
