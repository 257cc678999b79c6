"""Adding a step to `notebooks/pipeline.yaml` as text, so that its comments and order stay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.promote.notebook.outcome import Refused


def pipeline_without(path: Path, step: str, values: Mapping[str, Any]) -> bytes | None:
    """The file without the step's entry; None when there is none, or when a person has written it otherwise."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError):
        return None
    ours = {f"- {_entry(step, given)}" for given in ({}, values)}
    kept = [line for line in lines if line.strip() not in ours]
    return "".join(kept).encode("utf-8") if len(kept) < len(lines) else None


def _entry(step: str, values: Mapping[str, Any]) -> str:
    given = ", ".join(f"{_key(name)}: {json.dumps(value, ensure_ascii=False)}" for name, value in values.items())
    return f"{{name: {step}, notebook: steps/{step}.ipynb, parameters: {{{given}}}}}"


def _key(name: str) -> str:
    """A parameter's name as YAML reads it back: `on` would be a truth value."""
    return name if yaml.safe_load(name) == name else f'"{name}"'


def pipeline_with(path: Path, step: str, values: Mapping[str, Any]) -> bytes | None:
    """The file with the step added at the end; None when it stands there already.

    `values` are parameters somebody has to give a value, with the one they have: they stand in the entry to be changed.
    Raises Refused when the file is damaged or a step of this name does something else.
    """
    notebook = f"steps/{step}.ipynb"
    entry = _entry(step, values)
    if not path.exists():
        return f"name: main\nsteps:\n  - {entry}\n".encode()
    try:
        text = path.read_text(encoding="utf-8")
        root = yaml.compose(text)
        data = yaml.safe_load(text)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise Refused(
            f"{path} cannot be read ({' '.join(str(error).split())}): restore it from version control"
        ) from None
    if not isinstance(data, dict) or not isinstance(root, yaml.MappingNode):
        raise Refused(f"{path} must hold a mapping with name and steps: restore it from version control")
    if _standing(path, data, step, notebook):
        return None
    return _insert(path, text, root, entry).encode("utf-8")


def _standing(path: Path, data: dict[str, Any], step: str, notebook: str) -> bool:
    for other in data.get("steps") or []:
        if isinstance(other, dict) and other.get("name") == step:
            if other.get("notebook") == notebook:
                return True
            raise Refused(f"{path} has a step {step!r} that is not {notebook}: give another name with --name")
    return False


def _insert(path: Path, text: str, root: yaml.MappingNode, entry: str) -> str:
    steps = next((value for key, value in root.value if key.value == "steps"), None)
    if steps is None:
        return text.rstrip("\n") + f"\nsteps:\n  - {entry}\n"
    if isinstance(steps, yaml.ScalarNode) and not steps.value:
        start = steps.start_mark.index
        return text[:start].rstrip(" ") + f"\n  - {entry}" + text[start:]
    if not isinstance(steps, yaml.SequenceNode):
        raise Refused(f"{path}: steps must be a list: restore it from version control")
    if steps.flow_style:
        end = steps.end_mark.index - 1
        comma = ", " if steps.value else ""
        return text[:end] + comma + entry + text[end:]
    last = steps.value[-1]
    end = text.find("\n", _end(last))
    end = len(text) if end < 0 else end
    return text[:end] + "\n" + " " * steps.start_mark.column + f"- {entry}" + (text[end:] or "\n")


def _end(node: yaml.Node) -> int:
    """Where the text of a node ends; block collections end where their last scalar or flow collection does."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _end(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and not node.flow_style and node.value:
        return _end(node.value[-1])
    return max(node.end_mark.index - (1 if _past_line(node) else 0), node.start_mark.index)


def _past_line(node: yaml.Node) -> bool:
    return isinstance(node, yaml.ScalarNode) and node.style in ("|", ">")
