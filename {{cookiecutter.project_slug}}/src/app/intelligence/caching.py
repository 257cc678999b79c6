"""What the gateway asks of its caches about one call: the same call before, one under way, one that means the same.

Only whole replies are kept: not those cut off, degraded, or of a task or tenant that keeps none.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from app.caller import Caller
from app.data.kept import KeptVector, Near
from app.intelligence.call import Call
from app.intelligence.messages import Embeddings
from app.intelligence.personal_data.masking import mask
from app.intelligence.reply import Reply, from_stored, to_stored
from app.intelligence.semantic_guard import interchangeable

Embed = Callable[[Sequence[str], Caller], Awaitable[Embeddings]]


class Caches(Protocol):
    """Where replies and vectors are kept. A cache that is away misses; it never fails a call."""

    async def get(self, identity: str, tenant: str, *, expired: bool = False) -> Mapping[str, Any] | None:
        """The stored reply, None when there is none; one that has expired counts only as `expired`."""
        ...

    async def get_or_claim(self, identity: str, tenant: str, wait_s: float) -> Mapping[str, Any] | None:
        """The stored reply, waiting while another process makes it; None: make it yourself, then put or release."""
        ...

    async def put(self, identity: str, tenant: str, task: str, reply: Mapping[str, Any], ttl_s: float) -> None:
        """Keep a reply, which ends the claim on it."""
        ...

    async def release(self, identity: str, tenant: str) -> None:
        """End the claim, if there is one."""
        ...

    async def nearest(self, scope: str, tenant: str, vector: Sequence[float], similarity: float) -> Sequence[Near]:
        """Questions answered before in this scope that are at least that similar, best first."""
        ...

    async def put_meaning(
        self,
        identity: str,
        scope: str,
        tenant: str,
        task: str,
        question: str,
        vector: Sequence[float],
        reply: Mapping[str, Any],
        ttl_s: float,
    ) -> None:
        """Keep a reply under the meaning of its question."""
        ...

    async def vectors(self, tenant: str, model: str, digests: Sequence[bytes]) -> Mapping[bytes, KeptVector]:
        """The vectors that are kept of texts with these digests."""
        ...

    async def put_vectors(self, tenant: str, model: str, vectors: Mapping[bytes, KeptVector], ttl_s: float) -> None:
        """Keep vectors."""
        ...


class Caching:
    """The caches as one call sees them. `embed` gives a question its vector; it is a call of its own."""

    def __init__(self, caches: Caches | None, embed: Embed, ttl_s: float) -> None:
        self._caches = caches
        self._embed = embed
        self._ttl_s = ttl_s

    def serves(self, call: Call) -> bool:
        """Whether the caches have anything to do with this call."""
        return self._caches is not None and call.cacheable

    async def reply(self, call: Call, *, expired: bool = False) -> Reply | None:
        """The reply to the same call before."""
        if self._caches is None or not call.cacheable:
            return None
        stored = await self._caches.get(call.identity, call.caller.tenant, expired=expired)
        return None if stored is None else _outcome(stored, call)

    async def reply_or_claim(self, call: Call) -> Reply | None:
        """The same, of a process that is at it now too. None: this call is to make it, and to `release` at its end.

        Half the call's time is waited for somebody else; the other half is left to make it.
        """
        if self._caches is None or not call.cacheable:
            return None
        stored = await self._caches.get_or_claim(call.identity, call.caller.tenant, call.seconds_left() / 2)
        return None if stored is None else _outcome(stored, call)

    async def by_meaning(self, call: Call) -> Reply | None:
        """The reply to a question of the same meaning, where the task allows it."""
        if self._caches is None or call.meaning is None:
            return None
        meaning = call.meaning
        vector = await self._vector(call)
        question = mask([meaning.question]).texts[0]
        for near in await self._caches.nearest(meaning.scope, call.caller.tenant, vector, meaning.similarity):
            if interchangeable(question, near.question):
                return _outcome(near.reply, call, near)
        return None

    async def keep(self, call: Call, reply: Reply) -> None:
        """Keep a whole reply for the next call of the same identity, and of the same meaning."""
        whole = reply.finish_reason in ("stop", "tool_calls") and not reply.degraded
        if self._caches is None or not call.cacheable or not whole:
            return
        tenant, stored = call.caller.tenant, to_stored(reply)
        await self._caches.put(call.identity, tenant, call.task, stored, self._ttl_s)
        if call.meaning is not None and not reply.tool_calls:
            meaning, question = call.meaning, mask([call.meaning.question]).texts[0]
            vector = await self._vector(call)
            await self._caches.put_meaning(
                call.identity, meaning.scope, tenant, call.task, question, vector, stored, meaning.ttl_s
            )

    async def release(self, call: Call) -> None:
        """Let others try what this call has not brought."""
        if self._caches is not None:
            await self._caches.release(call.identity, call.caller.tenant)

    async def _vector(self, call: Call) -> Sequence[float]:
        if call.meaning_vector is None:
            assert call.meaning is not None
            call.meaning_vector = (await self._embed([call.meaning.question], call.caller)).vectors[0]
        return call.meaning_vector


def _outcome(stored: Mapping[str, Any], call: Call, near: Near | None = None) -> Reply:
    reply = from_stored(stored, call_id=str(call.id), trace_id=call.trace_id)
    return reply if near is None else replace(reply, cache="semantic", similarity=min(1.0, near.similarity))
