"""Calls, targets and providers for tests of what happens between them, without settings or a gateway."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from uuid import uuid4

from app.caller import Caller
from app.errors import ProviderError
from app.intelligence.call import Call
from app.intelligence.messages import Chunk, Embeddings, Message, ModelReply, ModelRequest, Usage
from app.intelligence.personal_data.vault import Vault
from app.intelligence.policy import Target
from app.intelligence.providers.provider import Timeouts
from app.settings import Deployment

REQUEST = ModelRequest("large", (Message("user", "Good morning"),))


def target(name: str, model: str = "large", *, weight: float = 1.0, region: str | None = None) -> Target:
    """A deployment of `model` at provider `p`; those of one model are equals."""
    return Target(model, "p", Deployment(id=name), weight, region, "p")


def call_over(*order: Target, deadline_s: float = 30.0, stream: bool = False) -> Call:
    """A call that may go to `order`."""
    request = ModelRequest("large", REQUEST.messages, stream=stream)
    return Call(
        id=uuid4(),
        task="greet",
        caller=Caller(),
        request=request,
        vault=Vault(),
        known=frozenset(),
        order=order,
        identity="identity",
        prompt=None,
        cacheable=False,
        deadline_s=deadline_s,
        fallback_text=None,
    )


class Clock:
    """A clock that moves when told to."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


class Decided:
    """A provider whose outcomes are decided by the deployment asked; `asked` holds the ids in order."""

    def __init__(self, outcome: Callable[[str], ProviderError | None]) -> None:
        self.asked: list[str] = []
        self._outcome = outcome

    async def complete(self, request: ModelRequest, timeouts: Timeouts) -> ModelReply:
        self._play(request.model)
        return ModelReply("ok", request.model, Usage(1, 1))

    async def stream(self, request: ModelRequest, timeouts: Timeouts) -> AsyncGenerator[Chunk]:
        self._play(request.model)
        yield Chunk("ok")

    async def embed(self, model: str, texts: Sequence[str], timeouts: Timeouts) -> Embeddings:
        self._play(model)
        return Embeddings([[1.0] for _ in texts], model, Usage(1))

    async def close(self) -> None:
        """Nothing is open."""

    def _play(self, deployment: str) -> None:
        self.asked.append(deployment)
        error = self._outcome(deployment)
        if error is not None:
            raise error
