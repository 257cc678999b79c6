"""New texts proposed by a model from mistakes on the dev split, and what makes a proposal unfit to be tried."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from app import bootstrap
from app.commands.evaluation.solving import caller_of
from app.data.leakage import Shown
from app.errors import AppError
from app.intelligence.messages import Message
from app.intelligence.prompts import Prompt, placeholders
from app.observability.evaluation.case import Case
from app.observability.evaluation.result import SuiteResult
from app.settings import Settings

TASK = "improve"
MISTAKES = 12
LINE = 300


@dataclass(frozen=True, slots=True)
class Proposal:
    """A text, and in a sentence what is new; or why it is not tried."""

    messages: tuple[Message, ...]
    change: str
    refused: str | None = None


def propose(
    loaded: Settings,
    url: str,
    prompt: Prompt,
    messages: Sequence[Message],
    seen: SuiteResult,
    cases: Sequence[Case],
    count: int,
) -> list[Proposal]:
    """Up to `count` proposals. `seen`: the result of these messages on the dev split; `cases`: all of the suite."""
    mistakes = mistakes_of(seen)
    if not mistakes or not count:
        return []
    place = next(at for at, message in enumerate(messages) if message.text.strip())
    inputs = {"instructions": messages[place].text, "mistakes": mistakes}

    async def ask() -> list[Proposal]:
        async with bootstrap.open_services(loaded, url, late=True) as services:

            async def one(repeat: int) -> Proposal:
                try:
                    reply = await services.gateway.complete(TASK, inputs, caller_of(repeat))
                except AppError as error:
                    return Proposal((), "", f"no proposal came: {' '.join(str(error).split())}")
                text = str(reply.data["instructions"]).strip() + "\n"
                new = tuple(Message(m.role, text) if at == place else m for at, m in enumerate(messages))
                return Proposal(new, str(reply.data["change"]), unfit(prompt, messages, new, cases))

            return list(await asyncio.gather(*(one(number) for number in range(1, count + 1))))

    return asyncio.run(ask())


def mistakes_of(seen: SuiteResult) -> str:
    """The first wrong answers, one below the other."""
    lines = []
    for case in seen.cases:
        reasons = [score.reason for score in case.scores.values() if score is not None and score.value < 1]
        if reasons and case.output is not None:
            asked = " ".join(str(value) for value in case.inputs.values())
            lines.append(
                f"Input: {asked[:LINE]}\nAnswer: {case.output.text[:LINE]}\nWrong: {'; '.join(reasons)[:LINE]}"
            )
    return "\n\n".join(lines[:MISTAKES])


def unfit(prompt: Prompt, old: Sequence[Message], new: Sequence[Message], cases: Sequence[Case]) -> str | None:
    """Why a text may not be tried: an input is gone, nothing is new, or it holds cases, whose scores would lie."""
    if [one.text.strip() for one in old] == [one.text.strip() for one in new]:
        return "nothing is new"
    before = {name for message in old for name in placeholders(message.text)}
    after = {name for message in new for name in placeholders(message.text)}
    if before != after:
        return f"its placeholders are {sorted(after)} instead of {sorted(before)}"
    shown, known = Shown({"new": _text(new)}), Shown({"old": _text(old)})
    for case in cases:
        text = " ".join(map(str, case.inputs.values()))
        if shown.source(text) and not known.source(text):
            return f"it holds the case {case.id}"
    return None


def _text(messages: Sequence[Message]) -> str:
    return "\n".join(message.text for message in messages)
