"""Indian identifiers: the permanent account number (PAN) by its structure, Aadhaar by its Verhoeff check.

Twelve digits in a row are often an order number, so ungrouped Aadhaar numbers count only after their name.
"""

from __future__ import annotations

import re

from app.intelligence.personal_data.checksums import verhoeff
from app.intelligence.personal_data.recogniser import Recogniser, announced, digits_of

_WORDS = re.compile(r"(?i)\b(?:aadhaar|aadhar|adhaar|uidai|uid)\b|आधार")


def _is_aadhaar(match: re.Match[str]) -> bool:
    grouped = len(match.group()) > 12
    return verhoeff(digits_of(match.group())) and (grouped or announced(match, _WORDS))


# The fourth letter is the kind of holder (P: a person), as the Income Tax Department states it.
IN_PAN = Recogniser(
    label="IN_PAN",
    trigger="digit",
    pattern=re.compile(r"[A-Z](?<![\w-][A-Z])[A-Z]{2}[ABCFGHJLPT][A-Z](?!0000)\d{4}[A-Z](?![\w-])"),
    score=0.85,
    must_find=(("PAN: ABCPE1234F", "ABCPE1234F"), ("(AFZPK7190K)", "AFZPK7190K")),
    must_not_find=("ABCDE1234F", "ABCPE12345", "XABCPE1234F", "ABCPE1234FG", "abcpe1234f", "ABCPE0000F"),
)

AADHAAR = Recogniser(
    label="AADHAAR",
    trigger="run",
    digits=12,
    pattern=re.compile(r"[2-9](?<![\w+./-][2-9])\d{3}(?:([ \u00a0-])\d{4}\1\d{4}|\d{8})(?!\w|[ -]\d{4}(?!\d)|[.:/]\d)"),
    score=0.9,
    valid=_is_aadhaar,
    must_find=(
        ("2341 2341 2346", "2341 2341 2346"),
        ("Aadhaar no. 234123412346", "234123412346"),
        ("4991-1866-5246,", "4991-1866-5246"),
    ),
    must_not_find=("2341 2341 2347", "order 234123412346", "1341 2341 2346", "2341 2341 2346 1111"),
)
