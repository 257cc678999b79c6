"""Flags: a kill switch that nobody gets around, features by the narrowest word, all of it without a deploy."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from app.caller import Caller
from app.data.change_feed import ChangeFeed
from app.errors import InputError, RefusedError
from app.intelligence.flags import Flags, parse
from tests.intelligence.waiting import until

ADA = Caller("acme", "ada")
BOB = Caller("acme", "bob")
EVE = Caller("other", "ada")
WHO = {"by": "ops", "reason": "incident 7"}
NOWHERE = "postgresql://app@127.0.0.1:1/app"


@pytest.fixture
def flags(database_url: str, tmp_path: Path) -> Flags:
    return Flags(database_url, tmp_path / "flags.json")


def refused(flags: Flags, *callers: Caller, task: str = "answer", model: str = "large") -> list[bool]:
    def is_refused(caller: Caller) -> bool:
        try:
            flags.require(task, model, caller)
        except RefusedError:
            return True
        return False

    return [is_refused(caller) for caller in callers]


@pytest.mark.feature("G12")
@pytest.mark.parametrize(
    ("switch", "expected"),
    [
        ("everything", [True, True, True]),
        ("task:answer", [True, True, True]),
        ("model:large", [True, True, True]),
        ("task:answer@acme", [True, True, False]),
        ("everything@acme/ada", [True, False, False]),
        ("task:route", [False, False, False]),
        ("model:small", [False, False, False]),
    ],
)
async def test_a_switch_refuses_those_it_is_meant_for(flags: Flags, switch: str, expected: list[bool]) -> None:
    """Everything, a task or a model, for all, a tenant or a user; nobody else notices."""
    await flags.set(switch, enabled=False, **WHO)

    assert refused(flags, ADA, BOB, EVE) == expected


@pytest.mark.feature("G12")
async def test_a_refusal_says_which_switch_who_when_and_why(flags: Flags) -> None:
    """In one line; switched on again, the call goes."""
    await flags.set("model:large@acme", enabled=False, **WHO)

    with pytest.raises(RefusedError) as error:
        flags.require("answer", "large", ADA)
    await flags.set("model:large@acme", enabled=True, by="ops", reason="over")

    assert str(error.value).startswith("model:large is switched off for tenant 'acme' by ops since 20")
    assert str(error.value).endswith("Z: incident 7")
    assert refused(flags, ADA) == [False]


@pytest.mark.feature("G12")
async def test_a_narrow_on_does_not_lift_a_wide_off(flags: Flags) -> None:
    """The kill switch for all holds for the tenant that was switched on earlier."""
    await flags.set("task:answer@acme", enabled=True, **WHO)
    await flags.set("task:answer", enabled=False, **WHO)

    assert refused(flags, ADA, EVE) == [True, True]


@pytest.mark.feature("G12")
async def test_of_a_feature_the_narrowest_word_counts(flags: Flags) -> None:
    """User before tenant before all before what the code says."""
    assert flags.enabled("citations", ADA, default=True)
    await flags.set("feature:citations", enabled=False, **WHO)
    await flags.set("feature:citations@acme", enabled=True, **WHO)
    await flags.set("feature:citations@acme/bob", enabled=False, **WHO)

    assert [flags.enabled("citations", caller, default=True) for caller in (ADA, BOB, EVE)] == [True, False, False]
    assert refused(flags, EVE) == [False]


@pytest.mark.feature("G12")
async def test_a_switch_is_effective_on_every_replica_within_two_seconds(
    flags: Flags, database_url: str, tmp_path: Path
) -> None:
    """Four of them, nobody restarted."""
    replicas = [Flags(database_url, tmp_path / f"replica{n}.json") for n in range(4)]
    feeds = [ChangeFeed(database_url, [("flags", replica.reload)]) for replica in replicas]
    for feed in feeds:
        await feed.start()

    await flags.set("everything", enabled=False, **WHO)
    took = await until(lambda: all(refused(replica, ADA) == [True] for replica in replicas))
    for feed in feeds:
        await feed.close()

    assert took < 2.0


@pytest.mark.feature("G12")
async def test_the_environment_goes_before_the_database(flags: Flags, database_url: str, tmp_path: Path) -> None:
    """For the very same switch: off stays off whatever the table says, on stays on."""
    await flags.set("task:answer", enabled=True, **WHO)
    await flags.set("task:route", enabled=False, **WHO)

    fixed = Flags(database_url, tmp_path / "flags.json", off=["task:answer"], on=["task:route"])

    with pytest.raises(RefusedError, match=r"by the environment since .*: set by APP_FLAGS__OFF"):
        fixed.require("answer", "large", ADA)
    assert refused(fixed, ADA, task="route") == [False]


async def test_a_switch_holds_where_nothing_can_be_kept_on_disk(database_url: str, tmp_path: Path) -> None:
    """A folder that takes no file costs the copy for a start without the database, and nothing else."""
    (tmp_path / "data").write_text("a file where the folder should be")
    flags = Flags(database_url, tmp_path / "data" / "flags.json")
    await flags.set("task:answer", enabled=False, **WHO)
    assert [flag.target for flag in flags.all()] == ["task:answer"]


@pytest.mark.feature("G12")
async def test_the_last_known_switches_hold_without_the_database(flags: Flags, tmp_path: Path) -> None:
    """A restart while it is away does not switch anything on; with nothing known nothing is off."""
    await flags.set("task:answer@acme", enabled=False, **WHO)

    again = Flags(NOWHERE, tmp_path / "flags.json")
    fresh = Flags(NOWHERE, tmp_path / "none.json")

    assert refused(again, ADA, EVE) == [True, False]
    assert refused(fresh, ADA) == [False]


@pytest.mark.feature("G12")
async def test_every_turn_is_kept_with_who_and_why(flags: Flags, database_url: str) -> None:
    """Also the one that was replaced."""
    await flags.set("everything", enabled=False, **WHO)
    await flags.set("everything", enabled=True, by="lead", reason="fixed")

    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT target, enabled, by, reason FROM app.flag_log ORDER BY id").fetchall()

    assert rows == [("everything", False, "ops", "incident 7"), ("everything", True, "lead", "fixed")]


@pytest.mark.parametrize("switch", ["answer", "task:", "task:a b", "everything@", "everything@a/", "tool:x"])
def test_a_misspelt_switch_is_refused(switch: str) -> None:
    """In an emergency nobody should believe that something is off that is not."""
    with pytest.raises(InputError, match="names no switch"):
        parse(switch)
