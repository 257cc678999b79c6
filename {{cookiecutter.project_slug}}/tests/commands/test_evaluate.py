"""`app eval`: what it runs, compares, spends, writes and refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from app.commands.evaluation import mlflow_child
from app.configuration import load
from tests.commands.conftest import Project

Small = Callable[[str, int], Project]
BARE = ("eval", "--no-mlflow")
PRICED = "  small: {offline: [{id: standin-small, input_usd_per_million: 1000, output_usd_per_million: 1000}]}\n"


def test_the_stand_in_costs_what_is_configured(small: Small) -> None:
    """Free as generated; with a price, costs and caps can be rehearsed before there is a provider."""
    project = small("classification", 3)
    project.write("config/dev.yaml", f"auth: {{mode: open}}\nmodels:\n{PRICED}")

    said = project.app(*BARE)

    assert "cost_per_interaction_usd" in said.text
    assert "0.0000 USD" not in said.text


@pytest.mark.feature("E8")
def test_a_second_run_reuses_every_reply(small: Small) -> None:
    """Nothing changed, nothing is asked: time and cost were not measured, and it says so."""
    project = small("classification", 12)
    assert "p95_latency_ms" in project.app(*BARE).text

    again = project.app(*BARE)

    assert again.code == 0
    assert "12 cases  0 errors" in again.text
    assert "p95_latency_ms             not measured" in again.text


@pytest.mark.feature("E9")
def test_two_versions_are_compared_case_by_case(small: Small) -> None:
    """Paired, with the flipped cases and both answers."""
    project = small("classification", 30)

    said = project.app(*BARE, "--against", "classify@1")

    assert said.code == 0
    assert "classification: classify@2 against classify@1" in said.text
    assert "of 30 cases changed, p of a loss" in said.text
    assert "won  cls-0" in said.text
    assert "->" in said.text
    assert said.text.rstrip().endswith("verdict: better: accuracy won more than noise explains, nothing lost so")


@pytest.mark.feature("E9")
def test_a_model_is_evaluated_alone_and_compared_with_the_route(small: Small) -> None:
    """`--model` answers without the route's fallback; the result has a name of its own."""
    project = small("classification", 6)

    said = project.app(*BARE, "--model", "large", "--against", "classify@2")

    assert "classification: classify@2+large against classify@2" in said.text
    assert (project.root / "build" / "evals" / "classification@classify@2+large.json").exists()
    assert project.app(*BARE, "--model", "huge").text.startswith("error: no model 'huge': there are ")


@pytest.mark.feature("E7")
def test_repeats_ask_again_and_are_kept(small: Small) -> None:
    """Each repeat is a fresh answer; run again, all are found."""
    project = small("classification", 5)

    first, again = project.app(*BARE, "--repeats", "3"), project.app(*BARE, "--repeats", "3")

    assert "3 repeats" in first.text
    assert "p95_latency_ms             not measured" in again.text
    assert "unstable" not in first.text


def test_a_spend_cap_stops_cleanly_says_what_was_not_run_and_is_gone_on_from(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 3; what was answered is kept, so the next run costs only the rest."""
    project = small("classification", 40)
    monkeypatch.setattr("app.bootstrap.price", lambda *_: 0.01)

    stopped = project.app(*BARE, "--max-usd", "0.155")

    assert stopped.code == 3
    assert "not run: 25 cases" in stopped.text
    assert "0.1500 USD" in stopped.text
    gate = project.app(*BARE, "--gate", "--max-usd", "0.055")
    assert "classification: 20 cases were not run" in gate.text
    done = project.app(*BARE, "--max-usd", "0.255")
    assert done.code == 0
    assert "40 cases  0 errors" in done.text


def test_an_unknown_price_and_a_cap_do_not_go_together(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cap that nobody can hold is no cap: it stops after the first case and names the remedy."""
    project = small("classification", 8)
    monkeypatch.setattr("app.bootstrap.price", lambda *_: None)

    said = project.app(*BARE, "--max-usd", "1")

    assert said.code == 3
    assert "not run: 7 cases" in said.text
    assert "set its price under `models`" in said.text


def test_a_page_for_a_merge_request(small: Small) -> None:
    """Verdict first, every number with its interval, and nothing in it that an answer could break out of."""
    project = small("classification", 30)
    project.app(*BARE, "--update-baseline")
    baseline = project.root / "evals" / "baseline" / "classification.json"
    baseline.write_text(baseline.read_text("utf-8").replace('"label": 1.0', '"label": 0.0', 3), "utf-8")

    said = project.app(*BARE, "--gate", "--markdown", "build/page.md")

    page = (project.root / "build" / "page.md").read_text("utf-8")
    assert said.code == 0
    assert page.startswith("<!-- evaluation -->\n## Evaluation: green")
    assert "3 scores changed since the baseline" in page
    assert "| classification | classify@2 | accuracy | " in page
    assert "proves the machinery, not a model" in page


def test_a_baseline_that_is_approved_in_the_same_run_is_judged_by(small: Small) -> None:
    """Approving and judging in one go compares with what was just approved."""
    project = small("classification", 3)
    said = project.app(*BARE, "--update-baseline", "--gate")
    assert "cases of the baseline are missing" not in said.text


@pytest.mark.feature("E7")
def test_a_red_gate_still_writes_the_page_and_the_verdict(small: Small) -> None:
    """The reason is on the page, and the release finds the red verdict."""
    project = small("classification", 30)
    said = project.app(*BARE, "--gate", "--markdown", "page.md")
    assert said.code == 3
    assert "there is no baseline" not in said.text
    assert "24 cases" not in said.text
    assert "**red:** classification: 230 cases of the baseline are missing" in (project.root / "page.md").read_text(
        "utf-8"
    )
    kept = json.loads((project.root / "build" / "evals" / "verdicts.json").read_text("utf-8"))
    assert kept[0]["status"] == "red"


def test_why_cases_ended_in_an_error_is_told(small: Small) -> None:
    """Each reason once, with its cases, so that nobody has to look for it in a file."""
    project = small("classification", 3)
    first, *rest = project.cases("classification")
    lines = [first, *({**one, "inputs": {"text": "no ticket"}} for one in rest)]
    project.write("evals/cases/classification.jsonl", "".join(json.dumps(line) + "\n" for line in lines))
    said = project.app(*BARE)
    assert said.code == 0
    assert "3 cases  2 errors" in said.text
    assert "  2 errors: solver: InputError: " in said.text
    assert f"({rest[0]['id']}, {rest[1]['id']})" in said.text


def test_a_task_without_a_route_is_named_before_anything_is_asked(small: Small) -> None:
    """A promoted prompt has none until somebody says who answers."""
    project = small("classification", 3)
    project.write("evals/suites.yaml", "classification: {task: repair, kind: label}\n")
    said = project.app(*BARE)
    assert said.code == 2
    assert "no route for task 'repair': add it under `routes` in config/base.yaml" in said.text


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("config/success.yaml", "success.yaml is not YAML: line "),
        ("evals/quarantine.yaml", "quarantine.yaml is not YAML: line "),
        ("evals/baseline/classification.json", "classification.json is no baseline"),
    ],
)
def test_a_broken_yardstick_is_named_before_anything_is_asked(small: Small, file: str, told: str) -> None:
    """Nothing is paid for what could not be judged."""
    project = small("classification", 3)
    project.write(file, "{")
    said = project.app(*BARE, "--gate")
    assert said.code == 2
    assert told in said.text
    assert "3 cases" not in said.text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--gate", "--against", "classify@1"), "leave out --against"),
        (("--update-baseline", "--repeats", "2"), "leave out --repeats"),
        (("--wait",), "--wait waits for MLflow"),
        (("--against", "latest"), "TASK@VERSION"),
        (("--against", "answer@1"), "does not measure task 'answer'"),
        (("--against", "classify@2"), "compared with itself"),
        (("--against", "classify@99"), "has no version 99"),
    ],
)
def test_contradictions_are_refused(small: Small, words: tuple[str, ...], told: str) -> None:
    """Before anything is run, in one line."""
    said = small("classification", 3).app(*BARE, *words)
    assert said.code == 2
    assert told in said.text


@pytest.mark.slow
@pytest.mark.feature("E9")
def test_mlflow_gets_its_records_after_the_verdict(small: Small, project_root: Path) -> None:
    """`--wait` tells how many; the word that was left says so too."""
    project = small("classification", 4)

    said = project.app("eval", "--wait")

    assert said.code == 0
    assert "MLflow: 1 runs in " in said.text
    assert mlflow_child.read(project.root / "build" / "evals")["status"] == "written"


def test_records_that_could_not_be_written_are_told_and_hide_nothing(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The results stand, `--wait` warns, and so does the next run."""
    project = small("classification", 4)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql://nobody:x@127.0.0.1:1/mlflow")

    said, later = project.app("eval", "--wait"), project.app(*BARE)

    assert said.code == later.code == 0
    assert "accuracy" in said.text
    assert "warning: MLflow's records of 1 results were not written" in said.text
    assert "warning: MLflow's records of 1 results were not written" in later.text


def test_a_child_that_vanished_is_told(small: Small, project_root: Path) -> None:
    """A note that says `writing` for minutes is a failure."""
    project = small("classification", 2)
    loaded = load(project.root, {"APP_PROVIDER": "offline", "APP_PROJECT__SLUG": "x"})
    folder = loaded.build_dir / "evals"
    mlflow_child.note(folder, {"status": "writing", "results": ["a"]})
    assert mlflow_child.last_failure(loaded) is None
    path = folder / "mlflow.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "at": 0}))
    assert "ended before it was done" in str(mlflow_child.last_failure(loaded))
