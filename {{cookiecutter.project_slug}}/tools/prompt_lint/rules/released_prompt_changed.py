"""released_prompt_changed: a released version of a prompt is immutable."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from tools.prompt_lint.discovery import LOCK, PROMPT_FILE
from tools.prompt_lint.findings import Finding, Severity
from tools.prompt_lint.prompt_files import Locked, locked
from tools.prompt_lint.rules.rule import Case, PromptFolder

_RELEASED = "description: Labels a ticket.\nmessages:\n  - {role: user, content: 'Label this: {{ticket}}'}\n"
_LOCKED = f"classify/v1 {hashlib.sha256(_RELEASED.encode()).hexdigest()}\n"


class ReleasedPromptChanged:
    """
    Before: an edit of `prompts/answer/v1.prompt.yml`, which `prompts/released.lock` names.

    After: the edit in a new file, `prompts/answer/v2.prompt.yml`; version 1 as it was.

    Logged calls, cached replies and evaluation results refer to a version by its number. They are only worth something
    while the number means the same text. Each line of the lock is `task/vN` and the SHA-256 of the file's bytes.
    """

    id = "released_prompt_changed"
    severity: Severity = "error"

    def check_folder(self, folder: PromptFolder) -> Iterator[Finding]:
        """One finding for each chosen version that is not what the lock says, and for each unreadable line."""
        lock = folder.root / LOCK
        if not lock.is_file():
            return
        try:
            entries = locked(lock)
        except (OSError, UnicodeDecodeError) as error:
            yield self._at(folder, lock, 1, f"{LOCK} cannot be read ({error}): restore it from version control")
            return
        everything = lock in folder.chosen
        for entry in entries:
            if not entry.sha256:
                if everything:
                    yield self._at(
                        folder, lock, entry.line, f"{entry.version!r} is not `task/vN sha256`: restore the line"
                    )
                continue
            yield from self._version(folder, lock, entry, everything)

    def _version(self, folder: PromptFolder, lock: Path, entry: Locked, everything: bool) -> Iterator[Finding]:
        files = [folder.root / (entry.version + suffix) for suffix in PROMPT_FILE]
        file = next((f for f in files if f.is_file()), None)
        if file is None:
            if everything:
                yield self._at(folder, lock, entry.line, f"released prompt {entry.version} is gone: restore its file")
        elif (everything or file in folder.chosen) and _sha256(file) != entry.sha256:
            message = f"released prompt {entry.version} was changed: restore it and put the change into a new version"
            yield self._at(folder, file, 1, message)

    def _at(self, folder: PromptFolder, file: Path, line: int, message: str) -> Finding:
        path = Path(folder.name, file.relative_to(folder.root)).as_posix()
        return Finding(path, None, line, line, self.id, self.severity, message)

    must_fire = (
        Case(
            "an edited version",
            {"prompts/classify/v1.prompt.yml": _RELEASED + "# better\n", "prompts/released.lock": _LOCKED},
        ),
        Case("a deleted version", {"prompts/released.lock": _LOCKED}),
        Case(
            "a damaged lock",
            {"prompts/classify/v1.prompt.yml": _RELEASED, "prompts/released.lock": "classify/v1 not-a-hash\n"},
        ),
    )
    must_not_fire = (
        Case("a version as released", {"prompts/classify/v1.prompt.yml": _RELEASED, "prompts/released.lock": _LOCKED}),
        Case(
            "a new version beside it",
            {
                "prompts/classify/v1.prompt.yml": _RELEASED,
                "prompts/classify/v2.prompt.yml": _RELEASED + "# better\n",
                "prompts/released.lock": _LOCKED,
            },
        ),
        Case("prompts without a lock", {"prompts/classify/v1.prompt.yml": _RELEASED}),
    )


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
