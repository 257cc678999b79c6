"""Baselines: the scores a suite had when somebody last approved them, as small files under review.

One line a case, sorted, so that a diff in a merge request shows which cases moved.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.errors import InputError
from app.observability.evaluation.result import SuiteResult


@dataclass(frozen=True, slots=True)
class BaselineCase:
    """`digest` is the case as it was then; `scores` by scorer, without those that did not apply."""

    digest: str
    scores: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Baseline:
    """What a suite scored, case by case."""

    suite: str
    label: str
    prompt_version: int | None
    cases: Mapping[str, BaselineCase]


def baseline_of(result: SuiteResult) -> Baseline:
    """The baseline this result would be. Raises InputError when it has no cases or errored ones."""
    if not result.cases:
        raise InputError(f"suite {result.suite!r} ran no case: there is nothing to approve")
    if result.errors:
        first = result.errors[0]
        raise InputError(
            f"{len(result.errors)} cases of {result.suite!r} failed, {first.id} first ({first.error}): "
            "a baseline needs a whole run"
        )
    cases = {
        case.id: BaselineCase(
            case.digest, {name: round(s.value, 4) for name, s in sorted(case.scores.items()) if s is not None}
        )
        for case in sorted(result.cases, key=lambda case: case.id)
    }
    return Baseline(result.suite, result.label, result.prompt_version, cases)


def save_baseline(baseline: Baseline, directory: Path) -> Path:
    """Write `<suite>.json` into `directory`."""
    directory.mkdir(parents=True, exist_ok=True)
    head = {"suite": baseline.suite, "label": baseline.label, "prompt_version": baseline.prompt_version}
    lines = [f"  {json.dumps(name)}: {json.dumps(value)}," for name, value in head.items()]
    cases = [
        f"    {json.dumps(name)}: {json.dumps({'case': case.digest, 'scores': dict(case.scores)})}"
        for name, case in baseline.cases.items()
    ]
    text = "\n".join(["{", *lines, '  "cases": {', ",\n".join(cases), "  }", "}"]) + "\n"
    path = directory / f"{baseline.suite}.json"
    path.write_text(text, encoding="utf-8")
    return path


def load_baseline(directory: Path, suite: str) -> Baseline | None:
    """The baseline of `suite`, None when there is no file. Raises InputError when the file is no baseline."""
    path = directory / f"{suite}.json"
    if not path.exists():
        return None
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        cases = {
            name: BaselineCase(str(case["case"]), {k: float(v) for k, v in case["scores"].items()})
            for name, case in document["cases"].items()
        }
        return Baseline(document["suite"], document["label"], document["prompt_version"], cases)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"{path} is no baseline ({type(error).__name__}: {error}): restore it from version control or run "
            "`app eval --update-baseline`"
        ) from None
