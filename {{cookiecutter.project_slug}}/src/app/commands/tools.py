"""`app assist` and `app tools`: a request worked on with tools, and the calls of tools that wait for a person."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import click

from app import bootstrap
from app.caller import Caller
from app.commands.at_database import with_pool
from app.intelligence.tools.tool_loop import Decision, ToolRun
from app.intelligence.tools.tool_runs import PostgresRuns
from app.interface.services import Services
from app.observability.redaction import redact
from app.settings import ToolRule

Found = TypeVar("Found")
TASK = "assist"


def assist(root: Path, request: str, role: str) -> None:
    """Print each tool called and what came of it, then the answer or what waits."""
    caller = Caller(user="terminal", role=role)
    _show(_with_services(root, lambda services: services.tool_loop.run(TASK, {"request": request}, caller)))


def show(root: Path) -> None:
    """A line a tool."""
    for name, rule in sorted(bootstrap.operating_settings(root).tools.items()):
        click.echo(f"{name:<24} {_told(rule)}")


def waiting(root: Path, tenant: str) -> None:
    """A line a call that waits."""
    url = bootstrap.prepare_database(bootstrap.operating_settings(root))
    runs = with_pool(url, lambda pool: PostgresRuns(pool, redact).waiting(tenant))
    for run in runs:
        for one in run.stopped.waiting:
            decision = run.decisions.get(one.call.id)
            said = "waits" if decision is None else f"{'approved' if decision.approved else 'denied'} by {decision.by}"
            click.echo(
                f"{run.stopped.id} {one.call.id}  {one.call.name} {redact(one.call.arguments)}  asked by "
                f"{run.stopped.caller.user} {run.since:%Y-%m-%d %H:%M}, {said}; decides: {', '.join(one.approvers)}"
            )
    if not runs:
        click.echo("nothing waits")


def decide(root: Path, run: UUID, call: str, decider: Caller, reason: str, *, approved: bool) -> None:
    """Decide one call; with the last one the run goes on, and what came of it is printed."""

    async def decided(services: Services) -> ToolRun | None:
        loop = services.tool_loop
        await loop.decide(run, call, Decision(approved, decider.user, reason), decider)
        left = [
            one for one in await PostgresRuns(services.pool, redact).waiting(decider.tenant) if one.stopped.id == run
        ]
        if any(one.call.id not in left[0].decisions for one in left[0].stopped.waiting):
            return None
        found: ToolRun = await loop.go_on(run, decider)
        return found

    went_on = _with_services(root, decided)
    click.echo(f"{'approved' if approved else 'denied'}: {call}")
    if went_on is not None:
        _show(went_on)


def _with_services(root: Path, work: Callable[[Services], Awaitable[Found]]) -> Found:
    loaded = bootstrap.settings(root)
    url = bootstrap.prepare_database(loaded)

    async def run() -> Found:
        async with bootstrap.open_services(loaded, url) as services:
            return await work(services)

    return asyncio.run(run())


def _show(run: ToolRun) -> None:
    for step in run.steps:
        for carried in step.carried:
            click.echo(f"  {carried.call.name} {carried.call.arguments}: {carried.outcome}", err=True)
    for one in run.waiting:
        click.echo(f"waits for {' or '.join(one.approvers)}: {one.call.name} {one.call.arguments}")
        click.echo(f"  app tools approve {run.id} {one.call.id} --by NAME --reason WHY   (or deny)")
    if run.text is not None:
        click.echo(run.text)


def _told(rule: ToolRule) -> str:
    said = {"always": "a person approves", "tainted": "a person approves after text from outside", "never": "freely"}
    places = f"; addresses: {', '.join(rule.urls)}" if rule.urls else ""
    return f"{', '.join(rule.roles)}; {said[rule.approval]}{places}"
