"""Who may read files that cannot say it themselves: `.groups.yml` in the corpus folder, patterns and their groups.

    board/*: [board]
    contracts/*.pdf: [legal, board]

A pattern is compared with the path below the corpus; `*` also stands for slashes. Of several that fit, the longest
counts. What a file says in its front matter goes before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

from app.data.formats.converted import decoded
from app.data.front_matter import groups_in, parsed
from app.errors import InputError

FILE = ".groups.yml"


@dataclass(frozen=True, slots=True)
class GroupRules:
    """Groups by pattern."""

    by_pattern: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def of(self, name: str) -> tuple[str, ...] | None:
        """The groups of a file by its path below the corpus; None when no pattern fits."""
        fitting = [pattern for pattern in self.by_pattern if fnmatchcase(name, pattern)]
        return self.by_pattern[max(fitting, key=len)] if fitting else None


def load(folder: Path) -> GroupRules:
    """The rules of a corpus folder, none where it has no such file.

    Raises InputError for a file that cannot be read as rules: without them closed documents would be open.
    """
    file = folder / FILE
    if not file.exists():
        return GroupRules()
    try:
        values = parsed(f"{file} is a file", decoded(FILE, file.read_bytes()))
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}): make it readable") from None
    if not isinstance(values, dict) or not all(isinstance(pattern, str) for pattern in values):
        raise InputError(f"{file} must be lines like `board/*: [board]`: correct it")
    return GroupRules({p: groups_in(f"{file}, pattern {p!r}, has the groups", g) for p, g in values.items()})
