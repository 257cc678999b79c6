"""`app data` and the keeping of the database: permissions, indexes, what is wrong, backup and restore."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from psycopg_pool import AsyncConnectionPool

from app import bootstrap
from app.commands.at_database import with_pool
from app.data import access, backup, examination, indexing, store, vector_index
from app.errors import GateFailedError, NotFoundError


def permit(root: Path, document: str, groups: Sequence[str], tenant: str, by: str, reason: str) -> None:
    """Let exactly these groups read a document, at once."""
    changed = with_pool(
        _prepared(root), lambda pool: access.permit(pool, tenant, document, list(groups), by=by, reason=reason)
    )
    if not changed:
        raise NotFoundError(f"tenant {tenant!r} has no document {document!r}: name it by its path below the corpus")
    click.echo(f"{document} may be read by {_readers(groups)}")


def permissions(root: Path, tenant: str) -> None:
    """A line for each document that is closed or was permitted by hand."""
    found = with_pool(_prepared(root), lambda pool: access.permissions(pool, tenant))
    for one in found:
        said = f"  by {one.by or 'nobody'} {one.at}{': ' + one.reason if one.reason else ''}" if one.at else ""
        click.echo(f"{one.document:<40} {_readers(one.groups)}{said}")
    if not found:
        click.echo(f"every document of tenant {tenant!r} is open to the whole tenant")


def _prepared(root: Path) -> str:
    return bootstrap.prepare_database(bootstrap.operating_settings(root))


def _readers(groups: Sequence[str]) -> str:
    return ", ".join(groups) if groups else "the whole tenant"


def index(root: Path) -> None:
    """Build the vector indexes and cells that searches would use, writers going on meanwhile."""
    loaded = bootstrap.operating_settings(root)
    bootstrap.prepare_database(loaded)
    with store.connect(bootstrap.owner_url(loaded)) as connection:
        cells = vector_index.cells_due(connection)
        for model in cells:
            click.echo(f"parting the vectors of {model.model} into {model.wanted} cells ...")
        if mended := vector_index.sketch(connection, cells):
            click.echo(f"{mended} sketches brought up to date")
        due = [one for one in vector_index.wanted(connection, loaded.retrieval) if not one.valid]
        for one in due:
            click.echo(f"building over {one.vectors} vectors of {one.model}, tenant {one.tenant} ...")
            vector_index.build(connection, one)
    click.echo(f"{len(due)} built" if due else "nothing to build")


def doctor(root: Path) -> None:
    """Say what is wrong. Raises GateFailedError when answers or permissions suffer."""
    loaded = bootstrap.operating_settings(root)
    url = bootstrap.prepare_database(loaded)
    with store.connect(bootstrap.owner_url(loaded)) as connection:
        found = examination.examine(connection, loaded.retrieval)
    for fault in store.row_security_faults(url):
        what, _, remedy = fault.partition(": ")
        found.append(examination.Finding(what, remedy, severe=loaded.environment != "dev"))
    for finding in found:
        click.echo(f"{'severe' if finding.severe else 'minor':<7} {finding.what}: {finding.remedy}")
    severe = [finding.what for finding in found if finding.severe]
    if severe:
        raise GateFailedError(f"{len(severe)} severe findings in the data", severe)
    click.echo("sound" if not found else "nothing severe")


def back_up(root: Path, file: Path) -> None:
    """Write the whole database to a file."""
    loaded = bootstrap.operating_settings(root)
    bootstrap.prepare_database(loaded)
    size = backup.dump(bootstrap.owner_url(loaded), file)
    click.echo(f"{file}: {size / 1e6:.1f} MB")


def restore(root: Path, file: Path, *, replace: bool) -> None:
    """Bring a backup back, bring it up to date and give the service its rights again."""
    loaded = bootstrap.operating_settings(root)
    owner, url = bootstrap.owner_url(loaded), bootstrap.database_url(loaded)
    service = store.role_of(url)
    backup.restore(owner, file, replace=replace, service=service if service != store.role_of(owner) else None)
    bootstrap.migrate(owner, url)
    with store.connect(owner) as connection:
        # They remember where their vectors lay.
        vector_index.sketch(connection)
        # A backup has no statistics, and the plans made without them run into the statement time-out.
        connection.execute("ANALYZE")
    click.echo(f"restored {file} into {store.describe(owner)}")


def models(root: Path, tenant: str, retired: str | None) -> None:
    """Show which embedding models are complete; with `retired`, first delete the vectors of that one."""
    loaded = bootstrap.operating_settings(root)
    served = loaded.models.get(loaded.retrieval.embedding_model, {}).get(loaded.provider, ())
    serving = served[0].id if served else None

    async def look(pool: AsyncConnectionPool) -> dict[str, tuple[int, int]]:
        if retired is not None:
            count = await indexing.retire(pool, tenant, retired, serving=serving)
            click.echo(f"{count} vectors of {retired} deleted")
        return await indexing.models(pool, tenant)

    found = with_pool(bootstrap.prepare_database(loaded), look)
    for model, (fresh, chunks) in found.items():
        click.echo(f"{'serving' if model == serving else 'beside':<8} {model}: {fresh} of {chunks} chunks")
    if not found:
        click.echo("no chunk has a vector: search is full text only")
