"""`app ab TASK`: the two versions that serve a task, compared on live calls, and a winner when there is one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from app import bootstrap
from app.data import arms
from app.data.dedicated import connected
from app.errors import InputError
from app.intelligence.canary_guard import Trial, compared, trials
from app.observability.evaluation.arms import Difference
from app.observability.evaluation.success import ReleaseRule, load_success

WORDS = {
    "worse": "worse beyond its margin of",
    "safe": "no loss beyond its margin of",
    "open": "not decided yet, its margin is",
}


def report(root: Path, task: str) -> None:
    """Print it. Raises InputError when no two versions serve the task."""
    loaded = bootstrap.operating_settings(root)
    rule = load_success(root / "config" / "success.yaml").releases
    url = bootstrap.prepare_database(loaded)
    bootstrap.registry(loaded).get(task)
    trial, found, calls = asyncio.run(_read(url, task, rule))
    click.echo(
        f"{task}: version {trial.new} against {trial.old}, by {trial.action} since {trial.since:%Y-%m-%d %H:%M} UTC; "
        f"intervals hold at any time ({1 - rule.alpha:.0%} for all metrics together)"
    )
    for one in found:
        click.echo(f"  {one.told()}: {WORDS[one.word]} {one.margin:g}")
    click.echo(verdict(trial, found, rule) if all(calls.values()) else uncounted(trial, calls))


def verdict(trial: Trial, found: Sequence[Difference], rule: ReleaseRule) -> str:
    """Who won, or why nobody has yet."""
    worse = [one.metric for one in found if one.word == "worse"]
    if worse:
        return f"version {trial.old} wins: {trial.new} is worse in {', '.join(worse)}"
    few = min(min(one.users) for one in found)
    if few < rule.min_users:
        return f"no winner yet: {few} users of a version are too few to judge, {rule.min_users} are needed"
    chosen = next((one for one in found if one.metric == rule.winner_by), None)
    if chosen is None:
        return f"no winner yet: no call of both versions has a score for {rule.winner_by}, which decides"
    undecided = [one.metric for one in found if one.word == "open" and one is not chosen]
    if chosen.better and not undecided:
        return f"version {trial.new} wins: better in {rule.winner_by}, and no loss beyond its margin elsewhere"
    if chosen.better:
        return f"no winner yet: {trial.new} is better in {rule.winner_by}, {', '.join(undecided)} may still be worse"
    if chosen.worse:
        return f"version {trial.old} wins: better in {rule.winner_by}"
    return f"no winner yet: the difference in {rule.winner_by} may still be noise; let it run"


def uncounted(trial: Trial, calls: Mapping[int, int]) -> str:
    """Why there is nothing to compare: no traffic, or a version that no replica serves."""
    silent = [version for version in (trial.old, trial.new) if not calls[version]]
    if len(silent) == 2:
        return "no winner: no call of either version has been counted yet"
    [version] = silent
    told = f"no winner: version {version} has answered no call, the other {max(calls.values())}"
    return f"{told}: its share may be small yet, or services run that were started before its file was there"


async def _read(url: str, task: str, rule: ReleaseRule) -> tuple[Trial, list[Difference], Mapping[int, int]]:
    async with connected(url) as connection:
        trial = next((one for one in await trials(connection, ("canary", "split")) if one.task == task), None)
        if trial is None:
            raise InputError(
                f"no two versions serve task {task!r}: see `app release {task} VERSION --canary 10`, or `app split`"
            )
        sums = await arms.sums(connection, task, [trial.old, trial.new], trial.since)
        calls = {version: int(sums[version]["error_rate"].n) if sums[version] else 0 for version in sums}
        return trial, await compared(connection, trial, rule), calls
