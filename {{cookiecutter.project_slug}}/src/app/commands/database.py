"""`app db` and `app status`: the database of development, and what is configured and running."""

from __future__ import annotations

from pathlib import Path

import click
import psycopg
from psycopg import conninfo

from app import bootstrap, configuration
from app.data import postgres, store
from app.errors import ConfigurationError, GateFailedError, StoreUnavailableError
from app.observability import mlflow_server


def start(root: Path) -> None:
    """Start the embedded server, or attach to it, and bring its schema up to date."""
    url = bootstrap.prepare_database(bootstrap.operating_settings(root))
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
    loaded = bootstrap.operating_settings(root)
    applied = bootstrap.migrate(bootstrap.owner_url(loaded), bootstrap.database_url(loaded))
    click.echo(f"applied {', '.join(applied)}" if applied else "the schema is current")


def role(root: Path) -> None:
    """Make the role that DATABASE_URL names, with its password, as the owner."""
    loaded = bootstrap.operating_settings(root)
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
        url = loaded.database.url.get_secret_value()
        click.echo(f"database     {store.describe(url)} (DATABASE_URL), {_state(url)}")
    else:
        server = postgres.status(loaded.data_dir)
        state = f"up on port {server.port}" if server.running else "not running: make serve starts it"
        click.echo(f"database     embedded, {state}")
    tracking = mlflow_server.status(loaded.data_dir)
    click.echo(f"MLflow       {tracking.url if tracking else 'not running: make ui'}")
    problems = _problems(root)
    click.echo(f"ready        {'yes' if not problems else 'no: ' + problems[0]}")
    for problem in problems[1:]:
        click.echo(f"             {problem}")


def _state(url: str) -> str:
    try:
        return "up" if store.schema_current(url) else "up, its schema is not current: run `app db migrate`"
    except StoreUnavailableError as error:
        return f"away: {error}"


def _problems(root: Path) -> list[str]:
    """Why a service would not start, a line each."""
    try:
        bootstrap.registry(bootstrap.settings(root))
    except GateFailedError as error:
        return [str(error), *error.failures]
    except ConfigurationError as error:
        return [str(error)]
    return []
