"""Who may read files that cannot say it themselves: `.groups.yml` in the corpus, patterns and their groups.

    board/*: [board]
    contracts/*.pdf: [legal, board]

A pattern is compared with the path below the folder its file lies in, the corpus or one within; `*` also stands for
slashes. Of several that fit, the longest counts, folder included. What a file says in its front matter goes before.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from glob import escape
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

    def idle(self, names: Collection[str]) -> list[str]:
        """Patterns that fit none of these paths: misspelt, or written for files to come."""
        return [pattern for pattern in self.by_pattern if not any(fnmatchcase(name, pattern) for name in names)]


def load(folder: Path) -> GroupRules:
    """The rules of a corpus, none where no folder of it has such a file.

    Raises InputError for a file that cannot be read as rules, or has nearly their name: without them closed documents
    would be open.
    """
    rules: dict[str, tuple[str, ...]] = {}
    for file in sorted(folder.rglob(".groups.*")):
        parts = file.parent.relative_to(folder).parts
        if any(part.startswith(".") for part in parts):
            continue
        if file.name != FILE:
            raise InputError(f"{file} looks like rules for groups and is not read: name it {FILE}, or remove it")
        within = escape("/".join((*parts, ""))) if parts else ""
        rules |= {within + pattern: groups for pattern, groups in _rules(file).items()}
    return GroupRules(rules)


def _rules(file: Path) -> dict[str, tuple[str, ...]]:
    try:
        values = parsed(f"{file} is a file", decoded(FILE, file.read_bytes()))
    except OSError as error:
        raise InputError(f"{file} cannot be read ({error.strerror}): make it readable") from None
    if not isinstance(values, dict) or not all(isinstance(pattern, str) for pattern in values):
        raise InputError(f"{file} must be lines like `board/*: [board]`: correct it")
    return {p: groups_in(f"{file}, pattern {p!r}, has the groups", g) for p, g in values.items()}
