"""The live pointers and their log: changed together, taken back one by one, one change at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from app.data import release_store
from app.errors import NotFoundError

WHO = {"by": "ada", "reason": "better answers"}


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as opened:
        yield opened


@pytest.mark.feature("P3")
async def test_a_pointer_and_its_log_entry_come_together(connection: psycopg.AsyncConnection[Any]) -> None:
    """Who, why and what holds now, newest first."""
    await release_store.put(connection, "answer", {2: 100}, action="release", **WHO)
    await release_store.put(connection, "answer", {2: 87.5, 3: 12.5}, action="canary", by="bob", reason="try v3")

    (pointer,) = await release_store.current(connection)
    newest, oldest = await release_store.log(connection, 9)

    assert (pointer.task, pointer.shares, pointer.released_by) == ("answer", {2: 87.5, 3: 12.5}, "bob")
    assert (newest.action, newest.shares, newest.by, newest.reason) == ("canary", {2: 87.5, 3: 12.5}, "bob", "try v3")
    assert (oldest.action, oldest.shares, oldest.undoes) == ("release", {2: 100}, None)


@pytest.mark.feature("P3")
async def test_rolling_back_goes_one_change_back_each_time(connection: psycopg.AsyncConnection[Any]) -> None:
    """Through all changes to the state before the first; a release afterwards starts a new history."""
    for version in (2, 3, 4):
        await release_store.put(connection, "answer", {version: 100}, action="release", **WHO)

    async def back() -> release_store.Shares:
        return await release_store.roll_back(connection, "answer", {1: 100}, **WHO)

    assert [await back(), await back()] == [{3: 100}, {2: 100}]
    await release_store.put(connection, "answer", {5: 100}, action="release", **WHO)
    assert [await back(), await back()] == [{2: 100}, {1: 100}]
    with pytest.raises(NotFoundError, match="no release to take back"):
        await back()


@pytest.mark.feature("P3")
async def test_two_rollbacks_at_once_take_back_two_changes(
    connection: psycopg.AsyncConnection[Any], database_url: str
) -> None:
    """The task is locked while its pointer changes: no change is taken back twice, none lost."""
    for version in (2, 3):
        await release_store.put(connection, "answer", {version: 100}, action="release", **WHO)

    async def back() -> release_store.Shares:
        async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as mine:
            return await release_store.roll_back(mine, "answer", {1: 100}, **WHO)

    restored = await asyncio.gather(back(), back())

    assert sorted(min(shares) for shares in restored) == [1, 2]
    assert (await release_store.current(connection))[0].shares == {1: 100}
