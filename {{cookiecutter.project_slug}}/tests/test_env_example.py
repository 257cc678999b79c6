"""`.env.example` and the settings say the same: every name, every default, both ways."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic.fields import FieldInfo

from app.configuration import WELL_KNOWN
from app.settings import Section, Settings

NOT_SETTABLE = {"root"}


def listed(project_root: Path) -> dict[str, str]:
    """What the file lists of settings: the part above what `promote` notes for notebooks."""
    text = (project_root / ".env.example").read_text(encoding="utf-8").partition("# What promoted notebooks read")[0]
    return dict(re.findall(r"^#?([A-Z][A-Z0-9_]*)=(.*)$", text, re.MULTILINE))


def settings(section: type[Section] = Settings, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every field that is no section itself, as (dotted name, field)."""
    for name, field in section.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, Section):
            yield from settings(field.annotation, f"{prefix}{name}.")
        elif name not in NOT_SETTABLE:
            yield prefix + name, field


def variable(dotted: str) -> str:
    known = {setting: name for name, setting in WELL_KNOWN.items()}
    return known.get(dotted) or "APP_" + dotted.replace(".", "__").upper()


def default(field: FieldInfo) -> Any:
    value = None if field.is_required() else field.get_default(call_default_factory=True)
    return list(value) if isinstance(value, tuple) else (None if value == "" else value)


def test_every_setting_is_listed_and_nothing_else(project_root: Path) -> None:
    """The names in the file are those of the settings and the well-known variables."""
    names = {variable(dotted) for dotted, _ in settings()} | set(WELL_KNOWN)
    assert set(listed(project_root)) == names


@pytest.mark.parametrize("dotted", [name for name, _ in settings() if name != "environment"])
def test_listed_default_is_the_settings(project_root: Path, dotted: str) -> None:
    """The value shown for a setting is its default; empty where it has none."""
    shown = yaml.safe_load(listed(project_root)[variable(dotted)] or "null")
    assert shown == default(dict(settings())[dotted])


def test_copying_the_file_changes_nothing(project_root: Path) -> None:
    """Every line is a comment until somebody decides otherwise, so a copy overrides no configuration file."""
    lines = (project_root / ".env.example").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []
