"""The Polish PESEL: a date of birth between 1900 and 2099 and a weighted MOD 10 check digit."""

from __future__ import annotations

import datetime
import re

from app.intelligence.personal_data.checksums import weighted
from app.intelligence.personal_data.recogniser import Recogniser, digits_of


def _is_pesel(match: re.Match[str]) -> bool:
    digits = digits_of(match.group())
    if (10 - weighted(digits[:10], (1, 3, 7, 9, 1, 3, 7, 9, 1, 3)) % 10) % 10 != digits[10]:
        return False
    year, month, day = (10 * digits[i] + digits[i + 1] for i in (0, 2, 4))
    century, month = divmod(month, 20)
    try:
        datetime.date(1900 + 100 * century + year, month, day)
    except ValueError:
        return False
    return century < 2


PL_PESEL = Recogniser(
    label="PL_PESEL",
    trigger="run",
    digits=11,
    pattern=re.compile(r"\d{11}(?<![\w+./-]\d{11})(?!\w|[ ]\d{3,4}(?!\d)|[.:/-]\d)"),
    score=0.8,
    valid=_is_pesel,
    must_find=(("PESEL 44051401359", "44051401359"), ("02070803628,", "02070803628")),
    must_not_find=("44051401358", "44131401359", "order 12345678901", "PESEL-44051401359-1"),
)
