"""Judging models: asked through the gateway like any task, with a versioned prompt; and whether they may block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from app import bootstrap
from app.commands.evaluation.solving import caller_of
from app.commands.evaluation.wanted import NAME
from app.errors import ConfigurationError, InputError
from app.intelligence.reply import Reply
from app.observability.evaluation.calibration import load_calibrations, why_unsure
from app.observability.evaluation.metrics import mean
from app.observability.evaluation.scorers.judged import Ask, Judged, Opinion
from app.observability.evaluation.success import JudgeRule
from app.observability.evaluation.suite import Suite
from app.settings import Settings

CALIBRATIONS = ("evals", "judge", "calibration.json")


def judge(gateway: Any, name: str, repeat: int = 0) -> Ask:
    """A judge by its prompt, such as `judge@1`; each `repeat` asks afresh."""
    task, version = named(name)

    async def ask(question: str, sources: str, answer: str) -> Opinion:
        inputs = {"question": question, "sources": sources, "answer": answer}
        reply = await gateway.complete(task, inputs, caller_of(repeat), version=version)
        said = _said(reply, task, "verdict")
        return Opinion(said["verdict"] == "pass", str(said.get("reason", "")), _paid(reply))

    return ask


async def better(gateway: Any, name: str, question: str, sources: str, answers: tuple[str, str]) -> str:
    """What a pairwise judge chooses of two answers in this order: first, second or tie."""
    task, version = named(name)
    inputs = {"question": question, "sources": sources, "first": answers[0], "second": answers[1]}
    reply = await gateway.complete(task, inputs, caller_of(0), version=version)
    return str(_said(reply, task, "better")["better"])


def judged_suite(suite: Suite, ask: Ask) -> Suite:
    """The same suite with a judge reading each answer."""
    scorer = Judged(ask)
    return replace(suite, scorers=(*suite.scorers, scorer), metrics=(mean("judged", of=scorer.name), *suite.metrics))


def unsure(loaded: Settings, judges: Sequence[str], rule: JudgeRule) -> dict[str, str]:
    """By scorer, why what it says may not block; empty when every judge in use is calibrated as it is."""
    prompts = bootstrap.registry(loaded)
    known = load_calibrations(loaded.root.joinpath(*CALIBRATIONS))
    for name in judges:
        task, version = named(name)
        prompt, today = prompts.get(task, version), datetime.now(UTC).date()
        why = why_unsure(known.get(name), name, prompt.sha256, model_of(loaded, task), rule, today)
        if why is not None:
            return {"judged": why}
    return {}


def model_of(loaded: Settings, task: str) -> str:
    """Which deployments answer as this judge, such as `openai/gpt-4.1`. Raises ConfigurationError without a route."""
    route = loaded.routes.get(task)
    if route is None:
        raise ConfigurationError(f"no route for task {task!r}: add it under `routes` in config/base.yaml")
    model, _, other = route.models[0].partition("@")
    provider = loaded.provider if loaded.provider == "offline" else other or loaded.provider
    return f"{provider}/{'+'.join(one.id for one in loaded.models[model].get(provider, ()))}"


def named(name: str) -> tuple[str, int]:
    """Task and version out of `judge@1`."""
    match = NAME.fullmatch(name)
    if match is None:
        raise InputError(f"{name!r} names no judge: write TASK@VERSION, such as judge@1")
    return match[1], int(match[2])


def _said(reply: Reply, task: str, key: str) -> dict[str, Any]:
    if not isinstance(reply.data, dict) or key not in reply.data:
        raise ConfigurationError(f"the prompt of {task!r} has no output_schema with {key!r}: a judge needs one")
    return reply.data


def _paid(reply: Reply) -> float:
    return 0.0 if reply.cached else reply.cost_usd or 0.0
