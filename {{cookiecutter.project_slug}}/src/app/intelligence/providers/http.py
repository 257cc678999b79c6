"""The provider behind every HTTP address: one attempt in one protocol, over a connection pool that may be shared.

No vendor SDK: on this path one costs ten times the CPU. It does not follow redirects, so a key never travels to a host
that was not configured, and error messages never hold it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import (
    ClientError,
    ClientPayloadError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    ConnectionTimeoutError,
    DummyCookieJar,
    TCPConnector,
)
from multidict import CIMultiDict
from yarl import URL

from app.errors import ConfigurationError, ProviderBrokenError, ProviderError, ProviderRefusedError
from app.errors import ProviderUnavailableError as Unavailable
from app.intelligence.messages import Chunk, Embeddings, ModelReply, ModelRequest, Relevance, Usage
from app.intelligence.providers.chunk_reader import ChunkReader
from app.intelligence.providers.http_errors import error_for, retry_after_s, without_secrets
from app.intelligence.providers.provider import Timeouts
from app.intelligence.stream import estimate_tokens
from app.intelligence.wire.codec import Codec

_HEADERS = {"content-type": "application/json", "accept": "*/*", "accept-encoding": "identity", "user-agent": "app"}


def open_session() -> ClientSession:
    """A connection pool for any number of providers; call it inside the event loop that will use it.

    Unlimited, because how much is asked at once is decided before a provider is called.
    """
    connector = TCPConnector(limit=0, ttl_dns_cache=300, keepalive_timeout=60)
    return ClientSession(connector=connector, cookie_jar=DummyCookieJar())


class HttpProvider:
    """A `Provider` that speaks `codec` to `base_url`. Closes the session only when it opened it itself.

    Raises ConfigurationError for a URL that is not http(s) or a key that no header can hold.
    """

    def __init__(
        self, codec: Codec, base_url: str, api_key: str | None = None, *, session: ClientSession | None = None
    ) -> None:
        url = URL(base_url.rstrip("/"))
        if url.scheme not in ("http", "https") or not url.host:
            raise ConfigurationError(f"base_url is {base_url!r}: give one that starts with https:// or http://")
        if api_key is not None and not (api_key.isascii() and api_key.isprintable()):
            raise ConfigurationError(f"the API key for {url.host} holds a line break or another unprintable character")
        self._codec = codec
        self._api_key = api_key
        self._name = url.host if url.explicit_port is None else f"{url.host}:{url.explicit_port}"
        self._base_url = str(url)
        self._urls: dict[tuple[str, str], URL] = {}
        key = codec.auth_headers(api_key) if api_key else {}
        self._headers = CIMultiDict({**_HEADERS, **codec.headers, **key})
        self._session = session
        self._owns_session = session is None

    async def complete(self, request: ModelRequest, timeouts: Timeouts) -> ModelReply:
        """One reply, whole; usage is estimated and flagged when the provider sends none."""
        if request.stream:
            request = replace(request, stream=False)
        url = self._url(self._codec.path, request.model)
        reply = self._codec.decode_reply(await self._post(url, self._codec.encode_request(request), timeouts))
        if reply.usage.estimated:
            said = reply.text + "".join(call.name + call.arguments for call in reply.tool_calls)
            reply = replace(reply, usage=_estimated(request, len(said)))
        return reply

    async def embed(self, model: str, texts: Sequence[str], timeouts: Timeouts) -> Embeddings:
        """One vector a text, in order."""
        codec = self._codec.embeddings
        if codec is None:
            raise ProviderRefusedError(f"{self._name} speaks a protocol without embeddings: configure another provider")
        body = await self._post(self._url(codec.path, model), codec.encode_request(model, texts), timeouts)
        embeddings = codec.decode_reply(body, len(texts))
        if embeddings.usage.estimated:
            counted = Usage(input_tokens=sum(map(estimate_tokens, texts)), estimated=True)
            embeddings = replace(embeddings, usage=counted)
        return embeddings

    async def rerank(self, model: str, question: str, texts: Sequence[str], timeouts: Timeouts) -> Relevance:
        """One score a text, in order; tokens are estimated, because the protocols bill searches."""
        codec = self._codec.rerank
        if codec is None:
            raise ProviderRefusedError(f"{self._name} speaks a protocol without rerank: configure another provider")
        body = await self._post(self._url(codec.path, model), codec.encode_request(model, question, texts), timeouts)
        counted = Usage(input_tokens=sum(map(estimate_tokens, [question, *texts])), estimated=True)
        return replace(codec.decode_reply(body, len(texts)), model=model, usage=counted)

    async def stream(self, request: ModelRequest, timeouts: Timeouts) -> AsyncIterator[Chunk]:
        """The reply in chunks, usage with the last ones. Closing the iterator closes the connection at once."""
        if not request.stream:
            request = replace(request, stream=True)
        started = asyncio.get_running_loop().time()
        response = await self._open(request, timeouts)
        reader = ChunkReader(response.content, self._codec, timeouts, started)
        try:
            while (chunks := await self._next(reader)) is not None:
                for chunk in chunks:
                    yield chunk
            if not reader.finished:
                raise ProviderBrokenError(f"{self._name} cut its stream off before the end")
            if not reader.counted:
                yield Chunk(usage=_estimated(request, reader.said_chars))
        finally:
            reader.close()
            response.close()

    async def close(self) -> None:
        """Close the connections, unless the session came from outside."""
        if self._session is not None and self._owns_session:
            await self._session.close()
            self._session = None

    def _url(self, path: str, model: str) -> URL:
        """The address of `path` for a model; kept, because reading one costs more than finding it."""
        known = self._urls.get((path, model))
        if known is None:
            named = path.replace("{model}", quote(model, safe=""))
            known = self._urls[path, model] = URL(f"{self._base_url}{named}", encoded=True)
        return known

    def _pool(self) -> ClientSession:
        if self._session is None:
            self._session = open_session()
        return self._session

    async def _post(self, url: URL, body: Mapping[str, Any], timeouts: Timeouts) -> Any:
        """The JSON of a whole answer; every other outcome is a ProviderError."""
        limits = ClientTimeout(total=timeouts.total_s, connect=timeouts.connect_s)
        try:
            async with self._pool().post(
                url, data=_json(body), headers=self._headers, timeout=limits, allow_redirects=False
            ) as response:
                raw = await response.read()
        except ConnectionTimeoutError:
            raise Unavailable(f"{self._name} took no connection within {timeouts.connect_s:g} s") from None
        except TimeoutError:
            raise Unavailable(f"{self._name} did not answer within {timeouts.total_s:g} s") from None
        except (ClientError, OSError) as error:
            raise self._lost(error) from None
        if response.status != 200:
            raise self._refused(response, raw)
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise ProviderBrokenError(f"{self._name} answered with {len(raw)} bytes that are not JSON") from None

    async def _open(self, request: ModelRequest, timeouts: Timeouts) -> ClientResponse:
        """The response of a stream once its headers are there."""
        body = _json(self._codec.encode_request(request))
        url = self._url(self._codec.stream_path or self._codec.path, request.model)
        limits = ClientTimeout(total=None, connect=timeouts.connect_s)
        try:
            async with asyncio.timeout(min(timeouts.first_token_s, timeouts.total_s)):
                response = await self._pool().post(
                    url, data=body, headers=self._headers, timeout=limits, allow_redirects=False
                )
                if response.status == 200:
                    return response
                async with response:
                    raw = await response.read()
        except ConnectionTimeoutError:
            raise Unavailable(f"{self._name} took no connection within {timeouts.connect_s:g} s") from None
        except TimeoutError:
            raise Unavailable(f"{self._name} began no stream within {timeouts.first_token_s:g} s") from None
        except (ClientError, OSError) as error:
            raise self._lost(error) from None
        raise self._refused(response, raw)

    async def _next(self, reader: ChunkReader) -> list[Chunk] | None:
        try:
            return await reader.read()
        except TimeoutError:
            raise Unavailable(f"{self._name} fell silent in the middle of its stream, or ran past its time") from None
        except (ClientError, OSError) as error:
            raise ProviderBrokenError(f"{self._name} cut its stream off ({type(error).__name__})") from None
        except ProviderError as error:
            shown = without_secrets(f"{self._name}: {error}", self._api_key)
            raise type(error)(shown, error.http_status) from None

    def _lost(self, error: ClientError | OSError) -> ProviderError:
        if isinstance(error, ClientPayloadError):
            return ProviderBrokenError(f"{self._name} cut its reply off before the end")
        reason = getattr(error, "strerror", None) or type(error).__name__
        return Unavailable(f"{self._name} cannot be reached: {reason}")

    def _refused(self, response: ClientResponse, raw: bytes) -> ProviderError:
        try:
            message, code = self._codec.decode_error(orjson.loads(raw))
        except orjson.JSONDecodeError:
            message, code = "", ""
        shown = without_secrets(
            f"{self._name} answered {response.status}: {message or 'no reason given'}", self._api_key
        )
        return error_for(response.status, shown, code, retry_after_s(response.headers))


def _json(body: Mapping[str, Any]) -> bytes:
    return orjson.dumps(body, default=dict)


def _estimated(request: ModelRequest, said_chars: int) -> Usage:
    """Tokens by the rule of four characters each, flagged as ours."""
    asked = sum(estimate_tokens(message.text) for message in request.messages)
    return Usage(asked, -(-said_chars // 4), estimated=True)
