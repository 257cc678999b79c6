"""Commands about quality: evaluation, judges, scores of live calls, labels, drift, better prompts, synthetic cases."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

import click

from app.cli.project import project_root


@click.command("eval")
@click.argument("suites", nargs=-1)
@click.option("--prompt", "prompts", multiple=True, metavar="TASK@VERSION", help="Evaluate this version instead.")
@click.option("--model", help="Answer with this model alone instead of the task's route.")
@click.option("--against", metavar="TASK@VERSION[+MODEL]", help="Compare with this, case by case.")
@click.option("--repeats", type=click.IntRange(1, 20), default=1, show_default=True, help="Answers a case.")
@click.option("--max-usd", type=click.FloatRange(min=0, min_open=True), help="Stop before it costs more.")
@click.option("--markdown", type=click.Path(path_type=Path, dir_okay=False), help="Write a page for a merge request.")
@click.option("--gate", is_flag=True, help="Compare with config/success.yaml and the baseline; red stops.")
@click.option("--update-baseline", is_flag=True, help="Write the results to evals/baseline for review.")
@click.option("--synthetic", is_flag=True, help="Run the synthetic cases instead; they judge nothing.")
@click.option("--mlflow/--no-mlflow", default=None, help="Keep the results in MLflow, after the verdict.")
@click.option("--wait", is_flag=True, help="Wait until MLflow has them.")
def evaluate(**options: Any) -> None:
    """Run evaluation suites (all when none is named)."""
    from app.commands.evaluate import Asked, run

    run(project_root(), Asked(**options))


@click.group()
def judge() -> None:
    """Judging models, and how far they agree with people."""


@judge.command("calibrate")
@click.option(
    "--prompt", "name", metavar="TASK@VERSION", help="The judge; the served version of `judge` when left out."
)
@click.option(
    "--repeats", type=click.IntRange(1, 10), default=1, show_default=True, help="To see how consistent it is."
)
def judge_calibrate(name: str | None, repeats: int) -> None:
    """Hold a judge against the labels of people; only one that agrees may block."""
    from app.commands.judge import calibrate

    calibrate(project_root(), name, repeats)


@judge.command("pairs")
@click.argument("suite")
@click.option("--prompt", required=True, metavar="TASK@VERSION", help="One version.")
@click.option("--against", "other", required=True, metavar="TASK@VERSION[+MODEL]", help="The other.")
@click.option("--judge", "name", metavar="TASK@VERSION", help="The judge; the served version of `judge_pair`.")
def judge_pairs(suite: str, prompt: str, other: str, name: str | None) -> None:
    """Let a judge choose between two versions' answers, in both orders, and say how the order sways it."""
    from app.commands.judge import pairs

    pairs(project_root(), suite, prompt, other, name)


@click.command()
@click.option("--days", type=click.FloatRange(min=0, min_open=True), default=7.0, show_default=True, help="Not older.")
@click.option("--limit", type=click.IntRange(min=1), default=200, show_default=True, help="Calls at most.")
@click.option("--share", type=click.FloatRange(0, 1), help="Of all calls, instead of scoring.share.")
@click.option("--max-usd", type=click.FloatRange(min=0), help="For today, instead of scoring.usd_per_day.")
def score(days: float, limit: int, share: float | None, max_usd: float | None) -> None:
    """Judge a sample of live calls and write the scores beside them."""
    from app.commands.score import run

    run(project_root(), days, limit, share, max_usd)


@click.group()
def label() -> None:
    """Live calls that people judge, to become cases and to calibrate judges by."""


BY = click.option("--by", default=getpass.getuser, help="Who; you when left out.")


@label.command("fill")
@click.argument("task")
@click.option("--count", type=click.IntRange(min=1), default=20, show_default=True, help="Calls at most.")
@click.option("--days", type=click.FloatRange(min=0, min_open=True), default=7.0, show_default=True, help="Not older.")
def label_fill(task: str, count: int, days: float) -> None:
    """Queue calls that a label teaches most about: disliked, unsure, unlike every case, and some at random."""
    from app.commands.labelling.queue import fill

    fill(project_root(), task, count, days)


@label.command("next")
@click.argument("task")
@click.option("--count", type=click.IntRange(min=1), default=20, show_default=True, help="Calls at most.")
@BY
def label_next(task: str, count: int, by: str) -> None:
    """Label what waits, here in the terminal."""
    from app.commands.labelling.asking import ask

    ask(project_root(), task, by, count)


FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@label.command("export")
@click.argument("task")
@FILE
def label_export(task: str, file: Path) -> None:
    """Write what waits to a CSV file, for a spreadsheet."""
    from app.commands.labelling.tables import export

    export(project_root(), task, file)


@label.command("import")
@click.argument("task")
@FILE
@BY
def label_import(task: str, file: Path, by: str) -> None:
    """Read the labels of such a file."""
    from app.commands.labelling.tables import take_in

    take_in(project_root(), task, file, by)


@label.command("promote")
@click.argument("task")
def label_promote(task: str) -> None:
    """Make cases of what is labelled, or labels for the calibration of a judge."""
    from app.commands.labelling.promoting import promote

    promote(project_root(), task)


@label.command("retire")
@click.argument("suite")
@click.option("--days", type=click.IntRange(min=1), default=365, show_default=True, help="Older than this.")
def label_retire(suite: str, days: int) -> None:
    """Move old cases from production out of a suite."""
    from app.commands.labelling.promoting import retire

    retire(project_root(), suite, days)


@click.command()
@click.argument("tasks", nargs=-1)
@click.option("--days", type=click.FloatRange(min=0, min_open=True), default=7.0, show_default=True, help="The window.")
@click.option(
    "--before", type=click.FloatRange(min=0, min_open=True), default=28.0, show_default=True, help="Before it."
)
@click.option("--json", "file", type=click.Path(path_type=Path, dir_okay=False), help="Write it to a file as well.")
@click.option("--gate", is_flag=True, help="End with 3 when something drifted.")
def drift(tasks: tuple[str, ...], days: float, before: float, file: Path | None, gate: bool) -> None:
    """Compare inputs, outputs and scores of live calls with those of the time before."""
    from app.commands.drift import report

    report(project_root(), tasks, days, before, file, gate=gate)


@click.command()
@click.argument("task")
@click.option("--suite", help="By this suite; the first that measures the task when left out.")
@click.option("--version", type=click.IntRange(min=1), help="Start from this version; the served one when left out.")
@click.option("--proposals", type=click.IntRange(0, 20), default=3, show_default=True, help="Asked of a model.")
@click.option("--parts", type=click.IntRange(0, 200), default=40, show_default=True, help="Left out one at a time.")
@click.option(
    "--tolerance", type=click.FloatRange(0, 0.2), default=0.0, show_default=True, help="Loss on the dev split."
)
@click.option(
    "--max-usd", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True, help="Stop before."
)
@click.option(
    "--what",
    multiple=True,
    type=click.Choice(["prompt", "model", "context"]),
    help="Only this; everything when left out.",
)
def optimise(task: str, what: tuple[str, ...], **wish: Any) -> None:
    """Look for a better or shorter prompt, a cheaper model, a shorter context; proposes, applies nothing."""
    from app.commands.optimise import WHAT, Wish, run

    run(project_root(), Wish(task, what=what or WHAT, **wish))


KINDS = "typos, shouted, careless, mixed, truncated, cluttered, attacked or paraphrase; all but the last when left out."


@click.command()
@click.argument("suite")
@click.option("--count", type=click.IntRange(min=1), default=50, show_default=True, help="Cases at most.")
@click.option("--kind", "kinds", multiple=True, help=KINDS)
@click.option("--seed", type=int, default=1, show_default=True, help="Another one gives other cases.")
def synthesise(suite: str, count: int, kinds: tuple[str, ...], seed: int) -> None:
    """Make messy variants of a suite's cases, marked as synthetic."""
    from app.commands.synthesise import run

    run(project_root(), suite, count, kinds, seed)


COMMANDS: tuple[click.Command, ...] = (evaluate, judge, score, label, drift, optimise, synthesise)
