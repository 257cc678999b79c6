"""A whole service over loopback: its HTTP doors, its database, and a scripted provider behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import aiohttp
import pytest
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from app import bootstrap
from app.intelligence.providers.faults import Outcome
from app.intelligence.providers.faults_server import FaultsServer
from app.interface.api import create_app
from app.interface.loopback import on_loopback
from app.interface.services import Services
from app.settings import Settings

KEY = "reliability-key"
OTHER_KEY = "another-tenants-key"
OPEN = {"/healthz", "/readyz", "/openapi.json"}
SAY = [{"role": "user", "content": "How long do refunds take?"}]
PARTS = [{"role": "user", "parts": [{"text": "How long do refunds take?"}]}]

# A good body for every route that takes one. A route that is not here fails the tests: a new one cannot be forgotten.
BODIES: dict[str, Any] = {
    "/v1/chat/completions": {"model": "large", "messages": SAY},
    "/v1/responses": {"model": "large", "input": "How long do refunds take?"},
    "/v1/embeddings": {"model": "embedding", "input": "refunds"},
    "/v1/completions": {"model": "large", "prompt": "How long do refunds take?"},
    "/v1/messages": {"model": "large", "max_tokens": 50, "messages": SAY},
    "/v1/messages/count_tokens": {"model": "large", "messages": SAY},
    "/api/chat": {"model": "large", "messages": SAY, "stream": False},
    "/api/generate": {"model": "large", "prompt": "How long do refunds take?", "stream": False},
    "/v1": {"inputs": "How long do refunds take?"},
    "/api/embed": {"model": "embedding", "input": "refunds"},
    "/api/show": {"model": "large"},
    "/v1/chat": {"model": "large", "message": "How long do refunds take?"},
    "/v1/embed": {"model": "embedding", "texts": ["refunds"], "input_type": "search_query"},
    "/v1/generate": {"model": "large", "prompt": "How long do refunds take?"},
    "/v2/chat": {"model": "large", "messages": SAY},
    "/v2/embed": {"model": "embedding", "texts": ["refunds"], "input_type": "search_query"},
    "/voyage/v1/embeddings": {"model": "voyage-3", "input": ["refunds"]},
    "/voyage/v1/rerank": {"model": "rerank-2", "query": "refunds", "documents": ["Refunds take 14 days."]},
    "/v1/rerank": {"query": "refunds", "documents": [{"text": "Refunds take 14 days."}]},
    "/v2/rerank": {"model": "rerank-v3.5", "query": "refunds", "documents": ["Refunds take 14 days."]},
    "/model/{model:path}/converse": {
        "messages": [{"role": "user", "content": [{"text": "How long do refunds take?"}]}]
    },
    "/model/{model:path}/converse-stream": {"messages": [{"role": "user", "content": [{"text": "How long?"}]}]},
}
for _version in ("/v1", "/v1beta"):
    BODIES |= {
        f"{_version}/models/{{model:path}}:generateContent": {"contents": PARTS},
        f"{_version}/models/{{model:path}}:streamGenerateContent": {"contents": PARTS},
        f"{_version}/interactions": {"model": "large", "input": "How long do refunds take?"},
        f"{_version}/models/{{model:path}}:countTokens": {"contents": PARTS},
        f"{_version}/models/{{model:path}}:embedContent": {"content": PARTS[0]},
        f"{_version}/models/{{model:path}}:batchEmbedContents": {
            "requests": [{"model": "models/embedding", "content": PARTS[0]}]
        },
    }
STREAMED = {
    "/v1/chat/completions": {"stream": True},
    "/v1": {"stream": True},
    "/api/generate": {"stream": True},
    "/v1/responses": {"stream": True},
    "/v1/completions": {"stream": True},
    "/v1/chat": {"stream": True},
    "/v1/generate": {"stream": True},
    "/v1/messages": {"stream": True},
    "/api/chat": {"stream": True},
    "/v2/chat": {"stream": True},
    "/v1beta/interactions": {"stream": True},
}

# What reaches no model and costs nothing.
FREE = ("/api/show", "/v1/messages/count_tokens", ":countTokens")


@dataclass
class Running:
    """The service: its address, its parts, the provider behind it, and how many requests reached it."""

    url: str
    app: Any
    provider: FaultsServer
    database_url: str
    services: Services = field(init=False)
    requests: int = 0

    @property
    def headers(self) -> dict[str, str]:
        """With a good key."""
        return {"authorization": f"Bearer {KEY}"}

    def routes(self) -> list[tuple[str, str]]:
        """(method, path) of everything that is served and needs a key."""
        found = [route for route in _flat(self.app.routes) if route.path not in OPEN]
        return [(method, route.path) for route in found for method in sorted(route.methods or ())]

    def posted(self) -> list[tuple[str, dict[str, Any]]]:
        """(address, body) of every way in, streams as well."""
        ways = []
        for method, path in self.routes():
            if method == "POST":
                model = "embedding" if "mbed" in path else "large"
                query = "?alt=sse" if path.endswith("streamGenerateContent") else ""
                address = path.replace("{model}", model).replace("{model:path}", model)
                ways += [(address + query, BODIES[path])]
                ways += [(path, BODIES[path] | STREAMED[path])] if path in STREAMED else []
        return ways


Run = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture
def service(load_settings: Callable[..., Settings], database_url: str) -> Run:
    """`async with service("ok", APP_...=...) as running`."""

    @asynccontextmanager
    async def run(*script: str | Outcome, **variables: str) -> AsyncIterator[Running]:
        async with FaultsServer(list(script) or ["ok"]) as provider:
            keys = [
                {"name": name, "sha256": sha256(key.encode()).hexdigest(), "tenant": tenant}
                for name, key, tenant in (("web", KEY, "acme"), ("other", OTHER_KEY, "other"))
            ]
            place = "{id: m, input_usd_per_million: 1000, output_usd_per_million: 2000}"
            loaded = load_settings(
                APP_PROVIDER="openai",
                OPENAI_API_KEY="sk-only-on-loopback",
                APP_PROVIDERS__OPENAI__BASE_URL=provider.base_url,
                APP_MODELS__LARGE__OPENAI=f"[{place}]",
                APP_MODELS__EMBEDDING__OPENAI=f"[{place}]",
                APP_AUTH__MODE="api_key",
                APP_AUTH__KEYS=str(keys).replace("'", '"'),
                **variables,
            )
            running = Running("", None, provider, database_url)

            @asynccontextmanager
            async def opened() -> AsyncIterator[Services]:
                async with bootstrap.open_services(loaded, database_url) as services:
                    running.services = services
                    yield services

            running.app = create_app(loaded, opened)
            async with on_loopback(_counted(running), lifespan=True) as url:
                running.url = url
                yield running

    return run


def _flat(routes: Iterable[Any]) -> Iterator[Route]:
    """All routes, those of included routers too."""
    for route in routes:
        if isinstance(route, Route):
            yield route
        else:
            yield from _flat(route.original_router.routes)


def _counted(running: Running) -> ASGIApp:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        running.requests += scope["type"] == "http"
        await running.app(scope, receive, send)

    return app


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A plain HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session
