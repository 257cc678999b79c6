"""What a call costs and leaves behind: reserved before, settled after, one span and one row in every ending."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from app.errors import AppError, CallFailedError, InvalidReplyError
from app.intelligence.ask import Ask, Outcome
from app.intelligence.call import Call, Redact, row
from app.intelligence.call_span import call_span, describe
from app.intelligence.messages import Usage
from app.intelligence.reply import Reply
from app.intelligence.stream import estimate_input
from app.observability.records import CallRecord
from app.settings import Deployment

if TYPE_CHECKING:  # the gateway is imported without its database
    from app.intelligence.admission import Admission, Reservation

Price = Callable[[str, Deployment, Usage], float | None]
Status = Literal["ok", "failed", "refused", "cancelled"]


class CallSink(Protocol):
    """Where the row of each call goes."""

    def record(self, call: CallRecord) -> None:
        """Keep the row; returns at once."""
        ...


@dataclass(slots=True)
class Account:
    """One call's account: whoever makes the call puts the reply here, as far as it came."""

    reply: Reply | None = None


class Accounts:
    """Opens and closes the account of each call. Without `admission` nothing is capped."""

    def __init__(self, call_log: CallSink, price: Price, redact: Redact, admission: Admission | None = None) -> None:
        self._call_log = call_log
        self._price = price
        self._redact = redact
        self._admission = admission

    def price(self, provider: str, deployment: Deployment, usage: Usage) -> float | None:
        """What a reply cost in US dollars, None when nobody knows."""
        return self._price(provider, deployment, usage)

    def saved(self, provider: str, deployment: Deployment, usage: Usage) -> float | None:
        """What the provider's own cache took off the price, in US dollars; below 0 when filling it cost more."""
        if not usage.cached_input_tokens and not usage.cache_write_tokens:
            return 0.0
        paid = self._price(provider, deployment, usage)
        without = self._price(provider, deployment, Usage(usage.input_tokens, usage.output_tokens))
        return None if paid is None or without is None else without - paid

    @asynccontextmanager
    async def opened(self, call: Call, kind: Literal["chat", "embeddings", "rerank"]) -> AsyncIterator[Account]:
        """Admit the call, and account for it however the block ends. Raises what admission refuses with."""
        account = Account()
        with call_span(call, kind) as span:
            error: BaseException | None = None
            reservation: Reservation | None = None
            try:
                if self._admission is not None:
                    reservation = await self._admission.admit(self._ask(call))
                yield account
            except BaseException as raised:
                error = raised
                raise
            finally:
                reply = account.reply or call.spent
                if self._admission is not None and reservation is not None:
                    self._admission.settle(reservation, _outcome(call, reply))
                describe(span, call, reply)
                self._record(call, reply, error)

    def _ask(self, call: Call) -> Ask:
        """The worst case: the dearest deployment, all of the output, as often as further replies may follow."""
        request = call.request
        written = request.max_output_tokens or 0
        sent = call.input_tokens
        if sent is None:
            sent = estimate_input(request)
        most = call.samples * (2 if request.output_schema is not None or call.harder else 1)
        usage = Usage(sent, written)
        prices = [self._price(target.provider, target.deployment, usage) for target in (*call.order, *call.harder)]
        usd = None if None in prices else most * max(price or 0.0 for price in prices)
        return Ask(call.id, call.caller, call.task, usd, most * sent, most * written, call.at)

    def _record(self, call: Call, reply: Reply | None, error: BaseException | None) -> None:
        shown = None if error is None else f"{type(error).__name__}: {error}".rstrip(": ")
        self._call_log.record(row(call, status=_status(error), reply=reply, error=shown, redact=self._redact))


def _outcome(call: Call, reply: Reply | None) -> Outcome:
    """What a call used: nothing from the cache, the worst case when it ended without a reply and may have been billed.

    A provider that answered with an error status bills nothing; one that answered well, or not at all, may.
    """
    if reply is None:
        billed = any(attempt.status == "ok" or attempt.http_status is None for attempt in call.attempts)
        return Outcome(None, None) if billed else Outcome()
    if reply.cached:
        return Outcome()
    return Outcome(reply.cost_usd, reply.usage.input_tokens + reply.usage.output_tokens)


def _status(error: BaseException | None) -> Status:
    if error is None:
        return "ok"
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return "cancelled"
    if isinstance(error, AppError) and not isinstance(error, CallFailedError | InvalidReplyError):
        return "refused"
    return "failed"
