"""`app eval`: run evaluation suites against chosen prompt versions, and hold the outcome against the gate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import click

from app import bootstrap
from app.commands.evaluation import judging, markdown, mlflow_child, telling
from app.commands.evaluation.running import How, evaluate
from app.commands.evaluation.suite_files import suite_files
from app.commands.evaluation.wanted import Wanted, against, choose, pins
from app.errors import GateFailedError, InputError, StoreUnavailableError
from app.observability.evaluation import baseline
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.verdict import Verdict
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `app eval`. `mlflow` None: where MLflow is installed."""

    suites: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    model: str | None = None
    against: str | None = None
    repeats: int = 1
    max_usd: float | None = None
    markdown: Path | None = None
    gate: bool = False
    update_baseline: bool = False
    mlflow: bool | None = None
    wait: bool = False
    synthetic: bool = False


def run(root: Path, asked: Asked) -> None:
    """Evaluate, print a table, save results under build/evals; raise GateFailedError when the gate is red.

    Raises InputError for options that contradict each other, GateFailedError also when a cap stopped the run.
    """
    _refuse_contradictions(asked)
    loaded = bootstrap.settings(root)
    registry = bootstrap.registry(loaded)
    pinned = pins(asked.prompts)
    wanted = [
        choose(loaded, name, pinned, asked.model, registry=registry)
        for name in asked.suites or _all_suites(root, synthetic=asked.synthetic)
    ]
    others = _others(loaded, wanted, asked)
    by = judging.yardstick(loaded, [one.suite for one in wanted] if asked.gate else [])
    url = bootstrap.prepare_database(loaded)
    if (missing := mlflow_child.last_failure(loaded)) is not None:
        click.echo(f"warning: {missing}", err=True)
    how = How(asked.repeats, asked.max_usd, telling.progress())
    if asked.synthetic:
        how = replace(how, folder="synthetic", suffix="-synthetic")
    found = evaluate(loaded, url, [*wanted, *others], how)
    results, old = found[: len(wanted)], found[len(wanted) :]
    for one in results:
        click.echo(telling.table(one))
    alpha = by.success.regression.alpha
    for one, other in zip(results, old, strict=False):
        click.echo(telling.compared(one, other, alpha))
    if asked.update_baseline:
        _approve(root, results)
        by = judging.yardstick(loaded, [one.suite for one in wanted])
    judged = _judged(loaded, url, wanted, results, by) if asked.gate else None
    if judged is not None:
        click.echo(judged.summary())
    if asked.markdown is not None:
        markdown.write(asked.markdown, markdown.page(results, judged, old, provider=loaded.provider, alpha=alpha))
    _keep_in_mlflow(loaded, url, found, asked)
    if judged is not None and not judged.green:
        raise GateFailedError("the evaluation gate is red", judged.reasons)
    if stopped := [one for one in found if one.not_run]:
        raise GateFailedError(
            "the spend cap was reached", [f"{one.suite}: {len(one.not_run)} cases were not run" for one in stopped]
        )


def _refuse_contradictions(asked: Asked) -> None:
    if asked.gate and asked.against:
        raise InputError("the gate compares with evals/baseline: leave out --against, or --gate")
    if asked.synthetic and (asked.gate or asked.update_baseline):
        raise InputError("synthetic cases are reported apart and judge nothing: leave out --gate and --update-baseline")
    if asked.update_baseline and (asked.repeats > 1 or asked.model):
        raise InputError("a baseline is one run with the models that serve: leave out --repeats and --model")
    if asked.mlflow is False and asked.wait:
        raise InputError("--wait waits for MLflow's records: leave it out, or --no-mlflow")
    if asked.mlflow and not mlflow_child.installed():
        raise InputError("MLflow is not installed here: install the development requirements, or leave out --mlflow")


def _all_suites(root: Path, *, synthetic: bool) -> tuple[str, ...]:
    """Every suite, or those that have synthetic cases."""
    names = tuple(suite_files(root))
    if not synthetic:
        return names
    found = tuple(name for name in names if (root / "evals" / "synthetic" / f"{name}.jsonl").exists())
    if not found:
        raise InputError("there are no synthetic cases: make some with `app synthesise SUITE`")
    return found


def _others(loaded: Settings, wanted: Sequence[Wanted], asked: Asked) -> list[Wanted]:
    """What the results are compared with, one for each."""
    if asked.against is None:
        return []
    task, version, model = against(asked.against)
    strange = [one.suite for one in wanted if one.task != task]
    if strange:
        raise InputError(f"suite {strange[0]!r} does not measure task {task!r}: name the suites that do")
    others = [choose(loaded, one.suite, {task: version}, model) for one in wanted]
    if same := [one.label for one, other in zip(wanted, others, strict=True) if one == other]:
        raise InputError(f"{same[0]} would be compared with itself: name another version or model")
    return others


def _approve(root: Path, results: Sequence[SuiteResult]) -> None:
    for found in results:
        path = baseline.save_baseline(baseline.baseline_of(found), root / "evals" / "baseline")
        click.echo(f"baseline written: {path.relative_to(root)}  (review and commit it)")


def _judged(
    loaded: Settings, url: str, wanted: Sequence[Wanted], results: Sequence[SuiteResult], by: judging.Yardstick
) -> Verdict:
    judging.record(loaded, url, wanted, results, by)
    return judging.verdict(loaded, results, by, required=[one.suite for one in wanted])


def _keep_in_mlflow(loaded: Settings, url: str, found: Sequence[SuiteResult], asked: Asked) -> None:
    """After the verdict, so that nobody waits for it who did not ask to; a failure never hides the verdict."""
    if asked.mlflow is False:
        return
    if not mlflow_child.installed():
        click.echo("note: MLflow is not installed here: no records are written", err=True)
        return
    child = mlflow_child.start(loaded, url, found)
    if not asked.wait:
        click.echo("MLflow's records are being written; `app ui` shows them", err=True)
        return
    try:
        click.echo(mlflow_child.wait(loaded, child))
    except StoreUnavailableError as error:
        click.echo(f"warning: {error}", err=True)
