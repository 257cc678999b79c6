"""Commands for the data: permissions, indexes, what is wrong with them, backup and restore."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path

import click

from app.cli.project import project_root

TENANT = click.option("--tenant", default="default", show_default=True, help="Whose documents.")


@click.group()
def data() -> None:
    """Documents, their permissions and their indexes."""


@data.command("permit")
@click.argument("document")
@click.argument("groups", nargs=-1)
@TENANT
@click.option("--by", default=getpass.getuser, help="Who; you when left out.")
@click.option("--reason", default="", help="Why; it is kept with the document.")
def data_permit(document: str, groups: Sequence[str], tenant: str, by: str, reason: str) -> None:
    """Let exactly these GROUPS read a document, effective at once; none opens it to the whole tenant."""
    from app.commands.data import permit

    permit(project_root(), document, groups, tenant, by, reason)


@data.command("permissions")
@TENANT
def data_permissions(tenant: str) -> None:
    """Which documents are closed, for whom, and who said so last."""
    from app.commands.data import permissions

    permissions(project_root(), tenant)


@data.command("index")
def data_index() -> None:
    """Build the vector indexes that large tenants need, without blocking writers."""
    from app.commands.data import index

    index(project_root())


@data.command("doctor")
def data_doctor() -> None:
    """Look for stale vectors, drifted counts, missing indexes and permissions that would not hold."""
    from app.commands.data import doctor

    doctor(project_root())


@data.command("models")
@click.option("--retire", "retired", metavar="MODEL", help="Delete the vectors of a model that no longer serves.")
@TENANT
def data_models(retired: str | None, tenant: str) -> None:
    """Which embedding models have vectors for all chunks, and which one serves."""
    from app.commands.data import models

    models(project_root(), tenant, retired)


@data.command("enqueue")
@TENANT
def data_enqueue(tenant: str) -> None:
    """Put new and changed documents on the queue that `app data work` shares out."""
    from app.commands.ingestion import enqueue

    enqueue(project_root(), tenant)


@data.command("work")
@TENANT
@click.option(
    "--lease-s",
    type=click.FloatRange(min=1),
    default=120.0,
    show_default=True,
    help="After so many seconds another worker may take over.",
)
def data_work(tenant: str, lease_s: float) -> None:
    """Write what waits, together with every other process that runs this."""
    from app.commands.ingestion import work

    work(project_root(), tenant, lease_s)


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def db_backup(file: Path) -> None:
    """Write the whole database to FILE."""
    from app.commands.data import back_up

    back_up(project_root(), file)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--replace", is_flag=True, help="Overwrite a database that holds documents.")
def db_restore(file: Path, replace: bool) -> None:
    """Bring back what `backup` wrote: all of it, or nothing is changed."""
    from app.commands.data import restore

    restore(project_root(), file, replace=replace)
