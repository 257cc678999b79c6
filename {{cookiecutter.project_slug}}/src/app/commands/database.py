"""`app db` and `app status`: the database of development, and what is configured and running."""

from __future__ import annotations

from pathlib import Path

import click
import psycopg
from psycopg import conninfo

from app import bootstrap, configuration
from app.data import postgres, store
from app.errors import ConfigurationError
from app.observability import mlflow_server


def start(root: Path) -> None:
    """Start the embedded server, or attach to it, and bring its schema up to date."""
    url = bootstrap.prepare_database(bootstrap.settings(root))
    click.echo(f"database up at {store.describe(url)}")


def stop(root: Path) -> None:
    """Stop the embedded server and MLflow's, which lives in it."""
    loaded = configuration.load(root)
    if mlflow_server.stop(loaded.data_dir):
        click.echo("MLflow stopped")
    stopped = postgres.stop(loaded.data_dir)
    click.echo("database stopped" if stopped else "no database was running")


def migrate(root: Path) -> None:
    """Apply what is due, on the configured database."""
    loaded = bootstrap.settings(root)
    applied = bootstrap.migrate(bootstrap.owner_url(loaded), bootstrap.database_url(loaded))
    click.echo(f"applied {', '.join(applied)}" if applied else "the schema is current")


def role(root: Path) -> None:
    """Make the role that DATABASE_URL names, with its password, as the owner."""
    loaded = bootstrap.settings(root)
    owner, url = bootstrap.owner_url(loaded), bootstrap.database_url(loaded)
    name, password = store.role_of(url), str(conninfo.conninfo_to_dict(url).get("password") or "")
    if name == store.role_of(owner):
        raise ConfigurationError(
            f"DATABASE_URL and DATABASE_OWNER_URL both name {name!r}: let DATABASE_URL name a role of its own"
        )
    try:
        with psycopg.connect(owner, connect_timeout=5) as connection:
            postgres.make_role(connection, name, password)
    except psycopg.Error as error:
        raise ConfigurationError(
            f"role {name!r} cannot be made ({' '.join(str(error).split())}): make it as an administrator"
        ) from None
    click.echo(f"role {name} may log in; `app db migrate` gives it its rights")


def status(root: Path) -> None:
    """One line a part."""
    loaded = configuration.load(root)
    click.echo(f"environment  {loaded.environment}, provider {loaded.provider}, auth {loaded.auth.mode}")
    if loaded.database.url is not None:
        click.echo(f"database     {store.describe(loaded.database.url.get_secret_value())} (DATABASE_URL)")
    else:
        server = postgres.status(loaded.data_dir)
        state = f"up on port {server.port}" if server.running else "not running: make serve starts it"
        click.echo(f"database     embedded, {state}")
    tracking = mlflow_server.status(loaded.data_dir)
    click.echo(f"MLflow       {tracking.url if tracking else 'not running: make ui'}")
    problem = _problem(root)
    click.echo(f"ready        {'yes' if problem is None else 'no: ' + problem}")


def _problem(root: Path) -> str | None:
    try:
        bootstrap.registry(bootstrap.settings(root))
    except ConfigurationError as error:
        return str(error)
    return None
