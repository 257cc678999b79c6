"""Input that is broken: each has a clear outcome, and the rest of the run goes on."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from tools.prompt_lint.command import main

CALL = "client.chat.completions.create(messages=[{'role': 'system', 'content': 'You label tickets.'}])\n"
HINT = "import openai\n"
NOTEBOOK = {"cells": [{"cell_type": "code", "source": HINT + CALL}], "metadata": {}, "nbformat": 4}
PROMPT, WARNED, BOTH = ["hardcoded_prompt"], ["unparsable"], ["hardcoded_prompt", "unparsable"]
FILES: dict[str, tuple[str, bytes, list[str], str]] = {
    "empty": ("a.py", b"", [], ""),
    "syntax error": ("a.py", (HINT + CALL + "def f(:\n    pass\n").encode(), BOTH, "invalid syntax"),
    "Python 2": ("a.py", (HINT + CALL + "print 'x'\n").encode(), BOTH, "Missing parentheses"),
    "null byte": ("a.py", (HINT + CALL).encode() + b"x = '\0'\n", WARNED, "null bytes"),
    "BOM": ("a.py", b"\xef\xbb\xbf" + (HINT + CALL).encode(), PROMPT, ""),
    "BOM and another coding": ("a.py", b"\xef\xbb\xbf# coding: latin-1\n" + HINT.encode(), WARNED, "encoding"),
    "UTF-16": ("a.py", (HINT + CALL).encode("utf-16"), [], ""),
    "Latin-1, declared": ("a.py", ("# coding: latin-1\n# ü\n" + HINT + CALL).encode("latin-1"), PROMPT, ""),
    "Latin-1, undeclared": ("a.py", ("# ü\n" + HINT + CALL).encode("latin-1"), WARNED, "declared encoding"),
    "unknown coding": ("a.py", ("# coding: klingon\n" + HINT + CALL).encode(), WARNED, "unknown encoding: klingon"),
    "old line ends": ("a.py", (HINT + CALL).replace("\n", "\r").encode(), PROMPT, ""),
    "half a character": ("a.py", (HINT + "s = '\\ud83d'\n" + CALL).encode(), PROMPT, ""),
    "too deep": ("a.py", (HINT + "x = " + "(" * 500 + "1" + ")" * 500 + "\n").encode(), WARNED, "parenthes"),
    "too long a sum": ("a.py", (HINT + "x = " + "+".join(["y"] * 20_000) + "\n").encode(), WARNED, ""),
    "notebook with a BOM": ("a.ipynb", b"\xef\xbb\xbf" + json.dumps(NOTEBOOK).encode(), PROMPT, ""),
    "truncated notebook": ("a.ipynb", json.dumps(NOTEBOOK).encode()[:-20], WARNED, "not valid JSON"),
    "notebook in Latin-1": ("a.ipynb", b'{"cells": [], "x": "\xfc"}', WARNED, "not valid JSON"),
    "notebook with a null byte": ("a.ipynb", b"\0\0\0", WARNED, "not valid JSON"),
    "notebook too deep": ("a.ipynb", b"[" * 100_000, WARNED, "not valid JSON"),
    "no notebook": ("a.ipynb", b'"text"', WARNED, "no list of cells"),
    "nbformat 3": (
        "a.ipynb",
        json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": CALL}]}], "nbformat": 3}).encode(),
        PROMPT,
        "",
    ),
    "half a character in a cell": (
        "a.ipynb",
        json.dumps({**NOTEBOOK, "cells": [{"cell_type": "code", "source": "s = '\ud83d'\n" + CALL}]}).encode(),
        WARNED,
        "surrogate",
    ),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    main(["--format", "json", *arguments])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize(("name", "content", "rules", "why"), [pytest.param(*c, id=n) for n, c in FILES.items()])
def test_a_broken_file(
    name: str, content: bytes, rules: list[str], why: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A warning that says why, what can be read is read, and the file beside it is checked."""
    (folder / name).write_bytes(content)
    (folder / "sound.py").write_text(CALL)
    found = lines(capsys)
    broken = [f for f in found if f["path"] == name]
    assert sorted({f["rule"] for f in broken}) == rules
    assert all(why in f["message"] and f["severity"] == "warning" for f in broken if f["rule"] == "unparsable")
    assert [f["rule"] for f in found if f["path"] == "sound.py"] == PROMPT


def test_links_that_lead_nowhere_or_around(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A link to itself and one to nothing are warnings; a folder that holds a link to itself is read once."""
    (folder / "loop.py").symlink_to("loop.py")
    (folder / "gone.py").symlink_to("nowhere.py")
    (folder / "inner").mkdir()
    (folder / "inner/again").symlink_to(folder, target_is_directory=True)
    (folder / "inner/sound.py").write_text(CALL)
    assert [(f["path"], f["rule"]) for f in lines(capsys)] == [
        ("gone.py", "unparsable"),
        ("inner/sound.py", "hardcoded_prompt"),
        ("loop.py", "unparsable"),
    ]


def test_a_file_that_may_not_be_read(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Permission denied is a warning with that word."""
    (folder / "a.py").write_text(CALL)
    read_bytes = Path.read_bytes

    def refusing(self: Path) -> bytes:
        if self.name == "a.py":
            raise PermissionError(13, os.strerror(13), str(self))
        return read_bytes(self)

    monkeypatch.setattr(Path, "read_bytes", refusing)  # a test that runs as root may read everything
    assert [f["message"] for f in lines(capsys)] == ["cannot be read: Permission denied"]


def test_a_folder_that_is_named_like_a_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`pkg.py/` is a folder, and what lies in it is read."""
    (folder / "pkg.py").mkdir()
    (folder / "pkg.py/sound.py").write_text(CALL)
    assert [f["path"] for f in lines(capsys)] == ["pkg.py/sound.py"]


@pytest.mark.slow
def test_a_huge_module(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """6 MB of data in a module: found in seconds, with what stands at its end."""
    rows = "".join(f"    ('row {n}', {n}, 'a text of some words that is data'),\n" for n in range(110_000))
    (folder / "a.py").write_text(f"{HINT}ROWS = [\n{rows}]\n{CALL}")
    begin = time.perf_counter()
    assert [(f["rule"], f["line"]) for f in lines(capsys)] == [("hardcoded_prompt", 110_004)]
    assert time.perf_counter() - begin < 30
