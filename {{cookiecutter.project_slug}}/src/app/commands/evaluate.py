"""`app eval`: run evaluation suites against chosen prompt versions, and hold the outcome against the gate."""

from __future__ import annotations

import asyncio
import getpass
import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import click
import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from app import bootstrap
from app.caller import Caller
from app.commands import verdict_files
from app.data import access, verdicts
from app.data.dedicated import connected
from app.data.verdicts import RecordedVerdict
from app.errors import ConfigurationError, GateFailedError, InputError
from app.interface.services import Services
from app.observability.evaluation import baseline, result, suites
from app.observability.evaluation.case import Case, load_cases
from app.observability.evaluation.gate import judge
from app.observability.evaluation.output import Output, Source
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.runner import Progress
from app.observability.evaluation.runner import run as run_suite
from app.observability.evaluation.success import load_success
from app.observability.evaluation.suite import Suite
from app.observability.evaluation.verdict import Verdict
from app.settings import Settings

CALLER = Caller(user="evaluation", role="evaluation")
NAME = re.compile(r"([a-z][a-z0-9_]*)@v?([0-9]+)")
CONCURRENCY = 32


class SuiteFile(BaseModel):
    """One entry of evals/suites.yaml: the task whose prompt is measured, and the kind of its answers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    kind: Literal["label", "rag"]


@dataclass(frozen=True, slots=True)
class Wanted:
    """One suite to run with one version of the prompt it measures."""

    suite: str
    task: str
    kind: str
    version: int

    @property
    def label(self) -> str:
        """`task@version`, the name of the result."""
        return f"{self.task}@{self.version}"


def run(
    root: Path, names: Sequence[str], prompts: Sequence[str], *, gate: bool = False, update_baseline: bool = False
) -> None:
    """Evaluate, print a table, save results under build/evals; with `gate` raise GateFailedError when it is red."""
    loaded = bootstrap.settings(root)
    pinned = _pins(prompts)
    wanted = [choose(loaded, name, pinned) for name in names or suite_files(root)]
    url = bootstrap.prepare_database(loaded)
    results = evaluate(loaded, url, wanted, show=True)
    for found in results:
        click.echo(table(found))
    if update_baseline:
        for found in results:
            path = baseline.save_baseline(baseline.baseline_of(found), root / "evals" / "baseline")
            click.echo(f"baseline written: {path.relative_to(root)}  (review and commit it)")
    if gate:
        _record(loaded, url, wanted, results)
        _enforce(verdict(loaded, results, required=[one.suite for one in wanted]))


def suite_files(root: Path) -> dict[str, SuiteFile]:
    """The suites of evals/suites.yaml by name, in its order. Raises ConfigurationError naming the entry."""
    path = root / "evals" / "suites.yaml"
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        return TypeAdapter(dict[str, SuiteFile]).validate_python(entries)
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ConfigurationError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None


def choose(loaded: Settings, name: str, pinned: Mapping[str, int]) -> Wanted:
    """A suite by name, with the pinned version of its prompt or else the served one."""
    known = suite_files(loaded.root)
    if name not in known:
        raise InputError(f"no suite {name!r}: there are {', '.join(known)}")
    task = known[name].task
    version = bootstrap.registry(loaded).get(task, pinned.get(task)).version
    return Wanted(name, task, known[name].kind, version)


def evaluate(loaded: Settings, url: str, wanted: Sequence[Wanted], *, show: bool = False) -> list[SuiteResult]:
    """Run suites one after the other, their cases concurrently; each result is saved under build/evals."""
    return asyncio.run(_evaluate(loaded, url, wanted, show))


def verdict(loaded: Settings, results: Sequence[SuiteResult], required: Sequence[str] | None = None) -> Verdict:
    """The gate's judgement of results by config/success.yaml and evals/baseline."""
    folder = loaded.root / "evals" / "baseline"
    found = {r.suite: b for r in results if (b := baseline.load_baseline(folder, r.suite)) is not None}
    success = load_success(loaded.root / "config" / "success.yaml")
    return judge(results, success, found, required=required)


def table(found: SuiteResult) -> str:
    """One suite as a few aligned lines."""
    lines = [
        f"{found.suite}  {found.label}  {len(found.cases)} cases  {len(found.errors)} errors  {found.seconds:.1f} s"
    ]
    for name, measured in found.metrics.items():
        value = "not measured" if measured.value is None else f"{measured.value:.4g}"
        slices = "  ".join(f"{key} {number:.2f}" for key, number in sorted(measured.by_slice.items()))
        lines.append(f"  {name:<26} {value:>8}   {slices}".rstrip())
    return "\n".join(lines)


async def _evaluate(loaded: Settings, url: str, wanted: Sequence[Wanted], show: bool) -> list[SuiteResult]:
    results = []
    for one in wanted:
        async with bootstrap.open_services(loaded, url, {one.task: one.version}) as services:
            if one.kind == "rag":
                await _indexed(services)
            suite = _suite(loaded, services, one)
            found = await run_suite(
                suite, label=one.label, concurrency=CONCURRENCY, on_progress=_progress if show else None
            )
        result.save(found, loaded.build_dir / "evals")
        results.append(found)
    return results


async def _indexed(services: Services) -> None:
    """Refuse to measure answers from an empty index: every score would be a fault of the set-up."""
    async with access.reading(services.pool, CALLER) as connection:
        row = await (await connection.execute("SELECT EXISTS (SELECT FROM documents)")).fetchone()
    if row is None or not row[0]:
        raise InputError("no document is indexed, so nothing could be answered: run `make pipeline` first")


def _suite(loaded: Settings, services: Services, wanted: Wanted) -> Suite:
    cases = load_cases(loaded.root / "evals" / "cases" / f"{wanted.suite}.jsonl")
    if wanted.kind == "label":
        return suites.classification_suite(cases, lambda case: _labelled(services, case, wanted), name=wanted.suite)
    k = loaded.retrieval.top_k
    return suites.rag_suite(cases, lambda case: _answered(services, case, wanted), name=wanted.suite, k=k)


async def _labelled(services: Services, case: Case, wanted: Wanted) -> Output:
    reply = await services.gateway.complete(wanted.task, case.inputs, CALLER, version=wanted.version)
    return Output(
        text=reply.text,
        cost_usd=reply.cost_usd,
        latency_ms=reply.latency_ms,
        cached=reply.cached,
        prompt_version=reply.prompt_version,
        trace_id=reply.trace_id,
    )


async def _answered(services: Services, case: Case, wanted: Wanted) -> Output:
    loop = asyncio.get_running_loop()
    began = loop.time()
    answer = await services.assistant.ask(case.inputs["question"], CALLER)
    costs = [reply.cost_usd for reply in answer.replies]
    return Output(
        text=answer.text,
        sources=tuple(Source(hit.document_id, hit.section, hit.text) for hit in answer.hits),
        abstained=answer.abstained,
        cost_usd=None if None in costs else sum(cost or 0.0 for cost in costs),
        latency_ms=(loop.time() - began) * 1000,
        cached=bool(answer.replies) and all(reply.cached for reply in answer.replies),
        prompt_version=wanted.version,
        trace_id=answer.trace_id,
    )


def _pins(prompts: Sequence[str]) -> Mapping[str, int]:
    pinned = {}
    for name in prompts:
        match = NAME.fullmatch(name)
        if match is None:
            raise InputError(f"{name!r} names no prompt version: write TASK@VERSION, such as classify@2")
        pinned[match[1]] = int(match[2])
    return pinned


def _record(loaded: Settings, url: str, wanted: Sequence[Wanted], results: Sequence[SuiteResult]) -> None:
    """Keep each suite's own verdict, in the database and under build/evals, for the release of its prompt version."""
    prompts = bootstrap.registry(loaded)
    kept = []
    for one, found in zip(wanted, results, strict=True):
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


def _enforce(judged: Verdict) -> None:
    click.echo(judged.summary())
    if not judged.green:
        raise GateFailedError("the evaluation gate is red", judged.reasons)


def _progress(progress: Progress) -> None:
    if sys.stderr.isatty():
        end = "\n" if progress.done == progress.total else ""
        click.echo(
            f"\r{progress.suite}: {progress.done}/{progress.total}, {progress.errors} errors{end}", err=True, nl=False
        )
