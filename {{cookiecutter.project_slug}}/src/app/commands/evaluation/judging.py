"""The gate's judgement of results, and where it is kept for the release of a prompt version."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from app import bootstrap
from app.commands import verdict_files
from app.commands.evaluation import judges
from app.commands.evaluation.wanted import Wanted
from app.data import verdicts
from app.data.dedicated import connected
from app.data.verdicts import RecordedVerdict
from app.observability.evaluation import baseline
from app.observability.evaluation.baseline import Baseline
from app.observability.evaluation.gate import judge
from app.observability.evaluation.quarantine import Quarantine, load_quarantine
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.success import Success, load_success
from app.observability.evaluation.verdict import Verdict
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Yardstick:
    """What results are held against: config/success.yaml, evals/quarantine.yaml and evals/baseline."""

    success: Success
    quarantine: Quarantine
    baselines: Mapping[str, Baseline]


def yardstick(loaded: Settings, suites: Iterable[str]) -> Yardstick:
    """The yardstick of these suites, read before a run is paid for. Raises AppError for a file that is broken."""
    folder = loaded.root / "evals" / "baseline"
    return Yardstick(
        load_success(loaded.root / "config" / "success.yaml"),
        load_quarantine(loaded.root / "evals" / "quarantine.yaml"),
        {name: found for name in suites if (found := baseline.load_baseline(folder, name)) is not None},
    )


def verdict(
    loaded: Settings, results: Sequence[SuiteResult], by: Yardstick, required: Sequence[str] | None = None
) -> Verdict:
    """The gate's judgement of results."""
    names = sorted({r.judge for r in results if r.judge})
    unsure = judges.unsure(loaded, names, by.success.judge) if names else {}
    suites = {found.suite for found in results}
    baselines = {name: found for name, found in by.baselines.items() if name in suites}
    return judge(results, by.success, baselines, required=required, quarantine=by.quarantine, unsure=unsure)


def record(loaded: Settings, url: str, wanted: Sequence[Wanted], results: Sequence[SuiteResult], by: Yardstick) -> None:
    """Keep each suite's own verdict, in the database and under build/evals, for the release of its prompt version.

    A run with another model than the route's says nothing about what will serve, so its verdict is not kept.
    """
    prompts = bootstrap.registry(loaded)
    kept = []
    for one, found in zip(wanted, results, strict=True):
        if one.model is not None:
            continue
        judged = verdict(loaded, [found], by, required=[one.suite])
        kept.append(
            RecordedVerdict(
                at=datetime.now(UTC),
                task=one.task,
                version=one.version,
                prompt_hash=prompts.get(one.task, one.version).sha256,
                suite=one.suite,
                provider=loaded.provider,
                status=judged.status,
                reasons=judged.reasons,
                metrics=judged.metrics.get(one.suite, {}),
                recorded_by=getpass.getuser(),
            )
        )
    verdict_files.write(loaded.build_dir / "evals" / "verdicts.json", kept)

    async def write() -> None:
        async with connected(url) as connection:
            await verdicts.record(connection, kept)

    asyncio.run(write())
