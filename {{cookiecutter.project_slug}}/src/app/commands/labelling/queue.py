"""Filling the labelling queue: live calls a label teaches most about, and a few at random so that none is left out."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import click

from app import bootstrap
from app.commands.evaluation.suite_files import suite_files
from app.data import label_queue, live_calls
from app.data.dedicated import connected
from app.data.live_calls import LiveCall
from app.errors import InputError
from app.intelligence.live_scoring import question_of
from app.observability.evaluation.case import load_cases
from app.observability.evaluation.novelty import Novelty
from app.settings import Settings

LOOKED_AT = 2_000
# Of a filling: those the model was unsure of or somebody disliked, those unlike every case, and the rest at random.
SHARES = (("unsure", 0.4), ("novel", 0.4))
UNSURE_BELOW = 0.6

Chosen = tuple[LiveCall, str, float]


def fill(root: Path, task: str, count: int, days: float) -> None:
    """Queue up to `count` calls of the last days."""
    loaded = bootstrap.operating_settings(root)
    suites_of(root, task)
    url = bootstrap.prepare_database(loaded)
    added = asyncio.run(_fill(loaded, url, task, count, days))
    told = ", ".join(
        f"{sum(why == one for _, why, _ in added)} {one}" for one in ("disliked", "unsure", "novel", "random")
    )
    click.echo(f"{len(added)} calls of {task} queued: {told}")
    if len(added) < count:
        click.echo(f"there were no more readable calls of the last {days:g} days that are not queued already")


def suites_of(root: Path, task: str) -> list[str]:
    """The suites that measure a task. Raises InputError when none does."""
    names = [name for name, suite in suite_files(root).items() if suite.task == task]
    if not names:
        raise InputError(f"no suite of evals/suites.yaml measures task {task!r}: a label would go nowhere")
    return names


def chosen(
    calls: Sequence[LiveCall], questions: Sequence[str], low: dict[UUID, float], known: Sequence[str], count: int
) -> list[Chosen]:
    """Up to `count` calls with why and how urgent. `low`: scores below a half by call; `known`: texts of the cases."""
    picked: dict[UUID, Chosen] = {}
    disliked = sorted(((value, place) for place, call in enumerate(calls) if (value := low.get(call.id)) is not None))
    doubts = [
        (confidence, place)
        for place, call in enumerate(calls)
        if (confidence := call.confidence) is not None and confidence < UNSURE_BELOW
    ]
    shares = dict(SHARES)
    for value, place in disliked[: round(count * shares["unsure"])]:
        picked[calls[place].id] = (calls[place], "disliked", 1.0 - value)
    for value, place in sorted(doubts)[: max(0, round(count * shares["unsure"]) - len(picked))]:
        picked.setdefault(calls[place].id, (calls[place], "unsure", 1.0 - value))
    rest = [place for place, call in enumerate(calls) if call.id not in picked]
    novelty = Novelty(known, [questions[place] for place in rest])
    for at, value in novelty.most_novel([questions[place] for place in rest], round(count * shares["novel"])):
        call = calls[rest[at]]
        picked[call.id] = (call, "novel", value)
    rest = [place for place in rest if calls[place].id not in picked]
    draw = random.Random(len(calls))  # noqa: S311 (a sample, not a secret)
    for place in draw.sample(rest, min(len(rest), max(0, count - len(picked)))):
        picked[calls[place].id] = (calls[place], "random", 0.1)
    return list(picked.values())[:count]


async def _fill(loaded: Settings, url: str, task: str, count: int, days: float) -> list[Chosen]:
    prompts, now = bootstrap.registry(loaded), datetime.now(UTC)
    async with connected(url, timeout_s=10) as connection:
        known = await label_queue.known(connection)
        window = (now - timedelta(days=days), now)
        calls, questions = [], []
        for call in await live_calls.in_window(connection, task, window, LOOKED_AT):
            asked = question_of(prompts, call)
            if call.id not in known and asked is not None:
                calls.append(call)
                questions.append(asked[0])
        low = await live_calls.low_scores(connection, [call.id for call in calls])
        cases = [
            " ".join(str(value) for value in case.inputs.values() if isinstance(value, str))
            for name in suites_of(loaded.root, task)
            for case in load_cases(loaded.root / "evals" / "cases" / f"{name}.jsonl")
        ]
        found = chosen(calls, questions, low, cases, count)
        return [one for one in found if await label_queue.add(connection, one[0].id, one[1], one[2])]
