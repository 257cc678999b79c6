"""What stands in a promoted step for the functions of openai before 1.0: `openai.ChatCompletion.create` and its like.

They ask through the door with the client of today, and answer with objects that are read both ways the old ones were:
`reply["choices"][0]["message"]["content"]` and `reply.choices[0].message.content`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from app.orchestration.notebook import openai_client_args

# Arguments that chose a host or a key, which the door brings.
_ADDRESS = ("api_key", "api_base", "api_type", "api_version", "organization", "deployment_id", "request_timeout")


class Answer(dict[str, Any]):
    """A JSON object that is read by attribute too. Raises AttributeError for a name it has not."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


def chat_completion_create(**arguments: Any) -> Any:
    """`openai.ChatCompletion.create`: an Answer, or an iterator of them when `stream` is set."""
    return _answered(_client().chat.completions.create(**_present(arguments)))


async def chat_completion_acreate(**arguments: Any) -> Any:
    """`openai.ChatCompletion.acreate`."""
    return _answered_async(await _async_client().chat.completions.create(**_present(arguments)))


def completion_create(**arguments: Any) -> Any:
    """`openai.Completion.create`."""
    return _answered(_client().completions.create(**_present(arguments)))


async def completion_acreate(**arguments: Any) -> Any:
    """`openai.Completion.acreate`."""
    return _answered_async(await _async_client().completions.create(**_present(arguments)))


def embedding_create(**arguments: Any) -> Any:
    """`openai.Embedding.create`."""
    return _answered(_client().embeddings.create(**_present(arguments)))


async def embedding_acreate(**arguments: Any) -> Any:
    """`openai.Embedding.acreate`."""
    return _answered_async(await _async_client().embeddings.create(**_present(arguments)))


def _client() -> Any:
    from openai import OpenAI

    return OpenAI(**openai_client_args())


def _async_client() -> Any:
    from openai import AsyncOpenAI

    return AsyncOpenAI(**openai_client_args())


def _present(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as the client of today takes them: `engine` was the model's name on Azure."""
    kept = {name: value for name, value in arguments.items() if name not in _ADDRESS and name != "engine"}
    model = arguments.get("model") or arguments.get("engine") or arguments.get("deployment_id")
    return {**kept, "model": model} if model else kept


def _answered(reply: Any) -> Any:
    return _answer(reply.model_dump()) if hasattr(reply, "model_dump") else _stream(reply)


def _answered_async(reply: Any) -> Any:
    return _answer(reply.model_dump()) if hasattr(reply, "model_dump") else _async_stream(reply)


def _stream(chunks: Any) -> Iterator[Any]:
    for chunk in chunks:
        yield _answer(chunk.model_dump(exclude_none=True))


async def _async_stream(chunks: Any) -> AsyncIterator[Any]:
    async for chunk in chunks:
        yield _answer(chunk.model_dump(exclude_none=True))


def _answer(value: Any) -> Any:
    if isinstance(value, dict):
        return Answer({key: _answer(item) for key, item in value.items()})
    return [_answer(item) for item in value] if isinstance(value, list) else value
