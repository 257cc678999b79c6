"""What a promoted notebook imports: prompts from the registry, and the arguments that point an SDK client at the door.

It reads the three variables the pipeline sets for every notebook (`APP_RUN_DOOR_URL`, `APP_RUN_DOOR_KEY`,
`APP_RUN_PROMPTS`) and nothing else of the environment; it opens no connection.
"""

from __future__ import annotations

import json
import os
from functools import cache
from pathlib import Path

from app.errors import ConfigurationError, InputError
from app.intelligence.prompts import Registry

REMEDY = "run this notebook with `app pipeline run`, or start `app door` and set what it prints"


def prompt(task: str, **inputs: object) -> str:
    """The text of a task's prompt with its inputs filled in.

    The version is the run's (`APP_RUN_PROMPTS`), else the one `prompts/releases.yaml` names. Values that are no text
    are written as an f-string would. Raises InputError when inputs do not fit or the prompt has several messages.
    """
    chosen = _registry(_prompts_folder(Path.cwd())).get(task, _pinned(task))
    messages = chosen.render({name: format(value) for name, value in inputs.items()})
    if len(messages) != 1:
        raise InputError(
            f"prompt {chosen.name} has {len(messages)} messages and prompt() returns the text of one: "
            "give each message a task of its own"
        )
    return messages[0].text


def openai_client_args() -> dict[str, str]:
    """Keyword arguments for `OpenAI(...)` and everything that speaks its protocol: `base_url`, `api_key`."""
    url, key = _door()
    return {"base_url": f"{url}/v1", "api_key": key}


def anthropic_client_args() -> dict[str, str]:
    """Keyword arguments for `Anthropic(...)`: `base_url`, `api_key`."""
    url, key = _door()
    return {"base_url": url, "api_key": key}


def _door() -> tuple[str, str]:
    values = []
    for name in ("APP_RUN_DOOR_URL", "APP_RUN_DOOR_KEY"):
        value = os.environ.get(name)
        if not value:
            raise ConfigurationError(f"{name} is not set, so there is no door to the models: {REMEDY}")
        values.append(value)
    return values[0].rstrip("/"), values[1]


def _pinned(task: str) -> int | None:
    text = os.environ.get("APP_RUN_PROMPTS") or "{}"
    try:
        pins = json.loads(text)
    except json.JSONDecodeError:
        pins = None
    if not isinstance(pins, dict) or not all(isinstance(version, int) for version in pins.values()):
        raise ConfigurationError(f'APP_RUN_PROMPTS is {text!r}: it must be JSON like {{"answer": 2}}; {REMEDY}')
    return pins.get(task)


def _prompts_folder(start: Path) -> Path:
    for folder in (start, *start.parents):
        if (folder / "pyproject.toml").is_file() and (folder / "prompts").is_dir():
            return folder / "prompts"
    raise ConfigurationError(
        f"no project with pyproject.toml and prompts/ at or above {start}: start the notebook inside the project"
    )


@cache
def _registry(folder: Path) -> Registry:
    return Registry.open(folder)
