"""From a call to a reply that is good enough: asked, measured, then repaired or escalated, or refused as too unsure.

A call asks for a second reply at most once: a cheap one that is not good enough goes to the dearer model; one that does
not fit its schema is repaired by the model itself. What was paid on the way stands in `call.spent`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from app.errors import InvalidReplyError, UnsureReplyError
from app.intelligence.accounts import Accounts
from app.intelligence.attempts import Attempts
from app.intelligence.call import Call
from app.intelligence.confidence import asking, best, of_logprobs, sampling
from app.intelligence.messages import Message, ModelReply, ModelRequest
from app.intelligence.policy import Target
from app.intelligence.prompts import Registry
from app.intelligence.reply import Reply, combined
from app.intelligence.structured import fitting, json_part, parse
from app.intelligence.tiers import TierLimits, escalates
from app.settings import Settings


class GoodReplies:
    """Makes good replies out of calls. One a gateway."""

    def __init__(self, settings: Settings, registry: Registry, attempts: Attempts, accounts: Accounts) -> None:
        self._registry = registry
        self._attempts = attempts
        self._accounts = accounts
        self._tiers = TierLimits(**settings.gateway.tiers.model_dump())

    async def make(self, call: Call) -> Reply:
        """The reply with its JSON parsed and its confidence. Raises what attempts raise, InvalidReplyError after one
        repair, UnsureReplyError below the route's threshold."""
        reply, fault = await self._asked(call, call.request, call.order)
        harder = call.harder
        if harder and reply.model != harder[0].model:
            limits = self._limits(call)
            if escalates(reply, limits, confidence=reply.confidence, fault=str(fault) if fault else None) is not None:
                reply, fault = await self._asked(call, call.request, harder)
        elif fault is not None:
            note = self._registry.get("repair").render({"fault": str(fault)})
            messages = (*call.request.messages, Message("assistant", reply.text), *note)
            reply, fault = await self._asked(call, replace(call.request, messages=messages), call.order)
        if fault is not None:
            raise fault
        rule = call.confidence
        if rule is not None and (reply.confidence or 0.0) < rule.threshold:
            shown = "not known" if reply.confidence is None else f"{reply.confidence:.2f}"
            raise UnsureReplyError(
                f"the reply's confidence is {shown}, task {call.task!r} asks for {rule.threshold:g}: "
                "give the route a fallback_text, or lower its threshold after an evaluation",
                len(call.attempts),
            )
        return parsed(call, reply)

    def of(self, call: Call, answer: ModelReply, target: Target) -> Reply:
        """A model's answer as the outcome of a call."""
        meant = {call.order[0].model, *(harder.model for harder in call.harder)}
        return Reply(
            text=answer.text,
            task=call.task,
            model=target.model,
            provider=target.provider,
            deployment=target.deployment.id,
            usage=answer.usage,
            cost_usd=self._accounts.price(target.provider, target.deployment, answer.usage),
            saved_usd=self._accounts.saved(target.provider, target.deployment, answer.usage),
            identity=call.identity,
            call_id=str(call.id),
            trace_id=call.trace_id,
            prompt_version=call.prompt.version if call.prompt else None,
            prompt_hash=call.prompt.sha256 if call.prompt else None,
            tool_calls=answer.tool_calls,
            finish_reason=answer.finish_reason,
            degraded=target.model not in meant,
            thoughts=answer.thoughts,
            tokens=answer.tokens if call.request.logprobs else (),
        )

    def streamed(self, call: Call, answer: ModelReply, target: Target) -> Reply:
        """The same for a stream that has ended, with the confidence its log probabilities give."""
        sure = None if call.confidence is None else of_logprobs(answer)
        reply = self.of(call, answer, target)
        return reply if sure is None else replace(reply, confidence=sure, confidence_by="logprobs")

    async def _asked(
        self, call: Call, request: ModelRequest, order: Sequence[Target]
    ) -> tuple[Reply, InvalidReplyError | None]:
        """One reply, measured when it fits its schema; else why not. Usage and cost include what came before."""
        answer, target = await self._attempts.complete(call, asking(request, call.confidence), order)
        reply = self._spent(call, self.of(call, answer, target))
        fault = _fault(call, reply)
        if call.confidence is None or fault is not None:
            return reply, fault
        by_logprobs = of_logprobs(answer)
        if call.confidence.by == "logprobs" or (call.confidence.by == "either" and by_logprobs is not None):
            known = by_logprobs is not None
            return replace(reply, confidence=by_logprobs, confidence_by="logprobs" if known else None), None
        return await self._agreed(call, request, order, answer, target)

    async def _agreed(
        self, call: Call, request: ModelRequest, order: Sequence[Target], first: ModelReply, target: Target
    ) -> tuple[Reply, InvalidReplyError | None]:
        """The reply that further samples agree with best."""
        assert call.confidence is not None
        warm = sampling(request, call.confidence)
        asked = [self._attempts.complete(call, warm, order) for _ in range(call.samples - 1)]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
        answers = [(first, target)]
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
            answers.append(outcome)
            self._spent(call, self.of(call, *outcome))
        place, agreement = best([answer for answer, _ in answers], call.request.output_schema)
        chosen = self.of(call, *answers[place])
        assert call.spent is not None
        chosen = replace(chosen, usage=call.spent.usage, cost_usd=call.spent.cost_usd)
        return replace(chosen, confidence=agreement, confidence_by="samples"), _fault(call, chosen)

    def _spent(self, call: Call, reply: Reply) -> Reply:
        """The reply with all that the call has used and cost so far."""
        call.spent = reply if call.spent is None else combined(call.spent, reply)
        return call.spent

    def _limits(self, call: Call) -> TierLimits:
        rule = call.confidence
        return self._tiers if rule is None else replace(self._tiers, confidence=rule.threshold)


def parsed(call: Call, reply: Reply) -> Reply:
    """The reply with its JSON. What must fit the schema is what the caller will see, placeholders replaced."""
    schema = call.request.output_schema
    if schema is None or reply.tool_calls:
        return reply
    text = json_part(reply.text)
    shown = parse(call.vault.restore_json(text), schema)
    if call.output is not None:
        fitting(shown, call.output)
    return replace(reply, text=text, data=parse(text, {}))


def _fault(call: Call, reply: Reply) -> InvalidReplyError | None:
    """Why the reply does not fit its schema, None when it does or has none."""
    try:
        parsed(call, reply)
    except InvalidReplyError as fault:
        return fault
    return None
