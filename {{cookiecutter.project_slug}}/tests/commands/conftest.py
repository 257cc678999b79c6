"""Fixtures for commands: `app WORDS` in this process, in a project of its own with a database of its own."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from app.cli.main import main
from app.observability.call_log import create_views


@dataclass(frozen=True)
class Said:
    """What a command printed, on both channels, and its exit code."""

    code: int
    text: str


@dataclass(frozen=True)
class Project:
    """A project whose evals, prompts and config may be written to."""

    root: Path

    def app(self, *words: str, typed: str = "") -> Said:
        """`app WORDS`, with what is typed on standard input."""
        done = CliRunner().invoke(main, list(words), prog_name="app", input=typed)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Said(done.exit_code, done.output)

    def cases(self, suite: str, count: int | None = None) -> list[dict[str, Any]]:
        """The cases of a suite; with `count` the rest is dropped from the file."""
        path = self.root / "evals" / "cases" / f"{suite}.jsonl"
        found = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
        if count is not None:
            found = found[:count]
            path.write_text("".join(json.dumps(case, ensure_ascii=False) + "\n" for case in found), "utf-8")
        return found

    def write(self, name: str, text: str) -> None:
        """A file below the root."""
        (self.root / name).write_text(text, "utf-8")


@pytest.fixture
def project(private_root: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of its own with a database of its own."""
    for name in ("evals", "prompts", "config"):
        source = (private_root / name).resolve()
        (private_root / name).unlink()
        shutil.copytree(source, private_root / name, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.chdir(private_root)
    monkeypatch.setenv("DATABASE_URL", database_url)
    with psycopg.connect(database_url) as connection:
        create_views(connection)
    return Project(private_root)


@pytest.fixture
def small(project: Project) -> Callable[[str, int], Project]:
    """The same with a suite cut to so many cases, criteria and baseline to fit."""

    def cut(suite: str, count: int) -> Project:
        project.cases(suite, count)
        project.write(
            "config/success.yaml", f"suites: {{{suite}: {{min_cases: 1, metrics: {{accuracy: {{min: 0}}}}}}}}\n"
        )
        project.write("evals/suites.yaml", f"{suite}: {{task: classify, kind: label}}\n")
        return project

    return cut
