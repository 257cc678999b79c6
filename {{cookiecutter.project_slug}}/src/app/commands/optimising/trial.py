"""Texts of a prompt tried out beside the project: a folder that is the project but for its prompts, gone afterwards."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from app.commands.evaluation.running import How, evaluate
from app.commands.evaluation.wanted import Wanted
from app.commands.optimising.writing import document, written
from app.intelligence.messages import Message
from app.intelligence.prompts import Prompt
from app.observability.evaluation.case import Case
from app.observability.evaluation.result import SuiteResult
from app.settings import Settings

FIRST = 9_000


def on_dev(case: Case) -> bool:
    """What a search may look at."""
    return not case.held_out


def held_out(case: Case) -> bool:
    """What it is judged by at the end."""
    return case.held_out


@dataclass
class Trial:
    """Evaluates texts of one prompt by one suite. `how` holds the spend that all of them share."""

    loaded: Settings
    url: str
    wanted: Wanted
    prompt: Prompt
    how: How
    tried: int = 0

    def results(self, texts: Sequence[Sequence[Message]], only: Callable[[Case], bool]) -> list[SuiteResult]:
        """One result for each text."""
        wanted = []
        for messages in texts:
            version = FIRST + self.tried
            self.tried += 1
            path = self.loaded.root / "prompts" / self.prompt.task / f"v{version}.prompt.yml"
            path.write_text(written(document(self.prompt, messages, "a text on trial")), encoding="utf-8")
            wanted.append(replace(self.wanted, version=version))
        return evaluate(self.loaded, self.url, wanted, replace(self.how, only=only))


@contextmanager
def beside(loaded: Settings) -> Iterator[Settings]:
    """The settings of a folder where prompts may be written to; everything else is the project's own."""
    folder = Path(tempfile.mkdtemp(prefix="trial-"))
    try:
        for entry in loaded.root.iterdir():
            if entry.name not in ("prompts", "build"):
                (folder / entry.name).symlink_to(entry)
        shutil.copytree(loaded.root / "prompts", folder / "prompts")
        yield loaded.model_copy(update={"root": folder})
    finally:
        shutil.rmtree(folder)
