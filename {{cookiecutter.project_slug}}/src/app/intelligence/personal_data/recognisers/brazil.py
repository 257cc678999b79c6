"""The Brazilian taxpayer number (CPF): two MOD 11 check digits. Unpunctuated it counts only after its name."""

from __future__ import annotations

import re

from app.intelligence.personal_data.checksums import weighted
from app.intelligence.personal_data.recogniser import Recogniser, announced, digits_of

_WORDS = re.compile(r"(?i)\bcpf\b")


def _is_cpf(match: re.Match[str]) -> bool:
    digits = digits_of(match.group())
    first = weighted(digits[:9], range(10, 1, -1)) * 10 % 11 % 10
    second = weighted(digits[:10], range(11, 1, -1)) * 10 % 11 % 10
    checked = len(set(digits)) > 1 and digits[9:] == [first, second]
    return checked and (len(match.group()) > 11 or announced(match, _WORDS))


BR_CPF = Recogniser(
    label="BR_CPF",
    trigger="run",
    digits=11,
    pattern=re.compile(r"\d{3}(?<![\w+./-]\d{3})(?:\.\d{3}\.\d{3}-|\d{6})\d{2}(?!\w|[ ]\d{3,4}(?!\d)|[.:/-]\d)"),
    score=0.9,
    valid=_is_cpf,
    must_find=(
        ("CPF 529.982.247-25", "529.982.247-25"),
        ("cpf: 52998224725", "52998224725"),
        ("(111.444.777-35)", "111.444.777-35"),
    ),
    must_not_find=("529.982.247-26", "order 52998224725", "111.111.111-11"),
)
