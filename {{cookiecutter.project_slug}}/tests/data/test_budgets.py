"""Spend caps in the database: exact reservation and settlement, windows that open by themselves, corrections."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import count

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.data import budgets
from app.errors import InputError, NotFoundError
from tests.data.admissions import admit, ask, cap, expire, limit, set_clock, settle, used

_tenants = count()


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as opened:
        yield opened


money = st.integers(0, 10**10).map(lambda billionths: billionths / 1e9)
calls = st.lists(st.tuples(money, st.none() | money, st.booleans()), min_size=1, max_size=12)


@pytest.mark.feature("G7")
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(calls, min_size=1, max_size=4), limit_usd=money)
def test_admission_is_a_sum_that_never_passes_the_cap(
    connection: psycopg.Connection,
    batches: list[list[tuple[float, float | None, bool]]],
    limit_usd: float,
) -> None:
    """Over any batches: a call goes exactly when settled plus reserved plus its worst case fits under the cap, and a
    settlement, said once or twice, replaces what was reserved by what was used, to the billionth of a dollar."""
    tenant = f"tenant{next(_tenants)}"
    caps = [cap(limit_usd, tenant=tenant)]
    settled = reserved = Decimal(0)
    for batch in batches:
        asks = [ask(worst) for worst, _, _ in batch]
        verdicts = admit(connection, asks, caps)
        for (worst, _, _), verdict in zip(batch, verdicts, strict=True):
            fits = settled + reserved + Decimal(str(worst)) <= Decimal(str(limit_usd))
            assert (verdict[0] == "admitted") == fits
            reserved += Decimal(str(worst)) if fits else 0
        for (worst, real, twice), row, verdict in zip(batch, asks, verdicts, strict=True):
            if verdict[0] == "admitted" and real is not None:
                for _ in range(1 + twice):
                    settle(connection, [(row["id"], real, 0)], caps)
                reserved -= Decimal(str(worst))
                settled += Decimal(str(real))
        assert used(connection, tenant) == (settled, reserved)


@pytest.mark.feature("G7")
def test_all_caps_hold_or_nothing_is_reserved(connection: psycopg.Connection) -> None:
    """A call that one of its caps refuses leaves no trace in the others."""
    caps = [cap(10.0), cap(1.0, scope="task", tenant="", subject="answer"), cap(5.0, period="month")]

    first, second = admit(connection, [ask(0.8), ask(0.3)], caps)

    assert first[0] == "admitted"
    assert second[:3] == ["budget", 2, 0.8]
    rows = connection.execute("SELECT DISTINCT reserved_usd FROM app.budget_windows").fetchall()
    assert rows == [(Decimal("0.8"),)]


@pytest.mark.feature("G7")
def test_the_first_call_of_a_new_window_is_admitted(connection: psycopg.Connection) -> None:
    """A used up day refuses until its last second and ends with it, nothing having to be reset; a month goes on."""
    caps = [cap(1.0), cap(9.0, period="month")]
    set_clock(connection, "2030-01-30T23:59:59Z")
    assert [v[0] for v in admit(connection, [ask(1.0), ask(0.1)], caps)] == ["admitted", "budget"]

    set_clock(connection, "2030-01-31T00:00:00Z")
    assert admit(connection, [ask(1.0)], caps)[0][0] == "admitted"
    set_clock(connection, "2030-02-01T00:00:00Z")
    assert admit(connection, [ask(1.0)], caps)[0][0] == "admitted"

    months = connection.execute(
        "SELECT reserved_usd::float, ends_at::text FROM app.budget_windows WHERE period = 'month' ORDER BY starts_at"
    ).fetchall()
    assert [spent for spent, _ in months] == [2.0, 1.0]


@pytest.mark.feature("G7")
def test_half_of_a_cap_is_told_once_and_so_is_its_end(connection: psycopg.Connection) -> None:
    """An event when half is spent, another at the first refusal, each once a window, also as a notification."""
    caps = [cap(1.0)]
    with psycopg.connect(connection.info.dsn, password=connection.info.password, autocommit=True) as listener:
        listener.execute("LISTEN app_budget_events")
        asks = [ask(0.3) for _ in range(5)]
        admit(connection, asks[:2], caps)
        settle(connection, [(asks[0]["id"], 0.3, 0)], caps)
        assert budgets.events(connection, 9) == []

        settle(connection, [(asks[1]["id"], 0.2, 0)], caps)
        admit(connection, asks[2:], caps)
        settle(connection, [(asks[2]["id"], 0.3, 0)], caps)
        admit(connection, [ask(0.5), ask(0.5)], caps)
        heard = list(listener.notifies(timeout=2.0, stop_after=2))

    events = budgets.events(connection, 9)
    assert [(e["kind"], e["spent_usd"]) for e in reversed(events)] == [("alert", 0.5), ("stop", 0.8)]
    assert len(heard) == 2


@pytest.mark.feature("G7")
def test_a_correction_gives_access_back_without_sql(connection: psycopg.Connection) -> None:
    """A price a thousand times too high used up the cap: one entry with the true amount and calls go again."""
    caps, poisoned = [cap(1.0)], ask(1.0)
    admit(connection, [poisoned], caps)
    settle(connection, [(poisoned["id"], 4.0, 0)], caps)
    assert admit(connection, [ask(0.1)], caps)[0][0] == "budget"

    window = budgets.correct(
        connection, "tenant", "acme", "", "day", by="ada", reason="price was per token", to_usd=Decimal("0.004")
    )

    assert window.settled_usd == Decimal("0.004")
    assert admit(connection, [ask(0.1)], caps)[0][0] == "admitted"
    entry = connection.execute("SELECT usd, by, reason FROM app.budget_entries").fetchone()
    assert entry == (Decimal("-3.996"), "ada", "price was per token")


@pytest.mark.feature("G7")
def test_a_correction_must_make_sense(connection: psycopg.Connection) -> None:
    """Nothing below zero, nothing where nothing was spent, nothing without a reason."""
    admit(connection, [ask(1.0)], [cap(1.0)])

    def correct(subject: str, reason: str, usd: str) -> None:
        budgets.correct(connection, "tenant", subject, "", "day", by="ada", reason=reason, usd=Decimal(usd))

    with pytest.raises(InputError, match="cannot be taken off"):
        correct("acme", "wrong", "-0.5")
    with pytest.raises(NotFoundError, match="tenant 'other' has spent nothing this day"):
        correct("other", "wrong", "0.5")
    with pytest.raises(InputError, match="needs a reason"):
        correct("acme", " ", "0.5")


@pytest.mark.feature("G7")
@pytest.mark.parametrize(("in_full", "charged"), [(True, "0.9"), (False, "0")])
def test_a_call_that_never_settles_ends_with_its_lease(
    connection: psycopg.Connection, in_full: bool, charged: str
) -> None:
    """Its process was killed: charged at its worst case or given back, and corrected if its settlement comes late."""
    caps, lost, alive = [cap(1.0)], ask(0.9, lease_s=-1), ask(0.1)
    admit(connection, [lost, alive], caps)

    assert expire(connection, in_full=in_full) == 1
    assert expire(connection, in_full=in_full) == 0
    assert used(connection) == (Decimal(charged), Decimal("0.1"))

    settle(connection, [(lost["id"], 0.25, 0), (alive["id"], 0.05, 0)], caps)
    assert used(connection) == (Decimal("0.3"), Decimal(0))


@pytest.mark.feature("G7")
def test_a_settlement_without_a_reservation_counts_in_its_own_window(connection: psycopg.Connection) -> None:
    """The database was away, or lost the reservation in a crash: the cost is entered where the call was, once."""
    caps, id_ = [cap(1.0)], ask()["id"]

    assert settle(connection, [(id_, 0.25, 0), (id_, 0.25, 0)], caps) == 1
    assert settle(connection, [(id_, 0.25, 0)], caps) == 0

    row = connection.execute("SELECT settled_usd, starts_at AT TIME ZONE 'UTC' FROM app.budget_windows").fetchone()
    assert row is not None
    assert (row[0], row[1].isoformat()) == (Decimal("0.25"), "2030-01-01T00:00:00")


@pytest.mark.feature("G7")
def test_an_ask_sent_again_is_granted_once(connection: psycopg.Connection) -> None:
    """The answer was lost with the connection: the second time the same call is granted and nothing added."""
    caps, row = [cap(1.0)], ask(0.9)
    admit(connection, [row], caps)

    first, other = admit(connection, [row, ask(0.9)], caps, again=True)

    assert (first[0], other[0]) == ("admitted", "budget")
    assert used(connection) == (Decimal(0), Decimal("0.9"))


@pytest.mark.feature("G7")
def test_admission_and_settlement_never_wait_for_each_other_in_a_circle(database_url: str) -> None:
    """Six connections admit and settle under the same caps in opposite orders: no deadlock, the sums exact."""
    users = [cap(100.0, scope="user", subject=f"user{n}") for n in range(60)]

    def work(number: int) -> None:
        with psycopg.connect(database_url, autocommit=True) as mine:
            for turn in range(10):
                order = users if (number + turn) % 2 else users[::-1]
                asks = [ask(0.5), ask(0.25)]
                admit(mine, asks, order)
                settle(mine, [(row["id"], 0.125, 0) for row in asks], order)

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(work, range(6)))

    with psycopg.connect(database_url) as reader:
        rows = reader.execute("SELECT DISTINCT settled_usd, reserved_usd FROM app.budget_windows").fetchall()
    assert rows == [(Decimal("15"), Decimal(0))]


def test_what_nobody_needs_any_more_is_forgotten(connection: psycopg.Connection) -> None:
    """Settled calls after a week and rates after an hour; calls under way, present windows and spent money stay."""
    old, held = ask(0.25), ask(0.5)
    set_clock(connection, "2030-01-01T12:00:00Z")
    admit(connection, [old, held], [cap(1.0)], [limit(requests=9)])
    settle(connection, [(old["id"], 0.25, 0)])
    forget = b"SELECT app.forget_admissions(interval '7 days', 100)"
    assert connection.execute(forget).fetchone() == (0,)

    set_clock(connection, "2030-01-08T12:00:01Z")
    assert connection.execute(forget).fetchone() == (2,)

    assert connection.execute("SELECT id FROM app.reservations").fetchall() == [(held["id"],)]
    assert used(connection) == (Decimal("0.25"), Decimal("0.5"))


def test_the_caps_in_use_are_listed_nearest_to_their_end_first(connection: psycopg.Connection) -> None:
    """What `app budget show` prints: present windows only."""
    admit(connection, [ask(0.5)], [cap(1.0), cap(0.6, scope="user", subject="ada")])

    windows = budgets.current(connection)

    assert [window.who for window in windows] == ["user 'ada' of tenant 'acme'", "tenant 'acme'"]
    assert windows[0].reserved_usd == Decimal("0.5")
