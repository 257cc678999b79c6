"""The doors over loopback, for the vendors' own SDKs, with a gateway written for the tests behind them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from app.caller import Caller
from app.errors import AppError
from app.intelligence.messages import Chunk, Embeddings, ModelRequest, Usage
from app.intelligence.reply import Reply
from app.interface.auth import Authenticated
from app.interface.doors.routes import doors_router
from app.interface.edge import Edge
from app.interface.limits import Bounded
from app.interface.services import Services
from app.settings import ApiKey, Auth, Deployment, Door, Project, ProviderAccess, Settings

if TYPE_CHECKING:
    import anthropic
    import cohere
    import ollama
    import openai
    from google import genai
    from mistralai.client import Mistral

KEY = "door-key-of-the-test"


def a_reply(text: str = "Fourteen days.", **changes: Any) -> Reply:
    """A reply of the gateway."""
    values: dict[str, Any] = {
        "task": "door",
        "model": "large",
        "provider": "offline",
        "deployment": "standin",
        "usage": Usage(20, 5, cached_input_tokens=8),
        "cost_usd": 0.0,
        "identity": "i" * 64,
        "call_id": "call-1",
        "trace_id": "ab" * 16,
    }
    return Reply(text=text, **{**values, **changes})


class FakeGateway:
    """Gives `reply`, or the next of `then`, or raises `error`; streams `chunks` first. Remembers requests, and when a
    stream was closed."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """As new."""
        self.reply = a_reply()
        self.then: list[Reply] = []
        self.error: AppError | None = None
        self.chunks: list[Chunk | AppError] = []
        self.endless = False
        self.silent = False
        self.requests: list[ModelRequest] = []
        self.tasks: list[str] = []
        self.embedding_models: list[str] = []
        self.embeds = "standin-hash"  # the model that its vectors are said to be of
        self.calls = 0
        self.closed = threading.Event()

    async def chat(self, request: ModelRequest, caller: Caller, *, task: str) -> Reply:
        """The reply."""
        self._asked(request, task)
        return self.then.pop(0) if self.then else self.reply

    async def chat_stream(self, request: ModelRequest, caller: Caller, *, task: str) -> AsyncIterator[Chunk | Reply]:
        """The chunks, then the reply."""
        try:
            self._asked(request, task)
            if self.silent:
                await asyncio.sleep(30)
            while self.endless:
                yield Chunk("again ")
                await asyncio.sleep(0.01)
            for chunk in self.chunks:
                if isinstance(chunk, AppError):
                    raise chunk
                yield chunk
            yield self.reply
        finally:
            self.closed.set()

    async def embed(self, texts: Any, caller: Caller, *, model: str) -> Embeddings:
        """Two numbers a text."""
        self.embedding_models.append(model)
        return Embeddings([[0.5, float(len(text))] for text in texts], self.embeds, Usage(len(texts)))

    async def rerank(self, question: str, texts: Any, caller: Caller, *, model: str) -> list[float]:
        """The more of the question's letters, the better."""
        self.embedding_models.append(model)
        return [len(set(question) & set(text)) / len(set(question)) for text in texts]

    def _asked(self, request: ModelRequest, task: str) -> None:
        self.calls += 1
        self.requests.append(request)
        self.tasks.append(task)
        if self.error is not None:
            raise self.error


def some_settings() -> Settings:
    """Two chat models, an embedding model, one alias."""
    served = {"offline": (Deployment(id="standin"),)}
    return Settings(
        environment="dev",
        root="/nowhere",
        auth=Auth(mode="api_key", keys=(ApiKey(name="test", sha256=sha256(KEY.encode()).hexdigest(), tenant="acme"),)),
        project=Project(name="Desk", slug="desk", owner="team", on_call="team@example.org"),
        provider="offline",
        providers={"offline": ProviderAccess(protocol="offline", key_required=False)},
        models={"large": served, "small": served, "embedding": served},
        routes={},
        door=Door(default="large", aliases={"*mini*": "small"}),
    )


class Served:
    """The running doors: their address, the application and the gateway behind it."""

    def __init__(self, url: str, app: ASGIApp, gateway: FakeGateway) -> None:
        self.url = url
        self.app = app
        self.gateway = gateway
        self._kept: list[Any] = []

    def openai(self, key: str = KEY) -> openai.OpenAI:
        """OpenAI's SDK as anyone would build it, retries included."""
        import openai

        return openai.OpenAI(base_url=f"{self.url}/v1", api_key=key)

    def anthropic(self, key: str = KEY) -> anthropic.Anthropic:
        """Anthropic's SDK as anyone would build it, retries included."""
        import anthropic

        return anthropic.Anthropic(base_url=self.url, api_key=key)

    def gemini(self, key: str = KEY) -> genai.Client:
        """Google's SDK; kept, because a client that nobody holds closes its connections."""
        from google import genai

        client = genai.Client(api_key=key, http_options={"base_url": self.url})
        self._kept.append(client)
        return client

    def ollama(self, key: str = KEY) -> ollama.Client:
        """Ollama's SDK."""
        import ollama

        return ollama.Client(host=self.url, headers={"authorization": f"Bearer {key}"})

    def cohere(self, key: str = KEY) -> cohere.ClientV2:
        """Cohere's SDK, retries included."""
        import cohere

        return cohere.ClientV2(api_key=key, base_url=self.url)

    def mistral(self, key: str = KEY) -> Mistral:
        """Mistral's SDK."""
        from mistralai.client import Mistral

        return Mistral(api_key=key, server_url=self.url)

    def bedrock(self, key: str = KEY) -> Any:
        """Amazon's SDK, retries included, with the key as the token of its session."""
        import boto3

        return boto3.client(
            "bedrock-runtime",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="unchecked",
            aws_secret_access_key="unchecked",
            aws_session_token=key,
        )


@contextmanager
def served_doors() -> Iterator[Served]:
    """One running server."""
    gateway, settings = FakeGateway(), some_settings()
    app = FastAPI()
    app.include_router(doors_router())
    app.state.services = Services(settings, gateway, cast(Any, None), None, None, list)
    guarded = Edge(Authenticated(Bounded(app, settings), settings))
    server = uvicorn.Server(uvicorn.Config(guarded, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Served(f"http://127.0.0.1:{port}", guarded, gateway)
    server.should_exit = True
    thread.join(5)
