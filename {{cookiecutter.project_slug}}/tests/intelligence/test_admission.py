"""Admission: which rules hold for whom, what a refusal says, and the promises over processes, crashes and outages."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.caller import Caller
from app.data import postgres, store
from app.data.budgets import Cap, worst
from app.data.limits import Limit
from app.errors import BudgetExceededError, ConfigurationError, InputError, RateLimitedError, StoreUnavailableError
from app.intelligence.admission import Admission, CapRule, LimitRule, Rules, applicable, worst_case
from app.intelligence.ask import Ask, Outcome
from tests.data.admissions import set_clock
from tests.intelligence import admitting
from tests.intelligence.waiting import until

ADA = Caller("acme", "ada", session="s1")
DAY = CapRule("tenant", "day", 1.0)
NOWHERE = "postgresql://app@127.0.0.1:1/app"

Open = Callable[[Rules, str], Admission]


def ask(
    usd: float | None = 0.1, *, caller: Caller = ADA, tokens: tuple[int, int] = (60, 40), task: str = "answer"
) -> Ask:
    return Ask(uuid4(), caller, task, usd, *tokens)


@pytest.fixture
async def open_admission(tmp_path: Path) -> AsyncIterator[Open]:
    async with AsyncExitStack() as stack:

        def make(rules: Rules, url: str) -> Admission:
            admission = Admission(rules, url, tmp_path / "settlements")
            stack.push_async_callback(admission.close)
            admission.start()
            return admission

        yield make


def spent(url: str, tenant: str = "acme") -> tuple[float, float]:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT sum(settled_usd)::float, sum(reserved_usd)::float FROM app.budget_windows WHERE tenant = %s",
            [tenant],
        ).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.feature("G7")
def test_the_most_specific_rule_of_a_kind_holds() -> None:
    """One cap for each scope and period: a named user goes before a named tenant before everybody."""
    rules = Rules(
        caps=(
            CapRule("user", "day", 1.0),
            CapRule("user", "day", 3.0, tenant="acme", subject="ada"),
            CapRule("user", "day", 2.0, tenant="acme"),
            CapRule("tenant", "month", 90.0, tenant="other"),
            CapRule("task", "hour", 4.0, subject="answer"),
            CapRule("all", "month", 500.0),
        ),
        limits=(LimitRule("session", requests=5), LimitRule("tenant", tokens=9, tenant="other")),
    )

    caps, limits = applicable(rules, ADA, "answer")

    assert caps == (
        Cap("user", "acme", "ada", "day", 3.0),
        Cap("task", "", "answer", "hour", 4.0),
        Cap("all", "", "", "month", 500.0),
    )
    assert limits == (Limit("session", "acme", "s1", 5, None),)
    assert applicable(rules, Caller("acme", "bob"), "route") == (
        (Cap("user", "acme", "bob", "day", 2.0), Cap("all", "", "", "month", 500.0)),
        (),
    )


@pytest.mark.parametrize("usd", [-1.0, float("inf"), float("nan")])
def test_a_cap_that_could_not_hold_is_refused(usd: float) -> None:
    """An infinite one would be none at all."""
    with pytest.raises(ConfigurationError, match="cannot hold"):
        CapRule("tenant", "day", usd)


@pytest.mark.feature("G7")
@given(st.floats(0, 1e6, allow_nan=False))
def test_a_reservation_is_never_less_than_the_worst_case(usd: float) -> None:
    """It is rounded up by less than a billionth of a dollar, as exactly as the number itself is."""
    assert usd * (1 - 1e-15) <= worst(usd) <= usd * (1 + 1e-15) + 1e-9


@pytest.mark.feature("G7")
@pytest.mark.parametrize(
    ("tokens", "message"),
    [((10, 51), "task 'answer' may write 50 tokens, 51 were asked"), ((60, 41), "needs up to 101 tokens, 100")],
    ids=["output cap of the task", "token budget of a request"],
)
async def test_size_is_checked_before_anything_is_asked(
    open_admission: Open, tokens: tuple[int, int], message: str
) -> None:
    """Output cap and token budget need no database, and are not worth a retry."""
    admission = open_admission(Rules(caps=(DAY,), tokens_per_request=100, output_tokens={"answer": 50}), NOWHERE)

    with pytest.raises(BudgetExceededError, match=message):
        await admission.admit(ask(tokens=tokens))


@pytest.mark.feature("G7")
def test_an_unknown_price_is_refused_where_a_cap_holds() -> None:
    """Unless the policy allows it; without a cap nobody asks. A price that is no number is refused everywhere."""
    cap = Cap("tenant", "acme", "", "day", 1.0)
    with pytest.raises(BudgetExceededError, match="no price is known for the model of task 'answer'"):
        worst_case(Rules(), ask(None), [cap])

    assert worst_case(Rules(), ask(None), []) == 0.0
    assert worst_case(Rules(unknown_price="allow"), ask(None), [cap]) == 0.0
    with pytest.raises(InputError, match="cannot cost nan"):
        worst_case(Rules(), ask(float("nan")), [cap])


@pytest.mark.feature("G7")
async def test_a_refusal_names_the_cap_its_amount_and_its_end(open_admission: Open, database_url: str) -> None:
    """One line; settling to less than was reserved makes room again."""
    admission = open_admission(Rules(caps=(DAY,)), database_url)
    reservation = await admission.admit(ask(0.7))

    with pytest.raises(BudgetExceededError) as refused:
        await admission.admit(ask(0.5))
    admission.settle(reservation, Outcome(0.2, 30))
    await admission.flush()
    await admission.admit(ask(0.5))

    assert "the day's budget of tenant 'acme' is used up: 0.7 of 1 USD are spent or reserved" in str(refused.value)
    assert "this call may cost 0.5; the next day begins at 20" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert spent(database_url) == pytest.approx((0.2, 0.5))


@pytest.mark.feature("I2")
async def test_a_rate_limit_says_how_long_to_wait(open_admission: Open, database_url: str) -> None:
    """The error carries the seconds, the reservation the rates; what no minute has room for is refused for good."""
    admission = open_admission(Rules(limits=(LimitRule("user", requests=2, tokens=250),)), database_url)
    await admission.admit(ask())
    reservation = await admission.admit(ask())

    with pytest.raises(RateLimitedError, match="user 'ada' used 2 of 2 requests a minute: try again in") as refused:
        await admission.admit(ask())
    with pytest.raises(BudgetExceededError, match="needs up to 300 tokens, user 'ada' has 250 a minute"):
        await admission.admit(ask(tokens=(200, 100)))

    assert 55 < refused.value.retry_after_s <= 60
    assert [(rate.requests, rate.tokens) for rate in reservation.rates] == [(2, 200)]


@pytest.mark.reliability("token limit")
@pytest.mark.feature("I2")
async def test_tokens_are_counted_as_they_were_used(open_admission: Open, database_url: str) -> None:
    """A reservation of the worst case gives back what was not used once it is settled."""
    admission = open_admission(Rules(limits=(LimitRule("tenant", tokens=150),)), database_url)
    reservation = await admission.admit(ask())
    with pytest.raises(RateLimitedError, match="used 100 of 150 tokens a minute and this request may need 100"):
        await admission.admit(ask())

    admission.settle(reservation, Outcome(0.0, 20))
    await admission.flush()

    assert [rate.tokens for rate in (await admission.admit(ask())).rates] == [120]


@pytest.mark.reliability("stuck cap")
@pytest.mark.feature("G7")
async def test_a_new_window_admits_within_a_second(open_admission: Open, database_url: str) -> None:
    """A used up hour refuses; the first call after its edge goes at once, in the same process."""
    admission = open_admission(Rules(caps=(CapRule("tenant", "hour", 1.0),)), database_url)
    with psycopg.connect(database_url, autocommit=True) as connection:
        set_clock(connection, "2030-01-01T12:59:59Z")
        await admission.admit(ask(1.0))
        with pytest.raises(BudgetExceededError, match="begins at 2030-01-01T13:00:00Z"):
            await admission.admit(ask(1.0))
        set_clock(connection, "2030-01-01T13:00:00Z")

    started = time.perf_counter()
    await admission.admit(ask(1.0))

    assert time.perf_counter() - started < 1.0


@pytest.mark.feature("G7")
async def test_a_caller_who_leaves_while_asking_holds_nothing(open_admission: Open, database_url: str) -> None:
    """Cancelled before the verdict came: what was reserved is given back."""
    admission = open_admission(Rules(caps=(DAY,)), database_url)
    await admission.admit(ask(0.1))
    leaving = [asyncio.create_task(admission.admit(ask(0.3))) for _ in range(3)]
    await asyncio.sleep(0)
    for task in leaving:
        task.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)

    await admission.admit(ask(0.0))
    await admission.flush()

    assert spent(database_url) == pytest.approx((0.0, 0.1))


@pytest.mark.feature("G7")
async def test_no_rule_no_database(open_admission: Open) -> None:
    """A call that no cap and no limit concerns goes without asking anybody."""
    admission = open_admission(Rules(caps=(replace(DAY, tenant="other"),)), NOWHERE)

    reservation = await admission.admit(ask(None))
    admission.settle(reservation, Outcome(0.3))

    assert not reservation.held


def rounds(url: str, folder: Path, *, number: int) -> list[int]:
    """How many of 64 concurrent calls of two processes were admitted under a cap for ten, round by round."""
    processes = [admitting.spawn(url, folder, {"caps": [["tenant", "day", 1.0]]}) for _ in range(2)]
    admitted = []
    for turn in range(number):
        admitting.tell(processes[0], f"tenant{turn} 1 0.0 held")  # making the window would put the others in a row
        admitting.hear(processes[0])
        for process in processes:
            admitting.tell(process, f"tenant{turn} 32 0.1 {'held' if turn % 2 else 0.05}")
        admitted.append(sum(map(admitting.hear, processes)))
    for process in processes:
        admitting.end(process)
    return admitted


def overshoot(url: str) -> float:
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT max(settled_usd + reserved_usd - cap_usd) FROM app.budget_windows").fetchone()
    assert row is not None
    return float(row[0])


def check_rounds(admitted: list[int], url: str, turns: int) -> None:
    """Held reservations let exactly ten go; settled ones may let more go, as they make room, and never too many."""
    assert admitted[1::2] == [10] * (turns // 2)
    assert overshoot(url) <= 0


@pytest.mark.reliability("budget race")
@pytest.mark.feature("G7")
def test_a_cap_holds_under_concurrency_over_processes(database_url: str, tmp_path: Path) -> None:
    """64 concurrent calls from two processes, a cap for ten: ten admitted, nothing over."""
    check_rounds(rounds(database_url, tmp_path, number=10), database_url, 10)


@pytest.mark.reliability("budget race")
@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.feature("G7")
def test_soak_a_cap_holds_under_concurrency_over_processes(database_url: str, tmp_path: Path) -> None:
    """The same for a hundred rounds."""
    check_rounds(rounds(database_url, tmp_path, number=100), database_url, 100)


@pytest.mark.reliability("multiplied limits")
@pytest.mark.feature("I2")
def test_a_limit_is_one_limit_over_four_processes(database_url: str, tmp_path: Path) -> None:
    """A hundred a minute, four replicas that each try sixty at once: exactly a hundred admitted."""
    processes = [admitting.spawn(database_url, tmp_path, {"requests": 100}) for _ in range(4)]
    admitting.tell(processes[0], "acme 1 0.0 held")
    admitted = admitting.hear(processes[0])
    for process in processes:
        admitting.tell(process, "acme 60 0.0 held")

    admitted += sum(map(admitting.hear, processes))

    for process in processes:
        admitting.end(process)
    assert admitted == 100


@pytest.mark.feature("G7")
async def test_a_killed_process_loses_no_settlement_and_its_calls_end(database_url: str, tmp_path: Path) -> None:
    """Calls settled before the kill are charged what they cost, by whoever starts next on the folder; calls under way
    are charged their worst case when their lease is over."""
    process = admitting.spawn(database_url, tmp_path, {"caps": [["tenant", "day", 10.0]]})
    admitting.tell(process, "acme 20 0.1 0.01")
    admitting.tell(process, "acme 5 0.1 held")
    assert admitting.hear(process) + admitting.hear(process) == 25
    process.kill()
    admitting.end(process)

    next_one = Admission(Rules(caps=(DAY,)), database_url, tmp_path)
    next_one.start()
    await until(lambda: spent(database_url)[1] < 0.5 + 1e-9)
    assert spent(database_url) == pytest.approx((0.2, 0.5))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("UPDATE app.reservations SET lease_until = now() - interval '1 s' WHERE state = 'held'")

    assert await next_one.expire() == 5
    await next_one.close()
    assert spent(database_url) == pytest.approx((0.7, 0.0))


@pytest.mark.feature("G7")
async def test_without_a_database_the_closed_policy_refuses_at_once(open_admission: Open) -> None:
    """Every call under a cap is refused with an error that can be told, and after the first they do not wait."""
    admission = open_admission(Rules(caps=(DAY,)), NOWHERE)

    started = time.perf_counter()
    for _ in range(50):
        with pytest.raises(StoreUnavailableError, match=r"admission\.store_away is closed"):
            await admission.admit(ask())

    assert time.perf_counter() - started < 1.0


@pytest.mark.feature("G7")
async def test_a_database_that_hangs_is_not_waited_for(open_admission: Open, database_url: str) -> None:
    """Its process stands still and confirms nothing: the call is refused after `timeout_s`, the next ones at once, and
    once it moves again they go."""
    admission = open_admission(Rules(caps=(DAY,), timeout_s=0.3), database_url)
    await admission.admit(ask(0.1))
    with psycopg.connect(database_url, autocommit=True) as connection:
        rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE query LIKE 'SELECT app.admit%'").fetchall()
    ((pid,),) = rows
    started = time.perf_counter()
    os.kill(pid, signal.SIGSTOP)
    try:
        for _ in range(5):
            with pytest.raises(StoreUnavailableError, match=r"no answer within 0\.3 s"):
                await admission.admit(ask(0.1))
    finally:
        os.kill(pid, signal.SIGCONT)

    assert time.perf_counter() - started < 1.0
    await asyncio.sleep(0.6)
    await admission.admit(ask(0.1))


@pytest.mark.feature("G7")
async def test_a_cost_that_is_no_number_is_charged_at_the_worst_case(open_admission: Open, database_url: str) -> None:
    """So is one that nobody knows: settling never fails a call that has its reply, and never gives money away."""
    admission = open_admission(Rules(caps=(DAY,)), database_url)
    for usd in (float("nan"), -5.0, None):
        admission.settle(await admission.admit(ask(0.25)), Outcome(usd, None))

    await admission.flush()

    assert spent(database_url) == pytest.approx((0.75, 0.0))


@pytest.mark.reliability("multiplied limits")
@pytest.mark.slow
@pytest.mark.feature("G7")
async def test_with_the_store_stopped_the_policy_holds_and_nothing_is_lost(tmp_path: Path) -> None:
    """Running, stopped, running again: closed refuses, open lets go; what was used meanwhile is entered afterwards."""
    server = tmp_path / "server"
    server.mkdir(mode=0o711)
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(0o711)
    url = postgres.start(server)
    try:
        store.migrate(url)
        rules = Rules(caps=(CapRule("tenant", "month", 10.0),), timeout_s=1.0)
        closed = Admission(rules, url, tmp_path / "closed")
        opened = Admission(replace(rules, store_away="open"), url, tmp_path / "open")
        closed.start()
        opened.start()
        held = await closed.admit(ask(0.5))
        await opened.admit(ask(0.5))

        postgres.stop(server)
        closed.settle(held, Outcome(0.25, 10))
        for _ in range(20):
            with pytest.raises(StoreUnavailableError, match="closed"):
                await closed.admit(ask(0.5))
            opened.settle(await opened.admit(ask(0.5)), Outcome(0.125, 10))

        postgres.start(server)
        await until(lambda: spent(url)[0] > 20 * 0.125 + 0.25 - 1e-9)
        await asyncio.sleep(0.5)  # a server that was dead is asked again half a second later
        await closed.admit(ask(0.5))
        assert spent(url) == pytest.approx((20 * 0.125 + 0.25, 1.0))
        await closed.close()
        await opened.close()
    finally:
        postgres.stop(server)


@pytest.mark.feature("G7")
async def test_a_broken_connection_costs_no_call(open_admission: Open, database_url: str) -> None:
    """The server closed our connections: the next call is admitted all the same, and counted once."""
    admission = open_admission(Rules(caps=(DAY,)), database_url)
    await admission.admit(ask(0.1))
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    await asyncio.gather(*(admission.admit(ask(0.1)) for _ in range(5)))

    assert spent(database_url) == pytest.approx((0.0, 0.6))
