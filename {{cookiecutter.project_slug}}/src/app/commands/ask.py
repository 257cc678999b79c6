"""`app ask`: one question to the assistant from the terminal, with its sources."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from app import bootstrap
from app.caller import Caller
from app.orchestration.answer import Answer
from app.settings import Settings


def run(root: Path, question: str) -> None:
    """Print the answer, then a line for each citation, then the trace id."""
    loaded = bootstrap.settings(root)
    url = bootstrap.prepare_database(loaded)
    answer = asyncio.run(_ask(loaded, url, question))
    click.echo(answer.text)
    for citation in answer.citations:
        click.echo(f"  [{citation.marker}] {citation.document_id} > {' > '.join(citation.heading)}")
    click.echo(f"trace {answer.trace_id}", err=True)


async def _ask(loaded: Settings, url: str, question: str) -> Answer:
    async with bootstrap.open_services(loaded, url) as services:
        return await services.assistant.ask(question, Caller(user="terminal"))
