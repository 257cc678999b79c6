"""What a pipeline step is given and what it gives back: typed values that are stored as JSON, never as pickle.

A Python step is an async function: its first argument is the StepContext, each further one takes the result of the
nearest earlier step that returns the type it is annotated with. Results are dataclasses or Pydantic models of JSON
values; larger data goes to files (JSON, Parquet) below `context.folder` and the result names them.
"""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol, get_type_hints

from pydantic import TypeAdapter

from app.caller import Caller
from app.intelligence.messages import Embeddings
from app.settings import Settings

StepFunction = Callable[..., Awaitable[Any]]
Status = Literal["done", "reused", "failed"]


class EmbeddingGateway(Protocol):
    """The part of the gateway that steps use."""

    async def embed(self, texts: Sequence[str], caller: Caller, *, model: str = "embedding") -> Embeddings:
        """One vector a text."""
        ...


@dataclass(frozen=True, slots=True)
class Door:
    """Where notebooks reach the gateway: the service's root URL and the key that opens it."""

    url: str
    key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StepContext:
    """What steps may use. `pool` is open, with the schema migrated; `folder` is this step's own, made when missing.

    `prompt_versions` pins the version of every task for the whole run.
    """

    settings: Settings
    pool: Any
    gateway: EmbeddingGateway
    caller: Caller
    door: Door
    prompt_versions: Mapping[str, int]
    folder: Path
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class StepResult:
    """One finished step as it is handed to the tracker. `notebook` is the executed one, written also on failure."""

    pipeline: str
    workflow_id: str
    name: str
    kind: str
    status: Status
    started_at: datetime
    seconds: float
    output: Mapping[str, Any]
    parameters: Mapping[str, Any]
    prompt_versions: Mapping[str, int]
    notebook: Path | None = None


def wants(function: StepFunction) -> dict[str, Any]:
    """Types of the earlier results a step function takes, by argument name, the context left out."""
    hints = get_type_hints(function)
    names = list(inspect.signature(function).parameters)[1:]
    return {name: hints[name] for name in names}


def gives(function: StepFunction) -> Any:
    """Type of a step function's result."""
    return get_type_hints(function).get("return", type(None))


def as_json(kind: Any, value: Any) -> Any:
    """A result as JSON values. Raises pydantic.ValidationError when it is not what the function promised."""
    adapter = TypeAdapter(kind)
    return adapter.dump_python(adapter.validate_python(value), mode="json")


def from_json(kind: Any, value: Any) -> Any:
    """The typed result that `as_json` stored."""
    return TypeAdapter(kind).validate_python(value)
