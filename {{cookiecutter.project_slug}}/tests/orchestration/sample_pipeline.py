"""A small pipeline for tests, run in this process or as a process of its own that can be killed.

As a program: `python sample_pipeline.py ROOT DATABASE_URL`; the file ROOT/hold makes the step `second` wait.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.caller import Caller
from app.configuration import load
from app.data.store import open_pool
from app.errors import GateFailedError
from app.orchestration.pipeline import PipelineResult, run_pipeline
from app.orchestration.pipeline_file import read_pipeline
from app.orchestration.step import Door, StepContext, StepFunction
from app.settings import Settings


@dataclass(frozen=True)
class First:
    """Result of the first step."""

    rows: int


@dataclass(frozen=True)
class Second:
    """Result of the second step."""

    doubled: int
    file: str


async def first(context: StepContext) -> First:
    """Count something; breaks while the file `broken` is there."""
    return First(rows=21 // (not (context.settings.root / "broken").exists()))


async def second(context: StepContext, counted: First) -> Second:
    """Double what was counted, once nothing holds it back."""
    while (context.settings.root / "hold").exists():  # noqa: ASYNC110  the test that removes it is another process
        await asyncio.sleep(0.02)
    file = context.folder / "doubled.json"
    file.write_text(str(counted.rows * 2))
    return Second(counted.rows * 2, file.relative_to(context.settings.root).as_posix())


async def red(context: StepContext) -> None:
    """A gate that lets nothing pass while the file `red` is there."""
    if (context.settings.root / "red").exists():
        raise GateFailedError("gate red: 1 finding: mend row 7", ["row 7"])


STEPS: Mapping[str, StepFunction] = {"first": first, "second": second}
GATES: Mapping[str, StepFunction] = {"red": red}


def settings_at(root: Path) -> Settings:
    """Settings of a project whose config is the real one."""
    return load(root, {"APP_PROVIDER": "offline", "APP_PROJECT__SLUG": "x"})


def run(root: Path, database_url: str, say: Callable[[str], None] = print, **options: Any) -> PipelineResult:
    """Run the pipeline of the project at `root`."""
    settings = settings_at(root)

    @asynccontextmanager
    async def context() -> AsyncIterator[StepContext]:
        pool = await open_pool(database_url, max_size=2)
        door = Door("http://127.0.0.1:9", "key")
        try:
            yield StepContext(settings, pool, None, Caller(), door, {"answer": 2}, root, say)  # type: ignore[arg-type]
        finally:
            await pool.close()

    return run_pipeline(
        read_pipeline(root / "notebooks" / "pipeline.yaml"),
        settings,
        database_url=database_url,
        open_context=context,
        steps=STEPS,
        gates=GATES,
        prompt_versions={"answer": 2},
        say=say,
        **options,
    )


if __name__ == "__main__":
    outcome = run(Path(sys.argv[1]), sys.argv[2], say=lambda line: print(line, flush=True))
    print([(step.name, step.status) for step in outcome.steps], flush=True)
