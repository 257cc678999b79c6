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

# What follows the door's root in the address a client of each protocol is given.
PATHS = {
    "openai": "/v1",
    "anthropic": "",
    "gemini": "",
    "cohere": "",
    "mistral": "",
    "ollama": "",
    "bedrock": "",
    "voyage": "/voyage/v1",
}
# What follows it in the variables that vendors' clients and LiteLLM read.
ADDRESS_VARIABLES = {
    "OPENAI_BASE_URL": "/v1",
    "OPENAI_API_BASE": "/v1",
    "ANTHROPIC_BASE_URL": "",
    "ANTHROPIC_API_BASE": "",
    "GOOGLE_GEMINI_BASE_URL": "",
    "GEMINI_API_BASE": "/v1beta",
    "CO_API_URL": "",
    "CO_BASE_URL": "",  # pydantic-ai's name for it
    "COHERE_API_BASE": "/v2/chat",
    "MISTRAL_ENDPOINT": "",
    "MISTRAL_API_BASE": "/v1",
    "MISTRAL_AZURE_API_BASE": "/v1",  # what LiteLLM reads before it falls back on the vendor's host
    "OLLAMA_HOST": "",
    "OLLAMA_API_BASE": "",
    "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": "",
    "AWS_BEDROCK_RUNTIME_ENDPOINT": "",  # LiteLLM's own name for it
}
# The last one is LiteLLM's way to Amazon's models.
KEY_VARIABLES = (
    "OPENAI_API_KEY",
    "ANTHROPIC_API_KEY",
    "GOOGLE_API_KEY",
    "GEMINI_API_KEY",
    "CO_API_KEY",
    "COHERE_API_KEY",
    "MISTRAL_API_KEY",
    "OLLAMA_API_KEY",
    "AWS_BEARER_TOKEN_BEDROCK",
)
# Amazon's clients need a region to sign for and a key to sign with; the door looks at neither.
BEDROCK_TOKEN = "AWS_BEARER_TOKEN_BEDROCK"  # noqa: S105  a variable's name
BEDROCK_REGION = "us-east-1"
UNCHECKED = "unchecked"
# What would send Google's client past its door. Set to nothing it would still count for some libraries.
UNSET_VARIABLES = ("GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE")
# What would tell a vendor of prompts and replies past the gateway, turned off unless the environment says otherwise:
# OpenAI's Agents SDK sends a trace of every run to OpenAI, whatever client it asks by.
NOT_TOLD = {"OPENAI_AGENTS_DISABLE_TRACING": "1"}
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


def prompt_data(task: str) -> Any:
    """The values a task's prompt holds as JSON: few-shot examples, mostly. The version is chosen as for `prompt`.

    Raises InputError when the text is no JSON.
    """
    text = prompt(task)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"prompt {task} is no JSON ({error}): write its content as a JSON list, or use prompt()"
        ) from None


def client_args(protocol: str, address: str, key: str | None = None) -> dict[str, Any]:
    """Keyword arguments that point a client of `protocol` at the door, under the names its class gives them.

    `client_args("openai", "api_base", "api_key")` is for LlamaIndex, for one. Raises InputError for another protocol
    than openai, anthropic, gemini, cohere, mistral, ollama, bedrock and voyage.
    """
    if protocol not in PATHS:
        raise InputError(f"no door speaks {protocol!r}: use one of {', '.join(PATHS)}")
    url, secret = _door()
    arguments = {address: url + PATHS[protocol]}
    return arguments if key is None else {**arguments, key: secret}


def openai_client_args() -> dict[str, Any]:
    """Keyword arguments for `OpenAI(...)` and everything that speaks its protocol: `base_url`, `api_key`."""
    return client_args("openai", "base_url", "api_key")


def anthropic_client_args() -> dict[str, Any]:
    """Keyword arguments for `Anthropic(...)`: `base_url`, `api_key`."""
    return client_args("anthropic", "base_url", "api_key")


def gemini_client_args() -> dict[str, Any]:
    """Keyword arguments for `genai.Client(...)`: `api_key`, `http_options`, and Vertex AI turned off."""
    return {"vertexai": False, "api_key": _door()[1], "http_options": client_args("gemini", "base_url")}


def bedrock_client_args() -> dict[str, Any]:
    """Keyword arguments for `boto3.client("bedrock-runtime", ...)` and the classes that make one.

    The key goes along as the token of a session. `AWS_BEARER_TOKEN_BEDROCK` is taken out of the environment: Amazon's
    clients would send that token instead, and refuse to over plain HTTP.
    """
    os.environ.pop(BEDROCK_TOKEN, None)
    return {
        **client_args("bedrock", "endpoint_url", "aws_session_token"),
        "region_name": BEDROCK_REGION,
        "aws_access_key_id": UNCHECKED,
        "aws_secret_access_key": UNCHECKED,
    }


def strands_bedrock_args() -> dict[str, Any]:
    """Keyword arguments for `BedrockModel(...)` of strands, which takes key and region as a session of boto3's."""
    import boto3

    given = bedrock_client_args()
    return {"endpoint_url": given.pop("endpoint_url"), "boto_session": boto3.Session(**given)}


def haystack_hugging_face_args() -> dict[str, Any]:
    """Keyword arguments for Haystack's generator of Hugging Face: `api_type`, `api_params`, `token` (a Secret)."""
    from haystack.utils import Secret

    address = client_args("openai", "url")
    return {"api_type": "text_generation_inference", "api_params": address, "token": Secret.from_token(_door()[1])}


def haystack_bedrock_args() -> dict[str, Any]:
    """Keyword arguments for Haystack's generators of Amazon Bedrock, whose address stands in the environment."""
    from haystack.utils import Secret

    given = bedrock_client_args()
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    secrets = {name: Secret.from_token(given[name]) for name in names}
    return {**secrets, "aws_region_name": given["region_name"]}


def ollama_client_args() -> dict[str, Any]:
    """Keyword arguments for `ollama.Client(...)`: `host`, `headers`."""
    return {**client_args("ollama", "host"), "headers": _bearer()}


def langchain_ollama_args() -> dict[str, Any]:
    """Keyword arguments for LangChain's classes of Ollama: `base_url`, `client_kwargs`."""
    return {**client_args("ollama", "base_url"), "client_kwargs": {"headers": _bearer()}}


def haystack_client_args(protocol: str) -> dict[str, Any]:
    """Keyword arguments for Haystack's generators and embedders: `api_base_url`, `api_key` (a Secret)."""
    from haystack.utils import Secret

    return {**client_args(protocol, "api_base_url"), "api_key": Secret.from_token(_door()[1])}


def use_door_environment() -> None:
    """Point the environment at the door, for clients that read their address and key from it."""
    for name in UNSET_VARIABLES:
        os.environ.pop(name, None)
    os.environ.update({**NOT_TOLD, **os.environ, **door_environment()})


def door_environment() -> dict[str, str]:
    """The variables from which the vendors' clients read address and key when they are given none."""
    return environment_of(*_door())


def environment_of(url: str, key: str) -> dict[str, str]:
    """The same for the door at `url` that `key` opens."""
    addresses = {name: url + path for name, path in ADDRESS_VARIABLES.items()}
    return {**addresses, **dict.fromkeys(KEY_VARIABLES, key)}


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


def _bearer() -> dict[str, str]:
    return {"Authorization": f"Bearer {_door()[1]}"}


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
