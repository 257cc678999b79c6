"""Telephone numbers: international ones by their shape, national ones in North American grouping or after a word.

Refuses to take bare digit groups for a number: `0800 1234 567` counts after "phone", "call", "Tel." and the like.
"""

from __future__ import annotations

import re

from app.intelligence.personal_data.recogniser import Recogniser

_GAP = r"(?:[ \u00a0.-]|[ ]?/[ ]?)?"
_WORDS = (
    *("tel", "phone", "telephone", "mobile", "cell", "fax", "call", "ring", "text", "whatsapp", "sms"),
    *("telefon", "telefonnummer", "rufnummer", "mobil", "handy", "anrufen", "teléfono", "telefono", "móvil", "llame"),
    *("téléphone", "appelez", "numéro"),
)
# First digits of the country codes ITU-T E.164 assigns, except 1 and 7, which stand alone.
_COUNTRY = re.compile(
    r"(?:2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|21[12368]|2[2-6]\d|29[01789]|3[578]\d|42[013]|"
    r"50\d|59\d|67\d|68\d|69[0-2]|80[08]|850|85[2356]|87[0-9]|88[0-8]|96\d|97[0-79]|99[2-68])"
)


def _is_international(match: re.Match[str]) -> bool:
    digits = re.sub(r"\D", "", match.group().replace("(0)", ""))
    digits = digits.removeprefix("00")
    if digits.startswith("1"):
        return len(digits) == 11 and digits[1] in "23456789" and digits[4] in "23456789"
    if digits.startswith("7"):
        return len(digits) == 11
    return 9 <= len(digits) <= 15 and _COUNTRY.match(digits) is not None


def _is_national(match: re.Match[str]) -> bool:
    return 7 <= len(re.sub(r"\D", "", match["value"])) <= 13


INTERNATIONAL_PHONE = Recogniser(
    label="PHONE",
    trigger="run",
    digits=9,
    heads=True,
    pattern=re.compile(
        r"[+0](?<![\w.+/-][+0])(?:(?<=\+)|0(?=[1-9]\d{0,2}[ \u00a0./(-]))"
        rf"[1-9]\d{{0,3}}{_GAP}(?:\(\d{{1,5}}\){_GAP})?\d(?:{_GAP}\d){{4,13}}(?!\d|[.:-]\d)"
    ),
    score=0.9,
    valid=_is_international,
    must_find=(
        ("Maeve: +44 20 7946 0958", "+44 20 7946 0958"),
        ("| +49 30 23125 014 |", "+49 30 23125 014"),
        ("llame al +34 900 555 0137.", "+34 900 555 0137"),
        ("+4915123456789", "+4915123456789"),
        ("(+91 98765-43210)", "+91 98765-43210"),
        ("+1 (415) 555-0132 works", "+1 (415) 555-0132"),
        ("+44 (0)20 7946 0311", "+44 (0)20 7946 0311"),
        ("0049 30 23125014", "0049 30 23125014"),
        ("Tel.:+33 1 42 68 53 00", "+33 1 42 68 53 00"),
        ("+7 495 123-45-67", "+7 495 123-45-67"),
        ("+44 20 7946 0958 4821 4821", "+44 20 7946 0958"),
    ),
    must_not_find=(
        "grew by +1,234,567 EUR",
        "2025-02-14T08:30:00+02:00",
        "score +12345678",
        "a+4420794609 is a sum",
        "order 0000123456789",
        "+10000000000 points",
        "+999 12345678 is assigned to nobody",
    ),
)

NORTH_AMERICAN_PHONE = Recogniser(
    label="PHONE",
    trigger="run",
    digits=10,
    pattern=re.compile(
        r"[(2-9](?<![\w.+/#-][(2-9])(?:(?<=\()[2-9]\d{2}\)[ ]?|(?<=[2-9])\d{2}([.-])(?=\d{3}\1))"
        r"[2-9]\d{2}[.-]\d{4}(?![\w]|[.:-]\d)"
    ),
    score=0.8,
    must_find=(
        ("Call (415) 555-0132 now", "(415) 555-0132"),
        ("fax 212-555-0187", "212-555-0187"),
        ("650.555.0199.", "650.555.0199"),
    ),
    must_not_find=("123-456-7890", "order 2-415-555-0132", "v415.555.0132", "415-555-01321", "415-555.0132"),
)

TOLL_PHONE = Recogniser(
    label="PHONE",
    trigger="run",
    digits=11,
    pattern=re.compile(r"1(?<![\w.+/#-]1)[ .-](?:\([2-9]\d{2}\)|[2-9]\d{2})[ .-][2-9]\d{2}[.-]\d{4}(?![\w]|[.:-]\d)"),
    score=0.8,
    must_find=(("1-800-555-0199", "1-800-555-0199"), ("1 (415) 555-0132", "1 (415) 555-0132")),
    must_not_find=("1-100-555-0199", "21-800-555-0199", "1.2.3.4"),
)

NATIONAL_PHONE = Recogniser(
    label="PHONE",
    trigger="run",
    digits=7,
    words=_WORDS,
    pattern=re.compile(
        rf"(?i)\b(?:{'|'.join(_WORDS)})\b[^\d\n(\[]{{0,20}}"
        rf"(?P<value>(?<![\w.+/#-])(?:\(0\d{{1,5}}\){_GAP}|\d)\d(?:{_GAP}\d){{4,11}})(?![\w]|[:-]\d)"
    ),
    score=0.6,
    valid=_is_national,
    must_find=(
        ("phone 020 7946 0958", "020 7946 0958"),
        ("My mobile is 98765 43210", "98765 43210"),
        ("Tel. (030) 23125 014", "(030) 23125 014"),
        ("ruf an, Handy 0151/23456789", "0151/23456789"),
        ("call me: 555-0132-88", "555-0132-88"),
        ('{"phone": "02079460958"}', "02079460958"),
    ),
    must_not_find=(
        "order 020 7946 0958",
        "invoice 98765 43210",
        "Tel. +44 | VAT GB 330 1182 05",
        "call 2 times in 14 days",
        "recall 98765 43210",
    ),
)
