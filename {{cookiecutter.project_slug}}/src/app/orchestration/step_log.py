"""The table `step_runs`: one row for each time a step was begun, so that what ran, how often and how it ended is plain.

A row is written when a step starts and completed when it ends; one left `running` by a killed process is marked
`interrupted` when the step starts again.
"""

from __future__ import annotations

from typing import Any

from psycopg.types.json import Jsonb

INTERRUPTED = """
    update app.step_runs set status = 'interrupted', finished_at = now()
    where workflow_id = %s and step = %s and status = 'running'
"""
STARTED = """
    insert into app.step_runs (workflow_id, step, attempt, started_at, status, detail)
    select %(workflow)s, %(step)s, coalesce(max(attempt), 0) + 1, now(), 'running', '{}'
    from app.step_runs where workflow_id = %(workflow)s and step = %(step)s
    returning attempt
"""
FINISHED = """
    update app.step_runs set status = %s, finished_at = now(), detail = %s
    where workflow_id = %s and step = %s and attempt = %s
"""


async def record_start(pool: Any, workflow_id: str, step: str) -> int:
    """Write that a step begins; returns its attempt, counted from 1."""
    async with pool.connection() as connection:
        await connection.execute(INTERRUPTED, (workflow_id, step))
        cursor = await connection.execute(STARTED, {"workflow": workflow_id, "step": step})
        row = await cursor.fetchone()
    return int(row[0] if not isinstance(row, dict) else row["attempt"])


async def record_end(pool: Any, workflow_id: str, step: str, attempt: int, status: str, detail: dict[str, Any]) -> None:
    """Write how the attempt ended. `detail` holds JSON values."""
    async with pool.connection() as connection:
        await connection.execute(FINISHED, (status, Jsonb(detail), workflow_id, step, attempt))
