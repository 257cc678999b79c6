"""What promoted notebooks import."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import ConfigurationError, InputError, NotFoundError
from app.orchestration.notebook import anthropic_client_args, openai_client_args, prompt

PROMPT = """
description: Greets somebody.
inputs: {name: {type: string, description: who}}
messages: [{role: user, content: "Hello {{name}}, version VERSION."}]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two versions of one prompt; the working folder is its notebooks/steps."""
    (tmp_path / "pyproject.toml").touch()
    folder = tmp_path / "prompts" / "greet"
    folder.mkdir(parents=True)
    for version in (1, 2):
        (folder / f"v{version}.prompt.yml").write_text(PROMPT.replace("VERSION", str(version)))
    (tmp_path / "prompts" / "releases.yaml").write_text("greet: 1\n")
    steps = tmp_path / "notebooks" / "steps"
    steps.mkdir(parents=True)
    monkeypatch.chdir(steps)
    return tmp_path


def test_a_prompt_is_the_released_version_unless_the_run_pins_another(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`releases.yaml` decides, `APP_RUN_PROMPTS` overrides it for one run."""
    released = prompt("greet", name="Ada")
    monkeypatch.setenv("APP_RUN_PROMPTS", '{"greet": 2}')

    assert released == "Hello Ada, version 1."
    assert prompt("greet", name=3.5) == "Hello 3.5, version 2."


def test_what_does_not_fit_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unknown tasks, wrong inputs and broken pins each say what to do."""
    with pytest.raises(NotFoundError, match="no prompt for task 'nothing'"):
        prompt("nothing")
    with pytest.raises(InputError, match="needs input 'name'"):
        prompt("greet")
    monkeypatch.setenv("APP_RUN_PROMPTS", "greet=2")
    with pytest.raises(ConfigurationError, match="must be JSON like"):
        prompt("greet", name="Ada")


def test_outside_a_project_there_are_no_prompts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names where it looked."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(ConfigurationError, match="start the notebook inside the project"):
        prompt("greet")


def test_clients_are_pointed_at_the_door(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both SDKs get the base URL their protocol wants, and the same key."""
    monkeypatch.setenv("APP_RUN_DOOR_URL", "http://127.0.0.1:8123/")
    monkeypatch.setenv("APP_RUN_DOOR_KEY", "k")

    assert openai_client_args() == {"base_url": "http://127.0.0.1:8123/v1", "api_key": "k"}
    assert anthropic_client_args() == {"base_url": "http://127.0.0.1:8123", "api_key": "k"}


def test_without_a_door_the_error_says_how_to_get_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A promoted notebook opened by hand is told how to run it."""
    monkeypatch.delenv("APP_RUN_DOOR_URL", raising=False)

    with pytest.raises(ConfigurationError, match=r"APP_RUN_DOOR_URL is not set.*`app pipeline run`.*`app door`"):
        openai_client_args()
