"""Backup and restore of the whole database by Postgres' own programs, connected as the owner.

A restore replaces everything in one transaction: it ends complete or leaves what was there. The programs come from the
development wheel, or from the path; their version must not be older than the server's.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg
from psycopg import conninfo, sql

from app.data import server_account, server_home
from app.data.store import connect, describe
from app.errors import ConfigurationError, InputError, StoreUnavailableError

# What else lives in the database beside ours: workflows and sessions, whose libraries make their own tables, connected
# as the service's role. A backup has no owners, so that role is given them again.
SERVICE_SCHEMAS = ("dbos", "langgraph")
SCHEMAS = ("app", *SERVICE_SCHEMAS)
HAND_OVER = """
    DO $$ DECLARE one record; BEGIN FOR one IN
        WITH ours AS (SELECT oid, nspname FROM pg_namespace WHERE nspname IN ({schemas}))
        SELECT 'SCHEMA' AS kind, quote_ident(nspname) AS name FROM ours
        UNION ALL SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' ELSE 'TABLE' END,
            c.oid::regclass::text
            FROM pg_class c JOIN ours ON ours.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'S', 'v')
            AND (c.relkind <> 'S' OR c.oid NOT IN (SELECT objid FROM pg_depend WHERE deptype IN ('a', 'i')))
        UNION ALL SELECT 'ROUTINE', p.oid::regprocedure::text FROM pg_proc p JOIN ours ON ours.oid = p.pronamespace
        UNION ALL SELECT 'TYPE', t.oid::regtype::text FROM pg_type t JOIN ours ON ours.oid = t.typnamespace
            WHERE t.typtype IN ('e', 'd')
    LOOP EXECUTE format('ALTER %s %s OWNER TO %I', one.kind, one.name, {role}); END LOOP; END $$;
"""


def dump(owner_url: str, file: Path) -> int:
    """Write a backup, whole or not at all, and return its bytes. Raises StoreUnavailableError with the reason."""
    if file.exists():
        raise InputError(f"{file} exists: choose another name, a backup replaces none")
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(file.name + ".partial")
    with connect(owner_url) as connection:
        schemas = [f"--schema={schema}" for schema in _present(connection)]
    if not schemas:
        raise InputError(f"database {describe(owner_url)} holds nothing to back up: is it the right one?")
    try:
        # It holds every document, so it is nobody else's to read.
        partial.touch(mode=0o600)
        _run("pg_dump", owner_url, ["--format=custom", f"--file={partial}", "--no-owner", "--no-privileges", *schemas])
        partial.rename(file)
    finally:
        partial.unlink(missing_ok=True)
    return file.stat().st_size


def restore(owner_url: str, file: Path, *, replace: bool = False, service: str | None = None) -> None:
    """Bring back a backup. A database that holds documents is only overwritten with `replace`.

    `service` is the role that owns the schemas of workflows and sessions, where it is not the owner of all. Its rights
    to the others are not in the backup: give them again with `store.grant`.
    """
    if not file.is_file():
        raise InputError(f"{file} does not exist: name a file that `app db backup` wrote")
    with connect(owner_url) as connection:
        if not replace and _holds_documents(connection):
            raise InputError(
                f"database {describe(owner_url)} holds documents: restore into an empty one, or add --replace"
            )
        drop = [f"DROP SCHEMA {sql.Identifier(name).as_string(connection)} CASCADE;" for name in _present(connection)]
        hand_over = _hand_over(connection, service) if service is not None else ""
    with tempfile.TemporaryDirectory(prefix="restore-") as folder:
        before, script, after = (Path(folder) / name for name in ("before.sql", "backup.sql", "after.sql"))
        after.write_text(hand_over, encoding="utf-8")
        before.write_text("\n".join([*drop, "CREATE EXTENSION IF NOT EXISTS vector SCHEMA public;"]), encoding="utf-8")
        _run("pg_restore", None, [f"--file={script}", "--no-owner", "--no-privileges", str(file)])
        options = ["--quiet", "--no-psqlrc", "--single-transaction", "--set=ON_ERROR_STOP=1", "--output=/dev/null"]
        _run("psql", owner_url, [*options, f"--file={before}", f"--file={script}", f"--file={after}"])


def _hand_over(connection: psycopg.Connection, service: str) -> str:
    member = connection.execute("SELECT pg_has_role(current_user, %s, 'MEMBER')", [service]).fetchone()
    grant = [] if member == (True,) else [sql.SQL("GRANT {} TO CURRENT_USER;").format(sql.Identifier(service))]
    schemas = sql.SQL(", ").join(sql.Literal(name) for name in SERVICE_SCHEMAS)
    return (
        sql.SQL("\n")
        .join([*grant, sql.SQL(HAND_OVER).format(role=sql.Literal(service), schemas=schemas)])
        .as_string(connection)
    )


def _present(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname = ANY (%s)", [list(SCHEMAS)]).fetchall()
    return sorted(name for (name,) in rows)


def _holds_documents(connection: psycopg.Connection) -> bool:
    known = connection.execute("SELECT to_regclass('app.documents') IS NOT NULL").fetchone()
    if known != (True,):
        return False
    return connection.execute("SELECT EXISTS (SELECT FROM app.documents)").fetchone() == (True,)


def _run(program: str, url: str | None, options: Sequence[str]) -> None:
    """Run a program to its end, the password handed over out of sight of the process list."""
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    given: list[str] = []
    if url is not None:
        parts = {key: str(value) for key, value in conninfo.conninfo_to_dict(url).items() if value is not None}
        environment["PGPASSWORD"] = parts.pop("password", "")
        given = [f"--dbname={conninfo.make_conninfo(**parts)}"]
    done = subprocess.run(  # noqa: S603
        [_program(program), *given, *options],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0:
        reason = " ".join(done.stderr.split())[:300] or f"exit code {done.returncode}"
        raise StoreUnavailableError(f"{program} failed ({reason}): nothing was changed")


def _program(name: str) -> str:
    try:
        return str(server_home.binaries(server_account.Account()) / name)
    except ConfigurationError:
        found = shutil.which(name)
    if found is None:
        raise ConfigurationError(f"{name} is not on the path: install the client programs of Postgres")
    return found
