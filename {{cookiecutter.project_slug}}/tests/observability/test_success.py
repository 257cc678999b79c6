"""The success criteria: one file, read strictly."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.observability.evaluation.success import load_success

GOOD = """\
suites:
  classification:
    min_cases: 240
    metrics:
      accuracy: {min: 0.8}
service:
  satisfaction: {min: 0.8, measured_by: production}
"""


@pytest.mark.feature("E1")
def test_the_projects_criteria_hold_all_four_kinds_of_number(project_root: Path) -> None:
    """Quality, time, cost and satisfaction each have a bound, and the suites their least number of cases."""
    success = load_success(project_root / "config" / "success.yaml")
    assert success.suites["classification"].min_cases >= 200
    assert success.suites["rag"].min_cases >= 60
    assert success.suites["classification"].metrics["accuracy"].min is not None
    assert set(success.service) == {"p95_latency_ms", "cost_per_interaction_usd", "satisfaction"}
    assert success.service["satisfaction"].measured_by == "production"


@pytest.mark.feature("E1")
@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("accuracy: {min: 0.8}", "accuracy: {minimum: 0.8}", 5, "unknown key"),
        ("accuracy: {min: 0.8}", "accuracy: {}", 5, "give min, max or both"),
        ("accuracy: {min: 0.8}", "accuracy: {min: 0.8, max: 0.5}", 5, "min 0.8 is above max 0.5"),
        ("accuracy: {min: 0.8}", "accuracy: {min: high}", 5, "valid number"),
        ("min_cases: 240", "min_cases: 0", 3, "greater than or equal to 1"),
        ("    min_cases: 240\n", "", 2, "required and not set"),
        ("measured_by: production", "measured_by: thumbs", 1, "name one of classification, production"),
    ],
    ids=["misspelt", "no bound", "crossed", "not a number", "zero", "missing", "unknown suite"],
)
def test_a_fault_is_named_with_its_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    """File, line, key, what is wrong."""
    path = tmp_path / "success.yaml"
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        load_success(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["suites: [", "", "- a"], ids=["not yaml", "empty", "a list"])
def test_a_file_that_holds_no_criteria_is_refused(tmp_path: Path, text: str) -> None:
    """It never becomes a set of criteria that everything fulfils."""
    path = tmp_path / "success.yaml"
    path.write_text(text)
    with pytest.raises(ConfigurationError):
        load_success(path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        load_success(tmp_path / "missing.yaml")
