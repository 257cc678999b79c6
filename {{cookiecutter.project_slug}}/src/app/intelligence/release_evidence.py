"""May this version serve? Only with a green verdict of every suite that measures its task, on exactly its text."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import psycopg

from app.data import verdicts
from app.intelligence.prompts import Prompt


async def missing(
    connection: psycopg.AsyncConnection[Any], prompt: Prompt, suites: Collection[str], provider: str
) -> tuple[list[str], list[str]]:
    """The verdicts found, and what is missing for a release, one line each; nothing missing: it may serve.

    With a real provider a verdict on the offline stand-in's replies does not count: it proves the machinery only.
    """
    found = await verdicts.newest(connection, prompt.task, prompt.version, prompt.sha256)
    lacks = [] if suites else [f"no suite of evals/suites.yaml measures task {prompt.task!r}"]
    for suite in suites:
        verdict = found.get(suite)
        command = f"`app eval {suite} --prompt {prompt.name} --gate`"
        if verdict is None:
            lacks.append(f"{prompt.name} has no verdict of suite {suite!r} on this text: run {command}")
        elif verdict.status != "green":
            first = verdict.reasons[0] if verdict.reasons else "no reason was kept"
            lacks.append(f"{prompt.name} is red in suite {suite!r} since {verdict.at:%Y-%m-%d %H:%M}: {first}")
        elif verdict.provider == "offline" != provider:
            lacks.append(
                f"{prompt.name} was judged in suite {suite!r} with the offline stand-in, {provider} serves here: "
                f"run {command} with the provider that serves"
            )
    return [verdict.told() for verdict in found.values()], lacks
