"""Admission: may this call go, given what its caller has spent and how much it asks for at once?

A call reserves its worst case before and settles to what it cost after; both are exact over all replicas. Policies:

- A call whose price is unknown is refused where a cap holds, unless `unknown_price` is `allow`: then it costs nothing.
- While the database is away calls under a cap or limit are refused, unless `store_away` is `open`: then they go and
  their cost is entered when it is back. A call under no cap and no limit never needs the database.
- A call that never settles, its process being killed, is charged at its worst case `lease_s` later, so that a cap holds
  whatever happens; with `lost_calls: release` it is charged nothing.
- An alert is left once a window when half of a cap is spent (`alert_share`), a stop when a call is first refused.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC
from functools import lru_cache
from pathlib import Path
from typing import Literal

from app.caller import Caller
from app.data import budgets
from app.data.budgets import Cap, Period, Scope
from app.data.dedicated import DedicatedConnection
from app.data.limits import Limit, Rate
from app.data.reservations import Granted, OverCap, OverLimit, Request, Reservations, Verdict
from app.data.settlements import Settlements
from app.errors import BudgetExceededError, ConfigurationError, InputError, RateLimitedError, StoreUnavailableError
from app.intelligence.ask import Ask, Outcome

ANY = "*"

# A list that the HTTP edge lays out for each request: the rates of the call that was admitted last for it.
standing: ContextVar[list[Rate] | None] = ContextVar("standing", default=None)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CapRule:
    """A cap of `usd` a window. `tenant` and `subject` (a task or a user) name one party, or each one of them by `*`."""

    scope: Scope
    period: Period
    usd: float
    tenant: str = ANY
    subject: str = ANY

    def __post_init__(self) -> None:
        """Raises ConfigurationError for an amount that could not hold."""
        if not 0 <= self.usd <= budgets.MOST_USD:
            raise ConfigurationError(f"a {self.scope}'s cap of {self.usd} USD cannot hold: set 0 to 1e9")


@dataclass(frozen=True, slots=True)
class LimitRule:
    """Requests and tokens a minute for each tenant, user or session, or the one that is named."""

    scope: Literal["tenant", "user", "session"]
    requests: int | None = None
    tokens: int | None = None
    tenant: str = ANY
    subject: str = ANY


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds. Of the caps of one scope and period, and of the limits of one scope, the most specific counts."""

    caps: tuple[CapRule, ...] = ()
    limits: tuple[LimitRule, ...] = ()
    tokens_per_request: int | None = None
    output_tokens: Mapping[str, int] = field(default_factory=dict)
    alert_share: float = 0.5
    unknown_price: Literal["refuse", "allow"] = "refuse"
    store_away: Literal["closed", "open"] = "closed"
    lost_calls: Literal["charge", "release"] = "charge"
    lease_s: float = 120.0
    timeout_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Reservation:
    """A call that may go. `held` is false where there is nothing to settle; `rates` say where its caller stands."""

    ask: Ask
    usd: float
    caps: tuple[Cap, ...] = ()
    rates: tuple[Rate, ...] = ()
    held: bool = True


class Admission:
    """One a process. Use: `start()` in a running loop, `await admit(...)`, `settle(...)`, `await close()`.

    `url` is the database's, `outbox` a local folder that several processes may share.
    """

    def __init__(self, rules: Rules, url: str, outbox: Path) -> None:
        self._rules = rules
        self._asking = DedicatedConnection(url, timeout_s=rules.timeout_s)
        self._settling = DedicatedConnection(url, timeout_s=max(10.0, rules.timeout_s))
        self._reservations = Reservations(self._asking, lease_s=rules.lease_s)
        self._settlements = Settlements(
            outbox,
            self._settling,
            alert_share=rules.alert_share,
            in_full=rules.lost_calls == "charge",
            expire_every_s=min(15.0, rules.lease_s / 4),
        )
        self._applicable = lru_cache(maxsize=4096)(lambda caller, task: applicable(rules, caller, task))

    def start(self) -> None:
        """Begin to deliver settlements and to end leases."""
        if self._rules.caps or self._rules.limits:
            self._settlements.start()

    async def close(self) -> None:
        """Deliver what is settled and let go of the database."""
        await self._settlements.close()
        await self._asking.close()
        await self._settling.close()

    async def admit(self, ask: Ask) -> Reservation:
        """Reserve what the call may cost, under all its caps and limits at once; settle every reservation.

        Raises BudgetExceededError, RateLimitedError, or StoreUnavailableError when the database is away and the policy
        is closed.
        """
        check_size(self._rules, ask)
        caps, limits = self._applicable(ask.caller, ask.task)
        if not caps and not limits:
            return Reservation(ask, 0.0, held=False)
        usd = worst_case(self._rules, ask, caps)
        _check_possible(ask, limits)
        verdict = self._reservations.reserve(Request(ask.id, usd, ask.tokens, caps, limits))
        reservation = Reservation(ask, usd, caps)
        try:
            answer = await asyncio.shield(verdict)
        except asyncio.CancelledError:
            verdict.add_done_callback(lambda done: self._give_back(reservation, done))
            raise
        except StoreUnavailableError as error:
            if self._rules.store_away == "open":
                return reservation
            raise StoreUnavailableError(
                f"no budget can be reserved ({error}) and admission.store_away is closed: try again shortly"
            ) from error
        _tell(answer)
        if isinstance(answer, Granted):
            return Reservation(ask, usd, caps, answer.rates)
        raise refusal(ask, usd, answer)

    def settle(self, reservation: Reservation, outcome: Outcome) -> None:
        """Replace the reservation by what the call used. Returns at once and is safe in a `finally`: the settlement is
        on disk then and reaches the database within about 0.1 s, or when it is back. A second one changes nothing."""
        if not reservation.held:
            return
        usd = reservation.usd if outcome.usd is None else outcome.usd
        if not 0 <= usd <= budgets.MOST_USD:
            log.error(
                "call %s cannot have cost %s USD: its worst case is charged, correct the price", reservation.ask.id, usd
            )
            usd = reservation.usd
        tokens = reservation.ask.tokens if outcome.tokens is None else outcome.tokens
        self._settlements.add(reservation.ask.id, usd, tokens, reservation.ask.at, reservation.caps)

    async def flush(self) -> None:
        """Return when every settlement so far counts. Raises StoreUnavailableError, settlements kept."""
        await self._settlements.flush()

    async def expire(self) -> int:
        """End reservations past their lease now, without waiting for the next round; how many."""
        return await self._settlements.expire()

    def _give_back(self, reservation: Reservation, verdict: asyncio.Future[Verdict]) -> None:
        granted = not verdict.cancelled() and verdict.exception() is None and isinstance(verdict.result(), Granted)
        if granted:
            self.settle(reservation, Outcome())


def applicable(rules: Rules, caller: Caller, task: str) -> tuple[tuple[Cap, ...], tuple[Limit, ...]]:
    """The caps and limits one call falls under."""
    caps: dict[tuple[str, str], tuple[int, Cap]] = {}
    for rule in rules.caps:
        tenant = "" if rule.scope in ("all", "task") else caller.tenant
        subject = {"task": task, "user": caller.user}.get(rule.scope, "")
        rank = _rank(rule, tenant, subject)
        key = (rule.scope, rule.period)
        if rank is not None and (key not in caps or rank >= caps[key][0]):
            caps[key] = (rank, Cap(rule.scope, tenant, subject, rule.period, rule.usd))
    limits: dict[str, tuple[int, Limit]] = {}
    for bound in rules.limits:
        subject = {"user": caller.user, "session": caller.session or ""}.get(bound.scope, "")
        rank = _rank(bound, caller.tenant, subject)
        if rank is None or (bound.scope == "session" and not subject):
            continue
        if bound.scope not in limits or rank >= limits[bound.scope][0]:
            limits[bound.scope] = (rank, Limit(bound.scope, caller.tenant, subject, bound.requests, bound.tokens))
    return tuple(cap for _, cap in caps.values()), tuple(limit for _, limit in limits.values())


def check_size(rules: Rules, ask: Ask) -> None:
    """The token budget of a request and the output cap of its task. Raises BudgetExceededError; needs no database."""
    most = rules.output_tokens.get(ask.task)
    if most is not None and ask.output_tokens > most:
        raise BudgetExceededError(
            f"task {ask.task!r} may write {most} tokens, {ask.output_tokens} were asked for: ask for less"
        )
    if rules.tokens_per_request is not None and ask.tokens > rules.tokens_per_request:
        raise BudgetExceededError(
            f"the request needs up to {ask.tokens} tokens, {rules.tokens_per_request} are allowed: shorten it"
        )


def worst_case(rules: Rules, ask: Ask, caps: Sequence[Cap]) -> float:
    """Dollars to reserve. Raises BudgetExceededError when the price is unknown, a cap holds and the policy refuses."""
    if ask.usd is None:
        if caps and rules.unknown_price == "refuse":
            raise BudgetExceededError(
                f"no price is known for the model of task {ask.task!r} and {caps[0].who} has a cap: set "
                "input_usd_per_million and output_usd_per_million of its deployment, or admission.unknown_price: allow"
            )
        return 0.0
    if not (math.isfinite(ask.usd) and 0 <= ask.usd <= budgets.MOST_USD):
        raise InputError(f"a call cannot cost {ask.usd} USD: correct the price of its model")
    return budgets.worst(ask.usd)


def refusal(ask: Ask, usd: float, verdict: OverCap | OverLimit) -> BudgetExceededError | RateLimitedError:
    """The error for a call that may not go, with what it met and when that ends."""
    if isinstance(verdict, OverCap):
        cap = verdict.cap
        ends = f"{verdict.ends_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
        return BudgetExceededError(
            f"the {cap.period}'s budget of {cap.who} is used up: {verdict.used_usd:.6g} of {cap.usd:.6g} USD are spent "
            f"or reserved and this call may cost {usd:.6g}; the next {cap.period} begins at {ends}"
        )
    limit = verdict.limit
    most = limit.requests if verdict.kind == "requests" else limit.tokens
    needs = "" if verdict.kind == "requests" else f" and this request may need {ask.tokens}"
    return RateLimitedError(
        f"{limit.who} used {verdict.used} of {most} {verdict.kind} a minute{needs}: try again in "
        f"{max(1, math.ceil(verdict.reset_s))} s",
        retry_after_s=max(0.0, verdict.reset_s),
    )


def _tell(verdict: Verdict) -> None:
    """Note for whoever listens where the caller stands; a refusal speaks of the limit that was met."""
    heard = standing.get()
    if heard is None:
        return
    if isinstance(verdict, Granted):
        heard[:] = verdict.rates
    elif isinstance(verdict, OverLimit) and verdict.kind == "requests":
        heard[:] = [Rate(verdict.limit._replace(tokens=None), verdict.used, 0, verdict.reset_s)]
    elif isinstance(verdict, OverLimit):
        heard[:] = [Rate(verdict.limit._replace(requests=None), 0, verdict.used, verdict.reset_s)]


def _check_possible(ask: Ask, limits: Sequence[Limit]) -> None:
    """Refuse at once, and for good, what no window has room for."""
    for limit in limits:
        if limit.tokens is not None and ask.tokens > limit.tokens:
            raise BudgetExceededError(
                f"the request needs up to {ask.tokens} tokens, {limit.who} has {limit.tokens} a minute: shorten it"
            )


def _rank(rule: CapRule | LimitRule, tenant: str, subject: str) -> int | None:
    """How closely a rule names this party; None when it is about another."""
    if rule.tenant not in (ANY, tenant) or rule.subject not in (ANY, subject):
        return None
    return (rule.tenant != ANY) + (rule.subject != ANY)
