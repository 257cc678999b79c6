"""YAML files that people write: what is wrong with one is a line that names file and place, never a traceback."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

from app.errors import ConfigurationError

# libyaml's parser builds the same values, several times faster.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
Value = TypeVar("Value")


def read(path: Path) -> tuple[Any, yaml.Node | None]:
    """The value in a file, None for an empty one, and its nodes, which know their lines. Raises ConfigurationError."""
    try:
        loader = LOADER(path.read_text(encoding="utf-8"))
        try:
            node = loader.get_single_node()
            return None if node is None else loader.construct_document(node), node
        finally:
            loader.dispose()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror}): restore it") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path} is not YAML: {why(error)}") from None


def read_as(adapter: TypeAdapter[Value], path: Path, *, form: str = "") -> Value:
    """The value in a file as the adapter checks it, an empty file as an empty mapping.

    Raises ConfigurationError with file, line, entry and fault, then with `form`: how an entry is written.
    """
    values, node = read(path)
    try:
        return adapter.validate_python({} if values is None else values)
    except ValidationError as error:
        raise ConfigurationError(f"{path}:{fault(error, node)}{': write ' + form if form else ''}") from None


def fault(error: ValidationError, node: yaml.Node | None) -> str:
    """The first fault of a validation as `LINE: KEY: WHAT`."""
    first = error.errors(include_url=False, include_context=False)[0]
    keys = [str(part) for part in first["loc"]]
    what = {
        "extra_forbidden": "unknown key: remove it or correct its spelling",
        "missing": "required and not set",
    }.get(first["type"], first["msg"].removeprefix("Value error, "))
    return f"{_line_of(node, keys)}: {'.'.join(keys) + ': ' if keys else ''}{what}"


def why(error: Exception) -> str:
    """Why a text is no YAML, in one line, with the line where that shows if the parser says one."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        context = f" {error.context}" if error.context else ""
        return f"line {error.problem_mark.line + 1}: {error.problem}{context}"
    if isinstance(error, RecursionError):
        return "it nests too deep"
    return " ".join(str(error).split())


def _line_of(node: yaml.Node | None, keys: Sequence[str]) -> int:
    """The line, from 1, of the deepest of the nested `keys` that exists."""
    line = node.start_mark.line + 1 if node else 1
    for key in keys:
        entries = node.value if isinstance(node, yaml.MappingNode) else []
        match = next((entry for entry in entries if entry[0].value == key), None)
        if match is None:
            break
        line, node = match[0].start_mark.line + 1, match[1]
    return line
