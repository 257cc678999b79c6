"""evals/suites.yaml: which suites there are, whose prompt each measures, and how its answers come about."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, TypeAdapter

from app import yaml_file

Kind = Literal["label", "rag", "adversarial", "trajectory"]


class SuiteFile(BaseModel):
    """One entry: the task whose prompt is measured, the kind of its answers, and whether a judge reads them too.

    `judge` names a task whose prompt judges, such as `judge`; every answer then costs one more call.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: str
    kind: Kind
    judge: str | None = None


def suite_files(root: Path) -> dict[str, SuiteFile]:
    """The suites of evals/suites.yaml by name, in its order. Raises ConfigurationError naming the entry."""
    return yaml_file.read_as(TypeAdapter(dict[str, SuiteFile]), root / "evals" / "suites.yaml")
