"""Labels as CSV both ways, for people who label in a spreadsheet. A cell that a spreadsheet would run is defused."""

from __future__ import annotations

import asyncio
import csv
from pathlib import Path
from uuid import UUID

import click

from app import bootstrap
from app.commands.labelling.asking import labels_of, written
from app.data import label_queue
from app.data.dedicated import connected
from app.data.live_calls import LiveCall
from app.errors import InputError
from app.intelligence.live_scoring import question_of

COLUMNS = ("call", "question", "sources", "answer", "label", "note")
RUN = ("=", "+", "-", "@", "\t", "\r")
MOST = 1_000


def export(root: Path, task: str, file: Path) -> None:
    """Write the waiting calls of a task, label and note empty."""
    loaded = bootstrap.operating_settings(root)
    labels = labels_of(root, task)
    url, prompts = bootstrap.prepare_database(loaded), bootstrap.registry(loaded)

    async def read() -> list[LiveCall]:
        async with connected(url) as connection:
            return await label_queue.waiting(connection, task, MOST)

    calls = asyncio.run(read())
    with file.open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out)
        table.writerow(COLUMNS)
        for call in calls:
            question, sources = question_of(prompts, call) or ("", "")
            table.writerow([str(call.id), *map(_defused, (question, sources, call.output)), "", ""])
    click.echo(f"{len(calls)} calls written to {file}: fill in `label` with one of {', '.join(labels)}, then import it")


def take_in(root: Path, task: str, file: Path, by: str) -> None:
    """Read labels from a file that `export` wrote. Nothing is written when a line is wrong."""
    loaded = bootstrap.operating_settings(root)
    labels = labels_of(root, task)
    url = bootstrap.prepare_database(loaded)
    rows = _rows(file, labels)

    async def write() -> tuple[int, int]:
        async with connected(url) as connection:
            waiting = {call.id: call for call in await label_queue.waiting(connection, task, 10 * MOST)}
        done = 0
        for call, label, note in rows:
            if call in waiting:
                done += await written(url, waiting[call], label, note, by, labels)
        return done, len(rows) - done

    done, others = asyncio.run(write())
    click.echo(f"{done} labelled" + (f"; {others} were labelled already or do not wait" if others else ""))


def _rows(file: Path, labels: object) -> list[tuple[UUID, str, str]]:
    found = []
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            table = csv.DictReader(lines)
            if missing := sorted({"call", "label"} - set(table.fieldnames or ())):
                raise InputError(f"{file} has no column {missing[0]!r}: use a file that `app label export` wrote")
            for row in table:
                label = (row["label"] or "").strip()
                if not label:
                    continue
                if label not in labels:  # type: ignore[operator]
                    raise InputError(f"{file}:{table.line_num}: label is {label!r}: use one of {labels}")
                found.append((UUID(row["call"]), label, (row.get("note") or "").strip()))
    except (OSError, UnicodeDecodeError, csv.Error, ValueError) as error:
        raise InputError(f"{file} cannot be read ({error}): use a file that `app label export` wrote") from None
    return found


def _defused(text: str) -> str:
    return f"'{text}" if text.startswith(RUN) else text
