"""Which project a command is about."""

from __future__ import annotations

from pathlib import Path

from app.errors import ConfigurationError

PROJECT_MARKS = ("config", "prompts")


def project_root() -> Path:
    """The project this command was called in: the nearest folder upwards with config/ and prompts/."""
    start = Path.cwd()
    for folder in (start, *start.parents):
        if all((folder / mark).is_dir() for mark in PROJECT_MARKS):
            return folder
    raise ConfigurationError(f"{start} is not inside a project (no config/ and prompts/ upwards): change into one")
