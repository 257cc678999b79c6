"""The one Postgres: how it is opened and how its tables are brought up to date. It knows no table by name.

Everything of ours lives in schema `app`. Other tenants of the database keep to schemas of their own.
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import cast

import psycopg
from psycopg import conninfo, sql
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from app.data.connection_pool import ConnectionPool
from app.errors import ConfigurationError, StoreUnavailableError

SCHEMA = "app"
SEARCH_PATH = "app,public"
# Any constant will do as long as every migrator uses the same.
MIGRATION_LOCK = 7_201_511_083

# The database itself for the schemas that the workflow and session libraries make for themselves.
GRANTS = (
    "GRANT CONNECT, CREATE, TEMPORARY ON DATABASE {database} TO {role}",
    "GRANT USAGE ON SCHEMA app TO {role}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA app TO {role}",
    "REVOKE INSERT, UPDATE, DELETE ON app.alembic_version FROM {role}",
    "GRANT USAGE ON ALL SEQUENCES IN SCHEMA app TO {role}",
    "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA app TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT USAGE ON SEQUENCES TO {role}",
)
# Statistics after an ingestion; an older server leaves them to autovacuum.
GRANTS_17 = tuple(
    f"GRANT MAINTAIN ON app.{table} TO {{role}}" for table in ("documents", "chunks", "embeddings", "words", "sketches")
)
ROLE = """
    SELECT r.rolname, r.rolsuper, r.rolbypassrls,
           EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = 'app' AND c.relname IN ('documents', 'chunks', 'embeddings')
                     AND pg_has_role(current_user, c.relowner, 'member'))
    FROM pg_roles r WHERE r.rolname = current_user
"""


async def open_pool(
    url: str,
    *,
    max_size: int = 8,
    statement_timeout_s: float = 15.0,
    connect_timeout_s: float = 5.0,
    single_statements: bool = False,
) -> AsyncConnectionPool:
    """A pool that is ready to use; close it with `await pool.close()`.

    Connections find our tables without a schema name and are checked when lent, so that a restart of the server costs
    its users nothing. `single_statements` is for work where one statement is all and a failure does no harm: no
    transaction around it and no check before, a quarter of the round trips. Later on nobody waits longer than
    `connect_timeout_s` for a connection. Raises StoreUnavailableError in one line when the server cannot be reached.
    """
    conninfo_ = _with_options(url, statement_timeout_s, connect_timeout_s)
    try:
        first = await psycopg.AsyncConnection.connect(conninfo_)
        await first.close()
        pool = ConnectionPool(
            conninfo_,
            kwargs={"autocommit": single_statements},
            min_size=1,
            max_size=max_size,
            timeout=connect_timeout_s,
            open=False,
            check=None if single_statements else AsyncConnectionPool.check_connection,
        )
        await pool.open(wait=True, timeout=connect_timeout_s)
    except (psycopg.Error, PoolTimeout) as error:
        raise _unavailable(url, error) from None
    return pool


def connect(url: str, *, autocommit: bool = True) -> psycopg.Connection:
    """One connection for work by hand, which finds our tables without a schema name.

    Raises StoreUnavailableError in one line when the server cannot be reached.
    """
    try:
        return psycopg.connect(_with_options(url, 0, 5), autocommit=autocommit)
    except psycopg.OperationalError as error:
        raise _unavailable(url, error) from None


def migrate(url: str) -> list[str]:
    """Bring the tables up to date and return the revisions applied, oldest first; an empty list when nothing was due.

    All or nothing, in one transaction, one migrator at a time. Raises ConfigurationError when the server has no
    pgvector or the user may not create it.
    """
    return _alembic(url, "upgrade", "head")


def grant(owner_url: str, role: str) -> None:
    """Let the service's role use what the migrations made: rows, not tables. Asking again changes nothing.

    Row security holds for it as long as it is neither owner nor superuser. Raises ConfigurationError when there is no
    such role or the URL is not the owner's.
    """
    try:
        with connect(owner_url, autocommit=False) as connection:
            version = connection.info.server_version
            name, database = sql.Identifier(role), sql.Identifier(connection.info.dbname)
            # Rights are rows of the catalogue: who gives them and who makes views at once would disturb each other.
            connection.execute("SELECT pg_advisory_xact_lock(%s)", [MIGRATION_LOCK])
            for statement in (*GRANTS, *(GRANTS_17 if version >= 170_000 else ())):
                connection.execute(sql.SQL(statement).format(role=name, database=database))
    except psycopg.errors.UndefinedObject:
        raise ConfigurationError(
            f"database {describe(owner_url)} has no role {role!r}, which DATABASE_URL names: make it with `app db role`"
        ) from None
    except psycopg.errors.InsufficientPrivilege as error:
        raise ConfigurationError(
            f"role {role!r} cannot be given its rights ({' '.join(str(error).split())}): "
            "set DATABASE_OWNER_URL to the owner of the database"
        ) from None
    except psycopg.OperationalError as error:
        raise _unavailable(owner_url, error) from None


def row_security_faults(url: str) -> list[str]:
    """Why row security would not hold for the role of this URL, one line each; an empty list when it does."""
    try:
        with connect(url) as connection:
            row = connection.execute(ROLE).fetchone()
    except psycopg.OperationalError as error:
        raise _unavailable(url, error) from None
    role, superuser, bypasses, owns = row or ("", False, False, False)
    what = {"is a superuser": superuser, "has BYPASSRLS": bypasses, "owns the tables": owns}
    remedy = "connect as a role of its own, with DATABASE_OWNER_URL for `app db migrate` alone (docs/how-to.md)"
    return [
        f"DATABASE_URL connects as {role!r}, which {reason}, so document permissions would not hold: {remedy}"
        for reason, holds in what.items()
        if holds
    ]


def role_of(url: str) -> str:
    """The role a URL connects as."""
    return str(conninfo.conninfo_to_dict(url).get("user") or "")


def downgrade(url: str, revision: str = "base") -> list[str]:
    """Take revisions back down to `revision`, with the data they hold; returns those taken back."""
    return _alembic(url, "downgrade", revision)


def schema_current(database: str | psycopg.Connection) -> bool:
    """Whether every revision of this program is applied to the database of a URL or an open connection."""
    if isinstance(database, str):
        try:
            with connect(database) as connection:
                return schema_current(connection)
        except psycopg.OperationalError as error:
            raise _unavailable(database, error) from None
    return _revision(database) == latest_revision()


def latest_revision() -> str:
    """The newest revision this program knows, from the file names `NNNN_what.py`."""
    return _known_revisions()[-1]


def describe(url: str) -> str:
    """A URL for people: host, port and database, never the password."""
    try:
        parts = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        return "(not a Postgres URL)"
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


def _alembic(url: str, direction: str, revision: str) -> list[str]:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import DBAPIError
    from sqlalchemy.pool import NullPool

    settings = _with_options(url, statement_timeout_s=0, connect_timeout_s=5)
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(settings), poolclass=NullPool)
    config = Config()
    config.set_main_option("script_location", str(_migrations()).replace("%", "%%"))
    try:
        with engine.begin() as connection:
            connection.execute(text(f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
            driver = cast("psycopg.Connection", connection.connection.driver_connection)
            before = _applied(driver)
            config.attributes["connection"] = connection
            getattr(command, direction)(config, revision)
            after = _applied(driver)
    except (psycopg.Error, DBAPIError) as error:
        raise _migration_failed(url, getattr(error, "orig", error)) from None
    return sorted(set(before) ^ set(after))


def _applied(connection: psycopg.Connection) -> list[str]:
    """Revisions up to the one the database is at; they are numbered without gaps."""
    current = _revision(connection)
    return [
        path.name[:4] for path in sorted((_migrations() / "versions").glob("[0-9]*.py")) if path.name[:4] <= current
    ]


def _known_revisions() -> list[str]:
    return sorted(path.name[:4] for path in (_migrations() / "versions").glob("[0-9]*.py"))


def _revision(connection: psycopg.Connection) -> str:
    known = connection.execute("SELECT to_regclass('app.alembic_version')").fetchone()
    if known is None or known[0] is None:
        return ""
    row = connection.execute("SELECT version_num FROM app.alembic_version").fetchone()
    return str(row[0]) if row else ""


def _migrations() -> Path:
    return Path(str(resources.files("app.data"))) / "migrations"


def _with_options(url: str, statement_timeout_s: float, connect_timeout_s: float) -> str:
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise ConfigurationError(
            "DATABASE_URL is not a Postgres URL: write it as postgresql://user:password@host:5432/database"
        ) from None
    options = f"{given.pop('options', '') or ''} -c search_path={SEARCH_PATH}"
    if statement_timeout_s:
        options += f" -c statement_timeout={round(statement_timeout_s * 1000)}"
    # libpq counts whole seconds and takes 1 for 2.
    timeout = max(2, round(connect_timeout_s))
    return conninfo.make_conninfo(
        url, options=options.strip(), connect_timeout=timeout, application_name=given.get("application_name") or "app"
    )


def _unavailable(url: str, error: BaseException) -> StoreUnavailableError:
    reason = " ".join(str(error).split()).rsplit("failed: ", 1)[-1]
    return StoreUnavailableError(
        f"database {describe(url)} cannot be reached ({reason}): start it, or correct DATABASE_URL"
    )


def _migration_failed(url: str, error: BaseException) -> ConfigurationError | StoreUnavailableError:
    reason = " ".join(str(error).split())
    if isinstance(error, psycopg.errors.FeatureNotSupported | psycopg.errors.UndefinedFile):
        return ConfigurationError(
            f"database {describe(url)} has no pgvector ({reason}): install the extension `vector`"
        )
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return ConfigurationError(
            f"database {describe(url)} cannot be migrated ({reason}): "
            "set DATABASE_OWNER_URL to the owner of the database"
        )
    if isinstance(error, psycopg.OperationalError):
        return _unavailable(url, error)
    return ConfigurationError(
        f"database {describe(url)} cannot be migrated ({reason}): nothing was changed; remove what is in the way"
    )
