"""Reading the settings: files, then variables, later wins; every fault named with file and line.

In order: `config/base.yaml`, `config/project.yaml`, `config/<environment>.yaml`, `.env`, the process environment.
A variable `APP_A__B=value` sets `a.b`; a few well-known names (`DATABASE_URL`, `OPENAI_API_KEY` ...) keep their own.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import yaml
from dotenv import dotenv_values
from pydantic import ValidationError

from app import yaml_file
from app.errors import ConfigurationError
from app.settings import Settings

WELL_KNOWN = {
    "DATABASE_URL": "database.url",
    "DATABASE_OWNER_URL": "database.owner_url",
    "OPENAI_API_KEY": "providers.openai.api_key",
    "ANTHROPIC_API_KEY": "providers.anthropic.api_key",
    "COHERE_API_KEY": "providers.cohere.api_key",
    "RESPONSES_API_KEY": "providers.responses.api_key",
    "GEMINI_API_KEY": "providers.gemini.api_key",
    "COMPATIBLE_API_KEY": "providers.compatible.api_key",
    "COMPATIBLE_BASE_URL": "providers.compatible.base_url",
    "MLFLOW_TRACKING_URI": "mlflow.tracking_uri",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "tracing.otlp_endpoint",
}
# Handed from a pipeline run to its notebooks; no settings.
RUN_PREFIX = "APP_RUN_"


class Fault(Protocol):
    """One fault that a check of the whole finds."""

    @property
    def key(self) -> str:
        """The dotted key where it stands, such as `routes.answer.models.1`."""
        ...

    @property
    def message(self) -> str:
        """What is wrong there and what to do."""
        ...


def load(
    root: Path, env: Mapping[str, str] | None = None, *, check: Callable[[Settings], Sequence[Fault]] = lambda _: ()
) -> Settings:
    """Read the configuration of the project at `root`; `check` finds what no single field shows.

    `env` stands for the process environment (default: `os.environ`). Raises ConfigurationError with file and line.
    """
    process = dict(os.environ if env is None else env)
    dotenv = {k: v for k, v in dotenv_values(root / ".env").items() if v is not None}
    variables = {**dotenv, **process}
    environment = variables.get("APP_ENVIRONMENT") or "dev"
    if environment not in ("dev", "staging", "prod"):
        raise ConfigurationError(f"APP_ENVIRONMENT is {environment!r}: set it to dev, staging or prod")
    layers = [_read_yaml(root / "config" / f"{name}.yaml") for name in ("base", "project", environment)]
    merged: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for values, lines in layers:
        _merge(merged, values)
        origin.update(lines)
    for key, value in _from_environment(variables):
        _assign(merged, key, value)
        origin[key] = "environment"
    merged.update(environment=environment, root=root)
    try:
        settings = Settings.model_validate(merged)
    except ValidationError as error:
        raise ConfigurationError(_explain(error, origin)) from None
    faults = check(settings)
    if faults:
        raise ConfigurationError(_line(faults[0].key, faults[0].message, len(faults), origin))
    return settings


def _read_yaml(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The mapping in a file, and for each dotted key the place `file:line` where it stands."""
    values, node = yaml_file.read(path)
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise ConfigurationError(f"{path} must hold a mapping, found {type(values).__name__}")
    lines: dict[str, str] = {}
    _collect_lines(node, "", f"config/{path.name}", lines)
    return values, lines


def _collect_lines(node: yaml.Node | None, prefix: str, file: str, lines: dict[str, str]) -> None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            dotted = f"{prefix}.{key.value}" if prefix else str(key.value)
            lines[dotted] = f"{file}:{key.start_mark.line + 1}"
            _collect_lines(value, dotted, file, lines)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            lines[f"{prefix}.{index}"] = f"{file}:{value.start_mark.line + 1}"
            _collect_lines(value, f"{prefix}.{index}", file, lines)


def _merge(into: dict[str, Any], values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _from_environment(variables: Mapping[str, str]) -> list[tuple[str, Any]]:
    """Settings among the variables, as (dotted key, value); values are read as YAML scalars and lists."""
    found: list[tuple[str, Any]] = []
    for name, value in variables.items():
        if name in WELL_KNOWN:
            if value:
                found.append((WELL_KNOWN[name], value))
        elif name.startswith("APP_") and name != "APP_ENVIRONMENT" and not name.startswith(RUN_PREFIX):
            found.append((name[4:].lower().replace("__", "."), _scalar(name, value)))
    return found


def _scalar(name: str, value: str) -> Any:
    try:
        return yaml.safe_load(value) if value else None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(
            f"environment: {name} is not YAML ({yaml_file.why(error)}): quote a text, write a list as [a, b]"
        ) from None


def _assign(values: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        if values.get(parent) is None:
            values[parent] = {}
        if not isinstance(values[parent], dict):
            found = f"{values[parent]!r}, which stands at {parent!r}"
            raise ConfigurationError(f"environment: {dotted} is set, and {found}, has no parts: remove one")
        values = values[parent]
    values[last] = value


def _explain(error: ValidationError, origin: Mapping[str, str]) -> str:
    """The first fault of a validation as one line."""
    faults = error.errors(include_url=False, include_context=False)
    first = faults[0]
    what = {
        "extra_forbidden": "unknown field: remove it or correct its spelling",
        "missing": "required and not set",
    }.get(first["type"], first["msg"].removeprefix("Value error, "))
    key = ".".join(str(part) for part in first["loc"])
    if not key and what.partition(" ")[0] in origin:
        # A check of the whole begins with the key it is about.
        key, _, what = what.partition(" ")
    return _line(key, what, len(faults), origin)


def _line(key: str, what: str, faults: int, origin: Mapping[str, str]) -> str:
    """A fault as one line: where its key, or the nearest one above it, was written; what is wrong; how many more."""
    written = key
    while written not in origin and "." in written:
        written = written.rsplit(".", 1)[0]
    place = f"{origin[written]}: " if written in origin else ""
    more = f" (and {faults - 1} more)" if faults > 1 else ""
    return f"{place}{key or 'settings'}: {what}{more}"
