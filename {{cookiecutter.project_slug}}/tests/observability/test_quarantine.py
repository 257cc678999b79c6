"""Flaky cases leave the gate for a time: with a reason, an owner and an end, and never many of them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.observability.evaluation.baseline import baseline_of
from app.observability.evaluation.case import Case
from app.observability.evaluation.gate import judge
from app.observability.evaluation.output import Output
from app.observability.evaluation.precision import cases_needed, precision
from app.observability.evaluation.quarantine import Quarantine, Quarantined, load_quarantine
from app.observability.evaluation.repeats import merged
from app.observability.evaluation.result import SuiteResult, load, save
from app.observability.evaluation.runner import run
from app.observability.evaluation.success import Success
from app.observability.evaluation.suites import classification_suite
from app.observability.evaluation.verdict import Verdict
from tests.observability.evaluations import tickets

pytestmark = pytest.mark.feature("E7")

TODAY = date(2026, 6, 1)
LOW = Success.model_validate({"suites": {"classification": {"min_cases": 30, "metrics": {"accuracy": {"min": 0.5}}}}})


def held(*names: str, until: date = date(2026, 7, 1)) -> Quarantine:
    """These cases in quarantine."""
    entry = Quarantined(reason="two labels are right here", owner="ada", until=until)
    return {"classification": dict.fromkeys(names, entry)}


async def measured(*, flaky: str | None = "t-007", quarantine: Quarantine, count: int = 40) -> SuiteResult:
    """All right but the flaky case, which raises."""

    async def solve(case: Case) -> Output:
        if case.id == flaky:
            raise RuntimeError("not today")
        return Output(str(case.expected["label"]), cost_usd=0.0)

    names = quarantine.get("classification", {})
    return await run(classification_suite(tickets(count), solve), quarantined=names)


def gate(
    found: SuiteResult, quarantine: Quarantine, success: Success = LOW, baseline: SuiteResult | None = None
) -> Verdict:
    approved = {"classification": baseline_of(baseline or found)}
    return judge([found], success, approved, quarantine=quarantine, today=TODAY)


async def test_a_quarantined_case_is_shown_and_does_not_block(tmp_path: Path) -> None:
    """Its error is kept with it, the metric leaves it out, the note says why; a saved result says the same."""
    quarantine = held("t-007")
    found = await measured(quarantine=quarantine)

    verdict = gate(found, quarantine)

    assert verdict.green
    assert found.metrics["accuracy"].n == 39
    assert next(case.error for case in found.cases if case.id == "t-007")
    assert "t-007 is in quarantine until 2026-07-01 (ada): two labels are right here" in verdict.notes[0]
    assert load(save(found, tmp_path)) == found


async def test_without_quarantine_the_same_case_is_red() -> None:
    """So it is the quarantine that lets it pass."""
    whole = await measured(quarantine={}, flaky=None)
    verdict = gate(await measured(quarantine={}), {}, baseline=whole)
    assert any("1 of 40 cases errored: t-007" in reason for reason in verdict.reasons)


async def test_what_is_wrong_with_a_quarantine_is_red() -> None:
    """Past its end, too far ahead, of nobody, too many."""
    for quarantine, told in (
        (held("t-007", until=date(2026, 5, 31)), "ended on 2026-05-31 (owner ada)"),
        (held("t-007", until=date(2027, 5, 31)), "92 days ahead is the most"),
        (held("t-999"), "t-999 is in quarantine and no case"),
        (held("t-001", "t-002", "t-003"), "3 of 40 cases are in quarantine: 5% is the most"),
    ):
        found = await measured(quarantine=quarantine, flaky=None)
        verdict = gate(found, quarantine)
        assert not verdict.green
        assert told in verdict.reasons[0]


def test_the_file_is_strict(tmp_path: Path, project_root: Path) -> None:
    """No file is no quarantine; a reason, an owner and an end are needed; the project's own file is read."""
    assert load_quarantine(tmp_path / "none.yaml") == {}
    path = tmp_path / "quarantine.yaml"
    for text in ("a: {b: {reason: short, owner: x, until: 2026-01-01}}", "a: {b: {owner: x}}", "[1]", "a: ["):
        path.write_text(text)
        with pytest.raises(ConfigurationError, match=r"quarantine\.yaml"):
            load_quarantine(path)
    assert load_quarantine(project_root / "evals" / "quarantine.yaml") == {}


async def test_a_suite_too_small_to_tell_says_so() -> None:
    """With how many cases would be enough."""
    narrow = Success.model_validate(
        {
            "suites": {
                "classification": {
                    "min_cases": 1,
                    "metrics": {"accuracy": {"min": 0}},
                    "half_width": {"accuracy": 0.05},
                }
            }
        }
    )
    few = await measured(quarantine={}, flaky=None, count=20)
    many = await measured(quarantine={}, flaky=None, count=240)
    assert "too small to tell: accuracy 1 rests on 20 cases" in gate(few, {}, narrow).reasons[0]
    assert gate(many, {}, narrow).green


def test_the_interval_is_wilsons() -> None:
    """Known values, and the least number of cases for a width."""
    found = precision(0.9, 100)
    assert (round(found.low, 4), round(found.high, 4)) == (0.8256, 0.9448)
    assert precision(0.5, 0).half_width == 0.5
    assert precision(1.0, 10).high == pytest.approx(1.0)
    needed = cases_needed(0.5, 0.05)
    assert precision(0.5, needed).half_width <= 0.05 < precision(0.5, needed - 1).half_width
    assert precision(0.5, 240).finds == pytest.approx(0.0718, abs=0.001)


async def test_repeats_are_means_and_name_what_is_not_stable() -> None:
    """A case right every other time scores a half."""
    asked: dict[str, int] = {}

    async def solve(case: Case) -> Output:
        asked[case.id] = asked.get(case.id, 0) + 1
        wrong = case.id == "t-003" and asked[case.id] % 2
        return Output("other" if wrong else str(case.expected["label"]), cost_usd=0.0)

    suite = classification_suite(tickets(10), solve)
    found = merged(suite, [await run(suite) for _ in range(4)])
    assert found.unstable == ("t-003",)
    assert found.repeats == 4
    assert next(case.scores["label"] for case in found.cases if case.id == "t-003").value == 0.5
    assert found.metrics["accuracy"].value == pytest.approx(0.95)
