"""Secrets and personal data put in at one end are found nowhere: not in logs, traces or tables, however a call ends."""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest
import structlog

from app.observability.tracing import configure_for_tests
from tests.reliability.conftest import Run

ENDINGS = ["ok", "500", "400", "badjson", "cut", "429-retry-after-0.01", "hang"]


def canaries(count: int) -> list[tuple[str, str]]:
    """(what is searched for, how it is written): keys, tokens, passwords, mails, cards, IBANs, phones, numbers."""
    draw = random.Random(11)

    def digits(n: int) -> str:
        return "".join(draw.choice("0123456789") for _ in range(n))

    def letters(n: int) -> str:
        return "".join(draw.choice("abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(n))

    made = []
    for number in range(count):
        kind = number % 8
        if kind == 0:
            made.append((secret := f"sk-proj-{letters(40)}", f"my key is {secret}"))
        elif kind == 1:
            made.append((secret := f"ghp_{letters(36)}", f"token {secret}"))
        elif kind == 2:
            made.append((secret := letters(18), f"password: {secret}"))
        elif kind == 3:
            made.append((secret := f"{letters(8).lower()}@example{digits(3)}.org", f"write to {secret}"))
        elif kind == 4:
            made.append((secret := card(digits(15)), f"card {secret}"))
        elif kind == 5:
            made.append((secret := iban(digits(18)), f"IBAN {secret}"))
        elif kind == 6:
            made.append((secret := f"+49 30 {digits(8)}", f"call {secret}"))
        else:
            made.append((secret := f"AKIA{letters(16).upper()}", f"aws {secret}"))
    return made


def card(fifteen: str) -> str:
    """A card number whose check digit holds."""
    body = "4" + fifteen[1:]
    doubled = [int(d) * (2 if place % 2 == 0 else 1) for place, d in enumerate(body)]
    total = sum(value - 9 if value > 9 else value for value in doubled)
    return body + str(-total % 10)


def iban(eighteen: str) -> str:
    """A German IBAN whose check digits hold."""
    check = 98 - int(f"{eighteen}131400") % 97
    return f"DE{check:02d}{eighteen}"


class Lines(logging.Handler):
    """Everything any logger says, with its fields."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.getMessage()} {record.__dict__}")


@pytest.fixture
def lines() -> Iterator[Lines]:
    """The logs of the test, structlog's too."""
    handler = Lines()
    logging.getLogger().addHandler(handler)
    with structlog.testing.capture_logs() as entries:
        yield handler
        handler.lines += [json.dumps(entry, default=str) for entry in entries]
    logging.getLogger().removeHandler(handler)


@pytest.mark.reliability("secrets in logs")
@pytest.mark.feature("I4")
@pytest.mark.feature("O3")
@pytest.mark.slow
async def test_200_canaries_are_found_nowhere(
    service: Run, http: aiohttp.ClientSession, lines: Lines, tmp_path: Path
) -> None:
    """Through success, errors, time-outs and streams: not in log lines, spans, tables, outbox; nor at the provider."""
    planted = canaries(200)
    spans = configure_for_tests()
    async with service("ok", APP_GATEWAY__ATTEMPT_TIMEOUT_S="0.3", APP_GATEWAY__DEADLINE_S="0.6") as running:

        async def send(number: int, said: str) -> None:
            body: dict[str, Any] = {
                "model": "large",
                "stream": number % 3 == 0,
                "messages": [{"role": "user", "content": f"{said} (no {number})"}],
            }
            headers = running.headers | {"x-user-id": f"u{number}"}
            try:
                async with http.post(f"{running.url}/v1/chat/completions", json=body, headers=headers) as response:
                    await response.read()
            except aiohttp.ClientError:
                pass

        for ending in ENDINGS:
            running.provider.play(ending)
            share = [(n, said) for n, (_, said) in enumerate(planted) if ENDINGS[n % len(ENDINGS)] == ending]
            await asyncio.gather(*(send(number, said) for number, said in share))
        await running.services.call_log.flush()
        tables = dump(running.database_url)
        sent = json.dumps(list(running.provider.requests))
        data_dir = running.services.settings.data_dir

    kept = "".join(path.read_text(errors="replace") for path in data_dir.rglob("*") if path.is_file())
    traced = json.dumps([[span.name, dict(span.attributes or {})] for span in spans.get_finished_spans()], default=str)
    places = {"logs": "\n".join(lines.lines), "traces": traced, "tables": tables, "disk": kept, "provider": sent}
    found = {where: [s for s, _ in planted if s in text] for where, text in places.items()}

    assert tables.count("(no ") >= 200
    personal = [s for n, (s, _) in enumerate(planted) if n % 8 in (3, 4, 5, 6)]
    assert {where: hits for where, hits in found.items() if where != "provider" and hits} == {}
    assert [s for s in found["provider"] if s in personal] == []


def dump(url: str) -> str:
    """All rows of all our tables as text."""
    text = []
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'app'").fetchall()
        for (name,) in names:
            text += [str(row) for row in connection.execute(f'SELECT t::text FROM app."{name}" AS t')]
    return "\n".join(text)
