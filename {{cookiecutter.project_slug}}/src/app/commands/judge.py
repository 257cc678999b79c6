"""`app judge calibrate|pairs`: judging models held against people's labels, and two versions compared by one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from app import bootstrap
from app.commands.evaluation import judges
from app.commands.evaluation.running import AT_ONCE, How, evaluated
from app.commands.evaluation.solving import caller_of
from app.commands.evaluation.wanted import against, choose, pins
from app.errors import InputError
from app.intelligence.judging import CALIBRATIONS, Judge, model_of
from app.observability.evaluation.agreement import PositionBias, agreement, position_bias
from app.observability.evaluation.calibration import (
    VERDICTS,
    Calibration,
    Label,
    digest,
    load_labels,
    save_calibration,
    why_unsure,
)
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.scorers.judged import Opinion, sources_of
from app.observability.evaluation.success import load_success
from app.settings import Settings


def calibrate(root: Path, name: str | None, repeats: int) -> None:
    """Judge every label, print how far the judge agrees, write config/judges.json for review."""
    loaded = bootstrap.settings(root)
    prompts = bootstrap.registry(loaded)
    judge = name or prompts.get("judge").name
    task, version = judges.named(judge)
    prompt = prompts.get(task, version)
    labels = load_labels(root / "evals" / "judge" / "labels.jsonl")
    if not labels:
        raise InputError("evals/judge/labels.jsonl holds no label: people have to judge answers first, see `app label`")
    runs = asyncio.run(_opinions(loaded, judge, labels, repeats))
    found = _calibration(judge, prompt.sha256, model_of(loaded, task), labels, runs)
    save_calibration(root.joinpath(*CALIBRATIONS), found)
    for line in _report(found, labels, runs[0]):
        click.echo(line)
    rule = load_success(root / "config" / "success.yaml").judge
    why = why_unsure(found, judge, prompt.sha256, found.model, rule, found.on)
    click.echo(f"may not block: {why}" if why else f"{judge} may block: it agrees with people")
    click.echo("written: config/judges.json  (review and commit it)")


def pairs(root: Path, suite: str, prompt: str, other: str, name: str | None) -> None:
    """Which of two versions a pairwise judge prefers, each pair asked in both orders."""
    loaded = bootstrap.settings(root)
    judge = name or bootstrap.registry(loaded).get("judge_pair").name
    task, version, model = against(other)
    new = choose(loaded, suite, pins([prompt]))
    old = choose(loaded, suite, {task: version}, model)
    if new.task != task or f"{new.task}@{new.version}" != prompt.replace("@v", "@"):
        raise InputError(f"suite {suite!r} measures {new.task!r}: name two versions of it")
    url = bootstrap.prepare_database(loaded)

    async def run() -> PositionBias:
        results = await evaluated(loaded, url, [new, old], How())
        async with bootstrap.open_services(loaded, url, late=True) as services:
            return position_bias(await _choices(services.gateway, judge, *results))

    found = asyncio.run(run())
    click.echo(f"{suite}: {new.label} against {old.label} by {judge}: {found.told()}")
    if found.n and found.consistent < 0.8:
        click.echo("the place of an answer sways this judge: do not rest a decision on it")


async def _opinions(loaded: Settings, judge: str, labels: list[Label], repeats: int) -> list[list[Opinion]]:
    url = bootstrap.prepare_database(loaded)
    free = asyncio.Semaphore(AT_ONCE)
    async with bootstrap.open_services(loaded, url, late=True) as services:

        async def one(label: Label, repeat: int) -> Opinion:
            async with free:
                ask = judges.asking(services.gateway, judge, repeat)
                return await ask(label.question, label.sources, label.answer)

        return [list(await asyncio.gather(*(one(label, n) for label in labels))) for n in range(repeats)]


def _calibration(judge: str, sha256: str, model: str, labels: list[Label], runs: list[list[Opinion]]) -> Calibration:
    said = [VERDICTS[0] if opinion.passed else VERDICTS[1] for opinion in runs[0]]
    found = agreement(
        [(label.label, one) for label, one in zip(labels, said, strict=True)], [one.slice for one in labels]
    )
    alike = [len({opinion.passed for opinion in same}) == 1 for same in zip(*runs, strict=True)]
    return Calibration(
        judge=judge,
        prompt_sha256=sha256,
        model=model,
        labels=digest(labels),
        on=datetime.now(UTC).date(),
        n=found.n,
        agreement=round(found.agreement, 4),
        kappa=_rounded(found.kappa),
        low=_rounded(found.low),
        high=_rounded(found.high),
        confusion=found.confusion,
        by_slice={name: round(value, 4) for name, value in found.by_slice.items()},
        length_lean=round(_length_lean(labels, said), 1),
        consistent=round(sum(alike) / len(alike), 4) if len(runs) > 1 else None,
    )


def _length_lean(labels: list[Label], said: list[str]) -> float:
    """How much longer answers are that the judge alone passed than those that people alone passed."""
    lenient = [
        len(label.answer) for label, one in zip(labels, said, strict=True) if (label.label, one) == VERDICTS[::-1]
    ]
    strict = [len(label.answer) for label, one in zip(labels, said, strict=True) if (label.label, one) == VERDICTS]
    return sum(lenient) / len(lenient) - sum(strict) / len(strict) if lenient and strict else 0.0


def _report(found: Calibration, labels: list[Label], opinions: list[Opinion]) -> list[str]:
    kappa = (
        "not defined" if found.kappa is None else f"{found.kappa:.2f}, 95% interval {found.low:.2f} to {found.high:.2f}"
    )
    lines = [
        f"{found.judge} by {found.model}: {found.n} labels, agreement {found.agreement:.2f}, kappa {kappa}",
        "  person/judge  " + "  ".join(f"{pair} {count}" for pair, count in found.confusion.items()),
        "  by slice      " + "  ".join(f"{name} {share:.2f}" for name, share in found.by_slice.items()),
        f"  length        answers it alone passes are {found.length_lean:+.0f} characters longer",
    ]
    if found.consistent is not None:
        lines.append(f"  consistent    {found.consistent:.0%} of the labels are judged alike each time")
    for label, opinion in zip(labels, opinions, strict=True):
        if (label.label == VERDICTS[0]) != opinion.passed and len(lines) < 12:
            lines.append(f"  {label.id}: {label.by} says {label.label}, the judge otherwise: {opinion.reason[:80]}")
    return lines


async def _choices(gateway: Any, judge: str, new: SuiteResult, old: SuiteResult) -> list[tuple[str, str]]:
    """For each case whose answers differ: the choice with the new one first, and with it second."""
    chooser = Judge(gateway, *judges.named(judge))
    before, free = {case.id: case.output for case in old.cases}, asyncio.Semaphore(AT_ONCE)

    async def both(question: str, sources: str, one: str, two: str) -> tuple[str, str]:
        async with free:
            return (
                await chooser.better(question, sources, (one, two), caller_of(0)),
                await chooser.better(question, sources, (two, one), caller_of(0)),
            )

    work = []
    for case in new.cases:
        mine, other = case.output, before.get(case.id)
        if mine is not None and other is not None and mine.text != other.text:
            question = str(case.inputs.get("question") or case.inputs.get("request") or case.inputs)
            work.append(both(question, sources_of(mine), mine.text, other.text))
    return list(await asyncio.gather(*work))


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
