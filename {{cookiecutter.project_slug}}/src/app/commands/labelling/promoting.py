"""Labelled calls become cases, or labels to calibrate a judge by; old ones make room. All are files under review."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from app import bootstrap
from app.commands.evaluation.suite_files import suite_files
from app.commands.labelling.queue import suites_of
from app.data import label_queue
from app.data.dedicated import connected
from app.data.label_queue import Entry
from app.data.live_calls import LiveCall
from app.intelligence.live_scoring import inputs_by, question_of
from app.observability.evaluation.case import load_cases
from app.observability.evaluation.json_lines import numbered_lines
from app.settings import Settings

JUDGED = ("evals", "judge", "labels.jsonl")


def promote(root: Path, task: str) -> None:
    """Append what is labelled and not yet promoted to the suite's cases, or to evals/judge/labels.jsonl."""
    loaded = bootstrap.operating_settings(root)
    url = bootstrap.prepare_database(loaded)
    names = [name for name, suite in suite_files(root).items() if suite.task == task and suite.kind == "label"]
    suites_of(root, task)
    path = root / "evals" / "cases" / f"{names[0]}.jsonl" if names else root.joinpath(*JUDGED)

    async def run() -> tuple[int, int]:
        async with connected(url) as connection:
            calls = await label_queue.labelled(connection, task)
            entries = await label_queue.entries(connection, [call.id for call in calls])
            lines = _lines(loaded, calls, entries, as_cases=bool(names))
            _append(path, list(lines.values()))
            await label_queue.promoted(connection, list(lines), path.relative_to(root).as_posix())
            return len(lines), len(calls) - len(lines)

    done, unreadable = asyncio.run(run())
    click.echo(f"{done} added to {path.relative_to(root)}  (review and commit it)")
    if unreadable:
        click.echo(f"{unreadable} left out: the prompt they were made with is not here any more")


def retire(root: Path, suite: str, days: int) -> None:
    """Move cases from production that are older than so many days to evals/retired/<suite>.jsonl."""
    path = root / "evals" / "cases" / f"{suite}.jsonl"
    oldest = datetime.now(UTC).date() - timedelta(days=days)
    stale = {
        case.id
        for case in load_cases(path)
        if case.origin == "production" and case.at and date.fromisoformat(case.at[:10]) < oldest
    }
    lines = [line for _, line in numbered_lines(path, remedy="a suite of evals/suites.yaml has its cases there")]
    _append(root / "evals" / "retired" / f"{suite}.jsonl", [line for line in lines if json.loads(line)["id"] in stale])
    kept = [line for line in lines if json.loads(line)["id"] not in stale]
    if stale:
        path.write_text("\n".join(kept) + "\n", encoding="utf-8")
    click.echo(f"{len(stale)} cases of {suite} retired, {len(kept)} are left; approve the baseline again if any was")


def _lines(
    loaded: Settings, calls: Sequence[LiveCall], entries: dict[UUID, Entry], *, as_cases: bool
) -> dict[UUID, str]:
    prompts, found = bootstrap.registry(loaded), {}
    for call in calls:
        entry, inputs, asked = entries[call.id], inputs_by(prompts, call), question_of(prompts, call)
        if inputs is None or asked is None:
            continue
        name, day = f"live-{call.id.hex[:12]}", call.at.date().isoformat()
        made: dict[str, Any]
        if as_cases:
            made = {"id": name, "inputs": inputs, "expected": {"label": entry.label}, "slice": "common"}
            made |= {"origin": "production", "made_from": str(call.id), "at": day}
        else:
            made = {"id": name, "question": asked[0], "sources": asked[1], "answer": call.output}
            made |= {"label": entry.label, "by": entry.labelled_by, "slice": "live"}
        found[call.id] = json.dumps(made, ensure_ascii=False)
    return found


def _append(path: Path, lines: Sequence[str]) -> None:
    if not lines:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    known = path.read_text(encoding="utf-8") if path.exists() else ""
    ending = "" if not known or known.endswith("\n") else "\n"
    path.write_text(known + ending + "\n".join(lines) + "\n", encoding="utf-8")
