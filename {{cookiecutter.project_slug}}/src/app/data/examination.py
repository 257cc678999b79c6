"""What may be wrong with an index, found by queries: stale vectors, counts that drifted, indexes that are missing.

It changes nothing and needs the owner's connection: nobody else sees all tenants.
"""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from app.data import vector_index
from app.data.chunking import chunking_identity
from app.settings import Retrieval


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `severe` means that answers or permissions suffer, else only speed or money."""

    what: str
    remedy: str
    severe: bool = True


def examine(connection: psycopg.Connection, settings: Retrieval) -> list[Finding]:
    """Everything found, the severe first."""
    found = [
        Finding(f"{tenant}: {what.format(count)}", remedy, severe)
        for query, what, remedy, severe in CHECKS
        for tenant, count in connection.execute(query.encode(), {"chunking": chunking_identity(settings)}).fetchall()
    ]
    for index in vector_index.wanted(connection, settings):
        if not index.valid:
            state = "was cut off" if index.valid is False else "is missing"
            what = f"{index.tenant}: the index over {index.vectors} vectors of {index.model} {state}"
            found.append(Finding(what, "run `app data index`", severe=False))
    for model in vector_index.cells_due(connection):
        what = f"the vectors of {model.model} are not parted into cells, or into too few"
        found.append(Finding(what, "run `app data index`", severe=False))
    return sorted(found, key=lambda one: not one.severe)


INGEST = "run the pipeline"
# The tables of a search.
SEARCHED = "'documents', 'chunks', 'embeddings', 'sketches', 'cells', 'cell_reach', 'words', 'reader_counts'"
CHECKS: tuple[tuple[str, str, str, bool], ...] = (
    (
        "SELECT relname, 1 FROM pg_class WHERE relnamespace = 'app'::regnamespace AND NOT relrowsecurity "  # noqa: S608
        f"AND relname IN ({SEARCHED})",
        "row security is switched off",
        "ALTER TABLE app.NAME ENABLE ROW LEVEL SECURITY, and find out who did it",
        True,
    ),
    (
        "SELECT t.tenant, count(*) FROM (SELECT tenant, document_id, readers FROM app.chunks "
        "UNION ALL SELECT tenant, document_id, readers FROM app.embeddings) AS t "
        "JOIN app.documents d ON (d.tenant, d.id) = (t.tenant, t.document_id) "
        "WHERE t.readers IS DISTINCT FROM d.readers GROUP BY 1",
        "{} chunks or vectors have other readers than their document",
        "set other groups with `app data permit`, then the right ones",
        True,
    ),
    (
        "SELECT coalesce(tenant, 'of a chunk that is gone'), count(DISTINCT chunk_id) FROM ("
        "SELECT e.tenant, e.chunk_id, app.shelf(reader, e.model, e.dimensions) AS shelf "
        "FROM app.embeddings e, unnest(e.readers) AS reader) AS w "
        "FULL JOIN app.sketches s USING (chunk_id, shelf) WHERE w.tenant IS NULL OR s.sketch IS NULL GROUP BY 1",
        "{} vectors have no sketch or one with other readers",
        "run `app data index`",
        True,
    ),
    (
        "SELECT e.tenant, count(*) FROM app.embeddings e, unnest(e.readers) AS reader, app.sketches s "
        "WHERE s.chunk_id = e.chunk_id AND s.shelf = app.shelf(reader, e.model, e.dimensions) AND s.place <> e.ctid "
        "GROUP BY 1",
        "{} sketches do not know where their vector lies",
        "run `app data index`",
        False,
    ),
    (
        "SELECT c.tenant, count(*) FROM app.embeddings e JOIN app.chunks c ON c.id = e.chunk_id "
        "WHERE e.content_hash <> c.content_hash GROUP BY 1",
        "{} vectors were made from an earlier text",
        INGEST,
        True,
    ),
    (
        "SELECT m.tenant, count(*) FROM (SELECT DISTINCT tenant, model FROM app.embeddings) AS m "
        "JOIN app.chunks c ON c.tenant = m.tenant "
        "LEFT JOIN app.embeddings e ON e.chunk_id = c.id AND e.model = m.model "
        "WHERE e.chunk_id IS NULL GROUP BY 1",
        "{} chunks have no vector of a model that others have",
        INGEST,
        True,
    ),
    (
        "SELECT d.tenant, count(*) FROM app.documents d WHERE NOT EXISTS (SELECT FROM app.chunks c "
        "WHERE (c.tenant, c.document_id) = (d.tenant, d.id)) GROUP BY 1",
        "{} documents have no chunk",
        INGEST,
        True,
    ),
    (
        "SELECT tenant, count(*) FROM app.documents WHERE chunking <> %(chunking)s GROUP BY 1",
        "{} documents were cut by another chunker or with other sizes",
        INGEST,
        False,
    ),
    (
        "SELECT coalesce(w.tenant, c.tenant), coalesce(w.n, 0) - coalesce(c.n, 0) FROM "
        "(SELECT tenant, sum(chunks) AS n FROM app.words WHERE word = '' GROUP BY 1) AS w FULL JOIN "
        "(SELECT tenant, count(*) AS n FROM app.chunks GROUP BY 1) AS c USING (tenant) "
        "WHERE coalesce(w.n, 0) <> coalesce(c.n, 0)",
        "the word counts are off by {} chunks",
        "delete the tenant's documents and run the pipeline",
        True,
    ),
    (
        "SELECT relname, round(100.0 * n_dead_tup / (n_live_tup + n_dead_tup)) FROM pg_stat_user_tables "
        "WHERE schemaname = 'app' AND n_dead_tup > 10000 AND n_dead_tup > 0.3 * (n_live_tup + n_dead_tup)",
        "{} per cent of the rows are dead",
        "VACUUM the table; see why autovacuum does not",
        False,
    ),
    (
        "SELECT relname, 1 FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relpersistence = 'u' "  # noqa: S608
        f"AND relname IN ({SEARCHED}, 'calls', 'releases')",
        "the table is unlogged: a crash empties it",
        "ALTER TABLE app.NAME SET LOGGED",
        True,
    ),
    (
        "SELECT indexrelid::regclass::text, 1 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
        "WHERE c.relnamespace = 'app'::regnamespace AND NOT i.indisvalid AND c.relname NOT LIKE 'embeddings_near_%%'",
        "the index is not valid",
        "REINDEX INDEX CONCURRENTLY it",
        False,
    ),
)
