"""The identity of a call: alike only for the same tenant, task, prompt, request and deployments."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from app.caller import Caller
from app.intelligence.identity import identity
from app.intelligence.messages import Message, ModelRequest

ME = Caller("a", groups=frozenset({"staff"}))
ROUTE = ("openai/big",)
ASKED = ModelRequest("large", (Message("user", "How long do refunds take?"),), temperature=0.0)


@pytest.mark.reliability("crossed cache")
@pytest.mark.feature("G5")
def test_no_two_tenants_ever_share_an_identity() -> None:
    """Of 10,000 random pairs, half with equal bodies, not one crosses tenants."""
    draw = random.Random(7)
    crossings = 0
    for number in range(10_000):
        first = replace(ASKED, messages=(Message("user", f"question {draw.random()}"),))
        second = first if number % 2 else replace(first, messages=(Message("user", f"question {draw.random()}"),))
        tenants = draw.sample(("a", "b", "ab", "a b", "", "A"), 2)
        crossings += identity(Caller(tenants[0]), "t", None, first, ROUTE) == identity(
            Caller(tenants[1]), "t", None, second, ROUTE
        )

    assert crossings == 0


@pytest.mark.feature("G5")
@pytest.mark.parametrize(
    "other",
    [
        replace(ASKED, temperature=0.1),
        replace(ASKED, max_output_tokens=5),
        replace(ASKED, stop=("x",)),
        replace(ASKED, messages=(Message("system", "How long do refunds take?"),)),
        replace(ASKED, extra={"openai": {"user": "x"}}),
    ],
    ids=["temperature", "limit", "stop", "role", "extra"],
)
def test_whatever_can_change_the_reply_changes_the_identity(other: ModelRequest) -> None:
    """Parameters, roles and provider fields count."""
    assert identity(ME, "t", None, ASKED, ROUTE) != identity(ME, "t", None, other, ROUTE)


@pytest.mark.feature("G5")
def test_whether_it_is_streamed_does_not_count() -> None:
    """A stream and a whole call of the same question are one."""
    assert identity(ME, "t", None, ASKED, ROUTE) == identity(ME, "t", None, replace(ASKED, stream=True), ROUTE)


@pytest.mark.reliability("crossed cache")
@pytest.mark.feature("G6")
@pytest.mark.parametrize(
    ("other", "same"),
    [
        (replace(ME, user="u2", session="s9"), True),
        (replace(ME, groups=frozenset()), False),
        (replace(ME, groups=frozenset({"staff", "board"})), False),
        (replace(ME, role="admin"), False),
        (replace(ME, tenant="b"), False),
    ],
    ids=["another user", "group revoked", "group granted", "role", "tenant"],
)
def test_a_reply_is_shared_only_among_those_with_the_same_permissions(other: Caller, same: bool) -> None:
    """Who asks does not count; what they may see does, so that a changed permission is a miss."""
    assert (identity(ME, "t", None, ASKED, ROUTE) == identity(other, "t", None, ASKED, ROUTE)) is same
