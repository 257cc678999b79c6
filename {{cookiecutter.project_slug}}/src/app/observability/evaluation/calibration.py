"""Whether a judge may block: only as it was when people's labels were held against it, and only where they agreed.

A calibration belongs to one text of the judge's prompt, one model and one set of labels. It is a file under review,
config/judges.json, like a baseline.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from app.errors import InputError
from app.observability.evaluation.json_lines import numbered_lines
from app.observability.evaluation.success import JudgeRule

VERDICTS = ("pass", "fail")


@dataclass(frozen=True, slots=True)
class Label:
    """One answer that a person judged. `slice` names the group whose agreement is told alone."""

    id: str
    question: str
    sources: str
    answer: str
    label: str
    by: str
    slice: str = "common"


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was found when. `length_lean`: how many more characters answers have that the judge passed and people did
    not, than those the other way round; `consistent`: the share of labels it judged alike each time it was asked."""

    judge: str
    prompt_sha256: str
    model: str
    labels: str
    on: date
    n: int
    agreement: float
    kappa: float | None
    low: float | None
    high: float | None
    confusion: Mapping[str, int]
    by_slice: Mapping[str, float]
    length_lean: float
    consistent: float | None = None


_LABELS = TypeAdapter(Label)
_FILE = TypeAdapter(dict[str, Calibration])


def load_labels(path: Path) -> list[Label]:
    """The labels of a JSONL file. Raises InputError with `file:line`."""
    found: dict[str, Label] = {}
    for number, line in numbered_lines(path, remedy="`app label promote` writes it"):
        try:
            label = _LABELS.validate_json(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the line"
            raise InputError(f"{path}:{number}: {place}: {first['msg']}") from None
        if label.label not in VERDICTS:
            raise InputError(f"{path}:{number}: label is {label.label!r}: use {' or '.join(VERDICTS)}")
        if label.id in found:
            raise InputError(f"{path}:{number}: id {label.id!r} is used twice: rename it")
        found[label.id] = label
    return list(found.values())


def digest(labels: Sequence[Label]) -> str:
    """Twelve hex digits over all labels: tells whether they are the same as then."""
    content = json.dumps([asdict(label) for label in sorted(labels, key=lambda one: one.id)], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]


def load_calibrations(path: Path) -> dict[str, Calibration]:
    """By judge, such as `judge@1`; none when there is no file. Raises InputError when it is none."""
    if not path.exists():
        return {}
    try:
        return _FILE.validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise InputError(f"{path} holds no calibrations ({type(error).__name__}): run `app judge calibrate`") from None


def save_calibration(path: Path, found: Calibration) -> None:
    """Write it beside those of other judges."""
    kept = load_calibrations(path) | {found.judge: found}
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = {name: asdict(one) | {"on": one.on.isoformat()} for name, one in sorted(kept.items())}
    path.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def why_unsure(
    found: Calibration | None, judge: str, prompt_sha256: str, model: str, rule: JudgeRule, today: date
) -> str | None:
    """Why what this judge says may not block, None when it may."""
    if found is None:
        return f"{judge} is not calibrated: run `app judge calibrate`"
    if found.prompt_sha256 != prompt_sha256:
        return f"the prompt of {judge} was changed since it was calibrated: run `app judge calibrate`"
    if found.model != model:
        return f"{judge} was calibrated with {found.model} and is {model} now: run `app judge calibrate`"
    if (today - found.on).days > rule.max_age_days:
        return f"{judge} was calibrated on {found.on}, more than {rule.max_age_days} days ago: calibrate it again"
    if found.n < rule.min_labels:
        return f"{judge} was held against {found.n} labels, {rule.min_labels} are needed"
    if found.low is None or found.low < rule.min_kappa:
        shown = "no kappa" if found.low is None else f"kappa {found.kappa:.2f}, at least {found.low:.2f}"
        return f"{judge} does not agree with people: {shown}, {rule.min_kappa:g} is needed"
    return None
