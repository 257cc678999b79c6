"""Releases: who gets which version, seen by all replicas within two seconds, served on without the database."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.caller import Caller
from app.data.change_feed import ChangeFeed
from app.errors import InputError, NotFoundError, StoreUnavailableError
from app.intelligence.prompts import Registry
from app.intelligence.releases import Releases, checked
from tests.intelligence.waiting import until

WHO = {"by": "ada", "reason": "better answers"}
NOWHERE = "postgresql://app@127.0.0.1:1/app"
CROWD = [Caller("acme", f"user{n}") for n in range(10_000)]
PROMPT = "messages: [{role: user, content: Version %d of it.}]\n"

Replica = tuple[Releases, ChangeFeed]


def write_prompts(folder: Path, versions: int) -> Path:
    (folder / "answer").mkdir(parents=True)
    for version in range(1, versions + 1):
        (folder / "answer" / f"v{version}.prompt.yml").write_text(PROMPT % version, encoding="utf-8")
    (folder / "releases.yaml").write_text("answer: 1\n", encoding="utf-8")
    return folder


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    return write_prompts(tmp_path / "prompts", 4)


@pytest.fixture
def releases(prompts: Path, database_url: str, tmp_path: Path) -> Releases:
    return Releases(Registry.open(prompts), database_url, tmp_path / "releases.json")


@pytest.fixture
async def start(prompts: Path, tmp_path: Path) -> AsyncIterator[Callable[..., object]]:
    """Starts a replica with a file of its own."""
    async with AsyncExitStack() as stack:

        async def make(url: str, name: str, **options: float) -> Replica:
            releases = Releases(Registry.open(prompts), url, tmp_path / f"{name}.json")
            feed = ChangeFeed(url, [("releases", releases.reload)], **options)
            stack.push_async_callback(feed.close)
            await feed.start()
            return releases, feed

        yield make


async def seen(replicas: list[Releases], version: int) -> float:
    """Seconds until all of them serve a version."""
    return await until(lambda: all(replica.version("answer", Caller()) == version for replica in replicas))


@pytest.mark.reliability("stale prompts")
@pytest.mark.feature("P3")
async def test_a_release_is_seen_by_every_replica_within_two_seconds(
    start: Callable[..., object], releases: Releases, prompts: Path, database_url: str, tmp_path: Path
) -> None:
    """Four replicas here and one in another process, nobody restarted."""
    replicas = [(await start(database_url, f"replica{n}"))[0] for n in range(4)]  # type: ignore[misc]
    command = [sys.executable, str(Path(__file__).with_name("replica.py")), database_url, str(prompts)]
    command += [str(tmp_path / "other.json"), "answer", "3"]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    other = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, env=environment)
    assert other.stdout is not None
    assert await other.stdout.readline() == b"ready\n"

    await releases.release("answer", 3, **WHO)
    here = await seen(replicas, 3)
    there = float(await other.stdout.readline())
    await other.wait()

    assert here < 2.0
    assert there < 2.0


@pytest.mark.slow
@pytest.mark.reliability("stale prompts")
@pytest.mark.feature("P3")
async def test_a_rollback_is_seen_by_four_processes_within_two_seconds(
    releases: Releases, prompts: Path, database_url: str, tmp_path: Path
) -> None:
    """Each a replica of its own, started while the bad version served; nobody restarted."""
    await releases.release("answer", 2, **WHO)
    await releases.release("answer", 3, **WHO)
    environment = {"PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    command = [sys.executable, str(Path(__file__).with_name("replica.py")), database_url, str(prompts)]
    replicas = [
        await asyncio.create_subprocess_exec(
            *command, str(tmp_path / f"{number}.json"), "answer", "2", stdout=asyncio.subprocess.PIPE, env=environment
        )
        for number in range(4)
    ]
    outputs = [replica.stdout for replica in replicas if replica.stdout is not None]
    assert [await output.readline() for output in outputs] == [b"ready\n"] * 4

    began = time.perf_counter()
    await releases.rollback("answer", **WHO)
    for output in outputs:
        assert float(await output.readline())
    assert time.perf_counter() - began < 2.0
    for replica in replicas:
        await replica.wait()


@pytest.mark.feature("P3")
async def test_reading_alone_keeps_the_promise(
    start: Callable[..., object], releases: Releases, database_url: str
) -> None:
    """Where notifications do not pass, as through a pooling proxy, the interval does."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE app.releases DISABLE TRIGGER ALL")
    replica, _ = await start(database_url, "replica")  # type: ignore[misc]

    await releases.release("answer", 2, **WHO)

    assert await seen([replica], 2) < 2.0


@pytest.mark.reliability("stale prompts")
@pytest.mark.feature("P3")
async def test_without_the_database_the_last_known_release_serves_over_a_restart(
    start: Callable[..., object], releases: Releases
) -> None:
    """Running or started cold, and without anything known, the version of releases.yaml."""
    await releases.release("answer", 3, **WHO)

    again, feed = await start(NOWHERE, "releases", timeout_s=0.5)  # type: ignore[misc]
    fresh, _ = await start(NOWHERE, "unknown", timeout_s=0.5)  # type: ignore[misc]

    assert [again.version("answer", caller) for caller in CROWD[:100]] == [3] * 100
    assert fresh.version("answer", Caller()) == 1
    assert feed.age_s is None
    with pytest.raises(StoreUnavailableError, match="does not answer"):
        await again.release("answer", 4, **WHO)


@pytest.mark.feature("P3")
async def test_a_replica_that_lost_its_connection_catches_up(
    start: Callable[..., object], releases: Releases, database_url: str
) -> None:
    """A restart of the server delays a release by the time it takes to connect again."""
    replica, _ = await start(database_url, "replica")  # type: ignore[misc]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    await releases.release("answer", 2, **WHO)

    assert await seen([replica], 2) < 2.0


@pytest.mark.feature("P3")
async def test_a_pointer_spoilt_by_hand_does_not_stop_the_others_for_good(
    start: Callable[..., object], releases: Releases, database_url: str
) -> None:
    """The last known ones hold until it is released again, and then all of it is seen."""
    await releases.release("answer", 2, **WHO)
    replica, _ = await start(database_url, "replica")  # type: ignore[misc]
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("""UPDATE app.releases SET shares = '{"two": 100}'""")
    await asyncio.sleep(0.2)
    assert replica.version("answer", Caller()) == 2

    await releases.release("answer", 3, **WHO)

    assert await seen([replica], 3) < 2.0


@pytest.mark.feature("P3")
@pytest.mark.parametrize("text", ["not json", "[1]", '{"answer": 7}', '{"answer": {"x": 1}}'])
def test_a_damaged_state_file_is_no_obstacle(prompts: Path, tmp_path: Path, text: str) -> None:
    """The version of releases.yaml serves until the database is read."""
    (tmp_path / "releases.json").write_text(text)

    damaged = Releases(Registry.open(prompts), NOWHERE, tmp_path / "releases.json")

    assert damaged.version("answer", Caller()) == 1


@pytest.mark.feature("P3")
async def test_a_split_is_even_and_sticky(releases: Releases) -> None:
    """Ten thousand users: each share met within one per cent, each user the same version every time."""
    await releases.split("answer", {1: 50, 2: 30, 3: 20}, **WHO)

    first = [releases.version("answer", caller) for caller in CROWD]
    again = [releases.version("answer", caller) for caller in CROWD]

    assert first == again
    for version, share in {1: 0.5, 2: 0.3, 3: 0.2}.items():
        assert abs(first.count(version) / len(first) - share) <= 0.01


@pytest.mark.feature("P3")
async def test_a_growing_canary_keeps_its_callers(releases: Releases) -> None:
    """Ten per cent get the new version; at thirty the same ones still do, and the rest what served before."""
    await releases.release("answer", 2, **WHO)

    assert await releases.canary("answer", 3, 10, **WHO) == {2: 90, 3: 10}
    early = {caller for caller in CROWD if releases.version("answer", caller) == 3}
    assert await releases.canary("answer", 3, 30, **WHO) == {2: 70, 3: 30}
    later = {caller for caller in CROWD if releases.version("answer", caller) == 3}

    assert abs(len(early) / len(CROWD) - 0.1) <= 0.01
    assert early < later


@pytest.mark.feature("P3")
async def test_rolling_back_restores_what_served_before(releases: Releases) -> None:
    """Each time one change further, to releases.yaml; the log says who did what and why."""
    await releases.release("answer", 2, **WHO)
    await releases.split("answer", {2: 50, 3: 50}, **WHO)

    assert await releases.rollback("answer", by="bob", reason="complaints") == {2: 100}
    assert await releases.rollback("answer", by="bob", reason="more of them") == {1: 100}
    _, log = await releases.state()

    assert {releases.version("answer", caller) for caller in CROWD[:100]} == {1}
    assert [(e.action, e.by, e.reason, dict(e.shares)) for e in log[:2]] == [
        ("rollback", "bob", "more of them", {1: 100}),
        ("rollback", "bob", "complaints", {2: 100}),
    ]


@pytest.mark.feature("P3")
@pytest.mark.parametrize(
    ("shares", "error", "message"),
    [
        ({9: 100}, NotFoundError, "prompt 'answer' has no version 9"),
        ({1: 50, 2: 40}, InputError, "are 90 % together"),
        ({1: 120, 2: -20}, InputError, "cannot have 120 %"),
        ({}, InputError, "are 0 % together"),
    ],
)
async def test_what_cannot_serve_cannot_be_released(
    releases: Releases, shares: dict[int, float], error: type[Exception], message: str
) -> None:
    """The pointer and its log stay as they were."""
    with pytest.raises(error, match=message):
        await releases.split("answer", shares, **WHO)

    assert await releases.state() == ([], [])


@pytest.mark.feature("P3")
async def test_a_canary_of_what_serves_everybody_is_refused(releases: Releases) -> None:
    """There would be nothing to give the rest."""
    with pytest.raises(InputError, match="serves everybody already"):
        await releases.canary("answer", 1, 10, **WHO)


@pytest.mark.feature("P3")
async def test_an_older_replica_serves_its_own_version_instead(
    releases: Releases, database_url: str, tmp_path: Path
) -> None:
    """A release it has not been built with: never a crash, never a wrong version under the right number."""
    await releases.split("answer", {2: 50, 4: 50}, **WHO)
    older = Releases(Registry.open(write_prompts(tmp_path / "old", 2)), database_url, tmp_path / "releases.json")

    newer = [releases.version("answer", caller) for caller in CROWD]
    served = [older.version("answer", caller) for caller in CROWD]

    assert served == [2 if version == 2 else 1 for version in newer]


@pytest.mark.feature("P3")
@given(st.lists(st.integers(0, 10_000), min_size=4, max_size=4))
def test_shares_are_taken_only_when_they_are_whole(parts: list[int]) -> None:
    """Any four shares in hundredths of a per cent: accepted exactly when they are 100 together."""
    registry = Registry(
        {"answer": dict.fromkeys(range(1, 5))},  # type: ignore[dict-item]
        {"answer": 1},
    )
    shares = {version: part / 100 for version, part in enumerate(parts, 1)}

    if sum(parts) == 10_000:
        assert sum(checked(registry, "answer", shares).values()) == pytest.approx(100)
    else:
        with pytest.raises(InputError):
            checked(registry, "answer", shares)
