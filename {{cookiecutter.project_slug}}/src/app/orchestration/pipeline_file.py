"""Reading `notebooks/pipeline.yaml`: the steps of the pipeline and their order, each fault with file and line.

It knows the form of the file only; whether a function, gate or notebook of that name exists is checked by
`app.orchestration.pipeline` before anything runs.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from app import yaml_file
from app.errors import ConfigurationError

Kind = Literal["run", "gate", "notebook"]
KINDS: tuple[Kind, ...] = ("run", "gate", "notebook")
STEP_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
STEP_KEYS = ("name", *KINDS, "parameters")


@dataclass(frozen=True, slots=True)
class Step:
    """One declared step. `target` is a function's name, a gate's name, or a notebook's path below `notebooks/`."""

    name: str
    kind: Kind
    target: str
    parameters: Mapping[str, Any]
    place: str  # file:line, for messages


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The declared steps in order. `folder` is where notebook paths start."""

    name: str
    steps: tuple[Step, ...]
    folder: Path


def read_pipeline(path: Path) -> Pipeline:
    """The pipeline declared in the file at `path`. Raises ConfigurationError, one line with file and line number."""
    _, node = yaml_file.read(path)
    fields = _mapping(node, str(path), ("name", "steps"))
    name = _text(fields, "name", f"{path}:1")
    steps_node = fields.get("steps")
    if not isinstance(steps_node, yaml.SequenceNode) or not steps_node.value:
        raise ConfigurationError(f"{path}:{_line(steps_node)}: steps must be a list of at least one step")
    steps: dict[str, Step] = {}
    for item in steps_node.value:
        step = _step(item, str(path))
        if step.name in steps:
            first = steps[step.name].place
            raise ConfigurationError(f"{step.place}: step {step.name!r} is already declared at {first}: rename one")
        steps[step.name] = step
    return Pipeline(name=name, steps=tuple(steps.values()), folder=path.parent)


def _step(node: yaml.Node, file: str) -> Step:
    place = f"{file}:{_line(node)}"
    fields = _mapping(node, file, STEP_KEYS)
    name = _text(fields, "name", place)
    if not STEP_NAME.fullmatch(name):
        raise ConfigurationError(f"{place}: step name {name!r}: use lower-case letters, digits and _")
    kinds = [kind for kind in KINDS if kind in fields]
    if len(kinds) != 1:
        found = ", ".join(kinds) or "none"
        raise ConfigurationError(f"{place}: step {name!r} needs exactly one of {', '.join(KINDS)}; found {found}")
    kind = kinds[0]
    parameters = _value(fields["parameters"]) if "parameters" in fields else {}
    if not isinstance(parameters, dict) or not all(isinstance(key, str) for key in parameters):
        raise ConfigurationError(f"{place}: parameters of step {name!r} must be a mapping of names to values")
    if parameters and kind != "notebook":
        raise ConfigurationError(f"{place}: step {name!r} is no notebook and takes no parameters: remove them")
    return Step(name, kind, _text(fields, kind, place), parameters, place)


def _mapping(node: yaml.Node | None, file: str, known: tuple[str, ...]) -> dict[str, yaml.Node]:
    if not isinstance(node, yaml.MappingNode):
        raise ConfigurationError(f"{file}:{_line(node)}: expected a mapping with {', '.join(known)}")
    fields: dict[str, yaml.Node] = {}
    for key, value in node.value:
        if key.value not in known:
            raise ConfigurationError(f"{file}:{_line(key)}: unknown field {key.value!r}: use one of {', '.join(known)}")
        if key.value in fields:
            raise ConfigurationError(f"{file}:{_line(key)}: field {key.value!r} stands twice: keep one")
        fields[key.value] = value
    return fields


def _text(fields: Mapping[str, yaml.Node], key: str, place: str) -> str:
    value = _value(fields[key]) if key in fields else None
    if not isinstance(value, str) or not value.strip():
        raise ConfigurationError(f"{place}: {key} must be a text, found {value!r}")
    return value


def _value(node: yaml.Node) -> Any:
    return yaml.SafeLoader("").construct_document(node)


def _line(node: yaml.Node | None) -> int:
    return 1 if node is None else node.start_mark.line + 1
