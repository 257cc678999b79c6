"""What the evaluation gate said of prompt versions, kept where a release is decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import class_row
from psycopg.types.json import Jsonb


@dataclass(frozen=True, slots=True)
class RecordedVerdict:
    """One suite's verdict on one text of a prompt. `provider` answered: a stand-in proves the machinery only."""

    at: datetime
    task: str
    version: int
    prompt_hash: str
    suite: str
    provider: str
    status: str
    reasons: Sequence[str]
    metrics: Mapping[str, Any]
    recorded_by: str

    def told(self) -> str:
        """`classification green 2026-05-01 10:30 (offline)`."""
        return f"{self.suite} {self.status} {self.at:%Y-%m-%d %H:%M} ({self.provider})"


async def record(connection: psycopg.AsyncConnection[Any], verdicts: Sequence[RecordedVerdict]) -> None:
    """Keep them; one that is there already, word for word, is not kept twice."""
    async with connection.transaction():
        for v in verdicts:
            await connection.execute(
                b"INSERT INTO app.verdicts "
                b"(at, task, version, prompt_hash, suite, provider, status, reasons, metrics, recorded_by) "
                b"SELECT %(at)s, %(task)s, %(version)s, %(hash)s, %(suite)s, %(provider)s, %(status)s, %(reasons)s, "
                b"%(metrics)s, %(by)s WHERE NOT EXISTS (SELECT FROM app.verdicts WHERE at = %(at)s "
                b"AND task = %(task)s AND version = %(version)s AND suite = %(suite)s)",
                {
                    "at": v.at,
                    "task": v.task,
                    "version": v.version,
                    "hash": v.prompt_hash,
                    "suite": v.suite,
                    "provider": v.provider,
                    "status": v.status,
                    "reasons": Jsonb(list(v.reasons)),
                    "metrics": Jsonb(dict(v.metrics)),
                    "by": v.recorded_by,
                },
            )


async def newest(
    connection: psycopg.AsyncConnection[Any], task: str, version: int, prompt_hash: str
) -> dict[str, RecordedVerdict]:
    """By suite, the last verdict on exactly this text."""
    async with connection.cursor(row_factory=class_row(RecordedVerdict)) as cursor:
        await cursor.execute(
            b"SELECT DISTINCT ON (suite) at, task, version, prompt_hash, suite, provider, status, reasons, metrics, "
            b"recorded_by FROM app.verdicts WHERE task = %s AND version = %s AND prompt_hash = %s "
            b"ORDER BY suite, at DESC, id DESC",
            [task, version, prompt_hash],
        )
        return {verdict.suite: verdict for verdict in await cursor.fetchall()}
