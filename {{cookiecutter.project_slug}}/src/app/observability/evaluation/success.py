"""The success criteria of the project: `config/success.yaml` as values.

One file holds the numbers that CI, alerts and the readiness check judge by. A misspelt key is an error with its
line, never a criterion that silently does not apply.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, field_validator, model_validator

from app import yaml_file

PRODUCTION = "production"

Metric = Literal["error_rate", "cost", "latency", "quality", "satisfaction"]
METRICS: tuple[Metric, ...] = get_args(Metric)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Bound(_Section):
    """A number with a lower or an upper limit, or both."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _bounds_something(self) -> Bound:
        if self.min is None and self.max is None:
            raise ValueError("give min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self

    def violated_by(self, value: float) -> str | None:
        """How `value` breaks the bound, such as `0.71 is below 0.8`; None when it keeps it."""
        if self.min is not None and value < self.min:
            return f"{value:.4g} is below {self.min:g}"
        if self.max is not None and value > self.max:
            return f"{value:.4g} is above {self.max:g}"
        return None


class SuiteCriteria(_Section):
    """What one suite must reach. `slices` maps metric to slice to the least value.

    `half_width` maps a metric to the widest half of its 95% interval: above it there are too few cases to tell.
    """

    min_cases: int = Field(ge=1)
    metrics: Mapping[str, Bound] = Field(min_length=1)
    slices: Mapping[str, Mapping[str, Bound]] = Field(default_factory=dict)
    half_width: Mapping[str, float] = Field(default_factory=dict)

    @field_validator("half_width")
    @classmethod
    def _widths_are_shares(cls, widths: Mapping[str, float]) -> Mapping[str, float]:
        for name, width in widths.items():
            if not 0 < width < 0.5:
                raise ValueError(f"half_width.{name} is {width:g}: give a number between 0 and 0.5")
        return widths


class ServiceCriterion(Bound):
    """A number of the service. `measured_by` names the suite that measures it, or `production`."""

    measured_by: str


class Regression(_Section):
    """`alpha` is the accepted chance of calling mere noise a regression, for each metric."""

    alpha: float = Field(0.05, gt=0, lt=0.5)


class Margins(_Section):
    """By how much a new version may be worse: points of a rate or score, shares of the old cost and latency."""

    error_rate: float = Field(0.01, ge=0, le=1)
    cost: float = Field(0.1, ge=0)
    latency: float = Field(0.2, ge=0)
    quality: float = Field(0.02, ge=0, le=1)
    satisfaction: float = Field(0.05, ge=0, le=1)

    def __getitem__(self, metric: Metric) -> float:
        """The margin of one metric."""
        return float(getattr(self, metric))


class ReleaseRule(_Section):
    """How a canary is judged. `alpha`: the chance, over its whole life, to roll back one that is not worse.

    `winner_by` is the metric a version must be better in before it is called the winner of an A/B test.
    """

    alpha: float = Field(0.05, gt=0, lt=0.5)
    min_users: int = Field(20, ge=2)
    winner_by: Metric = "quality"
    margins: Margins = Margins()


class JudgeRule(_Section):
    """When a judge may block: its kappa with people at least `min_kappa` at the lower end of the 95% interval."""

    min_kappa: float = Field(0.6, ge=0, le=1)
    min_labels: int = Field(50, ge=10)
    max_age_days: int = Field(120, ge=1)


class DriftRule(_Section):
    """When live traffic counts as another than it was: distances above these, and chance below `alpha`."""

    alpha: float = Field(0.01, ge=0.005, lt=0.5)
    min_calls: int = Field(50, ge=10)
    words: float = Field(0.25, gt=0, le=1)
    numbers: float = Field(0.2, gt=0, le=1)
    scores: float = Field(0.05, gt=0, le=1)


class Success(_Section):
    """All criteria. Build it with `load_success`."""

    suites: Mapping[str, SuiteCriteria] = Field(min_length=1)
    service: Mapping[str, ServiceCriterion] = Field(default_factory=dict)
    regression: Regression = Regression()
    releases: ReleaseRule = ReleaseRule()
    judge: JudgeRule = JudgeRule()
    drift: DriftRule = DriftRule()

    @model_validator(mode="after")
    def _suites_exist(self) -> Success:
        for name, criterion in self.service.items():
            if criterion.measured_by not in (*self.suites, PRODUCTION):
                raise ValueError(
                    f"service.{name}.measured_by is {criterion.measured_by!r}: name one of "
                    f"{', '.join([*self.suites, PRODUCTION])}"
                )
        return self


def load_success(path: Path) -> Success:
    """Read the criteria. Raises ConfigurationError with `file:line` and the remedy."""
    return yaml_file.read_as(TypeAdapter(Success), path)
