"""The unified diff a dry run shows: the code of the notebook against the step's, then every file to be written."""

from __future__ import annotations

import difflib
import os
from pathlib import Path
from typing import TextIO

from tools.promote.inputs.secrets import redact
from tools.promote.promotion import Promotion

COLOURS = {"+": "32", "-": "31", "@": "36"}


def diff_of(promotion: Promotion) -> str:
    """The diff as text, without keys. The step is compared cell by cell; a copied original is named alone."""
    place = promotion.place
    lines: list[str] = []
    if place.step_file in promotion.files:
        names = promotion.report.source, place.relative(place.step_file)
        lines += difflib.unified_diff(promotion.source.code_text(), promotion.step.code_text(), *names)
    for path, content in promotion.files.items():
        if path == place.step_file:
            continue
        name = place.relative(path)
        if path == place.original:
            lines.append(f"# {name}: a copy of the notebook, without keys and otherwise as it is\n")
            continue
        before, after = _lines(path), (content or b"").decode("utf-8").splitlines(keepends=True)
        old = name if path.exists() else "/dev/null"
        lines += difflib.unified_diff(before, after, old, name if content is not None else "/dev/null")
    return redact("".join(line if line.endswith("\n") else f"{line}\n" for line in lines))


def coloured(diff: str, stream: TextIO) -> str:
    """The diff with colours when `stream` is a terminal and NO_COLOR is not set; else as it is."""
    if not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return diff
    return "".join(_coloured(line) for line in diff.splitlines(keepends=True))


def _coloured(line: str) -> str:
    if line.startswith(("+++ ", "--- ")):
        return f"\033[1m{line.rstrip()}\033[0m\n"
    colour = COLOURS.get(line[:1])
    return f"\033[{colour}m{line.rstrip()}\033[0m\n" if colour else line


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines(keepends=True) if path.is_file() else []
