"""`app pipeline run`: the steps of notebooks/pipeline.yaml, durable and tracked, the door open to notebooks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from app import bootstrap
from app.caller import Caller
from app.commands import tracking
from app.interface.api import create_app
from app.interface.loopback import on_loopback
from app.interface.services import Services
from app.orchestration.ingest_steps import GATES, STEPS
from app.orchestration.pipeline import PipelineResult, run_pipeline, to_stderr
from app.orchestration.pipeline_file import read_pipeline
from app.orchestration.step import Door, StepContext
from app.settings import Settings

MISSING = re.compile(r"No module named '(\w+)")
REMEDY = "add the package of {} to requirements-notebooks.in, run `make lock` and `make pipeline`"
CALLER = Caller(user="pipeline", role="pipeline")


def run(root: Path, *, again: bool = False) -> None:
    """Run or go on, print a line a step, raise what stopped it."""
    loaded = bootstrap.settings(root)
    result = execute(loaded, bootstrap.prepare_database(loaded), again=again)
    for step in result.steps:
        click.echo(f"{step.status:<7} {step.seconds:7.1f} s  {step.name:<16} {_told(step.detail)}".rstrip())
    for warning in dict.fromkeys(step.warning for step in result.steps if step.warning):
        click.echo(f"note: {warning}", err=True)
    if result.failure is not None:
        missing = MISSING.search(str(result.failure))
        if missing:
            click.echo(f"note: {REMEDY.format(missing[1])}", err=True)
        raise result.failure


def _told(detail: Mapping[str, Any]) -> str:
    """What an ingestion step or a gate did, in its own counts; nothing for other steps."""
    match detail:
        case {"refused": refused, "documents": documents}:
            return f"{documents} read" + (f", {refused} left out" if refused else "")
        case {"gate": _, "rows": rows, "warnings": warnings, "report": report}:
            return f"{rows} rows" + (f", {len(warnings)} warnings: {report}" if warnings else "")
        case {"chunks": chunks, "pending": pending}:
            return f"{pending} documents new or changed, {chunks} chunks"
        case {"documents_new": new, "documents_changed": changed, "documents_deleted": deleted, **rest}:
            told = f"{new} new, {changed} changed, {deleted} deleted, {rest['documents_unchanged']} unchanged; "
            told += (
                f"chunks: {rest['chunks_written']} written, {rest['chunks_kept']} kept, {rest['chunks_deleted']} gone"
            )
            vectors = f"; vectors: {rest['embedded']} made, {rest['embeddings_reused']} reused"
            return told + (vectors if rest["embedding_model"] else "; full text only")
    return ""


def execute(
    loaded: Settings, url: str, *, again: bool = False, say: Callable[[str], None] = to_stderr
) -> PipelineResult:
    """Run the project's pipeline on a prepared database."""
    registry = bootstrap.registry(loaded)
    versions = asyncio.run(bootstrap.serving(loaded, url, registry, CALLER))
    return run_pipeline(
        read_pipeline(loaded.root / "notebooks" / "pipeline.yaml"),
        loaded,
        database_url=url,
        open_context=lambda: _context(loaded, url, versions),
        steps=STEPS,
        gates=GATES,
        prompt_versions=versions,
        track=tracking.tracker(loaded, url),
        say=say,
        again=again,
    )


@asynccontextmanager
async def _context(loaded: Settings, url: str, versions: dict[str, int]) -> AsyncIterator[StepContext]:
    """What the steps share: the running parts, and a door on loopback that only this run's key opens."""
    keyed, key = bootstrap.guarded_by_key(loaded)
    async with bootstrap.open_services(loaded, url) as services:
        application = create_app(keyed, lambda: _running(replace(services, settings=keyed)))
        async with on_loopback(application, lifespan=True) as address:
            yield StepContext(
                settings=loaded,
                pool=services.pool,
                gateway=services.gateway,
                caller=CALLER,
                door=Door(address, key),
                prompt_versions=versions,
                folder=loaded.build_dir,
                say=to_stderr,
            )


@asynccontextmanager
async def _running(services: Services) -> AsyncIterator[Services]:
    """Services that somebody else opens and closes."""
    yield services
