"""LiteLLM as a provider, for the long tail of services with protocols of their own; `pip install litellm` brings it.

The gateway stays the gateway: LiteLLM only translates. It tries once, and its retries, fallbacks, callbacks, telemetry
and look-ups of prices are off. A deployment's id is LiteLLM's name of the model, such as `bedrock/anthropic.claude-v2`.
"""

from __future__ import annotations

import asyncio
import importlib
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.errors import (
    ConfigurationError,
    ProviderBrokenError,
    ProviderError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from app.intelligence.messages import Chunk, Embeddings, ModelReply, ModelRequest, Usage
from app.intelligence.providers.http_errors import error_for, retry_after_s, without_secrets
from app.intelligence.providers.provider import Timeouts
from app.intelligence.wire import openai_chat, openai_chat_reply
from app.intelligence.wire.openai_chat_stream import StreamDecoder


class LiteLLMProvider:
    """Raises ConfigurationError when LiteLLM is not installed.

    `base_url` and `api_key` only where the service needs them; LiteLLM reads its own variables otherwise.
    """

    def __init__(self, base_url: str = "", api_key: str | None = None) -> None:
        os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")  # else it asks the internet when imported
        try:
            litellm: Any = importlib.import_module("litellm")
        except ImportError:
            raise ConfigurationError(
                "a provider of protocol `litellm` is configured and litellm is not installed: run `pip install litellm`"
            ) from None
        litellm.telemetry = False
        litellm.suppress_debug_info = True
        self._litellm = litellm
        self._access = {"api_base": base_url or None, "api_key": api_key}

    async def complete(self, request: ModelRequest, timeouts: Timeouts) -> ModelReply:
        """One reply, whole."""
        answer = await self._asked(self._litellm.acompletion, _body(request), timeouts.total_s)
        return openai_chat_reply.decode_reply(_plain(answer))

    async def stream(self, request: ModelRequest, timeouts: Timeouts) -> AsyncIterator[Chunk]:
        """The reply in chunks."""
        decoder = StreamDecoder()
        patience = min(timeouts.first_token_s, timeouts.total_s)
        answer = await self._asked(self._litellm.acompletion, _body(replace(request, stream=True)), patience)
        events = aiter(answer)
        try:
            while True:
                try:
                    async with asyncio.timeout(patience):
                        event = await anext(events)
                except StopAsyncIteration:
                    break
                except TimeoutError:
                    raise ProviderUnavailableError(f"no chunk within {patience:g} s") from None
                except Exception as error:
                    raise self._error(error) from error
                patience = timeouts.between_tokens_s
                chunk = decoder.decode(_plain_json(event))
                if chunk is not None:
                    yield chunk
        finally:
            close = getattr(answer, "aclose", None)
            if close is not None:
                await close()
        if not decoder.finished:
            raise ProviderBrokenError("the stream ended before its reply did")

    async def embed(self, model: str, texts: Sequence[str], timeouts: Timeouts) -> Embeddings:
        """One vector a text."""
        answer = _plain(
            await self._asked(self._litellm.aembedding, {"model": model, "input": list(texts)}, timeouts.total_s)
        )
        try:
            rows = sorted(answer["data"], key=lambda row: row["index"])
            usage = answer.get("usage") or {}
            tokens = usage.get("prompt_tokens")
            return Embeddings(
                [row["embedding"] for row in rows],
                answer.get("model") or model,
                Usage(int(tokens or 0), estimated=tokens is None),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ProviderBrokenError(f"the vectors are not in the shape of OpenAI's ({error!r})") from None

    async def close(self) -> None:
        """LiteLLM keeps its own connections until the process ends."""

    async def _asked(self, ask: Any, body: Mapping[str, Any], seconds: float) -> Any:
        try:
            async with asyncio.timeout(seconds):
                access = {key: value for key, value in self._access.items() if value is not None}
                return await ask(**body, **access, timeout=seconds, num_retries=0, max_retries=0)
        except TimeoutError:
            raise ProviderUnavailableError(f"no answer within {seconds:g} s") from None
        except Exception as error:
            raise self._error(error) from error

    def _error(self, error: Exception) -> ProviderError:
        """What an exception of LiteLLM stands for: it carries the HTTP status, and often the response's headers."""
        status = getattr(error, "status_code", None)
        message = without_secrets(str(error), self._access["api_key"]) or type(error).__name__
        if type(error).__name__ in ("APIConnectionError", "Timeout"):
            return ProviderUnavailableError(message, None)
        if not isinstance(status, int):
            return ProviderRefusedError(message)
        headers = getattr(getattr(error, "response", None), "headers", None) or {}
        return error_for(status, message, str(getattr(error, "code", "") or ""), retry_after_s(headers))


def _body(request: ModelRequest) -> dict[str, Any]:
    return openai_chat.encode_request(request, limit_field="max_tokens")


def _plain(answer: Any) -> Any:
    return answer.model_dump() if hasattr(answer, "model_dump") else answer


def _plain_json(event: Any) -> bytes:
    return str(event.model_dump_json()).encode()
