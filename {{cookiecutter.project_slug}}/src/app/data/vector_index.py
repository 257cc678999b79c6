"""The vector indexes: one for each tenant and model with more vectors than are compared one by one.

A part of the table for each tenant keeps a search from walking through strangers' vectors. Built without blocking
writers, by the owner of the tables; the service works without them, only slower.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import psycopg
from psycopg import sql

from app.settings import Retrieval

MOST_DIMENSIONS = {"vector": 2_000, "halfvec": 4_000}


@dataclass(frozen=True, slots=True)
class Wanted:
    """An index that searches would use. `valid` is None where there is none, False where a build was cut off."""

    name: str
    tenant: str
    model: str
    dimensions: int
    vectors: int
    kind: str
    valid: bool | None


def wanted(connection: psycopg.Connection, settings: Retrieval) -> list[Wanted]:
    """Every index that should be there. Connect as the owner: nobody else sees all tenants."""
    kind = "halfvec" if settings.half_precision else "vector"
    rows = connection.execute(LARGE, [settings.exact_rows]).fetchall()
    found: list[Wanted] = []
    for tenant, model, dimensions, vectors in rows:
        key = hashlib.sha256(f"{tenant}\x1f{model}\x1f{dimensions}\x1f{kind}".encode()).hexdigest()[:16]
        name = f"embeddings_near_{key}"
        row = connection.execute(VALID, [f"app.{name}"]).fetchone()
        found.append(Wanted(name, tenant, model, dimensions, vectors, kind, row[0] if row else None))
    return found


def build(connection: psycopg.Connection, index: Wanted, *, memory: str = "256MB") -> None:
    """Build one, writers going on meanwhile; what a cut-off build left is removed first. Needs autocommit."""
    name = sql.Identifier(index.name)
    if index.valid is False:
        connection.execute(sql.SQL("DROP INDEX CONCURRENTLY app.{}").format(name))
    connection.execute("SELECT set_config('maintenance_work_mem', %s, false)", [memory])
    connection.execute(
        sql.SQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON app.embeddings "
            "USING hnsw ((embedding::public.{kind}({dimensions})) public.{operators}) "
            "WHERE tenant = {tenant} AND model = {model} AND dimensions = {dimensions}"
        ).format(
            name=name,
            kind=sql.Identifier(index.kind),
            operators=sql.Identifier(f"{index.kind}_cosine_ops"),
            dimensions=sql.Literal(index.dimensions),
            tenant=sql.Literal(index.tenant),
            model=sql.Literal(index.model),
        )
    )


def sketch(connection: psycopg.Connection) -> int:
    """Bring every vector's sketch up to date; how many were missing, stale or left over. None is, unless by hand."""
    row = connection.execute("SELECT app.sketch_all()").fetchone()
    return int(row[0]) if row else 0


LARGE = """
    SELECT tenant, model, dimensions, count(*) FROM app.embeddings
    GROUP BY tenant, model, dimensions HAVING count(*) > %s ORDER BY tenant, model
"""
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
