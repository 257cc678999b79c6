"""`app judge`: calibration against the project's labels, and pairs in both orders, offline."""

from __future__ import annotations

import json

import pytest

from tests.commands.conftest import Project


@pytest.mark.feature("E6")
def test_the_stand_in_is_calibrated_and_found_no_judge(project: Project) -> None:
    """Sixty labels, its kappa, where they disagree; the file is there for review, and it may not block."""
    said = project.app("judge", "calibrate", "--repeats", "2")

    assert said.code == 0
    assert "judge@1 by offline/standin-large: 60 labels, agreement 0.50, kappa 0.00" in said.text
    assert "consistent    100%" in said.text
    assert "may not block: judge@1 does not agree with people" in said.text
    kept = json.loads((project.root / "config" / "judges.json").read_text("utf-8"))
    assert kept["judge@1"]["n"] == 60


@pytest.mark.feature("E6")
def test_a_suite_with_a_judge_that_nobody_calibrated_stays_green_and_says_so(project: Project) -> None:
    """The judge is asked about every answer; what it says is a note."""
    project.write("evals/suites.yaml", "trajectory: {task: assist, kind: trajectory, judge: judge}\n")
    success = project.root / "config" / "success.yaml"
    success.write_text(
        success.read_text("utf-8").replace(
            "      misuse_free: {min: 0.75}\n", "      misuse_free: {min: 0.75}\n      judged: {min: 0.99}\n"
        ),
        "utf-8",
    )

    said = project.app("eval", "trajectory", "--no-mlflow", "--gate")

    assert "judged 0" in said.text
    assert "does not block, judge@1 is not calibrated: run `app judge calibrate`" in said.text
    assert "evaluation gate: green" in said.text
    assert said.code == 0


@pytest.mark.slow
def test_pairs_are_asked_in_both_orders(project: Project) -> None:
    """Wins, losses, ties, and how the places sway the judge."""
    said = project.app("judge", "pairs", "adversarial", "--prompt", "answer@2", "--against", "answer@1")
    assert said.code == 0
    assert "adversarial: answer@2 against answer@1 by judge_pair@1: " in said.text
    assert "hold when the places are changed" in said.text
    wrong = project.app("judge", "pairs", "adversarial", "--prompt", "classify@2", "--against", "classify@1")
    assert wrong.text.startswith("error: suite 'adversarial' measures 'answer'")


def test_a_judge_needs_labels(project: Project) -> None:
    """None, or a prompt that judges nothing: a line that says what to do."""
    project.write("evals/judge/labels.jsonl", "")
    assert "people have to judge answers first" in project.app("judge", "calibrate").text
    project.write(
        "evals/judge/labels.jsonl",
        '{"id": "1", "question": "q", "sources": "s", "answer": "a", "label": "pass", "by": "ada"}\n',
    )
    said = project.app("judge", "calibrate", "--prompt", "classify")
    assert "names no judge" in said.text
