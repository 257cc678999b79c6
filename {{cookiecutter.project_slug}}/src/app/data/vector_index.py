"""What makes the nearest vectors quick to find: indexes, one for each tenant and model with more vectors than are
compared one by one, and cells of near vectors, for each model that has many.

An index over a part of the table for each tenant keeps a search from walking through strangers' vectors. All is built
without blocking anybody, by the owner of the tables; the service works without it, only slower.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import psycopg
from psycopg import sql

from app.settings import Retrieval

MOST_DIMENSIONS = {"vector": 2_000, "halfvec": 4_000}
# Of so many vectors on a model has cells: their number grows with the root of the vectors', as a search looks through
# the centres as well.
CELLS_FROM = 20_000
MOST_CELLS = 2_048
ROUNDS = 4


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


@dataclass(frozen=True, slots=True)
class DueCells:
    """A model whose vectors should be parted into `wanted` cells, and have none, fewer than six tenths as many,
    or cells of which nobody measured what they hold."""

    model: str
    dimensions: int
    wanted: int


def cells_due(connection: psycopg.Connection) -> list[DueCells]:
    """Of which models `sketch` should find centres. Connect as the owner. Vectors of few numbers are not sketched."""
    found = []
    for model, dimensions, vectors, cells in connection.execute(PARTED, [CELLS_FROM]).fetchall():
        wanted = min(MOST_CELLS, round(4.6 * vectors**0.5))
        if cells < 0.6 * wanted:
            found.append(DueCells(model, dimensions, wanted))
    return found


def sketch(connection: psycopg.Connection, due: Sequence[DueCells] = ()) -> int:
    """Bring every vector's sketch up to date; how many rows were missing, stale or left over.

    Without `due` none is, unless by hand. With it the centres of those models are found first and every sketch is put
    into its cell, which compares each vector with each centre: about 0.3 ms a vector. Nobody is blocked meanwhile.
    """
    with connection.transaction():
        for one in due:
            connection.execute(
                "SELECT app.train_cells(%s, %s, %s, %s)", [one.model, one.dimensions, one.wanted, ROUNDS]
            )
        row = connection.execute("SELECT app.sketch_all(anew => %s)", [bool(due)]).fetchone()
    return int(row[0]) if row else 0


PARTED = """
    SELECT e.model, e.dimensions, e.vectors, coalesce(c.cells, 0) FROM (
        SELECT model, dimensions, count(*) AS vectors FROM app.embeddings WHERE dimensions >= 64
        GROUP BY model, dimensions HAVING count(*) >= %s) AS e
    LEFT JOIN app.cell_reach c ON (c.model, c.dimensions) = (e.model, e.dimensions)
    ORDER BY e.model, e.dimensions
"""
LARGE = """
    SELECT tenant, model, dimensions, count(*) FROM app.embeddings
    GROUP BY tenant, model, dimensions HAVING count(*) > %s ORDER BY tenant, model
"""
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
