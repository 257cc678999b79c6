"""Files with one JSON object a line, as people and commands keep cases and labels."""

from __future__ import annotations

from pathlib import Path

from app.errors import InputError


def numbered_lines(path: Path, *, remedy: str) -> list[tuple[int, str]]:
    """The lines that hold text, with their numbers from 1. Raises InputError, which ends with `remedy`.

    A line feed ends a line and nothing else does: texts hold other separators, such as U+2028, as they are.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise InputError(f"{path} cannot be read ({reason}): {remedy}") from None
    return [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
