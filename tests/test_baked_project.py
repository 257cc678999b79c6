"""A baked project keeps what it promises at once: hooks, lint, types, tests, gates, and the demo, killed or not.

Slow: these run the commands a person types, in projects of their own, with no network address that answers.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import COOKIECUTTER, TEMPLATE, environment, git

# No package index and no provider can be reached through these.
OFFLINE = {"HTTP_PROXY": "http://127.0.0.1:9", "HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1,localhost"}
# This interpreter's environment holds what a project needs, so no target has to install it.
INSTALLED = "READY=Makefile"
STEPS_OF_A_RUN = """
import json, pathlib, psycopg
from app.data import postgres
with psycopg.connect(postgres.start(pathlib.Path(".data").resolve())) as connection:
    rows = connection.execute("select step, status from app.step_runs order by started_at, attempt").fetchall()
print(json.dumps(rows))
"""


def make(folder: Path, *arguments: str, timeout: float = 900) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        ["make", INSTALLED, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=environment(**OFFLINE),
        timeout=timeout,
    )
    assert done.returncode == 0, f"make {' '.join(arguments)}:\n{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return done


def linked_to_this_environment(folder: Path) -> Path:
    (folder / ".venv").symlink_to(sys.prefix)
    return folder


def figure(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        print(f"\n[figure] {text}")


@pytest.fixture
def own_project(template: Path, tmp_path: Path) -> Iterator[Path]:
    """A freshly baked project, stopped at the end."""
    subprocess.run([COOKIECUTTER, str(template), "--no-input"], cwd=tmp_path, check=True, env=environment())
    project = linked_to_this_environment(tmp_path / "support-desk")
    yield project
    make(project, "stop")


@pytest.mark.feature("T2")
def test_a_project_installs_itself_with_what_its_locks_hold(project: Path, tmp_path: Path) -> None:
    """The last step of a project's own installation: in place, without a network, from pinned packages alone."""
    command = [Path(sys.prefix, "bin", "uv"), "pip", "install", "--offline", "--no-deps", "--no-build-isolation"]
    target = tmp_path / "site"
    done = subprocess.run(
        [*command, "--python", sys.executable, "--target", str(target), "-e", str(project)],
        capture_output=True,
        text=True,
        env=environment(**OFFLINE),
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (target / "bin" / "app").exists()


@pytest.fixture(scope="module")
def clone(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A fresh clone of the template, whose demo project is stopped at the end."""
    folder = tmp_path_factory.mktemp("clone of the template") / "llm-prod"
    git(template, "clone", "--quiet", str(template), str(folder))
    shutil.copyfile(TEMPLATE / "Makefile", folder / "Makefile")
    linked_to_this_environment(folder)
    yield folder
    make(folder, "stop")


def test_shared_environment_is_not_installed_again(project: Path, tmp_path: Path) -> None:
    """An environment that has the stamp of these locks is used as it is; changed locks ask for an installation."""
    folder = shutil.copytree(project, tmp_path / "copy")
    (tmp_path / "shared").mkdir()

    def dry_run() -> str:
        command = ["make", "--dry-run", "VENV=../shared", "lint"]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment()).stdout

    assert "installing into" in dry_run()
    stamp = dry_run().rsplit("touch ", 1)[1].split()[0]
    (folder / stamp).touch()
    assert "installing into" not in dry_run()
    with (folder / "requirements-dev.lock").open("a", encoding="utf-8") as lock:
        lock.write("# changed\n")
    assert "installing into" in dry_run()


def run_hooks(project: Path, home: Path) -> None:
    """All hooks are green, offline, and rewrite no file."""
    git(project, "add", "--all")
    done = subprocess.run(
        [project / ".venv/bin/pre-commit", "run", "--all-files"],
        cwd=project,
        capture_output=True,
        text=True,
        env=environment(**OFFLINE, PRE_COMMIT_HOME=str(home)),
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert git(project, "diff") == ""


@pytest.mark.slow
@pytest.mark.feature("T3")
def test_hooks_pass_on_a_fresh_project(own_project: Path, tmp_path: Path) -> None:
    """`pre-commit run --all-files` is green offline and rewrites nothing."""
    run_hooks(own_project, tmp_path / "hooks")


@pytest.mark.slow
@pytest.mark.feature("T3", "T2")
def test_fresh_project_passes_everything(own_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`make test`, which is lint, types, layers, data gate and tests, then the evaluation gate, are green at once."""
    started = time.perf_counter()
    tests = make(own_project, "test", timeout=1200)
    figure(
        capsys, f"make test of a baked project: {time.perf_counter() - started:.0f} s, {tests.stdout.splitlines()[-1]}"
    )
    started = time.perf_counter()
    make(own_project, "eval-gate")
    figure(capsys, f"make eval-gate of a baked project: {time.perf_counter() - started:.0f} s")


@pytest.fixture(scope="module")
def demo(clone: Path) -> tuple[float, dict, str]:
    """The template's `make demo` in a fresh clone: seconds, build/demo.json, what was printed."""
    started = time.perf_counter()
    done = make(clone, "demo")
    seconds = time.perf_counter() - started
    return seconds, json.loads((clone / "build/demo/support-desk/build/demo.json").read_bytes()), done.stdout


@pytest.mark.slow
@pytest.mark.feature("T2")
def test_demo_does_the_main_job(demo: tuple[float, dict, str], capsys: pytest.CaptureFixture[str]) -> None:
    """In a fresh clone one command promotes, runs, evaluates, gates, serves and traces, in under 120 s."""
    seconds, found, printed = demo
    figure(capsys, f"make demo in a fresh clone: {seconds:.0f} s")
    assert {step["status"] for step in found["steps"]} == {"ok"}
    assert all(step["seconds"] >= 0 for step in found["steps"])
    assert {step["status"] for step in found["pipeline"]["steps"]} == {"done"}
    assert found["pipeline"]["steps"][-1]["name"] == "support_poc"
    assert found["promoted"][0]["notebook"] == "support_poc.ipynb"
    assert found["gate"]["verdict"] == "green"
    assert "make ui" in printed
    assert seconds < 120


@pytest.mark.slow
@pytest.mark.feature("T2")
def test_demo_measures_both_versions_of_each_prompt(demo: tuple[float, dict, str]) -> None:
    """Every suite has a score for two versions over all its cases without an error, and the later is better."""
    _, found, _ = demo
    suites = {(suite["suite"], suite["label"]): suite for suite in found["suites"]}
    assert {suite: suites[suite]["errors"] for suite in suites} == dict.fromkeys(suites, 0)
    assert min(suite["cases"] for (name, _), suite in suites.items() if name == "classification") >= 240
    assert min(suite["cases"] for (name, _), suite in suites.items() if name == "rag") >= 60
    for name, task, metric in (("classification", "classify", "accuracy"), ("rag", "answer", "answer_contains")):
        first, second = (suites[name, f"{task}@{version}"]["scores"][metric] for version in (1, 2))
        assert second > first
    assert {(prompt["task"], prompt["version"]) for prompt in found["prompts"]} >= {("classify", 1), ("answer", 2)}


@pytest.mark.slow
@pytest.mark.feature("T2")
def test_demo_asks_the_running_service(demo: tuple[float, dict, str]) -> None:
    """Two answers carry citations, the question nobody can answer is declined, and one trace id is found everywhere."""
    _, found, _ = demo
    answers = found["answers"]
    assert [answer["abstained"] for answer in answers] == [False, False, True]
    assert [bool(answer["citations"]) for answer in answers] == [True, True, False]
    assert {answer["client"] for answer in answers} == {"http", "openai"}
    for citation in (citation for answer in answers for citation in answer["citations"]):
        assert citation["quote"]
        assert citation["document_id"].endswith(".md")
    assert found["trace_id"] == answers[0]["trace_id"]
    assert found["trace"]["calls"] > 0
    assert found["trace"]["mlflow_spans"] > 0


@pytest.mark.slow
@pytest.mark.feature("T2")
def test_second_demo_finds_the_work_done(
    demo: tuple[float, dict, str], clone: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run again, the demo bakes nothing, runs no step, changes no file under version control, in under 30 s."""
    project = clone / "build/demo/support-desk"
    before = git(project, "status", "--porcelain"), git(project, "diff")
    started = time.perf_counter()
    make(clone, "demo")
    seconds = time.perf_counter() - started
    figure(capsys, f"make demo again: {seconds:.0f} s")
    found = json.loads((project / "build/demo.json").read_bytes())
    assert {step["status"] for step in found["pipeline"]["steps"]} == {"reused"}
    assert (git(project, "status", "--porcelain"), git(project, "diff")) == before
    assert found["suites"][0]["scores"]["accuracy"] == demo[1]["suites"][0]["scores"]["accuracy"]
    assert seconds < 30


@pytest.mark.slow
@pytest.mark.feature("T3")
@pytest.mark.usefixtures("demo")
def test_hooks_pass_on_a_promoted_notebook(clone: Path, tmp_path: Path) -> None:
    """What promotion writes passes the hooks as it is: step, prompts, generated test."""
    left_out = shutil.ignore_patterns(".data", ".venv", "build", "__pycache__")
    project = shutil.copytree(clone / "build/demo/support-desk", tmp_path / "promoted", ignore=left_out)
    assert (project / "notebooks/steps/support_poc.ipynb").exists()
    run_hooks(linked_to_this_environment(project), tmp_path / "hooks")


def steps_of(project: Path) -> list[tuple[str, str]]:
    """(step, status) of every attempt noted in the project's table step_runs, in order."""
    sources = environment(PYTHONPATH=str(project / "src"))
    command = [project / ".venv/bin/python", "-c", STEPS_OF_A_RUN]
    return [tuple(row) for row in json.loads(subprocess.check_output(command, cwd=project, text=True, env=sources))]


@pytest.mark.slow
@pytest.mark.feature("T2")
def test_killed_demo_goes_on_where_it_was(own_project: Path) -> None:
    """SIGKILL in the middle of the pipeline: started again, the demo finishes and does no finished step twice."""
    running = subprocess.Popen(
        ["make", INSTALLED, "demo"],
        cwd=own_project,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**OFFLINE),
        start_new_session=True,
    )
    next(line for line in running.stderr if "] support_poc ..." in line)
    deadline = time.monotonic() + 60
    while ("support_poc", "running") not in steps_of(own_project) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    before = steps_of(own_project)
    assert before[-1] == ("support_poc", "running")
    make(own_project, "demo")
    finished = [(step, status) for step, status in before if status == "done"]
    assert finished
    assert steps_of(own_project) == [*finished, ("support_poc", "interrupted"), ("support_poc", "done")]
    assert json.loads((own_project / "build/demo.json").read_bytes())["gate"]["verdict"] == "green"
