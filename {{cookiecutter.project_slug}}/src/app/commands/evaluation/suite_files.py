"""evals/suites.yaml: which suites there are, whose prompt each measures, and how its answers come about."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from app.errors import ConfigurationError

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
    path = root / "evals" / "suites.yaml"
    try:
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
        return TypeAdapter(dict[str, SuiteFile]).validate_python(entries)
    except (OSError, yaml.YAMLError) as error:
        raise ConfigurationError(f"{path} cannot be read: {' '.join(str(error).split())}") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ConfigurationError(f"{path}: {'.'.join(map(str, first['loc']))}: {first['msg']}") from None
