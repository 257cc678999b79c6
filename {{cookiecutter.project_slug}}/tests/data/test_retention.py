"""What is old goes by rule, what is about a person goes on request; numbers stay, and it is written down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner

from app.caller import Caller
from app.cli.main import main
from app.data import retention
from app.orchestration.sessions import Sessions, thread_of

ADA = Caller("acme", "ada", "s1")
BOB = Caller("acme", "bob", "s2")
CALL = """
INSERT INTO app.calls (id, at, trace_id, span_id, tenant, user_id, session_id, role, task, identity, model, provider,
  deployment, status, degraded, cached, stream, input, output, input_tokens, output_tokens, cached_input_tokens,
  usage_estimated, cost_usd, latency_ms)
SELECT gen_random_uuid(), now() - make_interval(days => %(age)s), '', '', %(tenant)s, %(user)s, 's', 'member', 'answer',
  %(tenant)s || %(user)s || n, 'm', 'p', 'd', 'ok', false, false, false, '{"messages": ["secret"]}', 'secret', 1, 2, 0,
  false, 0.5, 10 FROM generate_series(1, %(count)s) AS n
"""


@pytest.fixture
def connection(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection that commits by itself."""
    with psycopg.connect(database_url, autocommit=True) as opened:
        yield opened


def log(
    connection: psycopg.Connection[Any], age: int, *, tenant: str = "acme", user: str = "ada", count: int = 3
) -> None:
    """Calls of so many days ago."""
    connection.execute(CALL, {"age": age, "tenant": tenant, "user": user, "count": count})


def left(connection: psycopg.Connection[Any]) -> dict[tuple[str, str], tuple[int, int]]:
    """By tenant and user: rows, and rows with texts."""
    rows = connection.execute(
        "SELECT tenant, user_id, count(*), count(*) FILTER (WHERE output <> '' OR input <> '{}') FROM app.calls "
        "GROUP BY 1, 2"
    ).fetchall()
    return {(tenant, user): (count, told) for tenant, user, count, told in rows}


@pytest.mark.feature("O9")
def test_texts_go_before_rows(connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """In batches, and again changes nothing."""
    monkeypatch.setattr(retention, "BATCH", 4)
    for age in (5, 50, 500):
        log(connection, age, count=10)

    first = retention.clean(connection, {"texts_days": 30, "rows_days": 400})
    again = retention.clean(connection, {"texts_days": 30, "rows_days": 400})

    assert (first, again) == ({"texts": 20, "rows": 10}, {})
    assert left(connection) == {("acme", "ada"): (20, 10)}


@pytest.mark.feature("O9")
def test_a_dry_run_counts_and_deletes_nothing(connection: psycopg.Connection[Any]) -> None:
    """The same numbers as the run itself."""
    log(connection, 500)

    counted = retention.clean(connection, {"texts_days": 30, "rows_days": 400}, dry=True)

    assert counted == {"texts": 3, "rows": 3}
    assert left(connection) == {("acme", "ada"): (3, 3)}


@pytest.mark.feature("O9")
async def test_a_person_is_forgotten_and_nobody_else(database_url: str, connection: psycopg.Connection[Any]) -> None:
    """Texts, cached replies, conversations and their checkpoints; what others have stays, and so do the numbers."""
    sessions = Sessions(database_url)
    for caller in (ADA, BOB):
        async with sessions.held(caller) as thread:
            await (await sessions.saver()).aput(
                {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}, _checkpoint(), {}, {}
            )
        log(connection, 1, user=caller.user)
        log(connection, 1, tenant="other", user=caller.user)
        for tenant in ("acme", "other"):
            connection.execute(
                "INSERT INTO app.reply_cache (identity, tenant, task, reply, expires_at) "
                "VALUES (%s, %s, 'answer', '{}', now() + interval '1 day')",
                [f"{tenant}{caller.user}1", tenant],
            )
    await sessions.close()

    counts = retention.forget(connection, "acme", "ada")

    assert counts == {"calls": 3, "cached_replies": 1, "sessions": 1}
    assert left(connection) == {
        ("acme", retention.FORGOTTEN): (3, 0),
        ("acme", "bob"): (3, 3),
        ("other", "ada"): (3, 3),
        ("other", "bob"): (3, 3),
    }
    threads = connection.execute("SELECT DISTINCT thread_id FROM langgraph.checkpoints").fetchall()
    assert threads == [(thread_of(BOB),)]
    assert connection.execute("SELECT sum(cost_usd) FROM app.calls").fetchone() == (6.0,)


@pytest.mark.feature("O9")
def test_the_commands_apply_single_tenants_rules_and_write_down_what_they_did(
    private_root: Path, database_url: str, connection: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person stands in the record as a hash alone; one who is not known is refused."""
    monkeypatch.chdir(private_root)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("APP_RETENTION__TENANTS", '{"strict": {"texts_days": 3, "rows_days": 10}}')
    log(connection, 20, tenant="strict")
    log(connection, 20)

    def app(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, list(words), prog_name="app")
        return done.exit_code, done.output

    assert app("retention", "run", "--dry-run") == (0, "would go: 3 rows, 3 texts\n")
    assert app("retention", "run") == (0, "gone: 3 rows, 3 texts\n")
    assert app("retention", "run") == (0, "gone: nothing\n")
    forgotten = app("retention", "forget", "--tenant", "acme", "--user", "ada", "--by", "Eve", "--reason", "asked to")
    assert forgotten[0] == 0
    assert forgotten[1].startswith("gone: 3 calls\nkept: numbers of calls without a user")
    assert app("retention", "forget", "--tenant", "acme", "--user", "ada", "--reason", "again")[0] != 0

    noted = connection.execute("SELECT kind, tenant, subject, by, counts FROM app.erasures ORDER BY id").fetchall()
    assert [row[:2] for row in noted] == [("retention", "strict"), ("person", "acme")]
    assert (noted[1][3], noted[1][4], len(noted[1][2])) == ("Eve", {"calls": 3}, 64)
    assert "ada" not in str(noted)


def test_texts_are_not_kept_longer_than_their_rows() -> None:
    """Such a rule is refused."""
    from app.settings import Retention

    with pytest.raises(ValueError, match="texts cannot be kept longer"):
        Retention(texts_days=100, rows_days=10)


def _checkpoint() -> Any:
    from langgraph.checkpoint.base import empty_checkpoint

    return empty_checkpoint()
