"""Deleting what is old, and what is about one person: in small batches, counted, and written down.

Sums that money was settled by (`budget_windows`) hold no texts and stay. So do a call's numbers when its texts go.
Traces in MLflow or another backend are not in these tables: they have their own retention.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

BATCH = 5_000
FORGOTTEN = "forgotten"

# What is old: name, age setting, statement. Each touches at most BATCH rows and is repeated until it finds none.
_OLD: tuple[tuple[str, str, str], ...] = (
    (
        "texts",
        "texts_days",
        "UPDATE app.calls SET input = '{{}}', output = '', error = left(error, 80), session_id = NULL WHERE id IN ("
        "SELECT id FROM app.calls WHERE {scope} AND at < now() - make_interval(days => %(days)s) "
        "AND (input <> '{{}}' OR output <> '') LIMIT %(batch)s)",
    ),
    (
        "attempt_messages",
        "texts_days",
        "UPDATE app.attempts SET message = '' WHERE (call_id, ordinal) IN (SELECT a.call_id, a.ordinal "
        "FROM app.attempts a JOIN app.calls ON id = call_id WHERE {scope} AND message <> '' "
        "AND at < now() - make_interval(days => %(days)s) LIMIT %(batch)s)",
    ),
    (
        "tool_arguments",
        "texts_days",
        "UPDATE app.tool_calls SET arguments = '', message = '' WHERE id IN (SELECT id FROM app.tool_calls "
        "WHERE {scope} AND at < now() - make_interval(days => %(days)s) AND (arguments <> '' OR message <> '') "
        "LIMIT %(batch)s)",
    ),
    (
        "tool_runs",
        "texts_days",
        "DELETE FROM app.tool_runs WHERE (id, part) IN (SELECT id, part FROM app.tool_runs WHERE {scope} "
        "AND stopped_at < now() - make_interval(days => %(days)s) LIMIT %(batch)s)",
    ),
    (
        "sessions",
        "texts_days",
        "DELETE FROM langgraph.sessions WHERE thread_id IN (SELECT thread_id FROM langgraph.sessions "
        "WHERE {thread} AND held_until < now() - make_interval(days => %(days)s) LIMIT %(batch)s)",
    ),
    (
        "rows",
        "rows_days",
        "DELETE FROM app.calls WHERE id IN (SELECT id FROM app.calls WHERE {scope} "
        "AND at < now() - make_interval(days => %(days)s) LIMIT %(batch)s)",
    ),
)
_PERSON: tuple[tuple[str, str], ...] = (
    (
        "cached_replies",
        "DELETE FROM app.reply_cache WHERE tenant = %(tenant)s AND identity IN "
        "(SELECT identity FROM app.calls WHERE tenant = %(tenant)s AND user_id = %(user)s)",
    ),
    (
        "cached_meanings",
        "DELETE FROM app.semantic_cache WHERE tenant = %(tenant)s AND identity IN "
        "(SELECT identity FROM app.calls WHERE tenant = %(tenant)s AND user_id = %(user)s)",
    ),
    (
        "attempt_messages",
        "UPDATE app.attempts SET message = '' WHERE call_id IN "
        "(SELECT id FROM app.calls WHERE tenant = %(tenant)s AND user_id = %(user)s)",
    ),
    (
        "score_details",
        "UPDATE app.scores SET detail = '{}' WHERE call_id IN "
        "(SELECT id FROM app.calls WHERE tenant = %(tenant)s AND user_id = %(user)s)",
    ),
    (
        "label_notes",
        "UPDATE app.label_queue SET note = '' WHERE note <> '' AND call_id IN "
        "(SELECT id FROM app.calls WHERE tenant = %(tenant)s AND user_id = %(user)s)",
    ),
    (
        "calls",
        "UPDATE app.calls SET input = '{}', output = '', error = left(error, 80), session_id = NULL, "
        "user_id = %(forgotten)s WHERE tenant = %(tenant)s AND user_id = %(user)s",
    ),
    (
        "tool_runs",
        "DELETE FROM app.tool_runs WHERE tenant = %(tenant)s AND state -> 'caller' ->> 'user' = %(user)s",
    ),
    (
        "tool_calls",
        "UPDATE app.tool_calls SET arguments = '', message = '', user_id = %(forgotten)s "
        "WHERE tenant = %(tenant)s AND user_id = %(user)s",
    ),
    (
        "sessions",
        "DELETE FROM langgraph.sessions WHERE starts_with(thread_id, %(prefix)s) AND owner = %(user)s",
    ),
)
_CHECKPOINTS = (
    "DELETE FROM langgraph.{} AS c WHERE starts_with(thread_id, %(prefix)s) "
    "AND NOT EXISTS (SELECT FROM langgraph.sessions s WHERE s.thread_id = c.thread_id)"
)


def clean(
    connection: psycopg.Connection[Any],
    days: Mapping[str, int | None],
    *,
    tenant: str | None = None,
    but: tuple[str, ...] = (),
    dry: bool = False,
) -> dict[str, int]:
    """Delete what is older than `days` (by setting, None: kept) of one tenant, or of all `but` some; how many of what.

    `dry` deletes nothing and counts all the same. The connection commits by itself; each batch is a transaction.
    """
    scope = "tenant = %(tenant)s" if tenant is not None else "NOT tenant = ANY (%(but)s)"
    others = ["true", *(f"NOT starts_with(thread_id, %(t{number})s)" for number in range(len(but)))]
    thread = "starts_with(thread_id, %(prefix)s)" if tenant is not None else " AND ".join(others)
    counts = {}
    for name, setting, statement in _OLD:
        age = days.get(setting)
        if age is None or (name == "sessions" and not _has_sessions(connection)):
            continue
        values = {"days": age, "batch": BATCH, "tenant": tenant, "but": list(but), "prefix": _prefix(tenant or "")}
        values |= {f"t{number}": _prefix(other) for number, other in enumerate(but)}
        counts[name] = _repeated(connection, statement.format(scope=scope, thread=thread), values, dry=dry)
        if name == "sessions" and not dry and counts[name]:
            _drop_checkpoints(connection, "")
    return {name: count for name, count in counts.items() if count}


def forget(connection: psycopg.Connection[Any], tenant: str, user: str, *, dry: bool = False) -> dict[str, int]:
    """Delete a person's texts, cached replies and conversations; their calls stay as numbers of nobody.

    All in one transaction. Vectors of their texts, which nothing ties to a person, go with the tenant's whole cache of
    vectors.
    """
    values = {"tenant": tenant, "user": user, "forgotten": FORGOTTEN, "prefix": _prefix(tenant)}
    counts = {}
    with connection.transaction(force_rollback=dry):
        for name, statement in _PERSON:
            if name == "sessions" and not _has_sessions(connection):
                continue
            counts[name] = connection.execute(statement.encode(), values).rowcount
        if counts.get("sessions"):
            _drop_checkpoints(connection, values["prefix"])
        if any(counts.values()):
            counts["cached_vectors"] = connection.execute(
                b"DELETE FROM app.embedding_cache WHERE tenant = %(tenant)s", values
            ).rowcount
    return {name: count for name, count in counts.items() if count}


def note(
    connection: psycopg.Connection[Any],
    kind: str,
    counts: Mapping[str, int],
    *,
    tenant: str = "",
    user: str | None = None,
    by: str,
    reason: str,
) -> None:
    """Write an erasure down; the person only as a hash, by which it can be shown later that it was done."""
    subject = "" if user is None else hashlib.sha256(f"{tenant}\0{user}".encode()).hexdigest()
    connection.execute(
        b"INSERT INTO app.erasures (kind, tenant, subject, counts, by, reason) VALUES (%s, %s, %s, %s, %s, %s)",
        [kind, tenant, subject, Jsonb(dict(counts)), by, reason],
    )


def _repeated(connection: psycopg.Connection[Any], statement: str, values: Mapping[str, Any], *, dry: bool) -> int:
    if dry:
        with connection.transaction(force_rollback=True):
            return connection.execute(statement.encode(), {**values, "batch": None}).rowcount
    total = 0
    while True:
        done = connection.execute(statement.encode(), values).rowcount
        total += done
        if done < BATCH:
            return total


def _has_sessions(connection: psycopg.Connection[Any]) -> bool:
    row = connection.execute(b"SELECT to_regclass('langgraph.sessions') IS NOT NULL").fetchone()
    return bool(row and row[0])


def _drop_checkpoints(connection: psycopg.Connection[Any], prefix: str) -> None:
    for table in ("checkpoint_writes", "checkpoint_blobs", "checkpoints"):
        connection.execute(_CHECKPOINTS.format(table).encode(), {"prefix": prefix})


def _prefix(tenant: str) -> str:
    """What the conversations of a tenant begin with (`orchestration/sessions.py`)."""
    return f"{len(tenant)}:{tenant}:"
