"""British identifiers: NHS numbers by their MOD 11 check, national insurance numbers by HMRC's structure rules.

Without spaces both are easily an order number, so they count only after their name.
"""

from __future__ import annotations

import re

from app.intelligence.personal_data.checksums import weighted
from app.intelligence.personal_data.recogniser import Recogniser, announced, digits_of

_NHS = re.compile(r"(?i)\b(?:nhs|chi)\b")
_NINO = re.compile(r"(?i)\b(?:nino|ni number|ni no|national insurance)\b")


def _is_nhs(match: re.Match[str]) -> bool:
    digits = digits_of(match.group())
    check = (11 - weighted(digits[:9], range(10, 1, -1)) % 11) % 11
    return check == digits[9] and len(set(digits)) > 1 and (len(match.group()) > 10 or announced(match, _NHS))


def _is_nino(match: re.Match[str]) -> bool:
    return " " in match.group() or announced(match, _NINO)


UK_NHS = Recogniser(
    label="UK_NHS",
    trigger="run",
    digits=10,
    pattern=re.compile(r"\d{3}(?<![\w+./-]\d{3})([ \u00a0-]?)\d{3}\1\d{4}(?!\w|[ ]\d{3,4}(?!\d)|[.:/-]\d)"),
    score=0.8,
    valid=_is_nhs,
    must_find=(
        ("NHS number 943 476 5919", "943 476 5919"),
        ("patient 401 023 2137,", "401 023 2137"),
        ("NHS: 9434765919", "9434765919"),
    ),
    must_not_find=("943 476 5918", "timestamp 1739520000", "order 9434765919", "000 000 0000", "943 476 5919 1234"),
)

UK_NINO = Recogniser(
    label="UK_NINO",
    trigger="digit",
    pattern=re.compile(
        r"[A-CEGHJ-PR-TW-Z](?<![\w-][A-Z])[A-CEGHJ-NPR-TW-Z](?<!BG|GB|KN|NK|NT|TN|ZZ)"
        r"([ ]?)\d{2}\1\d{2}\1\d{2}\1[A-D](?![\w-])"
    ),
    score=0.85,
    valid=_is_nino,
    must_find=(
        ("QQ? No: AB 12 34 56 C", "AB 12 34 56 C"),
        ("National insurance: JG103759A", "JG103759A"),
    ),
    must_not_find=("order JG103759A", "GB 12 34 56 C", "AO 12 34 56 C", "AB 12 34 56 E", "DA 12 34 56 A"),
)
