"""The template's own files: few questions, each with a prompt; every code file is code before it is rendered."""

from __future__ import annotations

import ast
import json
from fnmatch import fnmatch
from pathlib import Path

import pytest

from tests.conftest import SOURCE, TEMPLATE

QUESTIONS = ["project_name", "project_slug", "description", "owner", "on_call", "provider", "notebook"]
RENDERED = {"pyproject.toml", "config/project.yaml", "README.md"}
HOOKS = sorted((TEMPLATE / "hooks").glob("*.py"))


@pytest.mark.feature("T1")
def test_at_most_eight_questions_each_with_a_prompt_and_a_default() -> None:
    """Seven questions; each explains itself, and all but the notebook propose an answer."""
    context = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))
    asked = [key for key in context if not key.startswith("_")]
    assert asked == QUESTIONS == list(context["__prompts__"])
    assert [key for key in asked if not context[key]] == ["notebook"]


def test_everything_but_three_files_is_named_as_copied() -> None:
    """A file or folder new at the top of the source, or in config/, is listed as copied without rendering."""
    patterns = json.loads((TEMPLATE / "cookiecutter.json").read_text(encoding="utf-8"))["_copy_without_render"]
    entries = [*SOURCE.iterdir(), *(SOURCE / "config").iterdir()]
    names = {entry.relative_to(SOURCE).as_posix() for entry in entries} - {"config"}
    assert {name for name in names if not any(fnmatch(name, pattern) for pattern in patterns)} == RENDERED


@pytest.mark.parametrize("hook", HOOKS, ids=lambda path: path.name)
def test_hooks_parse_unrendered(hook: Path) -> None:
    """A hook is Python before Jinja has seen it."""
    ast.parse(hook.read_text(encoding="utf-8"))


def test_all_code_of_the_source_parses() -> None:
    """Every Python file of the source is Python as it lies, so it can be linted, typed and tested there."""
    code = [path for folder in ("src", "tools", "tests") for path in (SOURCE / folder).rglob("*.py")]
    assert len(code) > 50
    for path in code:
        ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def test_locks_agree() -> None:
    """Template and project share one environment, so no package is pinned twice at two versions."""

    def pins(path: Path) -> dict[str, str]:
        lines = path.read_text(encoding="utf-8").splitlines()
        return dict(
            line.split(" ")[0].split("==") for line in lines if "==" in line and not line.startswith((" ", "#"))
        )

    ours, projects = pins(TEMPLATE / "requirements.lock"), pins(SOURCE / "requirements-dev.lock")
    assert {name: version for name, version in ours.items() if projects.get(name, version) != version} == {}
    assert "cookiecutter" in ours
