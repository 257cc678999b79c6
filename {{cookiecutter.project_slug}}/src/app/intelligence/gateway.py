"""The one door: every model call of the system passes here, from Python, from the HTTP doors and from notebooks.

A call reads as its policy: resolve, identify, look in the cache, share with identical calls, try, validate and repair,
fall back, record. What is decided on the way stands in `policy`, what is tried in `attempts`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any, Protocol
from uuid import uuid4

from app.caller import Caller
from app.errors import (
    AppError,
    CallFailedError,
    ConfigurationError,
    InputError,
    InvalidReplyError,
    NotFoundError,
)
from app.intelligence.attempts import Attempts
from app.intelligence.call import Call, Redact, row
from app.intelligence.call_span import call_span, describe
from app.intelligence.identity import identity
from app.intelligence.messages import Chunk, Embeddings, Message, ModelReply, ModelRequest, Usage
from app.intelligence.policy import Target, targets
from app.intelligence.prompts import Prompt, Registry
from app.intelligence.reply import Reply, as_chunk, from_stored, shared, to_stored
from app.intelligence.single_flight import SingleFlight
from app.intelligence.stream import StreamedReply
from app.intelligence.structured import parse
from app.observability.records import CallRecord
from app.settings import Deployment, Route, Settings

Price = Callable[[str, Deployment, Usage], float | None]


class ReplyCache(Protocol):
    """Where whole replies are kept for identical calls. A cache that is away misses; it never fails a call."""

    async def get(self, identity: str, tenant: str) -> Mapping[str, Any] | None:
        """The stored reply, None when there is none or it has expired."""
        ...

    async def put(self, identity: str, tenant: str, task: str, reply: Mapping[str, Any], ttl_s: float) -> None:
        """Keep a reply."""
        ...


class CallSink(Protocol):
    """Where the row of each call goes."""

    def record(self, call: CallRecord) -> None:
        """Keep the row; returns at once."""
        ...


class Gateway:
    """Built by `bootstrap` out of its parts; all methods are safe to call concurrently in one event loop."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        attempts: Attempts,
        *,
        call_log: CallSink,
        cache: ReplyCache | None,
        price: Price,
        redact: Redact,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._attempts = attempts
        self._call_log = call_log
        self._cache = cache
        self._price = price
        self._redact = redact
        self._flights: SingleFlight[Reply] = SingleFlight()

    async def complete(
        self, task: str, inputs: Mapping[str, str], caller: Caller, *, version: int | None = None
    ) -> Reply:
        """Run a task: its prompt filled with `inputs`, served by its route.

        Raises InputError for bad inputs, CallFailedError when no model answers and the task has no fallback text,
        InvalidReplyError when the reply does not fit the prompt's schema even after one repair.
        """
        return await self._whole(self._task_call(task, inputs, caller, version, stream=False))

    async def stream(
        self, task: str, inputs: Mapping[str, str], caller: Caller, *, version: int | None = None
    ) -> AsyncGenerator[Chunk | Reply]:
        """Like `complete`, in chunks as they come; the last item is the Reply."""
        call = self._task_call(task, inputs, caller, version, stream=True)
        async with aclosing(self._streamed(call)) as items:
            async for item in items:
                yield item

    async def chat(self, request: ModelRequest, caller: Caller, *, task: str) -> Reply:
        """A call whose messages are already written; `request.model` is one of our models."""
        return await self._whole(self._chat_call(request, caller, task))

    async def chat_stream(self, request: ModelRequest, caller: Caller, *, task: str) -> AsyncGenerator[Chunk | Reply]:
        """Like `chat`, in chunks as they come; the last item is the Reply."""
        call = self._chat_call(replace(request, stream=True), caller, task)
        async with aclosing(self._streamed(call)) as items:
            async for item in items:
                yield item

    async def embed(self, texts: Sequence[str], caller: Caller, *, model: str = "embedding") -> Embeddings:
        """One vector a text, in order. Raises ConfigurationError when the provider serves no embeddings."""
        order = targets(self._settings, (model,))
        if not order:
            raise ConfigurationError(
                f"provider {self._settings.provider!r} serves no model {model!r}: see models in config"
            )
        shown = Message("user", f"{len(texts)} texts, {sum(map(len, texts))} characters")
        request = ModelRequest(model=model, messages=(shown,))
        call = self._call("embed", request, caller, order, prompt=None, route=None)
        with call_span(call, "embeddings") as span:
            error: BaseException | None = None
            reply = None
            try:
                embeddings, target = await self._attempts.embed(call, texts)
                reply = self._reply(call, ModelReply("", embeddings.model, embeddings.usage), target)
                return embeddings
            except BaseException as failure:
                error = failure
                raise
            finally:
                describe(span, call, reply)
                self._record(call, reply, error)

    def _task_call(
        self, task: str, inputs: Mapping[str, str], caller: Caller, version: int | None, *, stream: bool
    ) -> Call:
        route = self._settings.routes.get(task)
        if route is None:
            raise NotFoundError(f"no route for task {task!r}: add it under `routes` in config/base.yaml")
        prompt = self._registry.get(task, version)
        parameters = prompt.parameters
        request = ModelRequest(
            model=route.models[0],
            messages=prompt.render(inputs),
            max_output_tokens=min(
                parameters.get("max_output_tokens", route.max_output_tokens), route.max_output_tokens
            ),
            temperature=parameters.get("temperature", route.temperature),
            top_p=parameters.get("top_p"),
            stop=tuple(parameters.get("stop", ())),
            seed=parameters.get("seed"),
            output_schema=prompt.output_schema,
            stream=stream,
        )
        return self._call(task, request, caller, targets(self._settings, route.models), prompt=prompt, route=route)

    def _chat_call(self, request: ModelRequest, caller: Caller, task: str) -> Call:
        if request.model not in self._settings.models:
            known = ", ".join(sorted(self._settings.models))
            raise NotFoundError(f"no model {request.model!r}: there are {known}")
        if not request.messages:
            raise InputError("a call needs at least one message")
        writers = self._registry.recognise(request.messages)
        prompt = writers[0] if writers else None
        order = targets(self._settings, (request.model,))
        route = self._settings.routes.get(task)
        return self._call(task, request, caller, order, prompt=prompt, route=route)

    def _call(
        self,
        task: str,
        request: ModelRequest,
        caller: Caller,
        order: tuple[Target, ...],
        *,
        prompt: Prompt | None,
        route: Route | None,
    ) -> Call:
        if not order:
            raise ConfigurationError(f"provider {self._settings.provider!r} serves no model {request.model!r}")
        return Call(
            id=uuid4(),
            task=task,
            caller=caller,
            request=request,
            order=order,
            identity=identity(
                caller.tenant, task, prompt.sha256 if prompt else None, request, tuple(t.name for t in order)
            ),
            prompt=prompt,
            cacheable=self._cache is not None and (route is None or route.cache),
            deadline_s=self._settings.gateway.deadline_s,
            fallback_text=route.fallback_text if route else None,
        )

    async def _whole(self, call: Call) -> Reply:
        with call_span(call, "chat") as span:
            reply: Reply | None = None
            error: BaseException | None = None
            try:
                if call.cacheable:
                    outcome, led = await self._flights.share(call.identity, lambda: self._cached_or_tried(call))
                    reply = outcome if led else shared(outcome, call_id=str(call.id), trace_id=call.trace_id)
                else:
                    reply = await self._tried(call)
                reply = replace(reply, latency_ms=call.elapsed_ms())
                return reply
            except BaseException as failure:
                error = failure
                raise
            finally:
                describe(span, call, reply)
                self._record(call, reply, error)

    async def _streamed(self, call: Call) -> AsyncGenerator[Chunk | Reply]:
        with call_span(call, "chat") as span:
            gathered = StreamedReply()
            reply: Reply | None = None
            error: BaseException | None = None
            target = call.order[0]
            try:
                stored = await self._stored(call)
                if stored is not None:
                    reply = replace(stored, latency_ms=call.elapsed_ms())
                    yield as_chunk(reply)
                    yield reply
                    return
                async with aclosing(self._attempts.stream(call, call.request)) as chunks:
                    async for chunk, target in chunks:  # noqa: B007
                        gathered.add(chunk)
                        yield chunk
                reply = await self._kept(call, self._reply(call, gathered.reply(call.request), target))
                reply = replace(reply, latency_ms=call.elapsed_ms())
                yield reply
            except BaseException as failure:
                error = failure
                raise
            finally:
                if reply is None and gathered.begun:
                    reply = self._reply(call, gathered.reply(call.request), target)
                describe(span, call, reply)
                self._record(call, reply, error)

    async def _cached_or_tried(self, call: Call) -> Reply:
        stored = await self._stored(call)
        return stored if stored is not None else await self._tried(call)

    async def _stored(self, call: Call) -> Reply | None:
        if self._cache is None or not call.cacheable:
            return None
        stored = await self._cache.get(call.identity, call.caller.tenant)
        return None if stored is None else from_stored(stored, call_id=str(call.id), trace_id=call.trace_id)

    async def _tried(self, call: Call) -> Reply:
        try:
            reply, target = await self._attempts.complete(call, call.request)
            return await self._kept(call, await self._valid(call, self._reply(call, reply, target)))
        except CallFailedError:
            if call.fallback_text is None:
                raise
            return self._fallback(call)

    async def _valid(self, call: Call, reply: Reply) -> Reply:
        """The reply with its JSON parsed; one that does not fit its schema is repaired once, by the model itself."""
        schema = call.request.output_schema
        if schema is None or reply.tool_calls:
            return reply
        try:
            return replace(reply, data=parse(reply.text, schema))
        except InvalidReplyError as fault:
            note = self._registry.get("repair").render({"fault": str(fault)})
            messages = (*call.request.messages, Message("assistant", reply.text), *note)
            again, target = await self._attempts.complete(call, replace(call.request, messages=messages))
            repaired = self._reply(call, again, target)
            both = _sum(reply.usage, repaired.usage)
            cost = None if reply.cost_usd is None or repaired.cost_usd is None else reply.cost_usd + repaired.cost_usd
            return replace(repaired, data=parse(repaired.text, schema), usage=both, cost_usd=cost)

    async def _kept(self, call: Call, reply: Reply) -> Reply:
        whole = reply.finish_reason in ("stop", "tool_calls") and not reply.degraded
        if self._cache is not None and call.cacheable and whole:
            ttl_s = self._settings.gateway.cache_ttl_s
            await self._cache.put(call.identity, call.caller.tenant, call.task, to_stored(reply), ttl_s)
        return reply

    def _reply(self, call: Call, answer: ModelReply, target: Target) -> Reply:
        return Reply(
            text=answer.text,
            task=call.task,
            model=target.model,
            provider=target.provider,
            deployment=target.deployment.id,
            usage=answer.usage,
            cost_usd=self._price(target.provider, target.deployment, answer.usage),
            identity=call.identity,
            call_id=str(call.id),
            trace_id=call.trace_id,
            prompt_version=call.prompt.version if call.prompt else None,
            prompt_hash=call.prompt.sha256 if call.prompt else None,
            tool_calls=answer.tool_calls,
            finish_reason=answer.finish_reason,
            degraded=target.model != call.order[0].model,
        )

    def _fallback(self, call: Call) -> Reply:
        assert call.fallback_text is not None
        text = ModelReply(call.fallback_text, "fallback_text", Usage())
        return replace(self._reply(call, text, call.order[-1]), degraded=True, cost_usd=0.0, deployment="fallback_text")

    def _record(self, call: Call, reply: Reply | None, error: BaseException | None) -> None:
        if error is None:
            status = "ok"
        elif isinstance(error, asyncio.CancelledError | GeneratorExit):
            status = "cancelled"
        else:
            status = "failed" if isinstance(error, CallFailedError | InvalidReplyError) else "refused"
            if not isinstance(error, AppError):
                status = "failed"
        shown = None if error is None else f"{type(error).__name__}: {error}".rstrip(": ")
        self._call_log.record(row(call, status=status, reply=reply, error=shown, redact=self._redact))  # type: ignore[arg-type]


def _sum(first: Usage, second: Usage) -> Usage:
    return Usage(
        first.input_tokens + second.input_tokens,
        first.output_tokens + second.output_tokens,
        first.cached_input_tokens + second.cached_input_tokens,
        first.estimated or second.estimated,
    )
