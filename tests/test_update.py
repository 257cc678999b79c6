"""A later version of the template comes into a project that has gone its own way."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import COOKIECUTTER, SOURCE, environment, git

PROMPT = "prompts/answer/v2.prompt.yml"
GRAPH = "src/app/orchestration/graph.py"
CASES = "evals/cases/classification.jsonl"
pytestmark = [pytest.mark.feature("T4"), pytest.mark.slow]


@pytest.fixture
def newer(template: Path, tmp_path: Path) -> Path:
    """A clone of the template, in which a later version can be made."""
    if not COOKIECUTTER.with_name("cruft").exists():
        pytest.skip("cruft is not installed here: `make test` installs it")
    git(tmp_path, "clone", "--quiet", str(template), str(tmp_path / "newer"))
    return tmp_path / "newer"


@pytest.fixture
def team(newer: Path, tmp_path: Path) -> Path:
    """A project baked with plain cookiecutter, committed by its hook."""
    subprocess.run([COOKIECUTTER, str(newer), "--no-input"], cwd=tmp_path, check=True, env=environment())
    return tmp_path / "support-desk"


def change(folder: Path, **texts: str) -> None:
    """Write files below a folder (`__` is a slash, `_dot_` a dot) and commit them."""
    for name, text in texts.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Changed")


def append(folder: Path, *names: str, line: str = "# later\n") -> None:
    for name in names:
        path = folder / name
        path.write_text(path.read_text(encoding="utf-8") + line, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Appended")


def update(project: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tools.update"]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, env=environment())


def test_the_template_s_files_come_and_the_team_s_stay(newer: Path, team: Path) -> None:
    """Prompts, cases and graph stay letter by letter; code is merged; what is new in their folders arrives."""
    source = newer / SOURCE.name
    append(team, PROMPT, CASES, line="# ours\n")
    before = {name: (team / name).read_bytes() for name in (PROMPT, GRAPH, CASES)}
    append(source, "src/app/errors.py", PROMPT, GRAPH, CASES)
    (source / "notebooks/explore/support_poc.ipynb").unlink()
    change(source, prompts__brand_new__v1_dot_prompt_dot_yml="messages: []\n")
    done = update(team)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {name: (team / name).read_bytes() for name in before} == before
    assert (team / "notebooks/explore/support_poc.ipynb").exists()
    assert (team / "prompts/brand_new/v1.prompt.yml").exists()
    assert (team / "src/app/errors.py").read_text(encoding="utf-8").endswith("# later\n")
    merged, kept = done.stdout.split("left as yours")
    assert "src/app/errors.py" in merged
    assert "prompts/brand_new/v1.prompt.yml" in merged
    assert {line.strip() for line in kept.splitlines()[1:5]} == {*before, "notebooks/explore/support_poc.ipynb"}
    assert git(team, "status", "--porcelain", "--", *before) == ""


def test_a_conflict_is_red_and_named_and_the_rest_is_merged(newer: Path, team: Path) -> None:
    """cruft reports success over conflict markers; `make update` must not."""
    source = newer / SOURCE.name
    append(team, "config/base.yaml", line="# the team's\n")
    append(source, "config/base.yaml", line="# the template's\n")
    append(source, "src/app/errors.py")
    done = update(team)
    assert done.returncode == 1, done.stdout + done.stderr
    merged, conflicts = done.stdout.split("CONFLICTS")
    assert "config/base.yaml" in conflicts
    assert "config/base.yaml" not in merged
    assert "src/app/errors.py" in merged
    text = (team / "config/base.yaml").read_text(encoding="utf-8")
    assert "# the team's" in text
    assert "# the template's" in text


def test_a_file_the_team_changed_and_the_template_removed_is_a_conflict(newer: Path, team: Path) -> None:
    """Neither the change nor the removal is lost without a word."""
    append(team, "src/app/caller.py", line="# the team's\n")
    (newer / SOURCE.name / "src/app/caller.py").unlink()
    git(newer, "commit", "--quiet", "--all", "--message", "Removed")
    done = update(team)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "src/app/caller.py" in done.stdout.split("CONFLICTS")[1]


def test_nothing_newer_changes_nothing(team: Path) -> None:
    """The same version again."""
    done = update(team)
    assert (done.returncode, done.stdout) == (0, "There is nothing newer.\n")
    assert git(team, "status", "--porcelain") == ""


@pytest.mark.parametrize("fault", ["dirty", "no commit", "template gone", "no record"])
def test_what_cannot_be_updated_says_why_and_changes_nothing(fault: str, newer: Path, team: Path) -> None:
    """One line, exit code 2, and the files as they were."""
    append(newer / SOURCE.name, "src/app/errors.py")
    record = team / ".cruft.json"
    if fault == "dirty":
        (team / "README.md").write_text("half done\n", encoding="utf-8")
    elif fault == "no record":
        record.unlink()
        git(team, "commit", "--quiet", "--all", "--message", "No record")
    else:
        text = record.read_text(encoding="utf-8")
        old = git(newer, "rev-parse", "HEAD~1") if fault == "no commit" else str(newer)
        new = "" if fault == "no commit" else str(newer) + "-moved"
        record.write_text(text.replace(old, new), encoding="utf-8")
        git(team, "commit", "--quiet", "--all", "--message", "Edited")
    before = git(team, "status", "--porcelain")
    done = update(team)
    assert done.returncode == 2
    assert done.stdout == ""
    said = {"dirty": "not clean", "no commit": "names no commit", "template gone": "cruft", "no record": ".cruft.json"}
    assert said[fault] in done.stderr
    assert done.stderr.count("\n") == 1
    assert git(team, "status", "--porcelain") == before
