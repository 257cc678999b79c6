"""Running suites: together where they may, one service for all whose prompt versions and models agree."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from app import bootstrap
from app.commands.evaluation import agents, attacks, judges, solving
from app.commands.evaluation.wanted import Wanted, with_model
from app.interface.services import Services
from app.observability.evaluation import repeats, result
from app.observability.evaluation.case import Case, load_cases
from app.observability.evaluation.quarantine import load_quarantine
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.runner import Progress
from app.observability.evaluation.runner import run as run_suite
from app.observability.evaluation.spend import Spend
from app.observability.evaluation.suite import Suite
from app.settings import Settings

AT_ONCE = 32
KINDS: dict[str, Callable[[Services, Wanted, Sequence[Case], int], Suite]] = {
    "label": solving.label_suite,
    "rag": solving.rag_suite,
    "adversarial": attacks.adversarial_suite,
    "trajectory": agents.trajectory_suite,
}


@dataclass(frozen=True, slots=True)
class How:
    """`repeats` answers a case, a cap on what they may cost, and who is told how far it is.

    `only` says which cases count; `spend` is a cap shared with other runs, instead of `max_usd`; `folder` is where the
    cases are, `suffix` what sets their results apart.
    """

    repeats: int = 1
    max_usd: float | None = None
    on_progress: Callable[[Progress], None] | None = None
    only: Callable[[Case], bool] | None = None
    spend: Spend | None = None
    folder: str = "cases"
    suffix: str = ""
    apart: int = 0


def evaluate(loaded: Settings, url: str, wanted: Sequence[Wanted], how: How | None = None) -> list[SuiteResult]:
    """Run suites, their cases concurrently; each result is saved under build/evals. In the order of `wanted`."""
    return asyncio.run(evaluated(loaded, url, wanted, how or How()))


async def evaluated(loaded: Settings, url: str, wanted: Sequence[Wanted], how: How) -> list[SuiteResult]:
    """The same inside a loop."""
    prompts = bootstrap.registry(loaded)
    spend, free = how.spend or Spend(how.max_usd), asyncio.Semaphore(AT_ONCE)
    found: dict[Wanted, SuiteResult] = {}
    for group in _together(wanted):
        settings = loaded
        for one in group:
            settings = with_model(settings, one.task, one.model)
        versions = {one.task: one.version for one in sorted(group, key=lambda one: one.kind == "rag")}
        async with bootstrap.open_services(settings, url, versions, late=True) as services:
            if any(one.kind == "rag" for one in group):
                await solving.indexed(services)
            runs = await asyncio.gather(*(_run(services, one, how, spend, free) for one in group))
        for one, answered in zip(group, runs, strict=True):
            sha256 = prompts.get(one.task, one.version).sha256
            run = replace(answered, suite=one.suite + how.suffix, prompt_sha256=sha256, judge=one.judge or "")
            result.save(run, loaded.build_dir / "evals")
            found[one] = run
    return [found[one] for one in wanted]


def cases_of(loaded: Settings, suite: str, folder: str = "cases") -> list[Case]:
    """The cases of a suite."""
    return load_cases(loaded.root / "evals" / folder / f"{suite}.jsonl")


async def _run(services: Services, one: Wanted, how: How, spend: Spend, free: asyncio.Semaphore) -> SuiteResult:
    root = services.settings.root
    held = load_quarantine(root / "evals" / "quarantine.yaml").get(one.suite, {})
    cases = [c for c in cases_of(services.settings, one.suite, how.folder) if how.only is None or how.only(c)]
    runs = []
    for repeat in range(how.apart, how.apart + how.repeats):
        suite = KINDS[one.kind](services, one, cases, repeat)
        if one.judge is not None:
            suite = judges.judged_suite(suite, judges.asking(services.gateway, one.judge, repeat))
        runs.append(
            await run_suite(
                suite, label=one.label, at_once=free, on_progress=how.on_progress, quarantined=held, spend=spend
            )
        )
    return repeats.merged(suite, runs)


def _together(wanted: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """Suites that can share one service: no task by two models, and none in two versions where the service pins one."""
    left = list(dict.fromkeys(wanted))
    while left:
        group: list[Wanted] = []
        for one in list(left):
            same = [other for other in group if other.task == one.task]
            pinned = one.kind == "rag" and any(one.version != other.version for other in same if other.kind == "rag")
            if not pinned and all(one.model == other.model for other in same):
                group.append(one)
                left.remove(one)
        yield group
