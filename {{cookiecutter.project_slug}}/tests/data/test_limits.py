"""Rate limits in the database: a minute that begins with the first call, requests and tokens."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.admissions import admit, ask, limit, set_clock, settle

_tenants = count()


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as opened:
        yield opened


@pytest.mark.feature("I2")
def test_requests_are_limited_for_a_minute_from_the_first(connection: psycopg.Connection) -> None:
    """As many as the limit, then none until sixty seconds after the first; refused ones are not counted."""
    limits = [limit(requests=3)]
    set_clock(connection, "2030-01-01T12:00:40Z")
    admit(connection, [ask()], limits=limits)
    set_clock(connection, "2030-01-01T12:01:30Z")

    verdicts = admit(connection, [ask() for _ in range(4)], limits=limits)
    assert [verdict[0] for verdict in verdicts] == ["admitted", "admitted", "requests", "requests"]
    assert verdicts[1][1] == [[3, 0, 10.0]]
    assert verdicts[3] == ["requests", 1, 3, 10.0]

    set_clock(connection, "2030-01-01T12:01:40Z")
    assert admit(connection, [ask()], limits=limits)[0] == ["admitted", [[1, 0, 60.0]]]


@pytest.mark.feature("I2")
def test_every_limit_of_a_caller_counts_together(connection: psycopg.Connection) -> None:
    """Tenant, user and session: the one without room refuses, and then none of them counts the call."""
    limits = [
        limit(requests=9),
        limit(requests=9, scope="user", subject="ada"),
        limit(tokens=100, scope="session", subject="s1"),
    ]

    verdicts = admit(connection, [ask(tokens=60), ask(tokens=60)], limits=limits)

    assert verdicts[1][:3] == ["tokens", 3, 60]
    rows = connection.execute("SELECT DISTINCT requests, tokens FROM app.limit_windows").fetchall()
    assert rows == [(1, 60)]


@pytest.mark.reliability("token limit")
@pytest.mark.feature("I2")
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(calls=st.lists(st.tuples(st.integers(0, 500), st.none() | st.integers(0, 900)), min_size=1, max_size=15))
def test_the_token_counter_moves_by_what_was_used(
    connection: psycopg.Connection, calls: list[tuple[int, int | None]]
) -> None:
    """Whole replies, streams that used more than foreseen, errors that used nothing: once settled the counter is the
    sum of what was used, plus the worst case of what is under way."""
    limits = [limit(tokens=10**9, tenant=f"tenant{next(_tenants)}")]
    expected = 0
    for worst, real in calls:
        row = ask(tokens=worst)
        admit(connection, [row], limits=limits)
        if real is not None:
            settle(connection, [(row["id"], 0.0, real)])
        expected += worst if real is None else real

    verdict = admit(connection, [ask()], limits=limits)[0]

    assert verdict[1][0][:2] == [len(calls) + 1, expected]


@pytest.mark.reliability("token limit")
@pytest.mark.feature("I2")
def test_a_settlement_after_its_minute_leaves_the_next_one_alone(connection: psycopg.Connection) -> None:
    """What a long stream used belongs to the minute in which it was admitted."""
    limits, long = [limit(tokens=100)], ask(tokens=90)
    set_clock(connection, "2030-01-01T12:00:00Z")
    admit(connection, [long], limits=limits)
    set_clock(connection, "2030-01-01T12:01:00Z")
    admit(connection, [ask(tokens=50)], limits=limits)

    settle(connection, [(long["id"], 0.0, 10)])

    assert admit(connection, [ask()], limits=limits)[0][1][0][1] == 50
