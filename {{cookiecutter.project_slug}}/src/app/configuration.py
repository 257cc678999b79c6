"""Reading the settings: files, then variables, later wins; every fault named with file and line.

In order: `config/base.yaml`, `config/project.yaml`, `config/<environment>.yaml`, `.env`, the process environment.
A variable `APP_A__B=value` sets `a.b`; a few well-known names (`DATABASE_URL`, `OPENAI_API_KEY` ...) keep their own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values
from pydantic import ValidationError

from app.errors import ConfigurationError
from app.settings import Settings

WELL_KNOWN = {
    "DATABASE_URL": "database.url",
    "OPENAI_API_KEY": "providers.openai.api_key",
    "ANTHROPIC_API_KEY": "providers.anthropic.api_key",
    "COMPATIBLE_API_KEY": "providers.compatible.api_key",
    "COMPATIBLE_BASE_URL": "providers.compatible.base_url",
    "MLFLOW_TRACKING_URI": "mlflow.tracking_uri",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "tracing.otlp_endpoint",
}
# Handed from a pipeline run to its notebooks; no settings.
RUN_PREFIX = "APP_RUN_"


def load(root: Path, env: Mapping[str, str] | None = None) -> Settings:
    """Read the configuration of the project at `root`.

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
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise ConfigurationError(_explain(error, origin)) from None


def _read_yaml(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    """The mapping in a file, and for each dotted key the place `file:line` where it stands."""
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text)
        values = yaml.safe_load(text) or {}
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}): restore it") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
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
            found.append((name[4:].lower().replace("__", "."), yaml.safe_load(value) if value else None))
    return found


def _assign(values: dict[str, Any], dotted: str, value: Any) -> None:
    *parents, last = dotted.split(".")
    for parent in parents:
        values = values.setdefault(parent, {})
    values[last] = value


def _explain(error: ValidationError, origin: Mapping[str, str]) -> str:
    """The first fault of a validation as one line: place, key, what is wrong, how many more."""
    faults = error.errors(include_url=False, include_context=False)
    first = faults[0]
    key = ".".join(str(part) for part in first["loc"])
    place = origin.get(key)
    while place is None and "." in key:
        key = key.rsplit(".", 1)[0]
        place = origin.get(key)
    key = ".".join(str(part) for part in first["loc"]) or "settings"
    what = {
        "extra_forbidden": "unknown field: remove it or correct its spelling",
        "missing": "required and not set",
    }.get(first["type"], first["msg"].removeprefix("Value error, "))
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{place + ': ' if place else ''}{key}: {what}{more}"
