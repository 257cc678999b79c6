"""The commands that change a running service: what they say, what they write down, and what they refuse."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
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
BARE = (*BECAUSE, "--without-verdict")


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
    assert run("release", "answer", "1", *BARE) == Said(0, "answer now serves v1=100%\n")
    assert served() == {"v1": 1000}
    assert run("canary", "answer", "v2", "--percent", "10", *BARE).text.startswith("answer now serves v1=90% v2=10%\n")
    assert 60 < served()["v2"] < 140
    assert run("split", "answer", "1=50", "2=50%", *BARE).code == 0
    assert 430 < served()["v2"] < 570
    assert run("rollback", "answer", *BECAUSE).text == "answer now serves v1=90% v2=10%\n"
    assert run("rollback", "answer", *BECAUSE).text == "answer now serves v1=100%\n"

    history = run("releases").text
    assert [line.split()[2] for line in history.splitlines() if "better answers" in line] == [
        "rollback", "rollback", "split", "canary", "release",
    ]  # fmt: skip
    assert "Ada: better answers" in history


@pytest.fixture
def verdict_file(tmp_path: Path, project_root: Path) -> Callable[..., str]:
    """A file as `app eval --gate` writes it: green for version 1 of `answer`, unless told otherwise of suite `rag`."""

    def written(**changed: object) -> str:
        prompt = Registry.open(project_root / "prompts").get("answer", 1)
        green = {"at": datetime.now(UTC).isoformat(), "task": "answer", "version": 1, "prompt_hash": prompt.sha256}
        green |= {"suite": "rag", "provider": "offline", "status": "green", "reasons": [], "metrics": {}}
        path = tmp_path / "verdicts.json"
        green["recorded_by"] = "ci"
        path.write_text(json.dumps([green | {"suite": "adversarial"}, green | changed]), encoding="utf-8")
        return str(path)

    return written


@pytest.mark.feature("P3")
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({}, None),
        ({"status": "red", "reasons": ["rag: recall went down"]}, "is red in suite 'rag'"),
        ({"prompt_hash": "0" * 64}, "answer@1 has no verdict of suite 'rag' on this text: run `app eval rag"),
        ({"suite": "other"}, "answer@1 has no verdict of suite 'rag'"),
        ({"version": 2}, "answer@1 has no verdict of suite 'rag'"),
    ],
    ids=["green", "red", "another text", "another suite", "another version"],
)
def test_a_release_needs_a_green_verdict_of_its_text(
    run: Run, verdict_file: Callable[..., str], changed: dict[str, object], told: str | None
) -> None:
    """Taken from a file here; without one the release is refused, says what to run, and changes nothing."""
    said = run("release", "answer", "1", "--canary", "10", "--verdict", verdict_file(**changed), *BECAUSE)

    if told is None:
        assert said.code == 0
        assert said.text.startswith("answer now serves v1=10% v2=90%\nnote: `app ab answer` compares them.")
    else:
        assert said.code == 3
        assert told in said.text
        assert "better answers" not in run("releases").text


@pytest.mark.feature("P3")
def test_a_release_without_a_verdict_is_written_down_as_such(run: Run, database_url: str) -> None:
    """It needs a word of its own, and the log keeps what was missing."""
    assert run("release", "answer", "1", *BECAUSE).code == 3
    assert run("release", "answer", "1", *BARE).code == 0

    assert "Ada: better answers  WITHOUT A GREEN VERDICT" in run("releases").text
    with psycopg.connect(database_url) as connection:
        (evidence,) = connection.execute("SELECT evidence FROM app.release_log").fetchone() or ({},)
    assert "answer@1 has no verdict" in evidence["without_verdict"][0]


@pytest.mark.feature("P3")
def test_what_served_before_needs_no_new_verdict(run: Run) -> None:
    """Giving a version that serves a larger share, and the one of releases.yaml, asks for nothing."""
    assert run("canary", "answer", "1", *BARE).code == 0
    assert run("canary", "answer", "1", "--percent", "50", *BECAUSE).code == 0
    assert run("release", "answer", "2", *BECAUSE).text == "answer now serves v2=100%\n"


@pytest.mark.feature("P4")
def test_an_ab_report_names_no_winner_early(run: Run, database_url: str) -> None:
    """Nothing to compare, no calls, too few users, no score, not sure yet, then a winner."""
    assert "no two versions serve task 'answer'" in run("ab", "answer").text
    run("split", "answer", "1=50", "2=50", *BARE)
    assert run("ab", "answer").text.endswith("no winner: no call of either version has been counted yet\n")
    endings = []
    with psycopg.connect(database_url, autocommit=True) as connection:
        log_calls(connection, 3, None, versions=(1,))
        assert run("ab", "answer").text.splitlines()[-1] == (
            "no winner: version 2 has answered no call, the other 3: its share may be small yet, or services run that "
            "were started before its file was there"
        )
        for users, score in ((5, None), (30, None), (60, 0.5), (900, 0.9)):
            log_calls(connection, users, score)
            endings.append(run("ab", "answer").text.splitlines()[-1])

    assert endings == [
        "no winner yet: 5 users of a version are too few to judge, 20 are needed",
        "no winner yet: no call of both versions has a score for quality, which decides",
        "no winner yet: the difference in quality may still be noise; let it run",
        "version 2 wins: better in quality, and no loss beyond its margin elsewhere",
    ]
    told = run("ab", "answer").text
    assert "answer: version 2 against 1, by split since" in told
    assert "quality 0.5" in told


def log_calls(
    connection: psycopg.Connection, users: int, score: float | None, versions: tuple[int, ...] = (1, 2)
) -> None:
    """One more call of each of so many users of both versions; version 1 scores 0.5, version 2 `score`."""
    for version in versions:
        connection.execute(
            "WITH called AS (INSERT INTO app.calls (id, at, trace_id, span_id, tenant, user_id, role, task, "
            "prompt_version, identity, model, provider, deployment, status, degraded, cached, stream, input, output, "
            "input_tokens, output_tokens, cached_input_tokens, usage_estimated, cost_usd, latency_ms) "
            "SELECT gen_random_uuid(), clock_timestamp(), '', '', 'acme', %(version)s || '.' || n, 'member', "
            "'answer', %(version)s, '', 'm', 'p', 'd', 'ok', false, false, false, '{}', '', 1, 1, 0, false, "
            "0.01 + n * 0.00001, 300 + n FROM generate_series(1, %(users)s) AS n RETURNING id) "
            "INSERT INTO app.scores (call_id, name, source, value) SELECT id, 'quality', 'judge', %(score)s "
            "FROM called WHERE %(score)s::float IS NOT NULL",
            {"version": version, "users": users, "score": score if version == 2 or score is None else 0.5},
        )


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


@pytest.mark.reliability("stuck cap")
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
