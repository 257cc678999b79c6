"""What the caches saved over the last days, from the view `app.cache_savings`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg

_BY_TASK = """
SELECT tenant, task, sum(calls), sum(exact_hits), sum(shared_hits), sum(semantic_hits), sum(embedding_hits),
  coalesce(sum(saved_tokens), 0), coalesce(sum(saved_usd), 0), coalesce(sum(provider_tokens), 0),
  coalesce(sum(provider_saved_usd), 0), sum(hits_without_price)
FROM app.cache_savings WHERE day > (now() AT TIME ZONE 'UTC')::date - %s
GROUP BY tenant, task ORDER BY sum(saved_usd) DESC NULLS LAST, tenant, task
"""


@dataclass(frozen=True, slots=True)
class Savings:
    """One task of one tenant. Dollars of hits without a known price (`unpriced`) are not in `saved_usd`."""

    tenant: str
    task: str
    calls: int
    exact: int
    shared: int
    semantic: int
    embedding: int
    saved_tokens: int
    saved_usd: float
    provider_tokens: int
    provider_saved_usd: float
    unpriced: int

    @property
    def hit_rate(self) -> float:
        """Share of the calls that no model answered, 0 to 1; vectors partly kept count."""
        return (self.exact + self.shared + self.semantic + self.embedding) / self.calls if self.calls else 0.0


async def by_task(connection: psycopg.AsyncConnection[Any], days: int) -> list[Savings]:
    """The last `days` calendar days (UTC), today included, most saved first."""
    cursor = await connection.execute(_BY_TASK.encode(), [days])
    return [Savings(tenant, task, *map(_number, rest)) for tenant, task, *rest in await cursor.fetchall()]


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, float) else int(value)
