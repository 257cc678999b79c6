"""Trying: the loop of attempts of one call over its deployments, whole replies and streams alike.

One attempt budget and one deadline hold for all of it. What to do after a failure is decided in `policy`; which
deployments may be asked, and whether another attempt can be afforded, the `fleet` knows.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeVar, cast

from app.errors import (
    CallFailedError,
    DeadlineExceededError,
    ProviderError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from app.intelligence.call import Call
from app.intelligence.fleet import Fleet, Lease
from app.intelligence.messages import Chunk, Embeddings, ModelReply, ModelRequest, Relevance
from app.intelligence.policy import Target, after_failure, backoff_s
from app.intelligence.providers.provider import Provider, Reranker, Timeouts
from app.observability.records import AttemptRecord
from app.settings import GatewaySettings

Outcome = TypeVar("Outcome")


@dataclass(slots=True)
class Walk:
    """One call's way down its order: the attempt under way, since when and with how much time, and who was asked."""

    call: Call
    order: Sequence[Target]
    lease: Lease
    asked: set[str]
    started: float
    left_s: float


class Attempts:
    """Runs the attempts of calls. `sleep` and `jitter` can be replaced where a test must not wait."""

    def __init__(
        self,
        providers: Mapping[str, Provider],
        settings: GatewaySettings,
        *,
        fleet: Fleet | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._providers = providers
        self._settings = settings
        self._fleet = fleet or Fleet()
        self._sleep = sleep
        self._jitter = jitter

    async def complete(
        self, call: Call, request: ModelRequest, order: Sequence[Target] | None = None
    ) -> tuple[ModelReply, Target]:
        """The first whole reply, from `order` (default: the call's own).

        Raises CallFailedError when none comes, DeadlineExceededError when time is up.
        """

        def ask(target: Target) -> Awaitable[ModelReply]:
            return self._providers[target.provider].complete(_for(request, target), self._timeouts(call))

        return await self._first(call, order or call.order, ask)

    async def embed(self, call: Call, texts: Sequence[str]) -> tuple[Embeddings, Target]:
        """The first whole set of vectors; errors as `complete`."""

        def ask(target: Target) -> Awaitable[Embeddings]:
            return self._providers[target.provider].embed(target.deployment.id, texts, self._timeouts(call))

        return await self._first(call, call.order, ask)

    async def rerank(self, call: Call, question: str, texts: Sequence[str]) -> tuple[Relevance, Target]:
        """The first whole set of scores; errors as `complete`."""

        async def ask(target: Target) -> Relevance:
            provider = self._providers[target.provider]
            if not isinstance(provider, Reranker):
                raise ProviderRefusedError(f"provider {target.provider!r} does not rerank: configure another for it")
            return await provider.rerank(target.deployment.id, question, texts, self._timeouts(call))

        return await self._first(call, call.order, ask)

    async def _first(
        self, call: Call, order: Sequence[Target], ask: Callable[[Target], Awaitable[Outcome]]
    ) -> tuple[Outcome, Target]:
        walk = self._begin(call, order)
        try:
            while True:
                target = walk.lease.target
                try:
                    outcome = await self._within(call, ask(target))
                except ProviderError as error:
                    await self._next(walk, error)
                else:
                    walk.lease.succeeded()
                    _note(call, target, walk.started)
                    return outcome, target
        finally:
            walk.lease.abandoned()

    async def stream(
        self, call: Call, request: ModelRequest, order: Sequence[Target] | None = None
    ) -> AsyncGenerator[tuple[Chunk, Target]]:
        """The chunks of the first stream that begins. Once a chunk is out, a failure ends the stream: nobody can
        take back what was said."""
        walk = self._begin(call, order or call.order)
        try:
            chunks, first = await self._first_chunk(walk, request)
            target = walk.lease.target
            walk.lease.spoke()
            call.first_token_ms = call.elapsed_ms()
            async with aclosing(chunks):
                yield first, target
                async for chunk in chunks:
                    if call.seconds_left() <= 0:
                        walk.lease.abandoned()
                        raise ProviderUnavailableError(f"the stream ran past the deadline of {call.deadline_s:g} s")
                    yield chunk, target
            walk.lease.succeeded()
            _note(call, target, walk.started)
        except ProviderError as error:
            walk.lease.failed(error)
            _note(call, target, walk.started, error)
            raise CallFailedError(f"{target.name} broke off its stream: {error}", len(call.attempts)) from error
        finally:
            walk.lease.abandoned()

    async def _first_chunk(self, walk: Walk, request: ModelRequest) -> tuple[AsyncGenerator[Chunk], Chunk]:
        while True:
            target = walk.lease.target
            provider = self._providers[target.provider]
            chunks = cast(AsyncGenerator[Chunk], provider.stream(_for(request, target), self._timeouts(walk.call)))
            try:
                return chunks, await self._within(walk.call, anext(aiter(chunks), Chunk()))
            except ProviderError as error:
                await self._next(walk, error)

    async def _within(self, call: Call, work: Awaitable[Outcome]) -> Outcome:
        try:
            async with asyncio.timeout(max(0.0, call.seconds_left())):
                return await work
        except TimeoutError:
            raise ProviderUnavailableError(f"no answer within {call.deadline_s:g} s") from None

    def _begin(self, call: Call, order: Sequence[Target]) -> Walk:
        """The first attempt at `order`. Repairs, escalations and samples draw on their call's attempts."""
        used = len(call.attempts)
        if used >= self._most(call):
            raise CallFailedError(f"no attempt is left for {call.task!r}: all {used} are used up", used)
        lease = self._fleet.choose(order)
        return Walk(call, order, lease, {lease.target.name}, time.perf_counter(), call.seconds_left())

    async def _next(self, walk: Walk, error: ProviderError) -> None:
        """End the attempt under way and begin the next one, wherever policy and budgets allow it."""
        call, current = walk.call, walk.lease.target
        _note(call, current, walk.started, error)
        if self._cut_short(walk):
            walk.lease.abandoned()
        else:
            walk.lease.failed(error)
        used = len(call.attempts)
        if call.seconds_left() <= 0:
            raise DeadlineExceededError(
                f"no model answered {call.task!r} within {call.deadline_s:g} s ({used} attempts): "
                f"last {current.name}: {error}",
                used,
            ) from error
        target = await self._following(walk, error)
        walk.asked.add(target.name)
        walk.lease = self._fleet.begin(target)
        walk.started, walk.left_s = time.perf_counter(), call.seconds_left()

    async def _following(self, walk: Walk, error: ProviderError) -> Target:
        """Where the call goes on, the wait for it over. Raises CallFailedError when nowhere."""
        call, current, fleet, used = walk.call, walk.lease.target, self._fleet, len(walk.call.attempts)
        settings = self._settings
        while True:
            barred = fleet.barred(walk.order, current)
            chosen = after_failure(
                error,
                current,
                fleet.ranked(walk.order),
                attempts_left=self._most(call) - used,
                seconds_left=call.seconds_left(),
                backoff_s=backoff_s(used, settings.backoff_initial_s, settings.backoff_max_s, self._jitter()),
                asked=walk.asked,
                barred=barred,
            )
            if chosen.target is None:
                why = f"; not asked again: {barred[current.name]}" if current.name in barred else ""
                raise CallFailedError(
                    f"no model answered {call.task!r} after {used} attempts: last {current.name}: {error}{why}", used
                ) from error
            fleet.pay(chosen.target, current)
            if chosen.delay_s > 0:
                await self._sleep(chosen.delay_s)
                if chosen.target.name in fleet.open_among(walk.order):
                    continue
            return chosen.target

    def _most(self, call: Call) -> int:
        """Attempts a call may make: those of the configuration, and one more for each further sample of its reply."""
        return self._settings.attempts + call.samples - 1

    def _cut_short(self, walk: Walk) -> bool:
        """Whether the call's deadline ended an attempt before the time it is due: not the deployment's fault."""
        due = min(self._settings.attempt_timeout_s, walk.call.deadline_s / 2)
        return walk.call.seconds_left() <= 0 and walk.left_s < due

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
