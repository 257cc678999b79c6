"""A bake gives exactly the source's files, the three rendered ones valid and complete."""

from __future__ import annotations

import json
import re
import subprocess
import time
import tomllib
from pathlib import Path

import pytest
import yaml

from tests.conftest import COOKIECUTTER, Bake, environment, git
from tests.test_template_source import RENDERED

WRITTEN_BY_HOOK = {".cruft.json"}
NAMES = {
    "defaults": {},
    "apostrophes": {"project_name": "Ada's Desk", "description": "It's here: #1, 100% {sure} & <ok>", "owner": "R&D"},
    "unicode": {"project_name": "Zoë’s Büro 東京", "description": "Réponses, ответы, 回答 ✓", "owner": "Équipe Ñ"},
    "openai": {"provider": "openai", "project_slug": "desk_2"},
}


def files(folder: Path) -> set[str]:
    found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {path.as_posix() for path in found if path.parts[0] != ".git"}


def baked(folder: Path) -> Path:
    (project,) = (path for path in folder.iterdir() if path.is_dir())
    return project


@pytest.mark.feature("T1")
@pytest.mark.parametrize("answers", NAMES.values(), ids=NAMES)
def test_file_list_is_the_sources(bake: Bake, tmp_path: Path, template: Path, answers: dict[str, str]) -> None:
    """Whatever is answered, the project has the source's files, no more and no less, in one clean commit."""
    assert bake(**answers).returncode == 0
    project = baked(tmp_path)
    assert files(project) == files(template / "{{cookiecutter.project_slug}}") | WRITTEN_BY_HOOK
    assert git(project, "status", "--porcelain") == ""
    assert git(project, "rev-list", "--count", "HEAD") == "1"


@pytest.mark.feature("T1")
@pytest.mark.parametrize("answers", NAMES.values(), ids=NAMES)
def test_rendered_files_hold_the_answers(bake: Bake, tmp_path: Path, answers: dict[str, str]) -> None:
    """The rendered files parse, and hold each answer letter by letter."""
    assert bake(**answers).returncode == 0
    project = baked(tmp_path)
    config = yaml.safe_load((project / "config/project.yaml").read_text(encoding="utf-8"))
    package = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    given = {**config["project"], "provider": config["provider"]}
    for question, value in answers.items():
        assert given[question.removeprefix("project_")] == value
    assert (package["name"], package["description"]) == (config["project"]["slug"], config["project"]["description"])
    assert config["project"]["name"] in (project / "README.md").read_text(encoding="utf-8")


def test_unrendered_files_are_equal_byte_for_byte(project: Path, template: Path) -> None:
    """Only three files are rendered; every other one is the source's own bytes, whatever braces it holds."""
    source = template / "{{cookiecutter.project_slug}}"
    different = {name for name in files(source) if (source / name).read_bytes() != (project / name).read_bytes()}
    assert different == RENDERED


def test_nothing_is_left_unrendered(project: Path) -> None:
    """No file of a project names a variable of the template."""
    content = {name: (project / name).read_bytes() for name in files(project) - WRITTEN_BY_HOOK}
    assert [name for name, data in content.items() if re.search(rb"\{[{%]-? *cookiecutter", data)] == []


def test_no_branch_at_bake_time(template: Path) -> None:
    """Variation is a setting at run time: the rendered files hold substitutions and no `{% %}`."""
    source = template / "{{cookiecutter.project_slug}}"
    assert [name for name in RENDERED if "{%" in (source / name).read_text(encoding="utf-8")] == []


def test_cruft_record_leads_back_to_the_template(bake: Bake, tmp_path: Path, template: Path) -> None:
    """`.cruft.json` names template, commit and answers, so that a later version can be merged in."""
    bake(provider="anthropic", owner="Ops")
    record = json.loads((tmp_path / "support-desk/.cruft.json").read_text(encoding="utf-8"))
    assert (record["template"], record["checkout"], record["directory"]) == (str(template), None, None)
    assert record["commit"] == git(template, "rev-parse", "HEAD")
    answers = record["context"]["cookiecutter"]
    assert {key: answers[key] for key in ("provider", "owner", "project_slug")} == {
        "provider": "anthropic",
        "owner": "Ops",
        "project_slug": "support-desk",
    }
    assert not [key for key in answers if key.startswith("__") or key in ("_output_dir", "_repo_dir")]


def test_plain_bake_can_be_updated(bake: Bake, tmp_path: Path, template: Path) -> None:
    """A project baked with plain cookiecutter gets a later template's change by `cruft update`, and no other one."""
    newer = tmp_path / "newer"
    git(tmp_path, "clone", "--quiet", str(template), str(newer))
    cruft = COOKIECUTTER.with_name("cruft")
    if not cruft.exists():
        pytest.skip("cruft is not installed here: `make test` installs it")
    subprocess.run([COOKIECUTTER, str(newer), "--no-input"], cwd=tmp_path, check=True, env=environment())
    changed = newer / "{{cookiecutter.project_slug}}/config/base.yaml"
    changed.write_text(changed.read_text(encoding="utf-8") + "# a later version\n", encoding="utf-8")
    git(newer, "commit", "--quiet", "--all", "--message", "Later")
    project = tmp_path / "support-desk"
    done = subprocess.run([cruft, "update", "-y"], cwd=project, capture_output=True, text=True, env=environment())
    assert done.returncode == 0, done.stdout + done.stderr
    assert git(project, "diff", "HEAD", "--name-only").split() == [".cruft.json", "config/base.yaml"]


def test_files_only_leaves_everything_else_alone(bake: Bake, tmp_path: Path) -> None:
    """With LLM_PROD_FILES_ONLY the hook makes no repository and no record, and prints nothing."""
    done = bake(env={"LLM_PROD_FILES_ONLY": "1"})
    assert (done.returncode, done.stdout) == (0, "")
    assert not (tmp_path / "support-desk/.git").exists()
    assert not (tmp_path / "support-desk/.cruft.json").exists()


def test_bake_without_git(bake: Bake, tmp_path: Path) -> None:
    """Without git on the machine the project is baked all the same."""
    assert bake(env={"PATH": str(tmp_path)}).returncode == 0
    assert (tmp_path / "support-desk/Makefile").exists()
    assert not (tmp_path / "support-desk/.git").exists()


def test_commit_with_no_identity(bake: Bake, tmp_path: Path) -> None:
    """Where git knows nobody, the first commit is made in the owning team's name."""
    nobody = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "GIT_CONFIG_NOSYSTEM": "1"}
    assert bake(env=nobody, owner="Team Ünï").returncode == 0
    assert git(tmp_path / "support-desk", "log", "--format=%an") == "Team Ünï"


def test_residue_of_work_in_the_source_is_not_baked(tmp_path: Path, template: Path) -> None:
    """Caches and databases that work in the template's source left behind do not reach a project."""
    used = tmp_path / "used"
    git(tmp_path, "clone", "--quiet", str(template), str(used))
    for name in ("src/app/__pycache__", ".data/postgres", "build"):
        folder = used / "{{cookiecutter.project_slug}}" / name
        folder.mkdir(parents=True)
        (folder / "left.bin").write_bytes(b"{% for")
    subprocess.run([COOKIECUTTER, str(used), "--no-input"], cwd=tmp_path, check=True, env=environment())
    assert list((tmp_path / "support-desk").rglob("left.bin")) == []


def test_bake_takes_less_than_two_seconds(bake: Bake, capsys: pytest.CaptureFixture[str]) -> None:
    """A bake, first commit included, takes under 2 s; the best of three, because the machine has other work."""
    seconds = []
    for number in range(3):
        start = time.perf_counter()
        assert bake(project_slug=f"desk{number}").returncode == 0
        seconds.append(time.perf_counter() - start)
    with capsys.disabled():
        print(f"\n[figure] bake: {min(seconds):.2f} s")
    assert min(seconds) < 2


def test_next_steps_are_printed(bake: Bake) -> None:
    """A bake ends with the commands to type next."""
    printed = bake().stdout
    assert "cd 'support-desk'" in printed
    assert "make demo" in printed
    assert "make test" in printed
