"""What two versions of a prompt did on live traffic, as sums over users: one statement over the call log.

Only calls a model answered count for cost and latency; refusals of budgets and departed clients say nothing about a
prompt. A reply that came by the fallback chain counts as an error. Scores of a judge that was not calibrated count for
nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import psycopg

_SUMS = """
SELECT prompt_version, metric, count(*), sum(n), sum(y), sum(y * y), sum(y * n), sum(n * n)
FROM (
  SELECT prompt_version, tenant, user_id, metric, count(*)::double precision AS n, sum(value) AS y
  FROM app.calls AS c CROSS JOIN LATERAL (VALUES
    ('error_rate', CASE WHEN status IN ('ok', 'failed') THEN (status = 'failed' OR degraded)::int END),
    ('cost', CASE WHEN status = 'ok' AND cache IS NULL AND NOT degraded THEN cost_usd END),
    ('latency', CASE WHEN status = 'ok' AND cache IS NULL AND NOT degraded THEN ln(greatest(latency_ms, 1)) END),
    ('quality', (SELECT avg(s.value) FROM app.scores AS s WHERE s.call_id = c.id AND s.source <> 'user'
      AND coalesce(s.detail ->> 'calibrated', 'true') = 'true')),
    ('satisfaction', (SELECT avg(s.value) FROM app.scores AS s WHERE s.call_id = c.id AND s.source = 'user'))
  ) AS v (metric, value)
  WHERE task = %s AND at >= %s AND prompt_version = ANY (%s) AND value IS NOT NULL AND role <> 'evaluation'
  GROUP BY prompt_version, tenant, user_id, metric
) AS by_user
GROUP BY prompt_version, metric
"""


class Sums(NamedTuple):
    """Of one metric of one version: users, and over users the sums of n, y, y*y, y*n and n*n.

    A user has `n` values that add up to `y`.
    """

    users: int
    n: float
    y: float
    yy: float
    yn: float
    nn: float


async def sums(
    connection: psycopg.AsyncConnection[Any], task: str, versions: list[int], since: datetime
) -> Mapping[int, Mapping[str, Sums]]:
    """By version and metric (error_rate, cost in USD, latency as ln of ms, quality and satisfaction from 0 to 1)."""
    cursor = await connection.execute(_SUMS.encode(), [task, since, versions])
    found: dict[int, dict[str, Sums]] = {version: {} for version in versions}
    for version, metric, users, *rest in await cursor.fetchall():
        found[version][metric] = Sums(users, *map(float, rest))
    return found
