"""The evaluation gate is red when it must be: each way to cheat or break it, and the exact reason it gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import InputError
from app.observability.evaluation.baseline import Baseline, baseline_of, load_baseline, save_baseline
from app.observability.evaluation.case import Case
from app.observability.evaluation.gate import judge
from app.observability.evaluation.output import Output, Score
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.runner import run
from app.observability.evaluation.success import Success
from app.observability.evaluation.suite import Suite
from app.observability.evaluation.suites import classification_suite
from app.observability.evaluation.verdict import Verdict
from tests.observability.evaluations import classified, tickets

pytestmark = pytest.mark.feature("E7")

CRITERIA = Success.model_validate(
    {
        "suites": {
            "classification": {
                "min_cases": 240,
                "metrics": {"accuracy": {"min": 0.6}},
                "slices": {"accuracy": {"edge": {"min": 0.5}}},
            }
        },
        "service": {
            "p95_latency_ms": {"max": 100, "measured_by": "classification"},
            "satisfaction": {"min": 0.8, "measured_by": "production"},
        },
    }
)


@pytest.fixture
async def approved() -> Baseline:
    """24 of 240 cases wrong: 0.9."""
    return baseline_of(await classified(wrong=range(24)))


def gate(result: SuiteResult, baseline: Baseline | None) -> Verdict:
    return judge([result], CRITERIA, {"classification": baseline} if baseline else {})


async def test_the_same_scores_are_green(approved: Baseline) -> None:
    """Nothing changed: no reason, no flip, no note."""
    verdict = gate(await classified(wrong=range(24)), approved)
    assert verdict.green
    assert (verdict.reasons, verdict.flipped, verdict.notes) == ((), (), ())
    assert verdict.summary().startswith("evaluation gate: green\n  classification: accuracy 0.9")


async def test_three_flips_of_240_are_noise(approved: Baseline) -> None:
    """Green, and the three cases are named all the same."""
    verdict = gate(await classified(wrong=range(27)), approved)
    assert verdict.green
    assert [flip.case for flip in verdict.flipped] == ["t-024", "t-025", "t-026"]
    assert "within noise" in verdict.notes[0]
    assert "lost t-024 (accuracy 1 -> 0)" in verdict.summary()


async def test_twenty_flips_of_240_are_a_regression(approved: Baseline) -> None:
    """Red although the metric is far above its floor."""
    verdict = gate(await classified(wrong=range(44)), approved)
    assert not verdict.green
    assert len(verdict.flipped) == 20
    [reason] = verdict.reasons
    assert "accuracy went from 0.9000 to 0.8167" in reason
    assert "a regression beyond noise, lost t-024, t-025, t-026, t-027, t-028 and 15 more" in reason


async def test_twenty_lost_and_twenty_won_are_no_regression(approved: Baseline) -> None:
    """Many flips both ways leave the quality where it was; they are listed for the reviewer."""
    verdict = gate(await classified(wrong=[*range(4), *range(24, 44)]), approved)
    assert verdict.green
    assert len(verdict.flipped) == 40


async def test_an_improvement_is_green(approved: Baseline) -> None:
    """More right answers need no approval to pass."""
    verdict = gate(await classified(), approved)
    assert verdict.green
    assert "no regression" in verdict.notes[0]


async def test_an_empty_dataset_is_red(approved: Baseline) -> None:
    """No case, no verdict: not even a perfect one."""
    verdict = gate(await classified([]), approved)
    assert not verdict.green
    assert "classification: 0 cases ran, at least 240 are required" in verdict.reasons
    assert "classification: accuracy is required and no case has a score for it" in verdict.reasons


def test_nothing_evaluated_is_red() -> None:
    """No result at all is not a pass, even when nothing is required."""
    assert judge([], CRITERIA, {}).reasons == ("classification: was not run",)
    assert judge([], CRITERIA, {}, required=()).reasons == ("nothing was evaluated",)


async def test_one_answer_for_every_case_is_red() -> None:
    """Also when the criteria are so low that it would pass them."""
    result = await classified(answer=lambda case: "billing")
    low = Success.model_validate(
        {"suites": {"classification": {"min_cases": 1, "metrics": {"accuracy": {"min": 0.1}}}}}
    )
    verdict = judge([result], low, {"classification": baseline_of(result)})
    assert verdict.reasons == ("classification: every case got the same answer 'billing'",)


async def test_an_errored_case_is_red(approved: Baseline) -> None:
    """One case of 240 whose solver raised."""

    async def solve(case: Case) -> Output:
        if case.id == "t-100":
            raise RuntimeError("no route")
        return Output(str(case.expected["label"]), cost_usd=0.0)

    verdict = gate(await run(classification_suite(tickets(), solve)), approved)
    assert verdict.reasons == ("classification: 1 of 240 cases errored: t-100 (solver: RuntimeError: no route)",)


async def test_a_scorer_that_raises_is_red(approved: Baseline) -> None:
    """Its cases count as errored, not as unscored."""

    class Broken:
        name = "label"

        def __call__(self, case: Case, output: Output) -> Score:
            raise ZeroDivisionError("no words")

    async def solve(case: Case) -> Output:
        return Output(str(case.expected["label"]))

    whole = classification_suite(tickets(), solve)
    verdict = gate(await run(Suite(whole.name, whole.cases, solve, (Broken(),), whole.metrics)), approved)
    assert not verdict.green
    assert "240 of 240 cases errored: t-000 (scorer label: ZeroDivisionError: no words)" in verdict.reasons[0]


async def test_a_missing_baseline_is_red_and_says_what_to_do() -> None:
    """A gate with nothing to compare with does not pass quietly."""
    [reason] = gate(await classified(), None).reasons
    assert reason == (
        "classification: there is no baseline to compare with: "
        "approve one with `app eval --update-baseline` and commit it"
    )


async def test_too_few_cases_are_red(approved: Baseline) -> None:
    """Dropping the hard cases raises the score and turns the gate red twice over."""
    verdict = gate(await classified(tickets()[24:]), approved)
    assert "classification: 216 cases ran, at least 240 are required" in verdict.reasons
    assert any("24 cases of the baseline are missing (t-000, " in reason for reason in verdict.reasons)


async def test_an_edited_case_is_red_until_approved(approved: Baseline) -> None:
    """Changing what is expected of a wrong answer does not make it right unseen."""
    cases = tickets()
    cases[0] = Case(cases[0].id, cases[0].inputs, {"label": "other"}, cases[0].slice)
    result = await classified(cases, wrong=range(24))
    [reason] = gate(result, approved).reasons
    assert "1 cases of the baseline are edited (t-000)" in reason
    assert gate(result, baseline_of(result)).green


async def test_new_cases_are_noted(approved: Baseline) -> None:
    """Adding cases is always welcome."""
    verdict = gate(await classified(tickets(250), wrong=range(24)), approved)
    assert verdict.green
    assert "10 cases are new" in verdict.notes[0]


async def test_a_bad_slice_is_red_whatever_the_mean(approved: Baseline) -> None:
    """All edge cases wrong leave the mean at 0.75, above its floor."""
    verdict = gate(await classified(wrong=range(3, 240, 4)), None)
    assert "classification: accuracy of slice 'edge' 0 is below 0.5" in verdict.reasons
    assert not any("accuracy 0.75" in reason for reason in verdict.reasons)


async def test_a_metric_below_its_floor_is_red() -> None:
    """Also when the baseline was as bad."""
    result = await classified(wrong=range(120))
    assert "classification: accuracy 0.5 is below 0.6" in gate(result, baseline_of(result)).reasons


async def test_a_suite_without_the_required_metric_or_criteria_is_red(approved: Baseline) -> None:
    """A renamed metric or suite does not escape its criterion."""
    result = await classified()
    bare = SuiteResult("classification", "x", result.started_at, 1.0, result.cases, {})
    assert "accuracy is required and the suite does not measure it" in gate(bare, approved).reasons[0]
    renamed = SuiteResult("tickets", "x", result.started_at, 1.0, result.cases, result.metrics)
    assert judge([renamed], CRITERIA, {}).reasons == (
        "classification: was not run",
        "tickets: has no criteria: add suites.tickets to config/success.yaml",
    )


async def test_a_slow_service_is_red_and_a_reused_run_says_it_did_not_measure(approved: Baseline) -> None:
    """Time is judged by fresh replies; with none there is a note, not a pass in silence."""
    strict = CRITERIA.model_copy(
        update={
            "service": Success.model_validate(
                {
                    "suites": {"classification": {"min_cases": 1, "metrics": {"a": {"min": 0}}}},
                    "service": {"p95_latency_ms": {"max": 5, "measured_by": "classification"}},
                }
            ).service
        }
    )
    slow = judge([await classified(wrong=range(24))], strict, {"classification": approved})
    assert slow.reasons == ("classification: p95_latency_ms 10 is above 5",)
    reused = judge([await classified(wrong=range(24), cached=True)], strict, {"classification": approved})
    assert reused.green
    assert reused.notes == ("classification: p95_latency_ms was not measured, every reply was reused",)


async def test_a_baseline_is_a_reviewable_file(approved: Baseline, tmp_path: Path) -> None:
    """One line a case, sorted; read back as written; a broken run cannot become one."""
    path = save_baseline(approved, tmp_path)
    assert load_baseline(tmp_path, "classification") == approved
    lines = [line for line in path.read_text().splitlines() if '"t-' in line]
    assert len(lines) == 240
    assert lines == sorted(lines)
    assert load_baseline(tmp_path, "rag") is None
    path.write_text('{"suite": "classification"}')
    with pytest.raises(InputError, match="is no baseline"):
        load_baseline(tmp_path, "classification")
    with pytest.raises(InputError, match="nothing to approve"):
        baseline_of(await classified([]))
    with pytest.raises(InputError, match="a baseline needs a whole run"):
        baseline_of(await classified(answer=lambda case: case.inputs["missing"]))
