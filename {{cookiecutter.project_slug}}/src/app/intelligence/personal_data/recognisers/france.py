"""The French social security number (NIR): month and department in range, and the key 97 - n mod 97."""

from __future__ import annotations

import re

from app.intelligence.personal_data.recogniser import Recogniser


def _is_nir(match: re.Match[str]) -> bool:
    number = re.sub(r"[ \u00a0]", "", match.group()).upper()
    # Corsica: the decree counts 2A as 19 and 2B as 18.
    counted = int(number[:13].replace("2A", "19").replace("2B", "18"))
    return 97 - counted % 97 == int(number[13:])


FR_NIR = Recogniser(
    label="FR_NIR",
    trigger="run",
    digits=14,
    pattern=re.compile(
        r"[12](?<![\w+./-][12])[ \u00a0]?\d{2}[ \u00a0]?(?:0[1-9]|1[0-2]|[2-3]\d|4[0-2]|[5-9]\d)[ \u00a0]?"
        r"(?:\d{2}|2[AB])[ \u00a0]?\d{3}[ \u00a0]?\d{3}[ \u00a0]?\d{2}(?!\w|[ ]\d{3,4}(?!\d)|[.:/-]\d)"
    ),
    score=0.9,
    valid=_is_nir,
    must_find=(
        ("NIR 1 84 12 76 451 089 46", "1 84 12 76 451 089 46"),
        ("sécu 255081416802538", "255081416802538"),
        ("né en Corse: 1 85 05 2A 049 012 78", "1 85 05 2A 049 012 78"),
    ),
    must_not_find=("1 84 12 76 451 089 47", "184137645108946", "384127645108946"),
)
