"""A YAML file that is broken is named with file, line and fault, never by a traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import TypeAdapter

from app import yaml_file
from app.errors import ConfigurationError

BROKEN = {
    "open list": (b"a: 1\nb: [x\n", ":{path} is not YAML: line 3: "),
    "bad indent": (b"a: 1\n  b: 2\n", ":{path} is not YAML: line 2: "),
    "not UTF-8": (b"a: \xff\xfe\n", ":{path} is not YAML: 'utf-8' codec can't decode"),
    "no such day": (b"a: 2025-02-30\n", ":{path} is not YAML: day is out of range"),
}


@pytest.mark.parametrize(("content", "told"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_yaml_is_one_line(tmp_path: Path, content: bytes, told: str) -> None:
    """The file, the line where the parser knows one, and what is wrong."""
    path = tmp_path / "suites.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        yaml_file.read(path)
    assert f":{refused.value}".startswith(told.format(path=path))
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_asked_for(tmp_path: Path) -> None:
    """By its path."""
    with pytest.raises(ConfigurationError, match=r"gone\.yaml cannot be read \(No such file or directory\): restore"):
        yaml_file.read(tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\nb: x\n", "n.yaml:2: b: Input should be a valid integer"),
        ("- a\n", "n.yaml:1: Input should be a valid dictionary"),
    ],
    ids=["entry", "whole"],
)
def test_an_entry_that_does_not_fit_is_named_by_its_line(tmp_path: Path, text: str, told: str) -> None:
    """An empty file holds nothing, which is no fault; another form of file is."""
    path = tmp_path / "n.yaml"
    path.write_text("", encoding="utf-8")
    assert yaml_file.read_as(TypeAdapter(dict[str, int]), path) == {}
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as refused:
        yaml_file.read_as(TypeAdapter(dict[str, int]), path, form="`name: number`")
    assert told in str(refused.value)
    assert str(refused.value).endswith(": write `name: number`")
