"""Baking in tests: a clean copy of the template under version control, and `bake` to run cookiecutter on it.

The copy holds what a clone would hold, none of the caches that work in the source leaves behind.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

TEMPLATE = Path(__file__).resolve().parent.parent
SOURCE = TEMPLATE / "{{cookiecutter.project_slug}}"
PARTS = ("cookiecutter.json", "local_extensions.py", "hooks", SOURCE.name)
RESIDUE = shutil.ignore_patterns("__pycache__", ".*_cache", ".hypothesis", ".venv", ".data", "build", ".env")
COOKIECUTTER = Path(sys.executable).with_name("cookiecutter")

Bake = Callable[..., subprocess.CompletedProcess[str]]


def git(folder: Path, *arguments: str) -> str:
    identity = ("-c", "user.name=tests", "-c", "user.email=tests@localhost", "-c", "commit.gpgsign=false")
    done = subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def environment(**variables: str) -> dict[str, str]:
    """The environment of a developer who has set nothing of ours."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("APP_", "MAKE", "PYTHONPATH"))
    }
    return inherited | variables


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the template as a clone would be, with one commit."""
    folder = tmp_path_factory.mktemp("template") / "llm-prod"
    folder.mkdir()
    for name in PARTS:
        if (TEMPLATE / name).is_dir():
            shutil.copytree(TEMPLATE / name, folder / name, ignore=RESIDUE)
        else:
            shutil.copyfile(TEMPLATE / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "The template")
    return folder


@pytest.fixture
def bake(template: Path, tmp_path: Path) -> Bake:
    """`bake(folder=..., env=..., **answers)` runs cookiecutter in `folder` (default: tmp_path); it may fail."""

    def run(*flags: str, folder: Path = tmp_path, env: dict[str, str] | None = None, **answers: str) -> object:
        command = [COOKIECUTTER, str(template), "--no-input", *flags, *(f"{k}={v}" for k, v in answers.items())]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment(**(env or {})))

    return run


@pytest.fixture(scope="session")
def project(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project baked with the defaults. Tests read it; those that change it bake their own."""
    folder = tmp_path_factory.mktemp("baked")
    subprocess.run([COOKIECUTTER, str(template), "--no-input"], cwd=folder, check=True, env=environment())
    return folder / "support-desk"
