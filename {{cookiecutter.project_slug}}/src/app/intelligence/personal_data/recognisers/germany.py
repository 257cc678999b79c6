"""The German tax number (Steuer-ID, section 139b AO): ISO 7064 MOD 11,10 and its rule on repeated digits."""

from __future__ import annotations

import re

from app.intelligence.personal_data.checksums import iso7064_mod_11_10
from app.intelligence.personal_data.recogniser import Recogniser, digits_of


def _is_tax_id(match: re.Match[str]) -> bool:
    digits = digits_of(match.group())
    first = digits[:10]
    repeated = [first.count(digit) for digit in set(first) if first.count(digit) > 1]
    if repeated not in ([2], [3]) or any(first[i : i + 3] == [first[i]] * 3 for i in range(8)):
        return False
    return iso7064_mod_11_10(digits)


DE_TAX_ID = Recogniser(
    label="DE_TAX_ID",
    trigger="run",
    digits=11,
    pattern=re.compile(
        r"[1-9](?<![\w+./-][1-9])\d(?:([ \u00a0/])\d{3}\1\d{3}\1\d{3}|\d{9})(?!\w|[ ]\d{3,4}(?!\d)|[.:/-]\d)"
    ),
    score=0.85,
    valid=_is_tax_id,
    must_find=(
        ("Steuer-ID: 86095742719", "86095742719"),
        ("IdNr. 47 036 892 816", "47 036 892 816"),
        ("65929970489,", "65929970489"),
    ),
    must_not_find=("86095742718", "01234567890", "12345678901", "order 11111111111", "86095742719 123"),
)
