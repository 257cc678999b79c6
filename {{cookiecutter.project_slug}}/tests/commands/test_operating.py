"""Who runs a service need not hold its providers' keys: what asks no model works without, in production too."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.commands.conftest import Project

ASKING_NOTHING = {
    "switch": ("flag", "off", "everything", "--reason", "wrong prices"),
    "switches": ("flag", "show"),
    "releases": ("releases",),
    "budgets": ("budget", "show"),
    "caches": ("cache", "report"),
    "retention": ("retention", "run", "--dry-run"),
    "examination": ("data", "doctor"),
    "permissions": ("data", "permissions"),
    "schema": ("db", "migrate"),
    "drift": ("drift", "answer"),
    "tools": ("tools", "list"),
    "waiting calls": ("tools", "waiting"),
}
ASKING = {"question": ("ask", "How long?"), "evaluation": ("eval", "rag"), "pipeline": ("pipeline", "run")}


@pytest.fixture
def keyless(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose provider wants a key that nobody has given; a fallback at another one lacks its key too."""
    monkeypatch.setenv("APP_PROVIDER", "anthropic")
    project.write("config/dev.yaml", "routes: {answer: {models: [large, large@openai]}}\n")
    return project


@pytest.mark.parametrize("words", ASKING_NOTHING.values(), ids=ASKING_NOTHING)
def test_what_asks_no_model_needs_no_key(keyless: Project, words: Sequence[str]) -> None:
    """At three in the morning, on a machine that has the database's secret and no other."""
    said = keyless.app(*words)
    assert said.code == 0, said.text


@pytest.mark.parametrize("words", ASKING.values(), ids=ASKING)
def test_what_asks_a_model_names_the_key(keyless: Project, words: Sequence[str]) -> None:
    """One line with the variable, and the way without."""
    said = keyless.app(*words)
    assert said.code == 2
    assert "OPENAI_API_KEY" in said.text or "ANTHROPIC_API_KEY" in said.text


def test_production_asks_an_operator_for_the_database_alone(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """No accepted key and no provider's: those are the service's; a database that is missing stops the command."""
    monkeypatch.setenv("APP_ENVIRONMENT", "prod")
    monkeypatch.delenv("DATABASE_URL")
    said = project.app("flag", "off", "everything", "--reason", "wrong prices")
    assert said.code == 3
    assert "DATABASE_URL is not set" in said.text
    assert "auth.keys" not in said.text


def test_production_releases_nothing_on_the_word_of_the_stand_in(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who releases there names the provider that serves, by whose verdicts a release stands."""
    monkeypatch.setenv("APP_ENVIRONMENT", "prod")
    said = project.app("release", "answer", "1", "--reason", "an offline verdict is green")
    assert said.code == 3
    assert "provider is the offline stand-in" in said.text


def test_status_names_every_reason_why_a_service_would_not_start(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In production too, a line each; a database that is away is said to be."""
    monkeypatch.setenv("APP_ENVIRONMENT", "prod")
    monkeypatch.setenv("DATABASE_URL", "postgresql://app:Vx81kq-Pp03@127.0.0.1:9/app")
    said = project.app("status")
    assert said.code == 0
    assert "127.0.0.1:9/app (DATABASE_URL), away: " in said.text
    assert "auth.keys is empty" in said.text
    assert "provider is the offline stand-in" in said.text
