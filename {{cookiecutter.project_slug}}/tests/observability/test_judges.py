"""A judge is held against people; it may block only as it was then, and only where it agreed."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from app.errors import InputError
from app.observability.evaluation.agreement import Pair, agreement, cohens_kappa, position_bias
from app.observability.evaluation.baseline import baseline_of
from app.observability.evaluation.calibration import (
    Calibration,
    digest,
    load_calibrations,
    load_labels,
    save_calibration,
    why_unsure,
)
from app.observability.evaluation.case import Case
from app.observability.evaluation.gate import judge
from app.observability.evaluation.metrics import mean
from app.observability.evaluation.output import Output
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.runner import run
from app.observability.evaluation.scorers.judged import Judged, Opinion
from app.observability.evaluation.success import JudgeRule, Success
from app.observability.evaluation.suite import Suite
from tests.observability.evaluations import tickets

pytestmark = pytest.mark.feature("E6")

RULE = JudgeRule()
TODAY = date(2026, 6, 1)
GOOD = Calibration("judge@1", "a" * 64, "openai/gpt", "0" * 12, date(2026, 5, 1), 80, 0.95, 0.9, 0.8, 0.98, {}, {}, 0.0)
SUCCESS = Success.model_validate({"suites": {"answers": {"min_cases": 10, "metrics": {"judged": {"min": 0.9}}}}})


def pairs(*counts: tuple[str, str, int]) -> list[Pair]:
    """So many pairs of each kind."""
    return [(person, said) for person, said, count in counts for _ in range(count)]


def test_kappa_is_cohens() -> None:
    """A textbook table: 20, 5, 10, 15 gives 0.4."""
    assert cohens_kappa(pairs(("p", "p", 20), ("p", "f", 5), ("f", "p", 10), ("f", "f", 15))) == pytest.approx(0.4)
    assert cohens_kappa(pairs(("p", "p", 9))) is None
    assert cohens_kappa([]) is None


def test_a_judge_that_always_says_the_same_has_no_kappa_however_often_it_is_right() -> None:
    """Ninety per cent agreement by luck."""
    found = agreement(pairs(("pass", "pass", 90), ("fail", "pass", 10)), ["easy"] * 90 + ["hard"] * 10)
    assert (found.agreement, found.kappa, found.high) == (0.9, 0.0, 0.0)
    assert found.confusion == {"fail/pass": 10, "pass/pass": 90}
    assert found.by_slice == {"easy": 1.0, "hard": 0.0}


@pytest.mark.slow
def test_the_interval_covers_the_truth() -> None:
    """Of 60 judges who agree with kappa 0.6, the interval misses few; it is the same each time."""
    draw, covered = random.Random(1), 0
    for _ in range(60):
        people = [draw.choice(["pass", "fail"]) for _ in range(100)]
        said = [one if draw.random() < 0.6 else draw.choice(["pass", "fail"]) for one in people]
        found = agreement(list(zip(people, said, strict=True)))
        covered += bool(found.low is not None and found.high is not None and found.low <= 0.6 <= found.high)
    assert covered >= 52
    assert agreement(pairs(("p", "p", 8), ("f", "p", 2), ("f", "f", 9))) == agreement(
        pairs(("p", "p", 8), ("f", "p", 2), ("f", "f", 9))
    )


def test_position_bias_is_seen_when_places_change() -> None:
    """A judge that always takes the first place decides nothing."""
    always_first = position_bias([("first", "first")] * 10)
    assert (always_first.wins, always_first.losses, always_first.ties) == (0, 0, 10)
    assert (always_first.consistent, always_first.first_share) == (0.0, 1.0)
    fair = position_bias([("first", "second")] * 6 + [("second", "first")] * 3 + [("tie", "tie")])
    assert (fair.wins, fair.losses, fair.ties, fair.consistent, fair.first_share) == (6, 3, 1, 1.0, None)
    assert position_bias([]).n == 0


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (None, "is not calibrated"),
        (replace(GOOD, prompt_sha256="b" * 64), "was changed since"),
        (replace(GOOD, model="openai/other"), "was calibrated with openai/other"),
        (replace(GOOD, on=date(2025, 5, 1)), "more than 120 days ago"),
        (replace(GOOD, n=20), "20 labels, 50 are needed"),
        (replace(GOOD, low=0.4), "kappa 0.90, at least 0.40, 0.6 is needed"),
        (replace(GOOD, kappa=None, low=None), "no kappa"),
        (GOOD, None),
    ],
)
def test_who_may_block(found: Calibration | None, told: str | None) -> None:
    """Only a judge that agrees, as it was when that was seen, lately, over enough labels."""
    why = why_unsure(found, "judge@1", "a" * 64, "openai/gpt", RULE, TODAY)
    assert (why is None) == (told is None)
    assert told is None or told in str(why)


async def judged(passes: bool) -> SuiteResult:
    """Answers that a judge finds all good or all bad."""

    async def solve(case: Case) -> Output:
        return Output(str(case.expected["label"]), cost_usd=0.0)

    async def ask(question: str, sources: str, answer: str) -> Opinion:
        return Opinion(passes, "as always", 0.002)

    suite = Suite("answers", tickets(20), solve, (Judged(ask),), (mean("judged", of="judged"),))
    return await run(suite)


@pytest.mark.feature("E7")
async def test_an_uncalibrated_judge_warns_and_a_calibrated_one_blocks() -> None:
    """The same answers, floor and baseline; the judge's cost is counted."""
    good, bad = await judged(True), await judged(False)
    baselines = {"answers": baseline_of(good)}
    why = {"judged": "judge@1 is not calibrated"}

    warned = judge([bad], SUCCESS, baselines, unsure=why)
    blocked = judge([bad], SUCCESS, baselines)

    assert warned.green
    assert "answers: judged 0 is below 0.9: does not block, judge@1 is not calibrated" in warned.notes
    assert any("a regression beyond noise" in note and "does not block" in note for note in warned.notes)
    assert blocked.reasons[0] == "answers: judged 0 is below 0.9"
    assert len(blocked.reasons) == 2
    assert bad.spent_usd == pytest.approx(0.04)


async def test_a_judge_that_fails_leaves_the_case_errored() -> None:
    """No opinion is no pass."""

    async def solve(case: Case) -> Output:
        return Output("x")

    async def ask(question: str, sources: str, answer: str) -> Opinion:
        raise RuntimeError("no route")

    found = await run(Suite("answers", tickets(3), solve, (Judged(ask),), (mean("judged", of="judged"),)))
    assert len(found.errors) == 3
    assert found.metrics["judged"].value is None


def test_calibrations_and_labels_are_files_under_review(tmp_path: Path, project_root: Path) -> None:
    """Written and read back; several judges side by side; a broken line is named."""
    path = tmp_path / "judge" / "calibration.json"
    save_calibration(path, GOOD)
    save_calibration(path, replace(GOOD, judge="judge@2"))
    assert load_calibrations(path) == {"judge@1": GOOD, "judge@2": replace(GOOD, judge="judge@2")}
    path.write_text("[]")
    with pytest.raises(InputError, match="holds no calibrations"):
        load_calibrations(path)
    labels = load_labels(project_root / "evals" / "judge" / "labels.jsonl")
    assert len(labels) >= RULE.min_labels
    assert {label.label for label in labels} == {"pass", "fail"}
    assert digest(labels) == digest(labels[::-1])
    broken = tmp_path / "labels.jsonl"
    line = '{"id": "1", "question": "q", "sources": "", "answer": "a", "label": "%s", "by": "ada"}\n'
    for text, told in ((line % "maybe", "use pass or fail"), (line % "pass" * 2, "used twice"), ("{}\n", "id")):
        broken.write_text(text)
        with pytest.raises(InputError, match=rf"labels\.jsonl:\d: .*{told}"):
            load_labels(broken)
