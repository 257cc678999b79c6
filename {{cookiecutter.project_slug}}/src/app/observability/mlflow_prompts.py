"""The project's prompts in MLflow's prompt registry, where versions are compared and linked to traces.

The files under `prompts/` stay the truth: this copies them and never reads them back.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.observability.mlflow_connection import Connection

VERSION_TAG = "app.version"
HASH_TAG = "app.sha256"
ALIAS = "production"
EXPERIMENTS_TAG = "_mlflow_experiment_ids"
ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class PublishedPrompt:
    """One version of one prompt file. `messages` are its messages as `{"role": ..., "content": ...}`, unrendered."""

    task: str
    version: int
    sha256: str
    messages: Sequence[Mapping[str, str]]
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    output_schema: Mapping[str, Any] | None = None


def publish_prompts(
    connection: Connection, prompts: Sequence[PublishedPrompt], released: Mapping[str, int]
) -> dict[str, int]:
    """Publish what is not there yet, in order of version, and point alias `production` at each released version.

    `released` maps task to our version. Returns how many were published, unchanged and aliased.
    """
    counts = {"published": 0, "unchanged": 0, "aliased": 0}
    for task in sorted({prompt.task for prompt in prompts}):
        known = numbers(connection, task)
        for prompt in sorted((p for p in prompts if p.task == task), key=lambda p: p.version):
            if prompt.sha256 in known:
                counts["unchanged"] += 1
                continue
            known[prompt.sha256] = _register(connection, prompt)
            counts["published"] += 1
        live = next((p for p in prompts if p.task == task and p.version == released.get(task)), None)
        if live is not None:
            connection.client.set_prompt_alias(task, ALIAS, known[live.sha256])
            counts["aliased"] += 1
        show_in_experiment(connection, task)
    return counts


def numbers(connection: Connection, task: str) -> dict[str, int]:
    """Digest to MLflow's version number, for what is published already."""
    prompt = connection.client.get_prompt(task)
    recorded = (prompt.tags or {}) if prompt is not None else {}
    return {
        name.removeprefix(f"{HASH_TAG}."): int(number)
        for name, number in recorded.items()
        if name.startswith(f"{HASH_TAG}.")
    }


def show_in_experiment(connection: Connection, task: str) -> None:
    """List the prompt on the pages of our experiment too: MLflow looks for its id between commas in this tag.

    MLflow sets the same tag from a thread of its own when a version is registered; who comes second looks again.
    """
    from mlflow.exceptions import MlflowException

    for attempt in range(1, ATTEMPTS + 1):
        prompt = connection.client.get_prompt(task)
        listed = ((prompt.tags or {}) if prompt is not None else {}).get(EXPERIMENTS_TAG, "")
        ids = [one for one in listed.split(",") if one]
        if connection.experiment_id in ids:
            return
        try:
            connection.client.set_prompt_tag(task, EXPERIMENTS_TAG, f",{','.join([*ids, connection.experiment_id])},")
            return
        except MlflowException:
            if attempt == ATTEMPTS:
                raise
            time.sleep(0.1 * attempt)


def _register(connection: Connection, prompt: PublishedPrompt) -> int:
    """Register one version. The digest is noted on the prompt itself: versions cannot be searched in every store."""
    tags = {VERSION_TAG: str(prompt.version), HASH_TAG: prompt.sha256}
    if prompt.parameters:
        tags["app.parameters"] = json.dumps(dict(prompt.parameters), sort_keys=True)
    registered = connection.client.register_prompt(
        name=prompt.task,
        template=[dict(message) for message in prompt.messages],
        commit_message=f"v{prompt.version}: {prompt.description}".rstrip(": "),
        tags=tags,
        response_format=dict(prompt.output_schema) if prompt.output_schema else None,
    )
    connection.client.set_prompt_tag(prompt.task, f"{HASH_TAG}.{prompt.sha256}", str(registered.version))
    return int(registered.version)
