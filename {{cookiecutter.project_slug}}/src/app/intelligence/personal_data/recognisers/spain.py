"""Spanish identity numbers: DNI (eight digits) and NIE (X, Y or Z and seven digits) with their letter, MOD 23."""

from __future__ import annotations

import re

from app.intelligence.personal_data.recogniser import Recogniser

_LETTERS = "TRWAGMYFPDXBNJZSQVHLCKE"


def _has_its_letter(match: re.Match[str]) -> bool:
    number = re.sub(r"[ .-]", "", match.group())
    digits = number[:-1].translate(str.maketrans("XYZ", "012"))
    return _LETTERS[int(digits) % 23] == number[-1]


ES_DNI = Recogniser(
    label="ES_DNI",
    trigger="run",
    digits=7,
    pattern=re.compile(
        r"[\dXYZ](?<![\w+./-][\dXYZ])(?:(?<=\d)(?:\d{7}|\d\.\d{3}\.\d{3})|(?<=[XYZ])-?\d{7})-?[A-HJ-NP-TV-Z](?![\w-])"
    ),
    score=0.85,
    valid=_has_its_letter,
    must_find=(
        ("DNI 12345678Z", "12345678Z"),
        ("con NIE X1234567L.", "X1234567L"),
        ("12.345.678-Z", "12.345.678-Z"),
        ("Y-1234567-X", "Y-1234567-X"),
    ),
    must_not_find=("12345678A", "20250214T101530Z", "X1234567A", "A12345678Z", "12345678z"),
)
