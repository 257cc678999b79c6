"""The commands that change a running service: what they say, what they write down, and what they refuse."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner

from app.caller import Caller
from app.cli.main import main
from app.intelligence.prompts import Registry
from app.intelligence.releases import Releases
from app.observability.call_log import create_views

BECAUSE = ("--by", "Ada", "--reason", "better answers")


@dataclass(frozen=True)
class Said:
    """What a command printed, on both channels, and its exit code."""

    code: int
    text: str


Run = Callable[..., Said]


@pytest.fixture
def run(private_root: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`app WORDS` in this process, in a project of its own with a database of its own."""
    monkeypatch.chdir(private_root)
    monkeypatch.setenv("DATABASE_URL", database_url)
    with psycopg.connect(database_url) as connection:
        create_views(connection)

    def command(*words: str) -> Said:
        done = CliRunner().invoke(main, list(words), prog_name="app")
        return Said(done.exit_code, done.output)

    return command


@pytest.fixture
def served(database_url: str, project_root: Path, tmp_path: Path) -> Callable[[], dict[str, int]]:
    """How many of 1,000 users each version of `answer` serves, as a replica sees it."""

    async def read() -> dict[str, int]:
        releases = Releases(Registry.open(project_root / "prompts"), database_url, tmp_path / "kept.json")
        async with await psycopg.AsyncConnection.connect(database_url, options="-c search_path=app") as connection:
            await releases.reload(connection)
        counts: dict[str, int] = {}
        for number in range(1_000):
            version = f"v{releases.version('answer', Caller('acme', f'u{number}'))}"
            counts[version] = counts.get(version, 0) + 1
        return counts

    return lambda: asyncio.run(read())


@pytest.mark.feature("P3")
def test_release_canary_split_and_rollback(run: Run, served: Callable[[], dict[str, int]]) -> None:
    """Each takes effect for the replicas, each rollback goes back one step, all of it is written down."""
    assert run("release", "answer", "1", *BECAUSE) == Said(0, "answer now serves v1=100%\n")
    assert served() == {"v1": 1000}
    assert run("canary", "answer", "v2", "--percent", "10", *BECAUSE).text == "answer now serves v1=90% v2=10%\n"
    assert 60 < served()["v2"] < 140
    assert run("split", "answer", "1=50", "2=50%", *BECAUSE).code == 0
    assert 430 < served()["v2"] < 570
    assert run("rollback", "answer", *BECAUSE).text == "answer now serves v1=90% v2=10%\n"
    assert run("rollback", "answer", *BECAUSE).text == "answer now serves v1=100%\n"

    history = run("releases").text
    assert [line.split()[2] for line in history.splitlines() if "better answers" in line] == [
        "rollback", "rollback", "split", "canary", "release",
    ]  # fmt: skip
    assert "Ada: better answers" in history


@pytest.mark.feature("P3")
@pytest.mark.parametrize(
    ("words", "part"),
    [
        (("release", "answer", "9", *BECAUSE), "answer"),
        (("release", "nothing", "1", *BECAUSE), "nothing"),
        (("release", "answer", "new", *BECAUSE), "'new' is no version"),
        (("release", "answer", "1"), "--reason"),
        (("split", "answer", "1=50", "2=40", *BECAUSE), "100"),
        (("split", "answer", "1=50", "1=50", *BECAUSE), "named twice"),
        (("split", "answer", "half", *BECAUSE), "is no share"),
        (("canary", "answer", "2", "--percent", "0", *BECAUSE), "percent"),
        (("budget", "correct", "tenant", "day", "--usd", "-1", *BECAUSE), "--tenant"),
        (("budget", "correct", "all", "day", *BECAUSE), "--usd"),
        (("budget", "correct", "all", "day", "--usd", "lots", *BECAUSE), "is no amount"),
        (("budget", "correct", "all", "day", "--usd", "-1", *BECAUSE), "has spent nothing"),
        (("flag", "off", "everythin", *BECAUSE), "everythin"),
        (("flag", "off", "task:answer"), "--reason"),
        (("cache", "clear"), "--everything"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, tuple) else "",
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(run: Run, words: tuple[str, ...], part: str) -> None:
    """An exit code that is not 0 and a line that names the word; no change stands in any log."""
    said = run(*words)

    assert said.code != 0
    assert part in said.text
    assert "Traceback" not in said.text
    assert "better answers" not in run("releases").text + run("flag", "show").text + run("budget", "show").text


@pytest.mark.feature("G12")
def test_a_switch_is_off_until_it_is_on(run: Run, database_url: str) -> None:
    """For one tenant, with who and why; a name nobody configured is pointed out."""
    assert run("flag", "off", "task:answer@acme", *BECAUSE) == Said(0, "task:answer@acme is off\n")
    shown = run("flag", "show").text
    assert "Ada: better answers" in shown
    assert "no task 'anwser' is configured" in run("flag", "off", "task:anwser", *BECAUSE).text
    run("flag", "on", "task:answer@acme", *BECAUSE)
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT count(*) FROM app.flag_log").fetchone() == (3,)


@pytest.mark.feature("G7")
def test_a_correction_gives_a_cap_its_room_back(run: Run, database_url: str) -> None:
    """What a wrong price made of a cap is put right by hand, and stands in the books."""
    with psycopg.connect(database_url, options="-c search_path=app") as connection:
        connection.execute(
            "INSERT INTO budget_windows (scope, tenant, subject, period, starts_at, ends_at, cap_usd, settled_usd) "
            "VALUES ('tenant', 'acme', '', 'day', app.window_start('day', now()), now() + interval '1 day', 20, 19.5)"
        )
    assert "98%" in run("budget", "show").text

    said = run("budget", "correct", "tenant", "day", "--tenant", "acme", "--to", "2.5", *BECAUSE)

    assert said.text.startswith("tenant 'acme' has now spent 2.500000 of 20.00 USD this day")
    with psycopg.connect(database_url) as connection:
        entries = connection.execute("SELECT usd, by, reason FROM app.budget_entries").fetchall()
    assert [(float(usd), by, reason) for usd, by, reason in entries] == [(-17.0, "Ada", "better answers")]


@pytest.mark.feature("G6")
def test_the_cache_report_counts_hits_and_dollars(run: Run, database_url: str) -> None:
    """By tenant and task; what has no price is said, not summed as zero."""
    assert run("cache", "report").text == "no call in the last 7 days\n"
    with psycopg.connect(database_url, options="-c search_path=app") as connection:
        for cache, saved, tokens, provider in (
            (None, 0.0, 0, 0), ("exact", 0.02, 100, 0), ("semantic", 0.03, 200, 0), ("exact", None, 50, 0),
            (None, 0.5, 0, 4000),
        ):  # fmt: skip
            connection.execute(
                "INSERT INTO calls (id, at, trace_id, span_id, tenant, user_id, role, task, identity, model, provider, "
                "deployment, status, degraded, cached, stream, input, output, input_tokens, output_tokens, "
                "cached_input_tokens, usage_estimated, latency_ms, cache, saved_usd, saved_tokens) VALUES "
                "(gen_random_uuid(), now(), '', '', 'acme', 'u', 'user', 'answer', '', 'm', 'p', 'd', 'ok', false, "
                "%s, false, '{}', '', 0, 0, %s, false, 1, %s, %s, %s)",
                [cache is not None, provider, cache, saved, tokens],
            )

    report = run("cache", "report", "--days", "2").text

    assert report.splitlines()[1].split() == [
        "acme",
        "answer",
        "5",
        "60%",
        "2",
        "0",
        "1",
        "0",
        "350",
        "0.0500",
        "0.5000",
    ]
    assert "saved $0.0500 by our caches and $0.5000 by the providers' in 2 days" in report
    assert "1 hits have no known price" in report


@pytest.mark.feature("G6")
def test_clearing_the_cache_forgets_what_is_named(run: Run, database_url: str) -> None:
    """One tenant's replies go, the other's stay."""
    with psycopg.connect(database_url, options="-c search_path=app") as connection:
        for tenant in ("acme", "other"):
            connection.execute(
                "INSERT INTO reply_cache (identity, tenant, task, reply, expires_at) "
                "VALUES (%s, %s, 'answer', '{}', now() + interval '1 day')",
                [tenant, tenant],
            )

    assert run("cache", "clear", "--tenant", "acme").text == "1 entries forgotten\n"
    with psycopg.connect(database_url) as connection:
        assert connection.execute("SELECT tenant FROM app.reply_cache").fetchall() == [("other",)]
