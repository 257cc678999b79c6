"""The evaluation suites under pytest: `pytest evals` holds each served prompt to the criteria of its suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import bootstrap
from app.commands import evaluate

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", evaluate.suite_files(ROOT))
def test_the_served_prompt_passes_its_suite(name: str) -> None:
    """Green against config/success.yaml and the baseline; red names the reasons and the cases that flipped."""
    loaded = bootstrap.settings(ROOT)
    results = evaluate.evaluate(loaded, bootstrap.prepare_database(loaded), [evaluate.choose(loaded, name, {})])

    verdict = evaluate.verdict(loaded, results, required=[name])

    assert verdict.green, verdict.summary()
