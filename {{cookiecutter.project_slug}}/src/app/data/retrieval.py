"""Finding the chunks that may answer a question: full text and vectors in one statement, fused by reciprocal rank.

Only what the caller may read is ever ranked. Common words do not make a search slow: terms are chosen by how rare they
are, rare ones find the candidates, all of them rank. The same question over the same index gives the same order.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from app.caller import Caller
from app.data.chunking import label
from app.data.index_tables import vector_literal
from app.errors import StoreUnavailableError
from app.settings import Retrieval

# Terms that may find candidates, and how many chunks they may find together; the rarest term always counts.
MAX_TERMS = 12
MAX_RANKED = 2_000


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found. `document_id` is the document's path below the corpus.

    `heading` is the path from the outermost heading, which is often the title itself, to the chunk's own.
    `score` is the sum of 1 / (rrf_k + rank) over the two searches; a rank is None where that search did not find it.
    """

    chunk_id: str
    document_id: str
    title: str
    heading: tuple[str, ...]
    text: str
    score: float
    text_rank: int | None
    vector_rank: int | None

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
) -> list[Hit]:
    """The best `k` chunks (default `settings.top_k`) the caller may read, best first.

    `embedding` is the query's vector by `embedding_model` (default `settings.embedding_model`); None searches the full
    text alone. `filters` are metadata a document must have, `{"folder": "billing"}`; a list in the document matches
    when it holds the value. Raises StoreUnavailableError.
    """
    parameters = {
        "tenant": caller.tenant,
        "groups": list(caller.groups),
        "filters": [json.dumps({key: value}, ensure_ascii=False) for key, value in (filters or {}).items()],
        "listed": [json.dumps({key: [value]}, ensure_ascii=False) for key, value in (filters or {}).items()],
        "query": query.replace("\0", " "),
        "vector": vector_literal(embedding) if embedding else None,
        "dimensions": len(embedding) if embedding else 0,
        "model": embedding_model or settings.embedding_model,
        "candidates": settings.candidates,
        "max_terms": MAX_TERMS,
        "max_ranked": MAX_RANKED,
        "rrf_k": settings.rrf_k,
        "min_score": settings.min_score,
        "k": k or settings.top_k,
    }
    try:
        async with pool.connection() as connection:
            rows = await (await connection.execute(SEARCH, parameters)).fetchall()
    except (psycopg.OperationalError, PoolTimeout) as error:
        raise StoreUnavailableError(f"search failed ({' '.join(str(error).split())}): is the database up?") from None
    return [Hit(row[0], row[1], row[2], tuple(row[3]), row[4], float(row[5]), row[6], row[7]) for row in rows]


SEARCH = """
WITH RECURSIVE languages (language) AS (
    (SELECT language FROM words WHERE tenant = %(tenant)s ORDER BY language LIMIT 1)
    UNION ALL
    SELECT (SELECT w.language FROM words w WHERE w.tenant = %(tenant)s AND w.language > l.language
            ORDER BY w.language LIMIT 1)
    FROM languages l WHERE l.language IS NOT NULL
),
total AS (
    SELECT sum(chunks) AS chunks FROM languages JOIN words USING (language) WHERE tenant = %(tenant)s AND word = ''
),
-- The words of the question as each language stems them; what no chunk holds is no term.
terms AS MATERIALIZED (
    SELECT word, sum(w.chunks) AS chunks, ln(1 + max(total.chunks) / sum(w.chunks)) AS weight,
           ('''' || replace(replace(word, '\\', '\\\\'), '''', '''''') || '''')::tsquery AS asked
    FROM languages
    CROSS JOIN LATERAL unnest(to_tsvector(languages.language::regconfig, %(query)s)) AS form
    JOIN words w ON w.tenant = %(tenant)s AND w.language = languages.language AND w.word = form.lexeme
    CROSS JOIN total
    WHERE languages.language IS NOT NULL
    GROUP BY word
),
finding AS MATERIALIZED (
    SELECT string_agg(asked::text, ' | ')::tsquery AS any_of
    FROM (SELECT asked, row_number() OVER rarest AS place, sum(chunks) OVER rarest AS found
          FROM terms WINDOW rarest AS (ORDER BY chunks, word)) AS ordered
    WHERE place = 1 OR place <= %(max_terms)s AND found <= %(max_ranked)s
),
allowed AS NOT MATERIALIZED (
    SELECT id FROM documents
    WHERE tenant = %(tenant)s AND (groups = '{}' OR groups && %(groups)s::text[])
      AND NOT EXISTS (
          SELECT FROM unnest(%(filters)s::jsonb[], %(listed)s::jsonb[]) AS wanted (single, listed)
          WHERE NOT metadata @> single AND NOT metadata @> listed)
),
by_text AS (
    SELECT id, row_number() OVER (ORDER BY score DESC, id) AS rank
    FROM (SELECT c.id, c.words FROM chunks c JOIN allowed ON allowed.id = c.document_id
          WHERE c.tenant = %(tenant)s AND c.words @@ (SELECT any_of FROM finding)
          LIMIT %(max_ranked)s) AS found
    CROSS JOIN LATERAL (
        SELECT sum(weight * ts_rank('{0.4, 0.4, 0.7, 0.7}', found.words, asked)) AS score FROM terms) AS ranked
    ORDER BY score DESC, id
    LIMIT %(candidates)s
),
by_vector AS (
    SELECT id, row_number() OVER (ORDER BY distance, id) AS rank
    FROM (SELECT e.chunk_id AS id, e.embedding <=> %(vector)s::vector AS distance
          FROM embeddings e JOIN allowed ON allowed.id = e.document_id
          WHERE %(vector)s::text IS NOT NULL AND e.tenant = %(tenant)s
            AND e.model = %(model)s AND e.dimensions = %(dimensions)s
          ORDER BY distance, e.chunk_id
          LIMIT %(candidates)s) AS near
),
fused AS (
    SELECT id, by_text.rank AS text_rank, by_vector.rank AS vector_rank,
           coalesce(1.0 / (%(rrf_k)s + by_text.rank), 0) + coalesce(1.0 / (%(rrf_k)s + by_vector.rank), 0) AS score
    FROM by_text FULL JOIN by_vector USING (id)
)
SELECT c.id, c.document_id, c.title, c.heading, c.text, fused.score, fused.text_rank, fused.vector_rank
FROM fused JOIN chunks c USING (id)
WHERE fused.score >= %(min_score)s
ORDER BY fused.score DESC, c.id
LIMIT %(k)s
"""
