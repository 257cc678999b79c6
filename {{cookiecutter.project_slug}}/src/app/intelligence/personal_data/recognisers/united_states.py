"""US social security numbers by the structure rules of the Social Security Administration; they carry no check digit.

Without hyphens they count only after their name.
"""

from __future__ import annotations

import re

from app.intelligence.personal_data.recogniser import Recogniser, announced

_WORDS = re.compile(r"(?i)\b(?:ssn|social security|soc\. sec|social insurance)\b")


def _is_ssn(match: re.Match[str]) -> bool:
    return "-" in match.group() or announced(match, _WORDS)


US_SSN = Recogniser(
    label="US_SSN",
    trigger="run",
    digits=9,
    pattern=re.compile(
        r"[0-8]\d{2}(?<![\w+./-][0-8]\d{2})(?<!000)(?<!666)([ -]?)(?!00)\d{2}\1(?!0000)\d{4}(?!\w|[.:/-]\d)"
    ),
    score=0.8,
    valid=_is_ssn,
    must_find=(
        ("SSN 536-22-8726", "536-22-8726"),
        ("my social security number is 536228726", "536228726"),
        ("(219-09-9998)", "219-09-9998"),
        ("SSN: 001 01 0001", "001 01 0001"),
    ),
    must_not_find=(
        "000-12-3456",
        "666-12-3456",
        "912-34-5678",
        "536-00-8726",
        "536-22-0000",
        "order 536228726",
        "1-536-22-8726",
        "536-22-87261",
        "536-228726",
    ),
)
