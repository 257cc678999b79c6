"""What stands in a promoted step for the client of mistralai before 1.0: `MistralClient`, `MistralAsyncClient`.

Their calls ask through the door with the client of today, and answer with its objects, which are read the same way.
Files, jobs and lists of models are not here.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from app.orchestration.notebook import client_args


class ChatMessage(dict[str, Any]):
    """One turn, by keyword, as `mistralai.models.chat_completion` had it; read by attribute too."""

    def __init__(self, **fields: Any) -> None:
        super().__init__({name: value for name, value in fields.items() if value is not None})

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.get(name)


class MistralClient:
    """The client; what chose a host or a key is the door's."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._client = _today()

    def chat(self, messages: Sequence[Any], model: str, **settings: Any) -> Any:
        """A reply with `choices` and `usage`."""
        return self._client.chat.complete(**_asked(messages, model, settings))

    def chat_stream(self, messages: Sequence[Any], model: str, **settings: Any) -> Iterator[Any]:
        """The reply in pieces, each with `choices[0].delta`."""
        for event in self._client.chat.stream(**_asked(messages, model, settings)):
            yield event.data

    def embeddings(self, model: str, input: str | Sequence[str]) -> Any:
        """Vectors in `data`, in the order of the texts."""
        return self._client.embeddings.create(model=model, inputs=input)


class MistralAsyncClient:
    """The same, awaited."""

    def __init__(self, *_: Any, **__: Any) -> None:
        self._client = _today()

    async def chat(self, messages: Sequence[Any], model: str, **settings: Any) -> Any:
        """A reply with `choices` and `usage`."""
        return await self._client.chat.complete_async(**_asked(messages, model, settings))

    async def chat_stream(self, messages: Sequence[Any], model: str, **settings: Any) -> AsyncIterator[Any]:
        """The reply in pieces."""
        async for event in await self._client.chat.stream_async(**_asked(messages, model, settings)):
            yield event.data

    async def embeddings(self, model: str, input: str | Sequence[str]) -> Any:
        """Vectors in `data`."""
        return await self._client.embeddings.create_async(model=model, inputs=input)

    async def close(self) -> None:
        """The client of today closes itself."""


def _asked(messages: Sequence[Any], model: str, settings: dict[str, Any]) -> dict[str, Any]:
    """The arguments of today: `safe_mode` was `safe_prompt`, and nothing is sent for what was not set."""
    settings = dict(settings)
    if settings.pop("safe_mode", False):
        settings["safe_prompt"] = True
    turns = [dict(message) if isinstance(message, ChatMessage) else message for message in messages]
    given = {name: value for name, value in settings.items() if value is not None}
    return {"messages": turns, "model": model, **given}


def _today() -> Any:
    from mistralai.client import Mistral

    return Mistral(**client_args("mistral", "server_url", "api_key"))
