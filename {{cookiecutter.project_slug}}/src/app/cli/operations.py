"""Commands for a running service: releases, budgets and switches. Each says by whom and why; all of it is audited."""

from __future__ import annotations

import functools
import getpass
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import click

from app.caller import Caller
from app.cli.project import project_root

PERCENT = click.FloatRange(0, 100, min_open=True)
ENTRIES = click.option("--last", default=10, show_default=True, help="How many of the last changes to show.")


def audited(command: Callable[..., Any]) -> Callable[..., Any]:
    """The two options of every change: who (the user of the machine when left out) and why."""
    reason = click.option("--reason", required=True, help="Why; it stands in the audit log.")
    return click.option("--by", default=getpass.getuser, help="Who; you when left out.")(reason(command))


def signed(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options of a change that a green verdict must allow; `signed` is what they say."""

    @functools.wraps(command)
    def with_signature(by: str, reason: str, without_verdict: bool, verdicts: tuple[Path, ...], **rest: Any) -> None:
        from app.commands.release import Signed

        command(signed=Signed(by, reason, without_verdict, verdicts), **rest)

    files = click.option(
        "--verdict",
        "verdicts",
        type=click.Path(path_type=Path),
        multiple=True,
        help="A verdicts.json that `app eval --gate` wrote elsewhere, to be taken in first.",
    )
    bare = click.option("--without-verdict", is_flag=True, help="Go without a green verdict; it is written down.")
    return audited(bare(files(with_signature)))


@click.command()
@click.argument("task")
@click.argument("version")
@click.option("--canary", "percent", type=PERCENT, help="For this share of the users only.")
@signed
def release(task: str, version: str, percent: float | None, signed: Any) -> None:
    """Serve one version of a task's prompt, to everybody or as a canary. Needs a green verdict of `app eval --gate`."""
    from app.commands import release as releasing

    releasing.release(project_root(), task, version, signed, percent)


@click.command()
@click.argument("task")
@audited
def rollback(task: str, by: str, reason: str) -> None:
    """Go back to what was served before the last change."""
    from app.commands import release as releasing

    releasing.rollback(project_root(), task, by, reason)


@click.command()
@click.argument("task")
@click.argument("shares", nargs=-1, required=True, metavar="VERSION=PERCENT...")
@signed
def split(task: str, shares: Sequence[str], signed: Any) -> None:
    """Serve several versions side by side, each user always the same: `split answer 1=50 2=50`."""
    from app.commands import release as releasing

    releasing.split(project_root(), task, shares, signed)


@click.command()
@click.argument("task")
@click.argument("version")
@click.option("--percent", type=PERCENT, default=10.0, show_default=True, help="Share of the users.")
@signed
def canary(task: str, version: str, percent: float, signed: Any) -> None:
    """Serve a version to a small share of the users, the rest as before; one that is worse is taken back by itself."""
    from app.commands import release as releasing

    releasing.release(project_root(), task, version, signed, percent)


@click.command()
@click.argument("task")
def ab(task: str) -> None:
    """Compare the two versions that serve a task, on live calls; it names a winner when there is one."""
    from app.commands import ab as comparing

    comparing.report(project_root(), task)


@click.command()
@ENTRIES
def releases(last: int) -> None:
    """What serves whom now, and the last changes."""
    from app.commands import release as releasing

    releasing.show(project_root(), last)


@click.group()
def budget() -> None:
    """Spend caps."""


@budget.command("show")
@ENTRIES
def budget_show(last: int) -> None:
    """What each cap has used, and the last alerts."""
    from app.commands import budget as budgeting

    budgeting.show(project_root(), last)


@budget.command("correct")
@click.argument("scope", type=click.Choice(["all", "tenant", "task", "user"]))
@click.argument("period", type=click.Choice(["hour", "day", "month"]))
@click.option("--tenant", default="", help="Of the cap, where it has one.")
@click.option("--task", default="", help="Whose cap it is, with scope task.")
@click.option("--user", default="", help="Whose cap it is, with scope user.")
@click.option("--usd", help="What to add to the amount spent; negative gives back.")
@click.option("--to", "to_usd", help="The true amount spent.")
@audited
def budget_correct(scope: Any, period: Any, task: str, user: str, **options: Any) -> None:
    """Correct what a cap counts as spent, after a wrong price."""
    from app.commands import budget as budgeting

    budgeting.correct(project_root(), scope, period, subject=task or user, **options)


@click.group()
def flag() -> None:
    """Switches: everything, task:NAME, model:NAME or feature:NAME; then @TENANT or @TENANT/USER if not for all."""


@flag.command("off")
@click.argument("switch")
@audited
def flag_off(switch: str, by: str, reason: str) -> None:
    """Switch off; effective on all replicas within two seconds."""
    from app.commands import flag as flags

    flags.turn(project_root(), switch, enabled=False, by=by, reason=reason)


@flag.command("on")
@click.argument("switch")
@audited
def flag_on(switch: str, by: str, reason: str) -> None:
    """Switch on."""
    from app.commands import flag as flags

    flags.turn(project_root(), switch, enabled=True, by=by, reason=reason)


@flag.command("show")
@ENTRIES
def flag_show(last: int) -> None:
    """All switches that are set, and the last changes."""
    from app.commands import flag as flags

    flags.show(project_root(), last)


@click.group()
def cache() -> None:
    """The caches of replies and vectors."""


@cache.command("report")
@click.option("--days", type=click.IntRange(min=1), default=7, show_default=True, help="Not older.")
def cache_report(days: int) -> None:
    """Hit rate and savings by tenant and task."""
    from app.commands import cache as caches

    caches.report(project_root(), days)


@cache.command("clear")
@click.option("--tenant", help="Of this tenant only.")
@click.option("--task", help="Of this task only.")
@click.option("--everything", is_flag=True, help="Of all tenants and tasks.")
def cache_clear(tenant: str | None, task: str | None, everything: bool) -> None:
    """Forget what is kept."""
    from app.commands import cache as caches

    if not (tenant or task or everything):
        raise click.UsageError("say what to forget: --tenant, --task or --everything")
    caches.clear(project_root(), tenant, task)


@click.command()
@click.argument("request")
@click.option("--role", default="user", show_default=True, help="The role whose tools it may use.")
def assist(request: str, role: str) -> None:
    """Work on one request with the tools the role has, without the service."""
    from app.commands import tools as tooling

    tooling.assist(project_root(), request, role)


@click.group()
def tools() -> None:
    """Tools that models may call: who has them, and which calls wait for a person."""


@tools.command("list")
def tools_list() -> None:
    """All tools, and for whom they exist."""
    from app.commands import tools as tooling

    tooling.show(project_root())


@tools.command("waiting")
@click.option("--tenant", default="default", show_default=True, help="Whose calls.")
def tools_waiting(tenant: str) -> None:
    """Calls that a person must decide, oldest first."""
    from app.commands import tools as tooling

    tooling.waiting(project_root(), tenant)


def deciding(command: Callable[..., Any]) -> Callable[..., Any]:
    """The arguments and options of a decision on one call."""
    for option in (
        click.option("--role", default="reviewer", show_default=True, help="The role you decide in."),
        click.option("--tenant", default="default", show_default=True, help="Whose calls."),
        click.argument("call"),
        click.argument("run", type=click.UUID),
    ):
        command = option(command)
    return audited(command)


@tools.command("approve")
@deciding
def tools_approve(run: UUID, call: str, tenant: str, role: str, by: str, reason: str) -> None:
    """Let a waiting call be made; the run goes on when its last call is decided."""
    from app.commands import tools as tooling

    tooling.decide(project_root(), run, call, Caller(tenant, by, role=role), reason, approved=True)


@tools.command("deny")
@deciding
def tools_deny(run: UUID, call: str, tenant: str, role: str, by: str, reason: str) -> None:
    """Refuse a waiting call; the model is told why, and the run goes on when its last call is decided."""
    from app.commands import tools as tooling

    tooling.decide(project_root(), run, call, Caller(tenant, by, role=role), reason, approved=False)


@click.group()
def retention() -> None:
    """How long data is kept, and forgetting a person."""


DRY = click.option("--dry-run", is_flag=True, help="Count only.")


@retention.command("run")
@DRY
@click.option("--by", default=getpass.getuser, help="Who; you when left out.")
def retention_run(dry_run: bool, by: str) -> None:
    """Delete what is older than `retention` in the configuration allows; safe to run every night."""
    from app.commands import retention as retaining

    retaining.run(project_root(), by, dry=dry_run)


@retention.command("forget")
@click.option("--tenant", required=True, help="Whose user.")
@click.option("--user", required=True, help="Who is forgotten.")
@DRY
@audited
def retention_forget(tenant: str, user: str, dry_run: bool, by: str, reason: str) -> None:
    """Delete one person's texts, cached replies and conversations; numbers stay, of nobody."""
    from app.commands import retention as retaining

    retaining.forget(project_root(), tenant, user, by, reason, dry=dry_run)


COMMANDS = (assist, tools, retention, release, rollback, split, canary, ab, releases, budget, flag, cache)
