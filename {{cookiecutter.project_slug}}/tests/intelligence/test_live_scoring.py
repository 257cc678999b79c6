"""Who is judged in the background, who is not, and what that leaves beside a call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from app import bootstrap
from app.caller import Caller
from app.errors import CallFailedError
from app.intelligence.judging import Judge
from app.intelligence.live_scoring import LiveScoring
from app.intelligence.messages import Usage
from app.intelligence.prompts import Registry
from app.intelligence.reply import Reply
from app.settings import Scoring, Settings
from tests.intelligence.waiting import until

CALL = """
INSERT INTO app.calls (id, at, trace_id, span_id, tenant, user_id, role, task, prompt_version, prompt_hash, identity,
  model, provider, deployment, status, degraded, cached, stream, input, output, input_tokens, output_tokens,
  cached_input_tokens, usage_estimated, cost_usd, latency_ms)
VALUES (%(id)s, %(at)s, '', '', 'acme', 'ada', 'member', 'answer', 2, %(hash)s, '', 'm', 'p', 'd', 'ok', false, false,
  false, %(input)s, %(output)s, 1, 1, 0, false, 0.001, 10)
"""


class Judging:
    """A gateway whose judge passes answers with `yes`, fails on `broken`, and notes who asked what."""

    def __init__(self) -> None:
        self.asked: list[tuple[Mapping[str, str], Caller]] = []

    async def complete(
        self, task: str, inputs: Mapping[str, str], caller: Caller, *, version: int | None = None
    ) -> Reply:
        self.asked.append((inputs, caller))
        if "broken" in inputs["answer"]:
            raise CallFailedError("no model answers")
        verdict = "pass" if "yes" in inputs["answer"] else "fail"
        data = {"verdict": verdict, "reason": "mail me at ada@example.org"}
        return Reply("", task, "large", "p", "d", Usage(1, 1), 0.002, "", "", "", data=data)


@pytest.fixture
def logged(database_url: str, project_root: Path) -> Callable[..., str]:
    """`logged(output)`: a call of `answer` an hour ago."""
    prompt = Registry.open(project_root / "prompts").get("answer", 2)
    inputs = {"question": "How long?", "context": "[1] Page\n14 days.", "abstention": "I do not know."}
    messages = [{"role": one.role, "content": one.text} for one in prompt.render(inputs)]

    def write(output: str) -> str:
        row = {"id": uuid4(), "at": datetime.now(UTC) - timedelta(hours=1), "hash": prompt.sha256, "output": output}
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(CALL, {**row, "input": Jsonb({"messages": messages})})
        return str(row["id"])

    return write


def scoring(gateway: Judging, url: str, root: Path, *, unsure: str | None = None, **rule: Any) -> LiveScoring:
    """Everything of `answer` is in the sample."""
    prompts = Registry.open(root / "prompts")
    return LiveScoring(Judge(gateway, "judge", 1), prompts, url, Scoring(share=1.0, **rule), unsure)


@pytest.mark.feature("E5")
async def test_a_score_says_who_judged_and_whether_it_may_count(
    logged: Callable[..., str], service_url: str, database_url: str, project_root: Path
) -> None:
    """In the caller's tenant, by the service's own role, secrets and addresses out of the reason; a failure is none."""
    good, bad, broken = logged("yes [1]"), logged("no [1]"), logged("broken")
    gateway = Judging()

    found = await scoring(gateway, service_url, project_root).look()

    assert (found.judged, found.passed, found.failed, found.unreadable) == (2, 1, 1, 0)
    assert found.spent_usd == pytest.approx(0.004)
    inputs, caller = gateway.asked[0]
    assert (inputs["question"], inputs["sources"]) == ("How long?", "[1] Page\n14 days.")
    assert (caller.tenant, caller.user, caller.role) == ("acme", "scoring", "evaluation")
    with psycopg.connect(database_url) as connection:
        rows = connection.execute("SELECT call_id::text, value, detail FROM app.scores").fetchall()
    assert {row[0]: row[1] for row in rows} == {good: 1.0, bad: 0.0}
    assert broken not in {row[0] for row in rows}
    assert all(row[2]["calibrated"] is True for row in rows)


async def test_the_budget_of_the_day_ends_it(logged: Callable[..., str], service_url: str, project_root: Path) -> None:
    """Four at a time may be under way when it is reached; nothing after them."""
    for number in range(12):
        logged(f"yes {number}")
    gateway = Judging()
    found = await scoring(gateway, service_url, project_root, usd_per_day=0.003).look()
    assert found.stopped
    assert 2 <= len(gateway.asked) <= 5


async def test_it_looks_again_and_again_and_waits_for_an_absent_database(
    logged: Callable[..., str], service_url: str, project_root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A database that is away is a warning, not an end."""
    logged("yes")
    gateway = Judging()
    with caplog.at_level(logging.WARNING):
        away = asyncio.create_task(
            scoring(gateway, "postgresql://nobody:x@127.0.0.1:1/x", project_root, every_s=0.02).run()
        )
        there = asyncio.create_task(scoring(gateway, service_url, project_root, every_s=0.02).run())
        await until(lambda: bool(gateway.asked) and "could not be scored" in caplog.text, within_s=20)
    assert not away.done()
    assert not there.done()
    for task in (away, there):
        task.cancel()
    await asyncio.gather(away, there, return_exceptions=True)


def test_a_service_without_a_judge_starts_and_says_so(
    load_settings: Callable[..., Settings], caplog: pytest.LogCaptureFixture
) -> None:
    """A project that is older than the judge's prompt; the stand-in is never asked."""
    offline = load_settings()
    assert bootstrap.background_scoring(offline, "postgresql://x/y", Judging()) is None  # type: ignore[arg-type]
    served = load_settings(APP_PROVIDER="compatible", APP_SCORING__JUDGE="nobody")
    with caplog.at_level(logging.WARNING):
        assert bootstrap.background_scoring(served, "postgresql://x/y", Judging()) is None  # type: ignore[arg-type]
    assert "live calls are not scored: no prompt for task 'nobody'" in caplog.text
    judged = load_settings(APP_PROVIDER="compatible")
    found = bootstrap.background_scoring(judged, "postgresql://x/y", Judging())  # type: ignore[arg-type]
    assert found is not None
    assert "judge@1 is not calibrated" in str(found.unsure)
