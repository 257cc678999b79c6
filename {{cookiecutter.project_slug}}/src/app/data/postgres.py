"""The embedded Postgres of development: a real server out of a wheel's binaries, one for each data folder.

It listens on 127.0.0.1 with a random password, outlives the process that started it, and comes back after `kill -9`.
It is not for production: there DATABASE_URL names the server.
"""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import conninfo, sql

from app.data import server_home, server_process
from app.errors import ConfigurationError, StoreUnavailableError

DATABASE = "app"


@dataclass(frozen=True, slots=True)
class Status:
    """What runs for a data folder. `pid` is the server's first process; `port` the one it had last."""

    running: bool
    pid: int | None
    port: int | None
    cluster: Path


def start(data_dir: Path) -> str:
    """The URL of database `app`, its server started if need be; any number of processes may ask at once.

    Everything is kept under `data_dir/postgres`. The port stays the same from start to start unless something else
    has taken it. Raises ConfigurationError when the binaries are missing or the folder is not ours,
    StoreUnavailableError when the server does not come up.
    """
    server = server_home.locate(data_dir)
    if server_process.answers(server, DATABASE):
        return server.url(DATABASE)
    binaries = server_home.binaries(server.account)
    with server_home.locked(server.home):
        if server_process.postmaster(server.cluster) is None or not server_process.answers(server, DATABASE):
            server_process.initialise(server, binaries)
            server_process.launch(server, binaries)
        _create_database(server)
    return server.url(DATABASE)


def service(data_dir: Path) -> str:
    """The URL of the running server's database `app` for the service: a role that owns nothing and bypasses nothing.

    Made on first use, with a password of its own.
    """
    server = server_home.locate(data_dir)
    with server_home.locked(server.home):
        if not server.service_password.exists():
            password = secrets.token_urlsafe(24)
            with psycopg.connect(server.url("postgres"), autocommit=True, connect_timeout=5) as connection:
                # MLflow's commands make a database of their own on first use.
                make_role(connection, server_home.SERVICE_USER, password, makes_databases=True)
            server_home.write_private(server.service_password, password)
    return server.service_url(DATABASE)


def make_role(connection: psycopg.Connection, name: str, password: str, *, makes_databases: bool = False) -> None:
    """A role that may log in and bypasses nothing; one that exists is changed into that, with the password."""
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    statement = "ALTER ROLE {} {} PASSWORD {}" if known else "CREATE ROLE {} {} PASSWORD {}"
    rights = f"LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE {'CREATEDB' if makes_databases else 'NOCREATEDB'}"
    connection.execute(sql.SQL(statement).format(sql.Identifier(name), sql.SQL(rights), sql.Literal(password)))
    # A pooling proxy drops what a client asks for at the start, the search path included.
    connection.execute(sql.SQL("ALTER ROLE {} SET search_path = app, public").format(sql.Identifier(name)))


def stop(data_dir: Path) -> bool:
    """End the server, waiting for its open transactions to be rolled back. False when none was running."""
    server = server_home.locate(data_dir)
    with server_home.locked(server.home):
        return server_process.end(server.cluster)


def status(data_dir: Path) -> Status:
    """What runs for `data_dir`; starts nothing."""
    server = server_home.locate(data_dir)
    process = server_process.postmaster(server.cluster)
    return Status(process is not None, process and process.pid, server_home.read_int(server.port), server.cluster)


def ensure_database(url: str, name: str) -> str:
    """The URL of database `name` on the server of `url`, created when missing; safe when several ask at once."""
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if known is None:
                with contextlib.suppress(psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                    connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    except psycopg.OperationalError as error:
        raise StoreUnavailableError(
            f"database {name!r} cannot be created ({' '.join(str(error).split())}): is the server running?"
        ) from None
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigurationError(
            f"database {name!r} cannot be created ({' '.join(str(error).split())}): create it once as an administrator"
        ) from None
    return database_url(url, name)


def database_url(url: str, name: str) -> str:
    """The same server and credentials, another database."""
    if "://" not in url:
        return conninfo.make_conninfo(url, dbname=name)
    return urlsplit(url)._replace(path="/" + quote(name, safe="")).geturl()


def _create_database(server: server_home.Server) -> None:
    url = ensure_database(server.url("postgres"), DATABASE)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
