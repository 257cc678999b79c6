"""The result of running a suite, as values and as a JSON file under `build/evals`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from app.errors import InputError
from app.observability.evaluation.case import Case
from app.observability.evaluation.measured import Measured
from app.observability.evaluation.output import Output, Score, Source

# What varies from run to run while the answers are the same.
_CIRCUMSTANCES = ("latency_ms", "cached", "trace_id", "cost_usd")


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case, its answer and its scores. `error` is set when solver or scorer raised; scores are partial then.

    A `quarantined` case is run and shown, and counts for nothing.
    """

    id: str
    slice: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any]
    output: Output | None
    scores: Mapping[str, Score | None] = field(default_factory=dict)
    error: str | None = None
    quarantined: bool = False

    @property
    def digest(self) -> str:
        """The digest of the case as it was when it ran."""
        return Case(self.id, self.inputs, self.expected, self.slice).digest


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """All cases of a suite answered by one thing, named `label` (such as `classify@2`).

    `not_run` are ids of cases that were not reached, `stopped` says why. With `repeats` scores are means over so many
    answers, and `unstable` are the cases whose score was not the same each time. `prompt_sha256` is the
    text measured, `judge` the judge's prompt with its version where one read the answers.
    """

    suite: str
    label: str
    started_at: str
    seconds: float
    cases: tuple[CaseResult, ...]
    metrics: Mapping[str, Measured]
    not_run: tuple[str, ...] = ()
    stopped: str = ""
    repeats: int = 1
    unstable: tuple[str, ...] = ()
    prompt_sha256: str = ""
    judge: str = ""

    @property
    def counted(self) -> tuple[CaseResult, ...]:
        """The cases that count: all but those in quarantine."""
        return tuple(case for case in self.cases if not case.quarantined)

    @property
    def spent_usd(self) -> float:
        """What was paid for this result now: reused replies and unknown prices add nothing."""
        answers = sum(c.output.cost_usd or 0.0 for c in self.cases if c.output and not c.output.cached)
        return answers + sum(score.cost_usd for c in self.cases for score in c.scores.values() if score)

    @property
    def prompt_version(self) -> int | None:
        """The prompt version all answers share, None when they differ or none is known."""
        versions = {case.output.prompt_version for case in self.cases if case.output}
        return versions.pop() if len(versions) == 1 else None

    @property
    def errors(self) -> tuple[CaseResult, ...]:
        """The cases that raised and count."""
        return tuple(case for case in self.counted if case.error is not None)

    @property
    def content_hash(self) -> str:
        """Same cases, answers and scores give the same hash, however long they took and wherever they came from."""
        cases = [asdict(case) for case in self.cases]
        for case in cases:
            for name in _CIRCUMSTANCES:
                (case["output"] or {}).pop(name, None)
            for score in case["scores"].values():
                (score or {}).pop("cost_usd", None)
        content = json.dumps(
            [self.suite, self.label, self.prompt_sha256, cases], sort_keys=True, ensure_ascii=False, default=str
        )
        return hashlib.sha256(content.encode()).hexdigest()


def save(result: SuiteResult, directory: Path) -> Path:
    """Write `<suite>@<label>.json` into `directory`; an earlier result of that name is replaced."""
    directory.mkdir(parents=True, exist_ok=True)
    path = path_of(directory, result.suite, result.label)
    document = asdict(result) | {"content_hash": result.content_hash}
    path.write_text(json.dumps(document, ensure_ascii=False, default=str) + "\n", encoding="utf-8")
    return path


def path_of(directory: Path, suite: str, label: str) -> Path:
    """Where the result of that suite and label is kept."""
    safe = "".join(c if c.isalnum() or c in "-_.@+" else "_" for c in f"{suite}@{label}")
    return directory / f"{safe}.json"


def load(path: Path) -> SuiteResult:
    """Read a saved result. Raises InputError for a file that is no result or was altered."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        stated = document.pop("content_hash")
        result = SuiteResult(
            **document
            | {
                "cases": tuple(_case(case) for case in document["cases"]),
                "metrics": {name: Measured(**values) for name, values in document["metrics"].items()},
                "not_run": tuple(document["not_run"]),
                "unstable": tuple(document["unstable"]),
            }
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path} is no evaluation result ({error}): make one with `app eval`") from None
    if result.content_hash != stated:
        raise InputError(f"{path} was changed after it was written: run `app eval` again")
    return result


def _case(values: dict[str, Any]) -> CaseResult:
    output = values["output"]
    if output is not None:
        output = Output(**output | {"sources": tuple(Source(**source) for source in output["sources"])})
    scores = {name: Score(**score) if score else None for name, score in values["scores"].items()}
    return CaseResult(**values | {"output": output, "scores": scores})
