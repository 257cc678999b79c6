"""What a promoted notebook imports: prompts from the registry, and the arguments that point an SDK client at the door.

It reads the three variables the pipeline sets for every notebook (`APP_RUN_DOOR_URL`, `APP_RUN_DOOR_KEY`,
`APP_RUN_PROMPTS`) and nothing else of the environment; it opens no connection.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable
from functools import cache, update_wrapper
from pathlib import Path
from typing import Any, cast

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


def with_state(function: Callable[..., Any], **state: object) -> Callable[..., Any]:
    """A function that takes state by keyword, as one that does not: for places that call it themselves.

    Name, documentation, signature and kind (plain, generator, coroutine) are those it had without the state.
    """
    call: Callable[..., Any]
    if inspect.isasyncgenfunction(function):

        async def call(*arguments: Any, **named: Any) -> Any:
            async for item in function(*arguments, **named, **state):
                yield item

    elif inspect.iscoroutinefunction(function):

        async def call(*arguments: Any, **named: Any) -> Any:
            return await function(*arguments, **named, **state)

    elif inspect.isgeneratorfunction(function):

        def call(*arguments: Any, **named: Any) -> Any:
            return (yield from function(*arguments, **named, **state))

    else:

        def call(*arguments: Any, **named: Any) -> Any:
            return function(*arguments, **named, **state)

    signature = inspect.signature(function)
    shown = [parameter for name, parameter in signature.parameters.items() if name not in state]
    given: Any = update_wrapper(call, function)
    del given.__wrapped__  # whoever follows it would see the state
    given.__signature__ = signature.replace(parameters=shown)
    return cast("Callable[..., Any]", given)


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
