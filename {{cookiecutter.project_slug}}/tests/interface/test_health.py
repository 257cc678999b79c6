"""Health and readiness."""

from __future__ import annotations

import pytest
from psycopg_pool import AsyncConnectionPool

from app.data import store
from app.interface.readiness import readiness_of
from app.settings import Settings
from tests.interface.conftest import Client


@pytest.mark.feature("I1")
async def test_a_service_with_everything_is_ready(serve: Client, settings: Settings, pool: AsyncConnectionPool) -> None:
    """Database, schema and prompts are there: 200."""
    async with serve(settings, readiness=readiness_of(pool, ["answer", "route"], ["answer", "route"])) as client:
        response = await client.get("/readyz")

    assert (response.status_code, response.json()) == (200, {"status": "ready", "reasons": []})


@pytest.mark.feature("I1")
async def test_what_is_missing_is_named(serve: Client, settings: Settings, empty_database: str) -> None:
    """No tables and no prompt: 503 with one reason for each and its remedy; alive all the same."""
    pool = await store.open_pool(empty_database, max_size=1)
    async with serve(settings, readiness=readiness_of(pool, ["route"], ["answer", "route"])) as client:
        response = await client.get("/readyz")
        alive = await client.get("/healthz")
    await pool.close()

    assert response.status_code == 503
    assert response.json()["reasons"] == [
        "no prompt for task 'answer': add prompts/answer/",
        "the database schema is not current: run `app db migrate`",
    ]
    assert alive.status_code == 200


async def test_a_database_that_is_away_is_named(serve: Client, settings: Settings, database_url: str) -> None:
    """A closed pool stands for a server that does not answer."""
    pool = await store.open_pool(database_url, max_size=1)
    await pool.close()
    async with serve(settings, readiness=readiness_of(pool, ["answer"], ["answer"])) as client:
        response = await client.get("/readyz")

    assert response.status_code == 503
    assert "the database does not answer" in response.json()["reasons"][0]
