"""Trying: the loop of attempts of one call over its deployments, whole replies and streams alike.

One attempt budget and one deadline hold for all of it; what to do after a failure is decided in `policy`.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from app.errors import CallFailedError, DeadlineExceededError, ProviderError, ProviderUnavailableError
from app.intelligence.call import Call
from app.intelligence.messages import Chunk, Embeddings, ModelReply, ModelRequest
from app.intelligence.policy import Next, Target, after_failure, backoff_s
from app.intelligence.providers.provider import Provider, Timeouts
from app.observability.records import AttemptRecord
from app.settings import GatewaySettings

Outcome = TypeVar("Outcome")


class Attempts:
    """Runs the attempts of calls. `sleep` and `jitter` can be replaced where a test must not wait."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        settings: GatewaySettings,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._providers = providers
        self._settings = settings
        self._sleep = sleep
        self._jitter = jitter

    async def complete(self, call: Call, request: ModelRequest) -> tuple[ModelReply, Target]:
        """The first whole reply. Raises CallFailedError when none comes, DeadlineExceededError when time is up."""

        def ask(target: Target) -> Awaitable[ModelReply]:
            return self._providers[target.provider].complete(_for(request, target), self._timeouts(call))

        return await self._first(call, ask)

    async def embed(self, call: Call, texts: Sequence[str]) -> tuple[Embeddings, Target]:
        """The first whole set of vectors; errors as `complete`."""

        def ask(target: Target) -> Awaitable[Embeddings]:
            return self._providers[target.provider].embed(target.deployment.id, texts, self._timeouts(call))

        return await self._first(call, ask)

    async def _first(self, call: Call, ask: Callable[[Target], Awaitable[Outcome]]) -> tuple[Outcome, Target]:
        target: Target = call.order[0]
        while True:
            started = time.perf_counter()
            try:
                outcome = await self._within(call, ask(target))
            except ProviderError as error:
                target = await self._next(call, target, error, started)
            else:
                _note(call, target, started)
                return outcome, target

    async def stream(self, call: Call, request: ModelRequest) -> AsyncGenerator[tuple[Chunk, Target]]:
        """The chunks of the first stream that begins. Once a chunk is out, a failure ends the stream: nobody can
        take back what was said."""
        target: Target = call.order[0]
        while True:
            started = time.perf_counter()
            chunks = self._providers[target.provider].stream(_for(request, target), self._timeouts(call))
            try:
                first = await self._within(call, anext(aiter(chunks), Chunk()))
            except ProviderError as error:
                target = await self._next(call, target, error, started)
                continue
            break
        try:
            call.first_token_ms = call.elapsed_ms()
            yield first, target
            async for chunk in chunks:
                if call.seconds_left() <= 0:
                    raise ProviderUnavailableError(f"the stream ran past the deadline of {call.deadline_s:g} s")
                yield chunk, target
            _note(call, target, started)
        except ProviderError as error:
            _note(call, target, started, error)
            raise CallFailedError(f"{target.name} broke off its stream: {error}", len(call.attempts)) from error
        finally:
            await chunks.aclose()  # type: ignore[attr-defined]

    async def _within(self, call: Call, work: Awaitable[Outcome]) -> Outcome:
        try:
            async with asyncio.timeout(max(0.0, call.seconds_left())):
                return await work
        except TimeoutError:
            raise ProviderUnavailableError(f"no answer within {call.deadline_s:g} s") from None

    async def _next(self, call: Call, target: Target, error: ProviderError, started: float) -> Target:
        _note(call, target, started, error)
        used = len(call.attempts)
        if call.seconds_left() <= 0:
            raise DeadlineExceededError(
                f"no model answered {call.task!r} within {call.deadline_s:g} s ({used} attempts): "
                f"last {target.name}: {error}",
                used,
            ) from error
        chosen: Next = after_failure(
            error,
            target,
            call.order,
            attempts_left=self._settings.attempts - used,
            seconds_left=call.seconds_left(),
            backoff_s=backoff_s(used, self._settings.backoff_initial_s, self._settings.backoff_max_s, self._jitter()),
        )
        if chosen.target is None:
            raise CallFailedError(
                f"no model answered {call.task!r} after {used} attempts: last {target.name}: {error}", used
            ) from error
        if chosen.delay_s > 0:
            await self._sleep(chosen.delay_s)
        return chosen.target

    def _timeouts(self, call: Call) -> Timeouts:
        left = max(0.001, call.seconds_left())
        settings = self._settings
        return Timeouts(
            connect_s=min(settings.connect_timeout_s, left),
            first_token_s=min(settings.first_token_timeout_s, left),
            between_tokens_s=min(settings.between_tokens_timeout_s, left),
            total_s=min(settings.attempt_timeout_s, left) if not call.request.stream else left,
        )


def _for(request: ModelRequest, target: Target) -> ModelRequest:
    return replace(request, model=target.deployment.id)


def _note(call: Call, target: Target, started: float, error: ProviderError | None = None) -> None:
    call.attempts.append(
        AttemptRecord(
            ordinal=len(call.attempts) + 1,
            model=target.model,
            provider=target.provider,
            deployment=target.deployment.id,
            status="ok" if error is None else type(error).__name__,
            http_status=None if error is None else error.http_status,
            latency_ms=(time.perf_counter() - started) * 1000,
            message="" if error is None else str(error),
        )
    )
