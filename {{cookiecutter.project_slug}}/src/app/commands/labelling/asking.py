"""Labelling in the terminal: one call at a time, a label, a note."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from app import bootstrap
from app.commands.evaluation.suite_files import suite_files
from app.commands.labelling.queue import suites_of
from app.data import label_queue, live_calls
from app.data.dedicated import connected
from app.data.live_calls import LiveCall
from app.errors import InputError
from app.intelligence.live_scoring import question_of
from app.observability.evaluation.calibration import VERDICTS
from app.observability.evaluation.case import load_cases
from app.settings import Settings

SHOWN = 4_000


def ask(root: Path, task: str, by: str, count: int) -> None:
    """Show up to `count` waiting calls, the most telling first, and write down what is typed."""
    loaded = bootstrap.operating_settings(root)
    labels = labels_of(root, task)
    url = bootstrap.prepare_database(loaded)
    calls = asyncio.run(_waiting(url, task, count))
    if not calls:
        click.echo(f"nothing of {task} waits: `app label fill {task}` queues calls")
        return
    done = 0
    for number, call in enumerate(calls, start=1):
        _show(loaded, call, f"{number} of {len(calls)}")
        word = click.prompt(
            f"{', '.join(labels)}; skip, quit", type=click.Choice([*labels, "skip", "quit"]), show_choices=False
        )
        if word == "quit":
            break
        if word != "skip":
            note = click.prompt("note", default="", show_default=False)
            done += asyncio.run(written(url, call, word, note, by, labels))
    click.echo(f"{done} labelled; `app label promote {task}` makes cases of them")


def labels_of(root: Path, task: str) -> Sequence[str]:
    """What may be said of a call of this task: the suite's labels, or pass and fail."""
    suites_of(root, task)
    for name, suite in suite_files(root).items():
        if suite.task == task and suite.kind == "label":
            cases = load_cases(root / "evals" / "cases" / f"{name}.jsonl")
            return sorted({str(case.expected["label"]) for case in cases if "label" in case.expected})
    return VERDICTS


async def written(url: str, call: LiveCall, label: str, note: str, by: str, labels: Sequence[str]) -> bool:
    """Write a label to the queue and a score to the call; False when somebody was faster."""
    if label not in labels:
        raise InputError(f"call {call.id}: label is {label!r}: use {', '.join(labels)}")
    right = label == VERDICTS[0] if tuple(labels) == VERDICTS else label == call.output.strip().casefold()
    async with connected(url) as connection:
        if not await label_queue.write(connection, call.id, label, note, by):
            return False
        await live_calls.keep_score(connection, call.id, "label", "person", float(right), {"label": label, "by": by})
        return True


async def _waiting(url: str, task: str, count: int) -> list[LiveCall]:
    async with connected(url) as connection:
        return await label_queue.waiting(connection, task, count)


def _show(loaded: Settings, call: LiveCall, place: str) -> None:
    asked = question_of(bootstrap.registry(loaded), call)
    question, sources = asked or ("(the prompt of this call is not here any more)", "")
    click.echo(f"\n--- {place}: {call.task}@{call.prompt_version}, {call.at:%Y-%m-%d %H:%M}")
    if sources and sources != "(none were found)":
        click.echo(f"sources:\n{sources[:SHOWN]}\n")
    click.echo(f"asked:    {question[:SHOWN]}")
    click.echo(f"answered: {call.output[:SHOWN]}")
