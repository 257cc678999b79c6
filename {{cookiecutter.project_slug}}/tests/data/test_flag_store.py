"""Switches as rows, and the log of who turned them."""

from __future__ import annotations

import psycopg
import pytest

from app.data import flag_store
from app.errors import InputError


@pytest.mark.feature("G12")
async def test_a_switch_is_replaced_and_every_turn_is_logged(database_url: str) -> None:
    """One row for each target and audience; the log keeps both words."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        for enabled, reason in ((False, "wrong answers"), (True, "fixed in v3")):
            await flag_store.put(connection, "task:answer", "acme", "", enabled=enabled, by="ada", reason=reason)
        await flag_store.put(connection, "task:answer", "", "", enabled=False, by="bob", reason="incident 7")

        flags = await flag_store.current(connection)
        log = await flag_store.log(connection, 9)

    assert [(f.audience, f.enabled, f.set_by) for f in flags] == [("all", False, "bob"), ("tenant 'acme'", True, "ada")]
    assert [(entry["reason"], entry["enabled"]) for entry in log] == [
        ("incident 7", False),
        ("fixed in v3", True),
        ("wrong answers", False),
    ]


@pytest.mark.feature("G12")
async def test_nobody_turns_a_switch_without_a_reason(database_url: str) -> None:
    """Whoever is refused by it will be told the reason, so there must be one."""
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        with pytest.raises(InputError, match="needs a reason"):
            await flag_store.put(connection, "everything", "", "", enabled=False, by="ada", reason="  ")
