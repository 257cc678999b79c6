"""A prompt as a file again: what a person finds under prompts/ and reviews."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from app.intelligence.messages import Message
from app.intelligence.prompts import Prompt, Registry, read_prompt


class _Dumper(yaml.SafeDumper):
    """Texts of several lines as blocks, so that a diff shows lines."""


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    style = "|" if "\n" in value else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def document(prompt: Prompt, messages: Sequence[Message], description: str) -> dict[str, Any]:
    """The fields of a prompt file with other messages."""
    found: dict[str, Any] = {
        "description": description,
        "inputs": {name: dict(spec) for name, spec in prompt.inputs.items()},
        "messages": [{"role": one.role, "content": one.text} for one in messages],
    }
    if prompt.output_schema is not None:
        found["output_schema"] = dict(prompt.output_schema)
    if prompt.parameters:
        found["parameters"] = dict(prompt.parameters)
    return found


def written(fields: dict[str, Any]) -> str:
    """The text of the file."""
    return yaml.dump(fields, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


def write_draft(root: Path, prompt: Prompt, messages: Sequence[Message], description: str) -> Path:
    """The next version of the prompt as a new file, read back to be sure. What serves is not touched."""
    registry = Registry.open(root / "prompts")
    version = registry.versions(prompt.task)[-1] + 1
    path = root / "prompts" / prompt.task / f"v{version}.prompt.yml"
    path.write_text(written(document(prompt, messages, description)), encoding="utf-8")
    read_prompt(path)
    return path
