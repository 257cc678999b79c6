"""docs/reference/canary-power.md says what the comparison can see; a smaller run of the same simulation agrees."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.observability.evaluation.success import Metric, ReleaseRule
from bench.canary_power import CHECKPOINTS, EFFECTS, STRICT, WORDS, power


@pytest.mark.slow
@pytest.mark.feature("P3")
@pytest.mark.parametrize(("metric", "effect"), [("cost", 1.0), ("latency", 0.5), ("error_rate", 0.1), ("quality", 0.1)])
def test_the_page_tells_what_the_comparison_can_see(project_root: Path, metric: Metric, effect: float) -> None:
    """For each number of users within four standard errors of fifty trials."""
    page = (project_root / "docs" / "reference" / "canary-power.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {re.escape(WORDS[metric].format(effect))} \| (.*) \|$", page, re.MULTILINE)
    assert row is not None
    told = [float(share.rstrip("%")) / 100 for share in row[1].split(" | ")]

    found = power(metric, effect, 50, ReleaseRule()).shares

    assert len(told) == len(CHECKPOINTS)
    assert found == pytest.approx(told, abs=0.28)
    assert found == tuple(sorted(found))


@pytest.mark.slow
@pytest.mark.feature("P3")
def test_nothing_is_seen_where_nothing_is() -> None:
    """Each metric alone, without a margin: at most a fifth of alpha is spent on it."""
    for metric in EFFECTS:
        assert power(metric, 0.0, 50, STRICT).shares[-1] <= 0.04
