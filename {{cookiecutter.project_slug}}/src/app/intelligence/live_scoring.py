"""A small share of live traffic judged in the background, within a budget, each score written beside its call.

Which calls belong to the sample is fixed by their ids, so replicas and repeats agree. Two replicas that judge the same
call ask the same question, which the gateway answers once. Scores say whether their judge was calibrated: those of an
uncalibrated one move no canary.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import psycopg

from app.caller import Caller
from app.data import live_calls
from app.data.dedicated import connected
from app.data.live_calls import LiveCall
from app.errors import AppError
from app.intelligence.judging import Judge
from app.intelligence.prompts import Registry
from app.intelligence.recovered import inputs_of
from app.observability.evaluation.scorers.judged import Opinion
from app.observability.redaction import redact
from app.settings import Scoring

USER = "scoring"
NAME = "judged"
BATCH = 50
AT_ONCE = 4
QUESTIONS = ("question", "request", "ticket", "text", "message")
SOURCES = ("context", "sources")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scored:
    """What one look did. `unreadable`: the prompt of the call is not here any more; `stopped`: no budget is left."""

    judged: int = 0
    passed: int = 0
    unreadable: int = 0
    failed: int = 0
    spent_usd: float = 0.0
    stopped: bool = False


class LiveScoring:
    """`await run()` until cancelled, or `look()` once. `unsure` is why the judge may not block, None if it may."""

    def __init__(self, judge: Judge, prompts: Registry, url: str, rule: Scoring, unsure: str | None) -> None:
        self._judge = judge
        self._prompts = prompts
        self._url = url
        self._rule = rule
        self.unsure = unsure

    async def run(self) -> None:
        """Look again and again, the first time after a while. An absent database is waited for."""
        while True:
            await asyncio.sleep(self._rule.every_s)
            try:
                await self.look()
            except (psycopg.Error, AppError) as error:
                log.warning("live calls could not be scored: %s", " ".join(str(error).split()))

    async def look(self, *, days: float = 1.0, limit: int = BATCH) -> Scored:
        """Judge up to `limit` calls of the sample that nobody judged yet."""
        now = datetime.now(UTC)
        async with connected(self._url) as connection:
            spent = await live_calls.spent_usd(connection, USER, now.replace(hour=0, minute=0, second=0, microsecond=0))
            calls = await live_calls.unscored(
                connection, self._rule.tasks, self._rule.share, NAME, (now - timedelta(days=days), now), limit
            )
            free, found = asyncio.Semaphore(AT_ONCE), Scored(spent_usd=spent)
            outcomes: list[Opinion | str] = []

            async def one(call: LiveCall) -> None:
                async with free:
                    paid = sum(one.cost_usd for one in outcomes if isinstance(one, Opinion))
                    if spent + paid >= self._rule.usd_per_day:
                        outcomes.append("stopped")
                        return
                    outcomes.append(await self._judged(connection, call))

            await asyncio.gather(*map(one, calls))
        opinions = [one for one in outcomes if isinstance(one, Opinion)]
        return Scored(
            judged=len(opinions),
            passed=sum(one.passed for one in opinions),
            unreadable=outcomes.count("unreadable"),
            failed=outcomes.count("failed"),
            spent_usd=found.spent_usd + sum(one.cost_usd for one in opinions),
            stopped="stopped" in outcomes,
        )

    async def _judged(self, connection: live_calls.Connection, call: LiveCall) -> Opinion | str:
        asked = question_of(self._prompts, call)
        if asked is None:
            return "unreadable"
        caller = Caller(tenant=call.tenant, user=USER, role="evaluation")  # its regions and caps hold for the judge too
        try:
            opinion = await self._judge.verdict(*asked, call.output, caller)
        except AppError as error:
            log.warning("call %s could not be judged: %s", call.id, " ".join(str(error).split()))
            return "failed"
        detail = {"judge": self._judge.name, "reason": redact(opinion.reason), "calibrated": self.unsure is None}
        await live_calls.keep_score(connection, call.id, NAME, "judge", float(opinion.passed), detail)
        return opinion


def question_of(prompts: Registry, call: LiveCall) -> tuple[str, str] | None:
    """What a call asked and over which sources; None when its prompt's text is not here."""
    inputs = inputs_by(prompts, call)
    if inputs is None:
        return None
    question = _first(inputs, QUESTIONS) or " ".join(value for key, value in inputs.items() if key not in SOURCES)
    return question, _first(inputs, SOURCES) or "(none were found)"


def inputs_by(prompts: Registry, call: LiveCall) -> dict[str, str] | None:
    """The inputs a call was made with."""
    version = call.prompt_version
    if call.task not in prompts.tasks() or version not in prompts.versions(call.task):
        return None
    prompt = prompts.get(call.task, version)
    return inputs_of(prompt, call.messages) if prompt.sha256 == call.prompt_hash else None


def _first(inputs: dict[str, str], names: Sequence[str]) -> str:
    return next((inputs[name] for name in names if inputs.get(name)), "")
