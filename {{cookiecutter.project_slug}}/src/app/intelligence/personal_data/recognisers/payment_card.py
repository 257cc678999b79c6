"""Payment cards: a known issuer's first digits and length, and the Luhn check. Timestamps start with no issuer."""

from __future__ import annotations

import re

from app.intelligence.personal_data.checksums import luhn
from app.intelligence.personal_data.recogniser import Recogniser, digits_of

# First digits and lengths, as the networks publish them: Visa, Mastercard, American Express, Diners, JCB, Discover and
# UnionPay and RuPay, Maestro.
_ISSUED = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}"
    r"|3(?:0[0-5]|[689]\d)(?:\d{11}|\d{13}|\d{16})|35(?:2[89]|[3-8]\d)\d{12,15}|(?:6[0-57]|8[12])\d{14,17}"
    r"|(?:50|5[678]|6\d)(?:\d{14}|\d{16,17})"
)
_SEPARATOR = re.compile("[ \u00a0-]")


def _is_card(match: re.Match[str]) -> bool:
    number = _SEPARATOR.sub("", match.group())
    return _ISSUED.fullmatch(number) is not None and len(set(number)) > 1 and luhn(digits_of(number))


CARD = Recogniser(
    label="CARD",
    trigger="run",
    digits=13,
    heads=True,
    pattern=re.compile(
        r"[2-68](?<![\w+][2-68])(?<!\d[./:-][2-68])(?=(?:[ \u00a0-]?\d){12})"
        r"\d{2,18}(?:[ \u00a0-]\d{3,6}){0,4}(?!\w|[.:/-]\d)"
    ),
    score=0.95,
    valid=_is_card,
    must_find=(
        ("card 4111 1111 1111 1111 expires 12/27", "4111 1111 1111 1111"),
        ("5555555555554444", "5555555555554444"),
        ("4111 1111 1111 1111 123 is the code", "4111 1111 1111 1111"),
        ("2 x 4111 1111 1111 1111 12 27", "4111 1111 1111 1111"),
        ("row 2 4111111111111111 9", "4111111111111111"),
        ("Amex 3782-822463-10005.", "3782-822463-10005"),
        ("6011 0009 9013 9424", "6011 0009 9013 9424"),
        ("2223003122003222", "2223003122003222"),
        ("diners 30569309025904", "30569309025904"),
    ),
    must_not_find=(
        "4111 1111 1111 1112",
        "order 1739520000000",
        "1739520000000000000",
        "ref 0000 0000 0000 0000",
        "8a7d4111111111111111f",
        "2025-02-14 08-30-15-1234",
    ),
)
