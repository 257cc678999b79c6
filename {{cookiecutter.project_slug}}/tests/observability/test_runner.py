"""Running a suite: everything at once, each failure kept with its case, results that can be saved."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path

import pytest

from app.errors import InputError
from app.observability.evaluation.case import Case
from app.observability.evaluation.metrics import mean
from app.observability.evaluation.output import Output, Score
from app.observability.evaluation.result import load, save
from app.observability.evaluation.runner import Progress, run
from app.observability.evaluation.suite import Suite
from app.observability.evaluation.suites import classification_suite
from tests.observability.evaluations import answered, classified, tickets


@pytest.mark.feature("E2")
async def test_a_suite_gives_accuracy_over_all_and_by_slice() -> None:
    """240 cases, 24 of them wrong, half of those in one slice."""
    result = await classified(wrong=range(24))
    accuracy = result.metrics["accuracy"]
    assert (accuracy.value, accuracy.n) == (0.9, 240)
    assert accuracy.by_slice == {"common": 162 / 180, "edge": 54 / 60}
    assert [case.id for case in result.cases] == [case.id for case in tickets()]
    assert result.prompt_version == 2


async def test_cases_run_concurrently_and_within_the_limit() -> None:
    """40 cases of 50 ms at 20 at a time take two rounds."""
    running, most = 0, 0

    async def solve(case: Case) -> Output:
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0.05)
        running -= 1
        return Output("billing")

    started = time.perf_counter()
    await run(classification_suite(tickets(40), solve), at_once=20)
    assert most == 20
    assert time.perf_counter() - started < 0.6


@pytest.mark.feature("E7")
async def test_a_failing_case_keeps_its_error_and_stops_nobody() -> None:
    """Solver and scorer errors, whatever their class, and a case that hangs are kept by name."""

    async def solve(case: Case) -> Output:
        if case.id == "t-000":
            raise KeyError("no such label")
        if case.id == "t-001":
            await asyncio.sleep(10)
        return Output("billing")

    class Strict:
        name = "strict"

        def __call__(self, case: Case, output: Output) -> Score:
            if case.id == "t-002":
                raise ValueError("cannot judge")
            return Score(2.0 if case.id == "t-003" else 1.0)

    suite = Suite("s", tickets(5), solve, (Strict(),), (mean("strict", of="strict"),))
    result = await run(suite, case_timeout_s=0.05)
    errors = {case.id: case.error for case in result.errors}
    assert errors == {
        "t-000": "solver: KeyError: 'no such label'",
        "t-001": "solver: TimeoutError",
        "t-002": "scorer strict: ValueError: cannot judge",
        "t-003": "scorer strict: ValueError: score 2.0 lies outside 0 to 1",
    }
    assert result.metrics["strict"].n == 1


async def test_a_scorer_may_be_a_coroutine() -> None:
    """A judging model needs to wait for its reply."""

    class Judge:
        name = "judge"

        async def __call__(self, case: Case, output: Output) -> Score | None:
            await asyncio.sleep(0)
            return Score(0.5, "so so")

    async def solve(case: Case) -> Output:
        return Output("x")

    result = await run(Suite("s", tickets(2), solve, (Judge(),), (mean("quality", of="judge"),)))
    assert result.metrics["quality"].value == 0.5


async def test_progress_tells_what_is_done_and_spent() -> None:
    """Reused replies cost nothing in this run."""
    seen: list[Progress] = []

    async def solve(case: Case) -> Output:
        return Output("billing", cost_usd=0.01, cached=case.id == "t-000")

    await run(classification_suite(tickets(3), solve), on_progress=seen.append)
    assert [progress.done for progress in seen] == [1, 2, 3]
    assert (seen[-1].total, seen[-1].reused, seen[-1].cost_usd) == (3, 1, 0.02)


async def test_cancelling_a_run_cancels_it() -> None:
    """Keeping errors must not keep a cancelled run alive."""

    async def solve(case: Case) -> Output:
        await asyncio.sleep(10)
        return Output("x")

    task = asyncio.create_task(run(classification_suite(tickets(3), solve)))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.feature("E3")
@pytest.mark.parametrize(
    ("text", "abstained", "expected"),
    [
        ("Refunds are possible within 14 days. [1]", False, (1.0, 1.0, 1.0)),
        ("Refunds are possible within 30 days. [1]", False, (0.0, 0.0, 1.0)),
        ("Refunds are possible within 14 days. [2]", False, (0.0, 1.0, 1.0)),
        ("Refunds are possible within 14 days. [7]", False, (0.0, 1.0, 1.0)),
        ("Refunds are possible within 14 days.", False, (0.0, 1.0, 1.0)),
        ("Refunds within 14 days [1]. The team plan costs 90 euro [2].", False, (0.5, 1.0, 1.0)),
        ("I could not find this.", True, (None, 0.0, 0.0)),
    ],
    ids=["right", "wrong number", "wrong source", "no such source", "no citation", "half", "declined"],
)
async def test_answers_over_documents_are_scored(text: str, abstained: bool, expected: tuple) -> None:
    """Citations are checked against the passage they name, facts and abstention against the case."""
    metrics = (await answered(text, abstained=abstained)).metrics
    names = ("citation_precision", "answer_contains", "abstention_accuracy")
    assert tuple(metrics[name].value for name in names) == expected
    assert metrics["retrieval_recall_at_5"].value == 1.0


async def test_time_and_cost_leave_reused_replies_out() -> None:
    """A reply out of the cache says nothing about how long or how dear an interaction is."""
    fresh, reused = await classified(), await classified(cached=True)
    assert fresh.metrics["p95_latency_ms"].value == 10.0
    assert fresh.metrics["cost_per_interaction_usd"].value == pytest.approx(0.001)
    assert reused.metrics["p95_latency_ms"].value is None
    assert reused.metrics["p95_latency_ms"].reused


async def test_one_unknown_price_leaves_the_cost_unknown() -> None:
    """The mean of the known ones would flatter."""

    async def solve(case: Case) -> Output:
        return Output("billing", cost_usd=None if case.id == "t-001" else 0.1)

    result = await run(classification_suite(tickets(3), solve))
    assert result.metrics["cost_per_interaction_usd"].value is None


async def test_a_result_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    """Sources, scores and metrics survive the file; its name is suite and label."""
    result = await answered("Refunds are possible within 14 days. [1]")
    path = save(result, tmp_path)
    assert path.name == "rag@answer@1.json"
    assert load(path) == result


async def test_an_altered_result_is_refused(tmp_path: Path) -> None:
    """A score edited by hand is noticed, and so is a file that is no result."""
    path = save(await classified(wrong=[0]), tmp_path)
    document = json.loads(path.read_text())
    document["cases"][0]["scores"]["label"]["value"] = 1.0
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match="was changed after it was written"):
        load(path)
    path.write_text("[]")
    with pytest.raises(InputError, match="is no evaluation result"):
        load(path)


async def test_the_content_hash_ignores_circumstances() -> None:
    """Reused or fresh, the same answers have the same hash; another answer has another."""
    assert (await classified()).content_hash == (await classified(cached=True)).content_hash
    assert (await classified()).content_hash != (await classified(wrong=[0])).content_hash
