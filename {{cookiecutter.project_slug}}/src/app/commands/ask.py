"""`app ask`: one question to the assistant from the terminal, with its sources."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import click

from app import bootstrap
from app.caller import Caller
from app.data import access
from app.errors import InputError
from app.orchestration.answer import Answer
from app.settings import Settings


def run(root: Path, question: str, tenant: str = "default", groups: Sequence[str] = ()) -> None:
    """Print the answer, then a line for each citation, then the trace id. `groups` are the asker's.

    Raises InputError for a question without a word.
    """
    if not question.strip():
        raise InputError("the question is empty: ask something")
    loaded = bootstrap.settings(root)
    url = bootstrap.prepare_database(loaded)
    caller = Caller(tenant=tenant, user="terminal", groups=frozenset(groups))
    answer, indexed = asyncio.run(_ask(loaded, url, question, caller))
    click.echo(answer.text)
    if not indexed:
        click.echo(f"note: tenant {tenant!r} has no document in the index: run `make pipeline` first", err=True)
    for citation in answer.citations:
        click.echo(f"  [{citation.marker}] {' > '.join((citation.document_id, *citation.heading))}")
    click.echo(f"trace {answer.trace_id}", err=True)


async def _ask(loaded: Settings, url: str, question: str, caller: Caller) -> tuple[Answer, bool]:
    """The answer, and whether the tenant has any document, which only an answer without citations needs to know."""
    async with bootstrap.open_services(loaded, url) as services:
        answer = await services.assistant.ask(question, caller)
        if answer.citations:
            return answer, True
        async with access.indexing(services.pool, caller.tenant) as connection:
            found = await (
                await connection.execute("SELECT EXISTS (SELECT FROM documents WHERE tenant = %s)", [caller.tenant])
            ).fetchone()
        return answer, found == (True,)
