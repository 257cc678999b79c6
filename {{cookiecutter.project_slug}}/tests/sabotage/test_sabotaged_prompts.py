"""Prompts and judges that were broken on purpose, through the command a developer types: each is red, and says why."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.observability.evaluation.baseline import load_baseline
from app.observability.evaluation.calibration import Calibration, save_calibration
from app.observability.evaluation.case import Case, load_cases
from app.observability.evaluation.gate import judge
from app.observability.evaluation.output import Output, Source
from app.observability.evaluation.runner import run
from app.observability.evaluation.success import load_success
from app.observability.evaluation.suites import rag_suite
from app.observability.evaluation.verdict import Verdict
from tests.commands.conftest import Project, project

__all__ = ["project"]

pytestmark = pytest.mark.feature("E7")

WORD = re.compile(r"(?<!\{)\b([a-z])([a-z]+)\b(?!\})")
GATE = ("eval", "classification", "--no-mlflow", "--gate")


def sabotaged(project: Project, change: str, version: int = 9) -> str:
    """A new version of `classify` whose messages are changed in one of three ways; the name to evaluate."""
    folder = project.root / "prompts" / "classify"
    text = (folder / "v2.prompt.yml").read_text("utf-8")
    head, messages = text.split("messages:\n")
    body, parameters = messages.split("parameters:")
    if change == "pig latin":
        body = WORD.sub(
            lambda m: m[0] if m[0] in ("role", "system", "user", "content", "ticket") else f"{m[2]}{m[1]}ay", body
        )
    elif change == "one answer":
        body = "  - role: user\n    content: |\n      Say: billing.\n      {{ticket}}\n"
    else:
        body = re.sub(r"(?m)^      (Ticket|Label): (?!\{).*\n", "", body)
    (folder / f"v{version}.prompt.yml").write_text(f"{head}messages:\n{body}parameters:{parameters}", "utf-8")
    return f"classify@{version}"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("pig latin", "a regression beyond noise, lost cls-"),
        ("one answer", "a regression beyond noise, lost cls-"),
        ("no examples", "classification: accuracy of slice 'common' 0.5231 is below 0.6"),
    ],
)
def test_a_broken_prompt_is_red_within_one_command(project: Project, change: str, told: str) -> None:
    """Unreadable, deaf, or robbed of its examples: red for its reason, and nothing can release it."""
    said = project.app(*GATE, "--prompt", sabotaged(project, change))

    assert said.code == 3
    assert "evaluation gate: red" in said.text
    assert told in said.text
    refused = project.app("release", "classify", "9", "--by", "a", "--reason", "b")
    assert refused.code == 3
    assert "classify@9 is red in suite 'classification'" in refused.text


def test_one_word_changed_is_not_red(project: Project) -> None:
    """So it is the sabotage that is."""
    folder = project.root / "prompts" / "classify"
    text = (folder / "v2.prompt.yml").read_text("utf-8")
    (folder / "v9.prompt.yml").write_text(
        text.replace("You sort the incoming mail", "You order the incoming mail"), "utf-8"
    )
    assert project.app(*GATE, "--prompt", "classify@9").code == 0


async def answered_without_sources(root: Path, text: str, *, abstained: bool = False) -> Verdict:
    """The project's RAG suite, answered by something that does not look at what was found."""
    cases = load_cases(root / "evals" / "cases" / "rag.jsonl")

    async def solve(case: Case) -> Output:
        relevant = case.expected.get("relevant") or [{"document": "none.md", "heading": "None"}]
        sources = tuple(Source(one["document"], one.get("heading", ""), "Flock costs 29 euros.") for one in relevant)
        return Output(f"{text} ({case.id})", sources=sources, abstained=abstained, cost_usd=0.0, latency_ms=1.0)

    baseline = load_baseline(root / "evals" / "baseline", "rag")
    assert baseline is not None
    found = await run(rag_suite(cases, solve))
    success = load_success(root / "config" / "success.yaml")
    return judge([found], success, {"rag": baseline}, required=["rag"])


async def test_ignored_sources_are_red(project_root: Path) -> None:
    """Whatever search found: answers that cite nothing, or what the source does not say."""
    silent = await answered_without_sources(project_root, "It takes about a fortnight.")
    assert "rag: citation_precision 0 is below 0.95" in silent.reasons
    invented = await answered_without_sources(project_root, "It takes 77 weeks and a notary [1].")
    assert "rag: citation_precision 0 is below 0.95" in invented.reasons
    assert any("citation_precision went from" in reason for reason in invented.reasons)


@pytest.mark.feature("E6")
def test_a_judge_that_passes_everything_cannot_make_a_bad_prompt_green(project: Project) -> None:
    """Even in agreement with a forged calibration it only adds a metric; without one it is a note."""
    suites = project.root / "evals" / "suites.yaml"
    suites.write_text("classification: {task: classify, kind: label, judge: judge}\n", "utf-8")
    prompt = project.root / "prompts" / "judge" / "v1.prompt.yml"
    prompt.write_text(prompt.read_text("utf-8").replace("enum: [pass, fail]", "enum: [pass]"), "utf-8")

    calibrated = project.app("judge", "calibrate")
    said = project.app(*GATE, "--prompt", sabotaged(project, "no examples"))

    assert "kappa 0.00" in calibrated.text
    assert "may not block: judge@1 does not agree with people" in calibrated.text
    assert "judged                            1" in said.text
    assert said.code == 3
    assert "classification: accuracy 0.5654 is below 0.58" in said.text


def test_a_calibration_of_another_judge_does_not_count(project: Project) -> None:
    """A good calibration that was made with another text of the prompt lets nothing block."""
    suites = project.root / "evals" / "suites.yaml"
    suites.write_text("classification: {task: classify, kind: label, judge: judge}\n", "utf-8")
    success = project.root / "config" / "success.yaml"
    text = success.read_text("utf-8").replace(
        "      accuracy: {min: 0.58}\n", "      accuracy: {min: 0.58}\n      judged: {min: 0.9}\n", 1
    )
    success.write_text(text, "utf-8")
    today = datetime.now(UTC).date()
    forged = Calibration(
        "judge@1", "0" * 64, "offline/standin-large", "0", today, 80, 0.95, 0.9, 0.8, 0.98, {}, {}, 0.0
    )
    save_calibration(project.root / "config" / "judges.json", forged)

    said = project.app(*GATE)

    assert "does not block, the prompt of judge@1 was changed since it was calibrated" in said.text
    assert json.loads((project.root / "build" / "evals" / "verdicts.json").read_text("utf-8"))[0]["status"] == "green"
