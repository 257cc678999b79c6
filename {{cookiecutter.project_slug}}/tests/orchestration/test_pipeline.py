"""Running the pipeline: durable, once, resumed where it stopped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from app.data import postgres, store
from app.errors import ConfigurationError, GateFailedError, StepFailedError, StoreUnavailableError
from tests.orchestration import sample_pipeline as sample

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
PROGRAM = HERE / "sample_pipeline.py"
SOURCE = HERE.parents[1] / "src"


def _runs(url: str) -> list[tuple[str, int, str]]:
    with psycopg.connect(url) as connection:
        return connection.execute("select step, attempt, status from app.step_runs order by started_at").fetchall()


def _statuses(result: Any) -> dict[str, str]:
    return {step.name: step.status for step in result.steps}


@pytest.mark.feature("N5")
def test_steps_run_in_order_and_hand_typed_results_on(root: Path, database_url: str) -> None:
    """Each step gets the earlier result of the type it asks for; files and rows say what was done."""
    lines: list[str] = []

    result = sample.run(root, database_url, say=lines.append)

    assert _statuses(result) == {"first": "done", "gate_first": "done", "second": "done"}
    assert result.steps[2].detail["doubled"] == 42
    assert (root / result.steps[2].detail["file"]).read_text() == "42"
    assert _runs(database_url) == [("first", 1, "done"), ("gate_first", 1, "done"), ("second", 1, "done")]
    assert lines[0] == "[1/3] first ..."


@pytest.mark.feature("N5")
def test_the_same_inputs_are_the_same_run(root: Path, database_url: str) -> None:
    """A second submission runs nothing and returns the first one's results; changed inputs are another run."""
    first = sample.run(root, database_url)

    second = sample.run(root, database_url)
    (root / "prompts" / "new.txt").write_text("changed")
    third = sample.run(root, database_url)

    assert set(_statuses(second).values()) == {"reused"}
    assert second.workflow_id == first.workflow_id
    assert second.steps[2].detail == first.steps[2].detail
    assert third.workflow_id != first.workflow_id
    assert len(_runs(database_url)) == 6


@pytest.mark.feature("N5")
def test_a_failed_step_is_where_the_next_run_goes_on(root: Path, database_url: str) -> None:
    """A red gate stops the run with its own error; once mended the run goes on there, not from the start."""
    (root / "red").touch()
    failed = sample.run(root, database_url)
    (root / "red").unlink()

    mended = sample.run(root, database_url)

    assert isinstance(failed.failure, GateFailedError)
    assert _statuses(failed) == {"first": "done", "gate_first": "failed"}
    assert mended.failure is None
    assert _statuses(mended) == {"first": "reused", "gate_first": "done", "second": "done"}
    assert _runs(database_url)[1:3] == [("gate_first", 1, "failed"), ("gate_first", 2, "done")]


def test_a_finished_run_is_redone_from_the_first_step_whose_files_are_gone(root: Path, database_url: str) -> None:
    """Deleting build/ does not leave a run that claims files which are not there."""
    first = sample.run(root, database_url)
    (root / first.steps[2].detail["file"]).unlink()

    again = sample.run(root, database_url)

    assert _statuses(again) == {"first": "reused", "gate_first": "reused", "second": "done"}
    assert (root / first.steps[2].detail["file"]).read_text() == "42"


def test_a_run_can_be_asked_for_again(root: Path, database_url: str) -> None:
    """`again` does every step once more, under the same identity."""
    first = sample.run(root, database_url)

    again = sample.run(root, database_url, again=True)

    assert set(_statuses(again).values()) == {"done"}
    assert again.workflow_id == first.workflow_id


@pytest.mark.reliability("step twice after a crash")
@pytest.mark.feature("N5")
def test_a_killed_run_goes_on_at_the_interrupted_step(root: Path, database_url: str) -> None:
    """SIGKILL in the middle: the next process does not repeat finished steps and completes the run."""
    (root / "hold").touch()
    environment = {**os.environ, "PYTHONPATH": str(SOURCE)}
    command = [sys.executable, str(PROGRAM), str(root), database_url]
    killed = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert killed.stdout is not None
    for line in killed.stdout:
        if line.startswith("[3/3] second"):
            break
    time.sleep(0.3)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    (root / "hold").unlink()

    finished = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)

    assert "[('first', 'reused'), ('gate_first', 'reused'), ('second', 'done')]" in finished.stdout, finished
    assert Counter((step, status) for step, _, status in _runs(database_url)) == {
        ("first", "done"): 1,
        ("gate_first", "done"): 1,
        ("second", "interrupted"): 1,
        ("second", "done"): 1,
    }


@pytest.mark.reliability("database restart")
@pytest.mark.feature("N5")
def test_a_run_waits_for_a_database_that_is_away_and_says_so(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The server is gone when a step ends and comes back later: one line says what the run waits for, then it ends."""
    server = tmp_path_factory.mktemp("server")
    server.parent.chmod(0o711)
    server.chmod(0o711)
    url = postgres.start(server)
    lines: list[str] = []
    stopped, away = threading.Event(), threading.Event()

    def bring_back() -> None:
        if stopped.wait(60) and away.wait(60):
            postgres.start(server)

    def say(line: str) -> None:
        lines.append(line)
        if line == "[3/3] second ...":
            postgres.stop(server)
            stopped.set()
        elif "is away" in line:
            away.set()

    try:
        store.migrate(url)
        threading.Thread(target=bring_back).start()
        result = sample.run(root, url, say=say)
        recorded = _runs(url)
    finally:
        postgres.stop(server)

    assert _statuses(result) == {"first": "done", "gate_first": "done", "second": "done"}
    assert [line for line in lines if "database" in line] == ["the database is away: the run waits until it is back"]
    assert [(step, status) for step, _, status in recorded] == [
        ("first", "done"), ("gate_first", "done"), ("second", "done"),
    ]  # fmt: skip


def test_what_the_tracker_cannot_do_is_a_warning(root: Path, database_url: str) -> None:
    """A tracker that fails is named in the outcome; the steps stand."""

    def track(step: Any) -> str | None:
        if step.name == "second":
            raise OSError("MLflow does not answer")
        return None

    result = sample.run(root, database_url, track=track)

    assert result.failure is None
    assert [step.warning for step in result.steps] == [None, None, "not tracked: OSError: MLflow does not answer"]


@pytest.mark.parametrize(
    ("declared", "fault"),
    [
        ("{name: a, run: nothing}", "no run named 'nothing': there are first, second"),
        ("{name: a, gate: blue}", "no gate named 'blue': there are red"),
        ("{name: a, run: second}", "takes counted (First) and no earlier step gives one"),
        ("{name: a, notebook: steps/none.ipynb}", "does not exist: promote it or remove the step"),
    ],
    ids=["function", "gate", "order", "notebook"],
)
def test_a_pipeline_that_cannot_work_is_refused_before_it_runs(root: Path, declared: str, fault: str) -> None:
    """Unknown names and inputs that nobody gives are found before a database is needed."""
    (root / "notebooks" / "pipeline.yaml").write_text(f"name: sample\nsteps:\n  - {declared}\n")

    with pytest.raises(ConfigurationError) as refused:
        sample.run(root, "postgresql://nobody@127.0.0.1:1/none")

    assert fault in str(refused.value)
    assert "pipeline.yaml:3" in str(refused.value)


def test_a_failed_notebook_is_the_outcome_and_reported(
    root: Path, database_url: str, write_notebook: Callable[..., Path]
) -> None:
    """One line with cell and error; the tracker gets the executed notebook; the mended notebook is another run."""
    (root / "notebooks" / "pipeline.yaml").write_text(
        "name: sample\nsteps:\n  - {name: poc, notebook: steps/poc.ipynb, parameters: {limit: 2}}\n"
    )
    write_notebook("limit: int = 1", "assert limit == 1, f'limit is {limit}'")
    tracked: list[Any] = []

    failed = sample.run(root, database_url, track=tracked.append)
    write_notebook("limit: int = 1", "assert limit == 2, f'limit is {limit}'")
    mended = sample.run(root, database_url, track=tracked.append)

    assert isinstance(failed.failure, StepFailedError)
    assert "failed in cell 1: AssertionError: limit is 2; see build/pipeline/" in str(failed.failure)
    assert [(result.name, result.status) for result in tracked] == [("poc", "failed"), ("poc", "done")]
    assert all(result.notebook is not None and result.notebook.is_file() for result in tracked)
    assert mended.failure is None
    assert mended.steps[0].detail["parameters"] == {"limit": 2}


def test_an_unforeseen_error_keeps_its_traceback(root: Path, database_url: str) -> None:
    """A fault in a step's code is no outcome: it is raised as it is, and its row says failed."""
    (root / "broken").touch()

    with pytest.raises(ZeroDivisionError):
        sample.run(root, database_url)

    assert _runs(database_url) == [("first", 1, "failed")]


@pytest.mark.feature("N5")
def test_two_processes_share_one_run(root: Path, database_url: str) -> None:
    """The second waits for the first and gets its results; every step ran once."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((str(SOURCE), str(SOURCE.parent)))}
    command = [sys.executable, str(PROGRAM), str(root), database_url]
    both = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    told = [process.communicate(timeout=60)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert sorted("('second', 'reused')" in text for text in told) == [False, True]
    assert [status for _, _, status in _runs(database_url)] == ["done"] * 3


def test_without_a_database_nothing_runs(root: Path) -> None:
    """One line that names the server, never the password."""
    with pytest.raises(StoreUnavailableError, match=r"database 127\.0\.0\.1:1/none cannot be reached") as refused:
        sample.run(root, "postgresql://nobody:hidden@127.0.0.1:1/none")

    assert "hidden" not in str(refused.value)
