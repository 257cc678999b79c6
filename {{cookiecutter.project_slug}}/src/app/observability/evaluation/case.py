"""A case: one example with what is expected of it. Cases live in JSONL files, one object a line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.errors import InputError
from app.observability.evaluation.json_lines import numbered_lines

_FIELDS = {"id", "inputs", "expected", "slice", "origin", "made_from", "split", "at"}
ORIGINS = ("person", "production", "synthetic")
SPLITS = ("dev", "held_out")
# Of a hundred cases so many are held out where a case does not say: nothing that tunes a prompt may look at them.
HELD_OUT_PERCENT = 40


@dataclass(frozen=True, slots=True)
class Case:
    """`slice` names the group whose metrics are also reported alone: common, edge, multilingual ...

    `origin` says who wrote it; `made_from` names the case or the call that it was made from, `at` the day. A synthetic
    case is never held out.
    """

    id: str
    inputs: Mapping[str, Any]
    expected: Mapping[str, Any] = field(default_factory=dict)
    slice: str = "common"
    origin: str = "person"
    made_from: str = ""
    split: str = ""
    at: str = ""

    @property
    def held_out(self) -> bool:
        """Whether what tunes a prompt must not look at it: as it says, else by a hash of its id, the same for ever."""
        if self.split or self.origin == "synthetic":
            return self.split == "held_out"
        return int(hashlib.sha256(self.id.encode()).hexdigest()[:8], 16) % 100 < HELD_OUT_PERCENT

    @property
    def digest(self) -> str:
        """Twelve hex digits over inputs and expectation: tells whether a case was edited."""
        content = json.dumps([self.inputs, self.expected], sort_keys=True, ensure_ascii=False, default=str)
        return hashlib.sha256(content.encode()).hexdigest()[:12]


def load_cases(path: Path) -> list[Case]:
    """The cases of a JSONL file, in its order; blank lines are skipped.

    Raises InputError with `file:line` for a file that cannot be read, a line that is no case or an id used twice.
    An empty file gives an empty list: the gate, not the reader, refuses to judge it.
    """
    cases: list[Case] = []
    seen: dict[str, int] = {}
    for number, line in numbered_lines(path, remedy="a suite of evals/suites.yaml has its cases there"):
        case = _parse(line, f"{path}:{number}")
        if case.id in seen:
            raise InputError(f"{path}:{number}: id {case.id!r} is taken by line {seen[case.id]}: rename it")
        seen[case.id] = number
        cases.append(case)
    return cases


def _parse(line: str, place: str) -> Case:
    try:
        values = json.loads(line)
    except ValueError as error:
        raise InputError(f"{place}: not JSON ({error}): one object a line is expected") from None
    if not isinstance(values, dict):
        raise InputError(f"{place}: a JSON {type(values).__name__}: an object is expected")
    if unknown := sorted(set(values) - _FIELDS):
        raise InputError(f"{place}: unknown field {unknown[0]!r}: use {', '.join(sorted(_FIELDS))}")
    for name, kind in (("id", str), ("inputs", dict)):
        if not values.get(name) or not isinstance(values[name], kind):
            raise InputError(f"{place}: {name!r} is missing or empty: give a {kind.__name__}")
    for name, kind in (("expected", dict), ("slice", str), ("made_from", str), ("at", str)):
        if not isinstance(values.get(name, kind()), kind):
            raise InputError(f"{place}: {name!r} must be a {kind.__name__}")
    for name, known in (("origin", ORIGINS), ("split", SPLITS)):
        if name in values and values[name] not in known:
            raise InputError(f"{place}: {name!r} is {values[name]!r}: use {', '.join(known)}")
    if values.get("origin") == "synthetic" and (values.get("split") == "held_out" or not values.get("made_from")):
        raise InputError(f"{place}: a synthetic case says what it was made from, and is never held out")
    return Case(
        id=values["id"],
        inputs=values["inputs"],
        expected=values.get("expected", {}),
        slice=values.get("slice") or "common",
        origin=values.get("origin", "person"),
        made_from=values.get("made_from", ""),
        split=values.get("split", ""),
        at=values.get("at", ""),
    )
