"""`app synthesise SUITE`: variants of a suite's dev cases under evals/synthetic, run apart and never by the gate."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import click

from app import bootstrap
from app.commands.evaluation.running import AT_ONCE, cases_of
from app.commands.evaluation.solving import caller_of
from app.commands.evaluation.suite_files import suite_files
from app.errors import AppError, InputError
from app.observability.evaluation import synthesis
from app.observability.evaluation.case import Case, load_cases
from app.settings import Settings

PARAPHRASE = "paraphrase"
MANNERS = (
    "short and impatient",
    "long-winded and polite",
    "as a beginner who lacks the right words",
    "as bullet points",
)


def run(root: Path, suite: str, count: int, kinds: Sequence[str], seed: int) -> None:
    """Write what is new; a case that is there already stays as it is."""
    loaded = bootstrap.settings(root)
    if suite not in suite_files(root):
        raise InputError(f"no suite {suite!r}: there are {', '.join(suite_files(root))}")
    if unknown := sorted(set(kinds) - {*synthesis.KINDS, PARAPHRASE}):
        raise InputError(f"no kind {unknown[0]!r}: there are {', '.join([*synthesis.KINDS, PARAPHRASE])}")
    chosen = list(kinds) or list(synthesis.KINDS)
    if PARAPHRASE in chosen and loaded.provider == "offline":
        raise InputError("the offline stand-in cannot paraphrase: choose a provider, or leave that kind out")
    sample = synthesis.sample(cases_of(loaded, suite), count, seed)
    path = root / "evals" / "synthetic" / f"{suite}.jsonl"
    known = {case.id for case in load_cases(path)} if path.exists() else set()
    made: list[Case] = []
    for number, case in enumerate(sample):
        kind = chosen[number % len(chosen)]
        if kind != PARAPHRASE and (new := synthesis.by_rule(case, kind, seed)) is not None:
            made.append(new)
    if PARAPHRASE in chosen:
        made += asyncio.run(
            _paraphrased(loaded, [c for n, c in enumerate(sample) if chosen[n % len(chosen)] == PARAPHRASE])
        )
    new_ones = [case for case in made if case.id not in known]
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as lines:
        for case in new_ones:
            lines.write(json.dumps(synthesis.as_line(case), ensure_ascii=False) + "\n")
    click.echo(
        f"{len(new_ones)} synthetic cases added to {path.relative_to(root)} ({len(known)} were there): read them, "
        f"commit them, run them with `app eval {suite} --synthetic`"
    )


async def _paraphrased(loaded: Settings, cases: Sequence[Case]) -> list[Case]:
    url, free = bootstrap.prepare_database(loaded), asyncio.Semaphore(AT_ONCE)
    async with bootstrap.open_services(loaded, url, late=True) as services:

        async def one(number: int, case: Case) -> Case | None:
            text = str(case.inputs[synthesis.longest(case.inputs)])
            inputs = {"text": text, "manner": MANNERS[number % len(MANNERS)]}
            async with free:
                try:
                    reply = await services.gateway.complete(PARAPHRASE, inputs, caller_of(0))
                except AppError as error:
                    click.echo(f"{case.id} is left out: {' '.join(str(error).split())}", err=True)
                    return None
            said = reply.text.strip()
            return synthesis.varied(case, PARAPHRASE, said) if said and said != text else None

        found = await asyncio.gather(*(one(number, case) for number, case in enumerate(cases)))
    return [case for case in found if case is not None]
