"""Commands that look at quality: judges and their calibration, scores of live calls, labels, drift, better prompts."""

from __future__ import annotations

import click

from app.cli.project import project_root


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


COMMANDS: tuple[click.Command, ...] = (judge,)
