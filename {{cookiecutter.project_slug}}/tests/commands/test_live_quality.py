"""Live calls are sampled, judged within a budget, labelled by people, and compared with what they were before."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from app.intelligence.prompts import Registry
from tests.commands.conftest import Project

CALL = """
INSERT INTO app.calls (id, at, trace_id, span_id, tenant, user_id, role, task, prompt_version, prompt_hash, identity,
  model, provider, deployment, status, degraded, cached, stream, input, output, input_tokens, output_tokens,
  cached_input_tokens, usage_estimated, cost_usd, latency_ms, confidence)
VALUES (%(id)s, %(at)s, '', '', 'acme', 'ada', %(role)s, %(task)s, %(version)s, %(hash)s, '', 'm', 'p', 'd',
  'ok', false, false, false, %(input)s, %(output)s, 1, 1, 0, false, 0.001, 10, %(confidence)s)
"""
TOPICS = ("refund of the yearly plan", "login with two factors", "export of all invoices", "bank feed that stopped")


@pytest.fixture
def log(project: Project, database_url: str) -> Any:
    """`log(task, version, inputs, output, **changed)`: a call as the gateway logs it."""
    prompts = Registry.open(project.root / "prompts")

    def write(task: str, version: int, inputs: dict[str, str], output: str, **changed: Any) -> str:
        prompt = prompts.get(task, version)
        messages = [{"role": one.role, "content": one.text} for one in prompt.render(inputs)]
        row = {"id": uuid4(), "at": datetime.now(UTC) - timedelta(hours=1), "role": "member", "confidence": None}
        row |= {"task": task, "version": version, "hash": prompt.sha256, "input": Jsonb({"messages": messages})}
        row |= {"output": output, **changed}
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(CALL, row)
        return str(row["id"])

    return write


def asked(number: int, text: str = "") -> dict[str, str]:
    """Inputs of one answer."""
    topic = TOPICS[number % len(TOPICS)]
    return {
        "question": text or f"What about the {topic}, number {number}?",
        "context": f"[1] Page\nAbout {topic}.",
        "abstention": "I do not know.",
    }


@pytest.mark.feature("E5")
def test_the_sample_is_judged_once_and_written_beside_the_calls(project: Project, log: Any, database_url: str) -> None:
    """Evaluations, pipelines and other tasks stay out; the share is that of the ids, the same each time."""
    for number in range(40):
        log("answer", 2, asked(number), f"Answer {number} [1].")
    log("answer", 2, asked(1), "of an evaluation", role="evaluation")
    log("answer", 2, asked(1), "of a prompt that changed", hash="0" * 64)
    log("classify", 2, {"ticket": "x"}, "billing")

    first = project.app("score", "--share", "1")
    again = project.app("score", "--share", "1")

    assert first.text.startswith("40 of 100.0% of the calls of answer judged: 0 passed; 0.0000 of 1 USD spent today")
    assert "1 calls have a prompt that is not here any more" in first.text
    assert "note: these scores move no canary, judge@1 is not calibrated" in first.text
    assert again.text.startswith("0 of 100.0%")
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT name, source, value, detail FROM app.scores").fetchall()
    assert len(rows) == 40
    assert rows[0][:3] == ("judged", "judge", 0.0)
    assert rows[0][3]["judge"] == "judge@1"
    assert rows[0][3]["calibrated"] is False


@pytest.mark.feature("E5")
def test_a_share_is_a_share_and_a_budget_holds(project: Project, log: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """About a quarter of 80 calls; with a cent a call, three cents pay for few of them."""
    for number in range(80):
        log("answer", 2, asked(number), f"Answer {number} [1].")
    monkeypatch.setattr("app.bootstrap.price", lambda *_: 0.01)

    stopped = project.app("score", "--share", "0.25", "--max-usd", "0.03")

    judged = int(stopped.text.split()[0])
    assert 3 <= judged <= 6  # four at a time
    assert "the day's budget is used up" in stopped.text
    rest = project.app("score", "--share", "0.25", "--max-usd", "9")
    assert 10 <= judged + int(rest.text.split()[0]) <= 32


@pytest.mark.feature("E5")
def test_calls_are_queued_labelled_in_the_terminal_and_become_cases(
    project: Project, log: Any, database_url: str
) -> None:
    """The unsure and the novel first; a label is a score of the call, and a case with its provenance."""
    for _ in range(10):
        log("classify", 2, {"ticket": "I was charged twice for my plan"}, "billing")
    unsure = log("classify", 2, {"ticket": "Is this the right place for it?"}, "other", confidence=0.3)
    novel = log("classify", 2, {"ticket": "Zeppelin moorings need hydrogen permits"}, "technical")

    said = project.app("label", "fill", "classify", "--count", "5")
    assert said.text.startswith("5 calls of classify queued: 0 disliked, 1 unsure, 2 novel, 2 random")
    assert project.app("label", "fill", "classify", "--count", "5").text.startswith("5 calls of classify queued")
    typed = "other\nfirst\n" + "skip\n" * 1 + "quit\n"
    done = project.app("label", "next", "classify", "--by", "ada", typed=typed)
    assert done.code == 0
    assert "1 labelled" in done.text
    assert "Zeppelin moorings" in done.text
    before = len(project.cases("classification"))
    promoted = project.app("label", "promote", "classify")

    assert promoted.text.startswith("1 added to evals/cases/classification.jsonl")
    case = project.cases("classification")[-1]
    assert len(project.cases("classification")) == before + 1
    assert (case["origin"], case["expected"]) == ("production", {"label": "other"})
    assert case["made_from"] in (unsure, novel)
    assert project.app("label", "promote", "classify").text.startswith("0 added")
    with psycopg.connect(database_url) as connection:
        [(source, detail)] = connection.execute("SELECT source, detail FROM app.scores").fetchall()
    assert (source, detail) == ("person", {"label": "other", "by": "ada"})


@pytest.mark.feature("E5")
def test_labels_by_spreadsheet_calibrate_the_judge(project: Project, log: Any, tmp_path: Path) -> None:
    """CSV out and in; a cell is no formula; a wrong label writes nothing; the rest goes to the judge's labels."""
    for number in range(6):
        log("answer", 2, asked(number, '=HYPERLINK("x")' if number == 0 else ""), f"Answer {number} [1].")
    project.app("label", "fill", "answer", "--count", "6")
    file = tmp_path / "labels.csv"
    assert "6 calls written" in project.app("label", "export", "answer", str(file)).text
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert any(row["question"].startswith("'=HYPER") for row in rows)
    for row, label in zip(rows, ("pass", "fail", "good", "", "", ""), strict=True):
        row["label"] = label

    def written() -> None:
        with file.open("w", newline="") as out:
            table = csv.DictWriter(out, rows[0].keys())
            table.writeheader()
            table.writerows(rows)

    written()
    refused = project.app("label", "import", "answer", str(file), "--by", "bob")
    assert refused.code == 2
    assert "label is 'good'" in refused.text
    rows[2]["label"] = ""
    written()
    assert project.app("label", "import", "answer", str(file), "--by", "bob").text == "2 labelled\n"
    assert "2 were labelled already" in project.app("label", "import", "answer", str(file), "--by", "eve").text
    assert project.app("label", "promote", "answer").text.startswith("2 added to evals/judge/labels.jsonl")
    last = json.loads((project.root / "evals" / "judge" / "labels.jsonl").read_text("utf-8").splitlines()[-1])
    assert (last["by"], last["slice"]) == ("bob", "live")
    assert "62 labels" in project.app("judge", "calibrate").text


def test_old_cases_from_production_are_retired(project: Project) -> None:
    """Those that people wrote stay."""
    path = project.root / "evals" / "cases" / "classification.jsonl"
    old = {"id": "live-1", "inputs": {"ticket": "x"}, "expected": {"label": "other"}, "slice": "common"}
    old |= {"origin": "production", "made_from": "c", "at": "2020-01-01"}
    path.write_text(path.read_text("utf-8") + json.dumps(old) + "\n", "utf-8")

    said = project.app("label", "retire", "classification", "--days", "365")

    assert said.text.startswith("1 cases of classification retired, 260 are left")
    assert (project.root / "evals" / "retired" / "classification.jsonl").read_text("utf-8").count("live-1") == 1


@pytest.mark.feature("O6")
def test_drift_of_live_calls_is_reported_and_may_gate(project: Project, log: Any, tmp_path: Path) -> None:
    """Two weeks of one topic, then another one."""
    now = datetime.now(UTC)
    for number in range(60):
        log(
            "answer",
            2,
            asked(0, f"Refund of my plan, charge and invoice {number % 7}"),
            "Within 14 days [1].",
            at=now - timedelta(days=14),
        )
        log(
            "answer",
            2,
            asked(1, f"Outage: the screen is blank, error {number % 7}"),
            "Wait [1].",
            at=now - timedelta(days=1),
        )

    said = project.app("drift", "answer", "--json", str(tmp_path / "drift.json"), "--gate")

    assert said.code == 3
    assert "answer: 60 calls of the last 7 days against 60 of 28 before" in said.text
    assert "input words    drift" in said.text
    assert "latency        steady" in said.text
    assert json.loads((tmp_path / "drift.json").read_text())["answer"][0]["word"] == "drift"
    calm = project.app("drift", "classify", "--gate")
    assert calm.code == 0
    assert "input words    too few: 0 and 0 values" in calm.text


def test_tasks_that_nothing_measures_are_refused(project: Project) -> None:
    """A label would go nowhere."""
    assert "no suite of evals/suites.yaml measures task 'route'" in project.app("label", "fill", "route").text
    assert "nothing of answer waits" in project.app("label", "next", "answer").text
    assert project.app("drift", "nobody").code == 2
