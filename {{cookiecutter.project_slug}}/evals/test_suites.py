"""The evaluation suites under pytest: `pytest evals` holds each served prompt to the criteria of its suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import bootstrap
from app.commands.evaluation import judging, running
from app.commands.evaluation.suite_files import suite_files
from app.commands.evaluation.wanted import choose

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", suite_files(ROOT))
def test_the_served_prompt_passes_its_suite(name: str) -> None:
    """Green against config/success.yaml and the baseline; red names the reasons and the cases that flipped."""
    loaded = bootstrap.settings(ROOT)
    results = running.evaluate(loaded, bootstrap.prepare_database(loaded), [choose(loaded, name, {})])

    verdict = judging.verdict(loaded, results, required=[name])

    assert verdict.green, verdict.summary()
