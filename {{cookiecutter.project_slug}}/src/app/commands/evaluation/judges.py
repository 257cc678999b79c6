"""Judges in an evaluation: added to a suite as a scorer, and whether what they say may block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app import bootstrap
from app.commands.evaluation.solving import caller_of
from app.commands.evaluation.wanted import NAME
from app.errors import InputError
from app.intelligence import judging
from app.intelligence.judging import CALIBRATIONS, Judge
from app.observability.evaluation.calibration import load_calibrations
from app.observability.evaluation.metrics import mean
from app.observability.evaluation.scorers.judged import Ask, Judged, Opinion
from app.observability.evaluation.success import JudgeRule
from app.observability.evaluation.suite import Suite
from app.settings import Settings


def asking(gateway: Any, name: str, repeat: int = 0) -> Ask:
    """A judge by its prompt, such as `judge@1`, as scorers ask it; each `repeat` asks afresh."""
    judge = Judge(gateway, *named(name))

    async def ask(question: str, sources: str, answer: str) -> Opinion:
        return await judge.verdict(question, sources, answer, caller_of(repeat))

    return ask


def judged_suite(suite: Suite, ask: Ask) -> Suite:
    """The same suite with a judge reading each answer."""
    scorer = Judged(ask)
    return replace(suite, scorers=(*suite.scorers, scorer), metrics=(mean("judged", of=scorer.name), *suite.metrics))


def unsure(loaded: Settings, judges: Sequence[str], rule: JudgeRule) -> dict[str, str]:
    """By scorer, why what it says may not block; empty when every judge in use is calibrated as it is."""
    prompts = bootstrap.registry(loaded)
    known = load_calibrations(loaded.root.joinpath(*CALIBRATIONS))
    today = datetime.now(UTC).date()
    for name in judges:
        why = judging.unsure(loaded, prompts, known, named(name), rule, today)
        if why is not None:
            return {"judged": why}
    return {}


def named(name: str) -> tuple[str, int]:
    """Task and version out of `judge@1`."""
    match = NAME.fullmatch(name)
    if match is None:
        raise InputError(f"{name!r} names no judge: write TASK@VERSION, such as judge@1")
    return match[1], int(match[2])
