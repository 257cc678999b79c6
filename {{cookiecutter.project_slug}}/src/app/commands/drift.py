"""`app drift`: whether what people ask, what they are answered and how that is scored changed since before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from app import bootstrap
from app.data import live_calls
from app.data.dedicated import connected
from app.data.live_calls import LiveCall
from app.errors import GateFailedError
from app.intelligence.live_scoring import NAME, question_of
from app.intelligence.prompts import Registry
from app.observability.evaluation import drift as drifts
from app.observability.evaluation.drift import Drift
from app.observability.evaluation.success import load_success

# Enough for any change that matters, few enough for 200 permutations in seconds.
MOST_CALLS = 1_000
# An answer of so many characters at most is a label.
LABEL = 40

Window = tuple[datetime, datetime]
Scores = dict[str, tuple[list[float], list[float]]]


def report(root: Path, tasks: Sequence[str], days: float, before_days: float, file: Path | None, *, gate: bool) -> None:
    """A line a quantity; with `gate` raises GateFailedError when one drifted."""
    loaded = bootstrap.operating_settings(root)
    prompts = bootstrap.registry(loaded)
    rule = drifts.Rule(**load_success(root / "config" / "success.yaml").drift.model_dump())
    url = bootstrap.prepare_database(loaded)
    now = datetime.now(UTC)
    new = (now - timedelta(days=days), now)
    old = (new[0] - timedelta(days=before_days), new[0])
    found: dict[str, list[Drift]] = {}
    for task in tasks or loaded.scoring.tasks:
        prompts.get(task)
        before, after, scores = asyncio.run(_read(url, task, old, new))
        found[task] = _measured(prompts, before, after, scores, rule)
        click.echo(
            f"{task}: {len(after)} calls of the last {days:g} days against {len(before)} of {before_days:g} before"
        )
        for one in found[task]:
            click.echo(f"  {told(one)}")
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        plain = {task: [asdict(one) for one in measured] for task, measured in found.items()}
        file.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    drifted = [f"{task}: {told(one)}" for task, measured in found.items() for one in measured if one.word == "drift"]
    if gate and drifted:
        raise GateFailedError(f"{len(drifted)} quantities drifted: look at new cases, then at the prompt", drifted)


def told(one: Drift) -> str:
    """A line."""
    if one.word == "too few":
        return f"{one.name:<14} too few: {one.before} and {one.after} values"
    return f"{one.name:<14} {one.word:<7} {one.size:.3f} of {one.limit:g}, p {one.p:.3f}   {one.told}".rstrip()


async def _read(url: str, task: str, old: Window, new: Window) -> tuple[list[LiveCall], list[LiveCall], Scores]:
    async with connected(url, timeout_s=10) as connection:
        before, after = [await live_calls.in_window(connection, task, window, MOST_CALLS) for window in (old, new)]
        scores: Scores = {}
        for name, source in ((NAME, "judge"), ("label", "person"), (None, "user")):
            one, two = [
                await live_calls.scores(connection, task, name, source, window, MOST_CALLS) for window in (old, new)
            ]
            scores[f"{source} score"] = (one, two)
    return before, after, scores


def _measured(
    prompts: Registry, before: Sequence[LiveCall], after: Sequence[LiveCall], scores: Scores, rule: drifts.Rule
) -> list[Drift]:
    asked = [[_question(prompts, call) for call in calls] for calls in (before, after)]
    said = [[call.output for call in calls] for calls in (before, after)]
    lengths = [[float(len(text)) for text in texts] for texts in (asked[0], asked[1], said[0], said[1])]
    short = all(len(text) <= LABEL for text in (*said[0], *said[1]))
    outputs = drifts.of_labels if short else drifts.of_texts
    found = [
        drifts.of_texts("input words", asked[0], asked[1], rule),
        drifts.of_numbers("input length", lengths[0], lengths[1], rule),
        outputs("output labels" if short else "output words", said[0], said[1], rule),
        drifts.of_numbers("output length", lengths[2], lengths[3], rule),
        drifts.of_numbers("latency", [c.latency_ms for c in before], [c.latency_ms for c in after], rule),
    ]
    return [*found, *(drifts.of_scores(name, *values, rule) for name, values in scores.items() if any(values))]


def _question(prompts: Registry, call: LiveCall) -> str:
    """What was asked; all of the last message where the call's prompt is not here any more."""
    asked = question_of(prompts, call)
    return asked[0] if asked else str(call.messages[-1].get("content", "")) if call.messages else ""
