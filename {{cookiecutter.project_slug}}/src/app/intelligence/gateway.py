"""The one door: every model call of the system passes here, from Python, from the HTTP doors and from notebooks.

A call reads as its policy: draft, admit, look in the caches, share with identical calls, try, validate and repair or
escalate, guard, keep, restore, account. How it is drafted stands in `drafts`, what is kept in `caching`, what is tried
in `attempts`, what makes a reply good in `good_reply`, what it costs and leaves behind in `accounts`.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import TypeVar, cast

from pydantic import BaseModel

from app.caller import Caller
from app.errors import CallFailedError
from app.intelligence.accounts import Accounts
from app.intelligence.attempts import Attempts
from app.intelligence.caching import Caches, Caching
from app.intelligence.call import Call
from app.intelligence.confidence import asking
from app.intelligence.drafts import Drafts
from app.intelligence.good_reply import GoodReplies, parsed
from app.intelligence.known_vectors import Embedded, embedded
from app.intelligence.messages import Chunk, Embeddings, Message, ModelReply, ModelRequest, Tool, Usage
from app.intelligence.personal_data.masking import mask
from app.intelligence.personal_data.output_guard import OutputGuard
from app.intelligence.personal_data.stream_tokens import ChunksWithTokens
from app.intelligence.personal_data.streams import GuardedChunks, RestoredChunks, guarded_calls, restored_calls
from app.intelligence.policy import Target
from app.intelligence.prompts import Registry
from app.intelligence.reply import (
    CacheKind,
    Reply,
    as_chunk,
    combined,
    shared,
    with_likelihoods,
    with_tokens_of_text,
)
from app.intelligence.single_flight import SingleFlight
from app.intelligence.stream import StreamedReply
from app.intelligence.structured import fitting, parse
from app.settings import Settings

Output = TypeVar("Output", bound=BaseModel)


class Gateway:
    """Built by `bootstrap` out of its parts; all methods are safe to call concurrently in one event loop."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        drafts: Drafts,
        attempts: Attempts,
        accounts: Accounts,
        caches: Caches | None = None,
    ) -> None:
        self._settings = settings
        self._drafts = drafts
        self._attempts = attempts
        self._accounts = accounts
        self._caches = caches
        embed = partial(self.embed, model=settings.retrieval.embedding_model)
        self._caching = Caching(caches, embed, settings.gateway.cache_ttl_s)
        self._replies = GoodReplies(settings, registry, attempts, accounts)
        self._flights: SingleFlight[Reply] = SingleFlight()

    async def complete(
        self, task: str, inputs: Mapping[str, str], caller: Caller, *, version: int | None = None
    ) -> Reply:
        """Run a task: its prompt filled with `inputs`, served by its route.

        When no model answers, the last reply to the same question serves, expired as it may be, then the task's
        fallback text; both are marked as degraded. Raises InputError for bad inputs, RefusedError and its kinds when a
        rule says no, CallFailedError when nothing of that is there (UnsureReplyError when a reply was not sure enough),
        InvalidReplyError when the reply does not fit the
        prompt's schema even after one repair.
        """
        return await self._whole(self._drafts.of_task(task, inputs, caller, version, stream=False))

    async def complete_as(
        self,
        output: type[Output],
        task: str,
        inputs: Mapping[str, str],
        caller: Caller,
        *,
        version: int | None = None,
    ) -> tuple[Output, Reply]:
        """Like `complete`, as a Pydantic model: its schema is asked for, its validators are held against the reply.

        Raises InvalidReplyError also when a fallback text is all there is and does not fit.
        """
        call = self._drafts.of_task(task, inputs, caller, version, stream=False, output=output)
        reply = await self._whole(call)
        value = reply.data if reply.data is not None else parse(reply.text, {})
        return cast(Output, fitting(value, output)), reply

    async def converse(
        self,
        task: str,
        inputs: Mapping[str, str],
        caller: Caller,
        *,
        then: Sequence[Message],
        tools: Sequence[Tool],
        tool_choice: str | None = None,
        version: int | None = None,
    ) -> Reply:
        """Like `complete`, with messages that follow the prompt's and tools the model may call (`tools.tool_loop`)."""
        draft = partial(self._drafts.of_task, task, inputs, caller, version, stream=False)
        return await self._whole(draft(then=then, tools=tools, tool_choice=tool_choice))

    async def stream(
        self, task: str, inputs: Mapping[str, str], caller: Caller, *, version: int | None = None
    ) -> AsyncGenerator[Chunk | Reply]:
        """Like `complete`, in chunks as they come; the last item is the Reply.

        What was said cannot be taken back: a stream is neither repaired nor escalated, and its confidence is told at
        the end, by log probabilities alone.
        """
        async with aclosing(self._streamed(self._drafts.of_task(task, inputs, caller, version, stream=True))) as items:
            async for item in items:
                yield item

    async def chat(self, request: ModelRequest, caller: Caller, *, task: str) -> Reply:
        """A call whose messages are already written; `request.model` is one of our models."""
        return await self._whole(self._drafts.of_request(request, caller, task))

    async def chat_stream(self, request: ModelRequest, caller: Caller, *, task: str) -> AsyncGenerator[Chunk | Reply]:
        """Like `chat`, in chunks as they come; the last item is the Reply."""
        call = self._drafts.of_request(replace(request, stream=True), caller, task)
        async with aclosing(self._streamed(call)) as items:
            async for item in items:
                yield item

    async def embed(self, texts: Sequence[str], caller: Caller, *, model: str = "embedding") -> Embeddings:
        """One vector a text, in order. Raises ConfigurationError when the provider serves no embeddings."""
        call = self._drafts.of_texts(model, texts, caller)
        async with self._accounts.opened(call, "embeddings") as account:
            sent = mask(texts).texts if self._settings.guards.mask_personal_data else texts
            if self._caches is None or not call.cacheable:
                embeddings, target = await self._attempts.embed(call, sent)
                account.reply = self._replies.of(call, ModelReply("", embeddings.model, embeddings.usage), target)
                return embeddings
            found, target = await self._embedded(call, sent, self._caches)
            reply = self._replies.of(call, ModelReply("", found.embeddings.model, found.embeddings.usage), target)
            saved = self._accounts.price(target.provider, target.deployment, Usage(found.saved_tokens))
            kind: CacheKind | None = "embedding" if found.saved_tokens else None
            account.reply = replace(reply, cached=not found.asked, cache=kind, saved_usd=saved)
            return found.embeddings

    async def rerank(self, question: str, texts: Sequence[str], caller: Caller, *, model: str) -> Sequence[float]:
        """How well each text answers, in order. Raises ConfigurationError when the provider serves no such model."""
        call = self._drafts.of_texts(model, [question, *texts], caller, task="rerank")
        async with self._accounts.opened(call, "rerank") as account:
            asked = [question, *texts]
            sent = mask(asked).texts if self._settings.guards.mask_personal_data else asked
            found, target = await self._attempts.rerank(call, sent[0], sent[1:])
            account.reply = self._replies.of(call, ModelReply("", found.model, found.usage), target)
        return found.scores

    async def _whole(self, call: Call) -> Reply:
        async with self._accounts.opened(call, "chat") as account:
            if self._caching.serves(call):
                outcome, led = await self._flights.share(call.identity, lambda: self._cached_or_tried(call))
                reply = outcome if led else shared(outcome, call_id=str(call.id), trace_id=call.trace_id)
            else:
                reply = await self._tried(call)
            call.said = reply.text
            account.reply = replace(reply, latency_ms=call.elapsed_ms())
            return self._restored(call, account.reply)

    async def _streamed(self, call: Call) -> AsyncGenerator[Chunk | Reply]:
        async with self._accounts.opened(call, "chat") as account:
            stored = await self._caching.reply(call) or await self._caching.by_meaning(call)
            if stored is not None:
                call.said = stored.text
                account.reply = replace(stored, latency_ms=call.elapsed_ms())
                whole = with_likelihoods(call.request, self._restored(call, account.reply))
                yield as_chunk(whole)
                yield whole
                return
            gathered, target = StreamedReply(), call.order[0]
            plain = RestoredChunks(call.vault, json_text=_is_json(call.request))
            restored = ChunksWithTokens(plain, gathered.tokens) if call.request.logprobs else plain
            try:
                async with aclosing(self._attempts.stream(call, asking(call.request, call.confidence))) as chunks:
                    guarded = GuardedChunks(self._guard(call), json_text=_is_json(call.request))
                    async for chunk, target in chunks:  # noqa: B007
                        gathered.meter(chunk)
                        if (passed := guarded.feed(chunk)) is not None:
                            gathered.add(passed)
                            if (shown := restored.feed(passed)) is not None:
                                yield shown
                    if (passed := guarded.flush()) is not None:
                        gathered.add(passed)
                        if (shown := restored.feed(passed)) is not None:
                            yield shown
                    if (shown := restored.flush()) is not None:
                        yield shown
            finally:
                if gathered.begun:
                    answer = gathered.reply(call.request)
                    call.said = answer.text
                    measured = with_tokens_of_text(self._replies.streamed(call, answer, target))
                    account.reply = replace(measured, latency_ms=call.elapsed_ms())
            if account.reply is not None:
                await self._caching.keep(call, account.reply)
                yield self._restored(call, account.reply)

    async def _cached_or_tried(self, call: Call) -> Reply:
        stored = await self._caching.reply_or_claim(call)
        if stored is not None:
            return stored
        try:
            return await self._caching.by_meaning(call) or await self._tried(call)
        finally:
            await self._caching.release(call)

    async def _embedded(self, call: Call, texts: Sequence[str], caches: Caches) -> tuple[Embedded, Target]:
        """Vectors of texts, of which only the unknown ones reach a model; and which one, or would have."""
        served = [call.order[0]]

        async def ask(missing: Sequence[str]) -> Embeddings:
            embeddings, served[0] = await self._attempts.embed(call, missing)
            return embeddings

        model, ttl_s = call.order[0].deployment.id, self._settings.gateway.embedding_cache_ttl_s
        return await embedded(texts, call.caller.tenant, model, caches, ask, ttl_s), served[0]

    async def _tried(self, call: Call) -> Reply:
        try:
            reply = self._guarded(call, await self._replies.make(call))
        except CallFailedError:
            last = await self._caching.reply(call, expired=True)
            if last is None and call.fallback_text is None:
                raise
            served = self._fallback(call) if last is None else replace(last, degraded=True)
            return served if call.spent is None else combined(call.spent, replace(served, cached=False, cache=None))
        await self._caching.keep(call, reply)
        return reply

    def _guard(self, call: Call) -> OutputGuard:
        return OutputGuard(policy=self._settings.guards.output_personal_data, known=call.known)

    def _guarded(self, call: Call, reply: Reply) -> Reply:
        """The reply as it may be shown: personal data that its caller never gave is taken out."""
        guard = self._guard(call)
        reply = replace(reply, thoughts=guard.check(reply.thoughts)) if reply.thoughts else reply
        if _is_json(call.request) and not reply.tool_calls:
            shown = parsed(call, replace(reply, text=guard.check_json(reply.text)))
        else:
            shown = replace(reply, text=guard.check(reply.text), tool_calls=guarded_calls(guard, reply.tool_calls))
        return with_tokens_of_text(shown)

    def _restored(self, call: Call, reply: Reply) -> Reply:
        """The reply as its caller sees it: their own data put back."""
        vault = call.vault
        if not len(vault):
            return reply
        restored = replace(
            reply,
            text=vault.restore_json(reply.text) if _is_json(call.request) else vault.restore(reply.text),
            data=vault.restore_value(reply.data),
            tool_calls=restored_calls(vault, reply.tool_calls),
            thoughts=vault.restore(reply.thoughts),
        )
        return with_tokens_of_text(restored)

    def _fallback(self, call: Call) -> Reply:
        assert call.fallback_text is not None
        text = ModelReply(call.fallback_text, "fallback_text", Usage())
        return replace(
            self._replies.of(call, text, call.order[-1]), degraded=True, cost_usd=0.0, deployment="fallback_text"
        )


def _is_json(request: ModelRequest) -> bool:
    return request.output_schema is not None or request.json_object
