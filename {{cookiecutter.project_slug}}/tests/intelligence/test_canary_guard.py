"""A canary that is worse is taken back by itself, with the reason in the log; one that is not stays."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from app import bootstrap
from app.data import release_store
from app.intelligence.canary_guard import BY, CanaryGuard
from app.intelligence.prompts import Registry
from app.intelligence.releases import Releases
from app.observability.evaluation.success import ReleaseRule
from app.settings import Settings

WHO = {"by": "ada", "reason": "shorter answers"}
RULE = ReleaseRule()
CALL = """
INSERT INTO app.calls (id, at, trace_id, span_id, tenant, user_id, role, task, prompt_version, identity, model,
  provider, deployment, status, degraded, cached, stream, input, output, input_tokens, output_tokens,
  cached_input_tokens, usage_estimated, cost_usd, latency_ms)
VALUES (%(id)s, clock_timestamp(), '', '', 'acme', %(user)s, 'member', 'answer', %(version)s, '', 'm', 'p', 'd',
  %(status)s, %(degraded)s, false, false, '{}', '', 1, 1, 0, false, %(cost)s, %(latency)s)
"""

Traffic = Callable[..., None]


@pytest.fixture
def releases(database_url: str, project_root: Path, tmp_path: Path) -> Releases:
    """Releases of the project's own prompts."""
    return Releases(Registry.open(project_root / "prompts"), database_url, tmp_path / "kept.json")


@pytest.fixture
def guard(releases: Releases, database_url: str) -> CanaryGuard:
    """The guard of one replica."""
    return CanaryGuard(releases, database_url, RULE, every_s=0.1)


@pytest.fixture
def traffic(database_url: str) -> Traffic:
    """`traffic(version, users, **numbers)`: ten calls of each of so many users of a version."""

    def send(version: int, users: int, **changed: Any) -> None:
        rng = random.Random(version)
        rows, scores = [], []
        for number in range(users * 10):
            row = {"id": uuid4(), "user": f"v{version}u{number % users}", "version": version, "status": "ok"}
            row |= {"degraded": False, "cost": rng.lognormvariate(-6, 0.5), "latency": rng.lognormvariate(6, 0.4)}
            quality = changed.get("quality")
            row |= {name: value(row) for name, value in changed.items() if name != "quality"}
            rows.append(row)
            if quality is not None:
                scores.append((row["id"], min(1.0, max(0.0, rng.gauss(quality, 0.1)))))
        with psycopg.connect(database_url) as connection, connection.cursor() as cursor:
            cursor.executemany(CALL, rows)
            cursor.executemany(
                "INSERT INTO app.scores (call_id, name, source, value) VALUES (%s, 'answer_quality', 'judge', %s)",
                scores,
            )

    return send


@pytest.mark.feature("P3")
@pytest.mark.parametrize(
    ("worse", "told"),
    [
        ({"cost": lambda row: 2 * row["cost"]}, "cost"),
        ({"latency": lambda row: 2 * row["latency"]}, "latency"),
        ({"status": lambda row: "failed"}, "error_rate"),
        ({"degraded": lambda row: True}, "error_rate"),
        ({"quality": 0.6}, "quality"),
    ],
    ids=["cost doubled", "latency doubled", "every call fails", "every reply is a fallback", "quality lost"],
)
async def test_a_canary_that_is_worse_is_taken_back(
    releases: Releases, guard: CanaryGuard, traffic: Traffic, worse: dict[str, Any], told: str
) -> None:
    """What held before holds again; the log says that the guard did it, and which number made it."""
    await releases.release("answer", 1, **WHO)
    await releases.canary("answer", 2, 10, **WHO)
    traffic(1, 90, quality=0.8)
    traffic(2, 30, **({"quality": 0.8} | worse))

    assert await guard.look() == ["answer"]

    assert releases.shares("answer") == {1: 100}
    _, (last, *_) = await releases.state()
    assert (last.action, last.by) == ("rollback", BY)
    assert last.reason.startswith(f"version 2 is worse than 1 beyond the margin: {told} ")


@pytest.mark.feature("P3")
async def test_a_canary_that_is_as_good_stays(releases: Releases, guard: CanaryGuard, traffic: Traffic) -> None:
    """However often it is looked at; refusals of budgets do not count against it."""
    await releases.release("answer", 1, **WHO)
    await releases.canary("answer", 2, 10, **WHO)
    traffic(1, 90, quality=0.8)
    traffic(2, 30, quality=0.8)
    traffic(2, 30, status=lambda row: "refused")

    assert [await guard.look() for _ in range(5)] == [[]] * 5
    assert releases.shares("answer") == {1: 90, 2: 10}


@pytest.mark.feature("P3")
@pytest.mark.parametrize("users", [1, RULE.min_users - 1])
async def test_few_users_are_not_judged(releases: Releases, guard: CanaryGuard, traffic: Traffic, users: int) -> None:
    """Too little is known, whatever it costs."""
    await releases.release("answer", 1, **WHO)
    await releases.canary("answer", 2, 10, **WHO)
    traffic(1, 90)
    traffic(2, users, cost=lambda row: 9.0)

    assert await guard.look() == []


@pytest.mark.feature("P3")
async def test_a_widened_canary_goes_back_whole(releases: Releases, guard: CanaryGuard, traffic: Traffic) -> None:
    """From 60 per cent not to 10, but to none; its first calls count too."""
    await releases.release("answer", 1, **WHO)
    await releases.canary("answer", 2, 10, **WHO)
    traffic(1, 50)
    traffic(2, 30, cost=lambda row: 3 * row["cost"])
    await releases.canary("answer", 2, 60, **WHO)

    assert await guard.look() == ["answer"]
    assert releases.shares("answer") == {1: 100}


@pytest.mark.feature("P3")
async def test_a_split_and_what_was_changed_meanwhile_are_left_alone(
    releases: Releases, guard: CanaryGuard, traffic: Traffic, database_url: str
) -> None:
    """A split is somebody's experiment; a release that came in between is somebody's decision."""
    await releases.split("answer", {1: 50, 2: 50}, **WHO)
    traffic(1, 30)
    traffic(2, 30, cost=lambda row: 3 * row["cost"])
    assert await guard.look() == []

    await releases.release("answer", 1, **WHO)
    await releases.canary("answer", 2, 10, **WHO)
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        canary = (await release_store.standing(connection, "answer"))[0].id
    await releases.release("answer", 2, **WHO)

    assert not await releases.take_back("answer", [canary], by=BY, reason="late")
    assert releases.shares("answer") == {2: 100}


@pytest.mark.feature("P3")
async def test_of_many_replicas_one_acts(
    releases: Releases, traffic: Traffic, database_url: str, project_root: Path, tmp_path: Path
) -> None:
    """Four guards looking at once undo one change once."""
    await releases.release("answer", 1, **WHO)
    await releases.canary("answer", 2, 10, **WHO)
    traffic(1, 90)
    traffic(2, 30, cost=lambda row: 2 * row["cost"])
    registry = Registry.open(project_root / "prompts")
    guards = [
        CanaryGuard(Releases(registry, database_url, tmp_path / str(number)), database_url, RULE, every_s=1)
        for number in range(4)
    ]

    taken = [task for found in await asyncio.gather(*(one.look() for one in guards)) for task in found]

    assert taken == ["answer"]
    assert [entry.action for entry in (await releases.state())[1]] == ["rollback", "canary", "release"]


@pytest.mark.feature("P3")
@pytest.mark.slow
async def test_a_running_service_takes_it_back(
    settings: Settings, database_url: str, releases: Releases, traffic: Traffic
) -> None:
    """The process that serves looks by itself: within seconds of the bad calls the old version serves everybody."""
    watching = settings.model_copy(update={"releases": settings.releases.model_copy(update={"every_s": 0.2})})
    await releases.release("answer", 1, **WHO)
    await releases.canary("answer", 2, 10, **WHO)
    traffic(1, 90)

    async with bootstrap._until_the_end(watching, database_url):
        await asyncio.sleep(1)
        traffic(2, 30, status=lambda row: "failed")
        async with asyncio.timeout(5):
            while await _shares(releases, database_url) != {1: 100}:  # noqa: ASYNC110  another process's doing
                await asyncio.sleep(0.05)


async def _shares(releases: Releases, url: str) -> Any:
    async with await psycopg.AsyncConnection.connect(url) as connection:
        await releases.reload(connection)
    return releases.shares("answer")
