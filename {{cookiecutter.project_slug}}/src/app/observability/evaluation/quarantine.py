"""Flaky cases, taken out of the gate for a time: `evals/quarantine.yaml`, under review like the cases themselves.

They are still run and shown. Each has a reason, an owner and an end; past its end the gate is red, so that nothing
rests there for ever. What is refused beyond that: too many at once, an end too far away, a case that does not exist.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from app import yaml_file

LONGEST_DAYS = 92
MOST_SHARE = 0.05


class Quarantined(BaseModel):
    """Why a case counts for nothing for now, who looks after it, and the last day that holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: str = Field(min_length=10)
    owner: str = Field(min_length=1)
    until: date


Quarantine = Mapping[str, Mapping[str, Quarantined]]
_FILE = TypeAdapter(dict[str, dict[str, Quarantined]])


def load_quarantine(path: Path) -> Quarantine:
    """By suite and case. No file: nothing is in quarantine. Raises ConfigurationError naming the entry."""
    if not path.exists():
        return {}
    form = "`<suite>: {<case>: {reason: ..., owner: ..., until: YYYY-MM-DD}}`"
    return yaml_file.read_as(_FILE, path, form=form)


def faults(suite: str, held: Mapping[str, Quarantined], cases: Collection[str], today: date) -> Iterator[str]:
    """What is wrong with the quarantine of one suite with these cases, one line each."""
    for name, entry in sorted(held.items()):
        if name not in cases:
            yield f"{suite}: {name} is in quarantine and no case: remove it from evals/quarantine.yaml"
        elif entry.until < today:
            yield (
                f"{suite}: the quarantine of {name} ended on {entry.until} (owner {entry.owner}): "
                "mend the case or its prompt and remove it, or renew it in review"
            )
        elif (entry.until - today).days > LONGEST_DAYS:
            yield f"{suite}: the quarantine of {name} ends on {entry.until}: {LONGEST_DAYS} days ahead is the most"
    if len(held) > max(1, MOST_SHARE * len(cases)):
        yield f"{suite}: {len(held)} of {len(cases)} cases are in quarantine: {MOST_SHARE:.0%} is the most"
