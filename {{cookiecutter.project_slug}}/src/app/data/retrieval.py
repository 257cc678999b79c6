"""Finding the chunks that may answer a question: full text and vectors in one statement, fused by reciprocal rank.

Only what the caller may read is ever ranked: the statement is a function of the database that has no form without a
caller (`migrations/versions/0006_permissions.py`). Common words do not make a search slow, closed documents do not make
it come back short. The same question over the same index gives the same order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from app.caller import Caller
from app.data.chunking import label
from app.data.index_tables import vector_literal
from app.errors import StoreUnavailableError
from app.settings import Retrieval

Around = Literal["nothing", "neighbours", "section"]


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found. `document_id` is the document's path below the corpus.

    `heading` is the path from the outermost heading, which is often the title itself, to the chunk's own.
    `score` is the sum of weight / (rrf_k + rank) over the two searches; a rank is None where that search did not find
    it. `before` and `after` hold what stands around it, when that was asked for.
    """

    chunk_id: str
    document_id: str
    title: str
    heading: tuple[str, ...]
    text: str
    score: float
    text_rank: int | None
    vector_rank: int | None
    before: str = ""
    after: str = ""

    @property
    def section(self) -> str:
        """The last heading above the chunk, the title where there is none."""
        return self.heading[-1] if self.heading else self.title

    @property
    def label(self) -> str:
        """`Title > Heading`, each once."""
        return label(self.title, self.heading)


async def search(
    pool: AsyncConnectionPool,
    query: str,
    embedding: Sequence[float] | None,
    caller: Caller,
    *,
    settings: Retrieval,
    k: int | None = None,
    filters: Mapping[str, str] | None = None,
    embedding_model: str | None = None,
    vector_weight: float = 1.0,
    around: Around = "nothing",
) -> list[Hit]:
    """The best `k` chunks (default `settings.top_k`) the caller may read, best first.

    `embedding` is the query's vector by `embedding_model` (default `settings.embedding_model`); None searches the full
    text alone. `filters` are metadata a document must have, `{"folder": "billing"}`; a list in the document matches
    when it holds the value. `around` also fetches the chunks next to each hit, or all under its heading. Raises
    StoreUnavailableError.
    """
    wanted = filters or {}
    parameters = [
        query.replace("\0", " "),
        caller.tenant,
        sorted(caller.groups),
        [json.dumps({key: value}, ensure_ascii=False) for key, value in wanted.items()],
        [json.dumps({key: [value]}, ensure_ascii=False) for key, value in wanted.items()],
        vector_literal(embedding) if embedding else None,
        embedding_model or settings.embedding_model,
        settings.half_precision,
        max(settings.candidates, k or settings.top_k),
        settings.ranked,
        settings.exact_rows,
        settings.rrf_k,
        settings.text_weight,
        vector_weight,
        settings.min_score,
        k or settings.top_k,
        around,
        settings.compared,
    ]
    try:
        try:
            rows = await _rows(pool, parameters)
        except psycopg.OperationalError as error:
            if isinstance(error, psycopg.errors.QueryCanceled):
                raise
            # A connection that died while nobody used it, as in a restart of the server: others are no better.
            await pool.check()
            rows = await _rows(pool, parameters)
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise StoreUnavailableError(f"search failed ({' '.join(str(error).split())}): is the database up?") from None
    return [
        Hit(row[0], row[1], row[2], tuple(row[3]), row[4], float(row[5]), row[6], row[7], row[8] or "", row[9] or "")
        for row in rows
    ]


async def _rows(pool: AsyncConnectionPool, parameters: Sequence[object]) -> list[Any]:
    async with pool.connection() as connection:
        cursor = await connection.execute(SEARCH, parameters)
        return list(await cursor.fetchall())


SEARCH = """
SELECT id, document_id, title, heading, body, score, text_rank, vector_rank, before, after
FROM app.search(%s, %s, %s::text[], %s::jsonb[], %s::jsonb[], %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
