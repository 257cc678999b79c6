"""A request worked on with tools from the command line, its unsafe call decided by a person, all of it written down."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from app.cli.main import main

REQUEST = "Please search the documentation and say what it tells about refunds."


@pytest.fixture
def project(private_root: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a database of its own, in which even searching needs a person."""
    monkeypatch.chdir(private_root)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("APP_TOOLS__SEARCH_DOCUMENTS__APPROVAL", "always")
    return private_root


def app(*words: str) -> tuple[int, str]:
    """The exit code and all that a command printed."""
    done = CliRunner().invoke(main, list(words), prog_name="app")
    return done.exit_code, done.output


@pytest.mark.feature("G11")
@pytest.mark.slow
def test_a_call_waits_over_processes_and_is_made_once_approved(project: Path, database_url: str) -> None:
    """Asked here, listed, decided and made there; who asked and who decided stay written down."""
    code, told = app("assist", REQUEST)
    assert code == 0
    asked = re.search(r"app tools approve (\S+) (\S+) --by", told)
    assert asked is not None
    run, call = asked.groups()
    assert "asked by terminal" in app("tools", "waiting")[1]

    refused = app("tools", "approve", run, call, "--by", "terminal", "--reason", "mine")
    assert (refused[0], "somebody else must decide" in refused[1]) == (1, True)
    code, told = app("tools", "approve", run, call, "--by", "Bob", "--reason", "harmless")

    assert code == 0
    assert told.startswith(f"approved: {call}\n")
    assert app("tools", "waiting")[1] == "nothing waits\n"
    assert app("tools", "approve", run, call, "--by", "Bob", "--reason", "again")[0] != 0
    with psycopg.connect(database_url) as connection:
        made = connection.execute("SELECT tool, outcome, user_id, task FROM app.tool_calls").fetchall()
        decided = connection.execute("SELECT approved, by, reason FROM app.tool_decisions").fetchall()
    assert made == [("search_documents", "ok", "terminal", "assist")]
    assert decided == [(True, "Bob", "harmless")]


@pytest.mark.feature("G11")
@pytest.mark.slow
def test_a_denied_call_leaves_its_trace(project: Path, database_url: str) -> None:
    """The run ends without it; its arguments are kept masked."""
    told = app("assist", REQUEST + " Write to ada@example.org.")[1]
    asked = re.search(r"app tools approve (\S+) (\S+) --by", told)
    assert asked is not None

    code, _ = app("tools", "deny", *asked.groups(), "--by", "Bob", "--reason", "not now")

    assert code == 0
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT outcome, message, arguments FROM app.tool_calls").fetchall()
    assert [row[:2] for row in rows] == [("denied", "denied by a person: not now")]
    assert "ada@example.org" not in rows[0][2]


@pytest.mark.feature("G11")
def test_a_role_without_tools_has_none(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list says who has what; a rule without a tool is refused before anything starts."""
    monkeypatch.setenv("APP_TOOLS__SEARCH_DOCUMENTS__ROLES", '["analyst"]')
    assert app("tools", "list")[1] == "search_documents         analyst; a person approves\n"
    assert "waits for" not in app("assist", REQUEST)[1]
    assert "waits for reviewer: search_documents" in app("assist", REQUEST, "--role", "analyst")[1]

    monkeypatch.setenv("APP_TOOLS__SERCH__ROLES", '["*"]')
    code, told = app("assist", REQUEST)
    assert (code, "tools.serch: there is no such tool: the project has search_documents" in told) == (2, True)
