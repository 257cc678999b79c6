"""The gate's judgement of results, and where it is kept for the release of a prompt version."""

from __future__ import annotations

import asyncio
import getpass
from collections.abc import Sequence
from datetime import UTC, datetime

from app import bootstrap
from app.commands import verdict_files
from app.commands.evaluation import judges
from app.commands.evaluation.wanted import Wanted
from app.data import verdicts
from app.data.dedicated import connected
from app.data.verdicts import RecordedVerdict
from app.observability.evaluation import baseline
from app.observability.evaluation.gate import judge
from app.observability.evaluation.quarantine import load_quarantine
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.success import load_success
from app.observability.evaluation.verdict import Verdict
from app.settings import Settings


def verdict(loaded: Settings, results: Sequence[SuiteResult], required: Sequence[str] | None = None) -> Verdict:
    """The gate's judgement of results by config/success.yaml, evals/quarantine.yaml and evals/baseline."""
    folder = loaded.root / "evals" / "baseline"
    found = {r.suite: b for r in results if (b := baseline.load_baseline(folder, r.suite)) is not None}
    success = load_success(loaded.root / "config" / "success.yaml")
    quarantine = load_quarantine(loaded.root / "evals" / "quarantine.yaml")
    names = sorted({r.judge for r in results if r.judge})
    unsure = judges.unsure(loaded, names, success.judge) if names else {}
    return judge(results, success, found, required=required, quarantine=quarantine, unsure=unsure)


def record(loaded: Settings, url: str, wanted: Sequence[Wanted], results: Sequence[SuiteResult]) -> None:
    """Keep each suite's own verdict, in the database and under build/evals, for the release of its prompt version.

    A run with another model than the route's says nothing about what will serve, so its verdict is not kept.
    """
    prompts = bootstrap.registry(loaded)
    kept = []
    for one, found in zip(wanted, results, strict=True):
        if one.model is not None:
            continue
        judged = verdict(loaded, [found], required=[one.suite])
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
