"""International bank account numbers (ISO 13616): the country's length and the MOD 97-10 check."""

from __future__ import annotations

import re

from app.intelligence.personal_data.checksums import iso7064_mod_97_10
from app.intelligence.personal_data.recogniser import Recogniser

# Lengths from the SWIFT IBAN registry.
_LENGTHS = {
    length: frozenset(countries.split())
    for length, countries in {
        15: "NO",
        16: "BE",
        18: "DK FI FO GL NL SD FK",
        19: "MK SI",
        20: "AT BA EE KZ LT LU MN XK",
        21: "CH HR LI LV",
        22: "BG BH CR DE GB GE IE ME RS VA",
        23: "AE GI IL IQ OM SO TL",
        24: "AD CZ ES MD PK RO SA SE SK TN VG",
        25: "LY PT ST",
        26: "IS TR",
        27: "BI DJ FR GR IT MC MR SM",
        28: "AL AZ BY CY DO GT HN HU LB NI PL SV",
        29: "BR EG PS QA UA",
        30: "JO KW MU YE",
        31: "MT SC",
        32: "LC",
        33: "RU",
    }.items()
}


def _is_iban(match: re.Match[str]) -> bool:
    account = re.sub(r"[ \u00a0-]", "", match.group()).upper()
    return account[:2] in _LENGTHS.get(len(account), ()) and iso7064_mod_97_10(account[4:] + account[:4])


IBAN = Recogniser(
    label="IBAN",
    trigger="digit",
    pattern=re.compile(
        r"[A-Z](?<!\w[A-Z])[A-Z]\d{2}(?:[A-Z0-9]{11,30}(?!\w)"
        r"|(?:[ \u00a0-][A-Z0-9]{4}){2,7}(?:[ \u00a0-][A-Z0-9]{1,3}(?!\w))?(?!\w))"
    ),
    score=1.0,
    valid=_is_iban,
    heads=True,
    must_find=(
        ("IBAN: DE89 3704 0044 0532 0130 00", "DE89 3704 0044 0532 0130 00"),
        ("GB29NWBK60161331926819", "GB29NWBK60161331926819"),
        ("auf FR14 2004 1010 0505 0001 3M02 606 bitte", "FR14 2004 1010 0505 0001 3M02 606"),
        ("NL91 ABNA 0417 1643 00 and more", "NL91 ABNA 0417 1643 00"),
        ("QA58 DOHB 0000 1234 5678 90AB CDEF G", "QA58 DOHB 0000 1234 5678 90AB CDEF G"),
        ("NO93 8601 1117 947", "NO93 8601 1117 947"),
        ("GB29 NWBK 6016 1331 9268 19 BIC", "GB29 NWBK 6016 1331 9268 19"),
        ("BE68 5390 0754 7034 2025", "BE68 5390 0754 7034"),
    ),
    must_not_find=(
        "DE89 3704 0044 0532 0130 01",
        "GB29NWBK6016133192681",
        "XX89370400440532013000",
        "INV2025021400001234",
        "sha DE89370400440532013000AB",
    ),
)

LOWER_CASE_IBAN = Recogniser(
    label="IBAN",
    trigger="long",
    pattern=re.compile(r"[a-z](?<!\w[a-z])[a-z]\d{2}[a-z0-9]{11,30}(?!\w)"),
    score=1.0,
    valid=_is_iban,
    must_find=(
        ("gb29nwbk60161331926819", "gb29nwbk60161331926819"),
        ("de89370400440532013000,", "de89370400440532013000"),
    ),
    must_not_find=("sha de89370400440532013000ab", "de89370400440532013001"),
)
