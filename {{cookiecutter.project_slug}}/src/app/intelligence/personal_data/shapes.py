"""The default detector: every recogniser of this package behind one look at the text that skips what cannot match."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from app.intelligence.personal_data.recogniser import LOOK_AHEAD, Finding, Recogniser
from app.intelligence.personal_data.recognisers import (
    brazil,
    email_address,
    france,
    germany,
    iban,
    india,
    ip_address,
    payment_card,
    phone,
    poland,
    secret,
    spain,
    united_kingdom,
    united_states,
)

RECOGNISERS: tuple[Recogniser, ...] = (
    email_address.EMAIL,
    phone.INTERNATIONAL_PHONE,
    phone.NORTH_AMERICAN_PHONE,
    phone.TOLL_PHONE,
    phone.NATIONAL_PHONE,
    payment_card.CARD,
    iban.IBAN,
    iban.LOWER_CASE_IBAN,
    ip_address.IP_V4,
    ip_address.IP_V6,
    india.IN_PAN,
    india.AADHAAR,
    united_states.US_SSN,
    united_kingdom.UK_NHS,
    united_kingdom.UK_NINO,
    germany.DE_TAX_ID,
    france.FR_NIR,
    spain.ES_DNI,
    brazil.BR_CPF,
    poland.PL_PESEL,
    secret.BEARER,
    secret.WEB_TOKEN,
    secret.PREFIXED_KEY,
    secret.NAMED_SECRET,
    secret.URL_PASSWORD,
    secret.PRIVATE_KEY,
)

_DIGIT = re.compile(r"[0-9]")
_DOTS = re.compile(r"[0-9]\.[0-9]{1,3}\.[0-9]")
# Seven digits or more with at most three separators between two of them; A and B stand in French numbers.
_RUN = re.compile(r"[0-9](?:[ \u00a0().:/AB-]{0,3}[0-9]){6,}")
_LONG = re.compile(r"[0-9]{2}[a-z]{0,6}[0-9]{7}")
_FEW = 4
"""Up to so many places the recognisers look around each; beyond, once over the whole text."""


class ShapeDetector:
    """Finds by shape and checksum. It knows no names and no postal addresses.

    `labels` limits it to those kinds; None means all.
    """

    whole_sentences = False

    def __init__(self, labels: frozenset[str] | None = None) -> None:
        chosen = [r for r in RECOGNISERS if labels is None or r.label in labels]
        self._of = {t: [r for r in chosen if r.trigger == t] for t in ("at", "digit", "run", "dots", "colons", "long")}
        self._words = [(word, r) for r in chosen if r.trigger == "word" for word in r.words]
        self._triggers = tuple(dict.fromkeys(word for word, _ in self._words))
        self._run_words = [(word, r) for r in self._of["run"] for word in r.words]

    def cold(self, text: str) -> bool:
        """Whether no recogniser is worth trying."""
        if "@" in text or text.count(":") > 1 or _DIGIT.search(text):
            return False
        lowered = text.lower()
        for word in self._triggers:  # noqa: SIM110  asked for every chunk of a stream: any() costs three times as much
            if word in lowered:
                return False
        return True

    def find(self, text: str) -> Sequence[Finding]:
        """All findings, by recogniser; they may overlap."""
        findings = _by_word(self._words, text)
        if "@" in text:
            places = list(_places("@", text))
            findings += _around(self._of["at"], text, [(p - 328, p + 1) for p in places], 640)
        if text.count(":") > 1:
            findings += _over(self._of["colons"], text)
        if _DIGIT.search(text):
            findings += self._by_digit(text)
        return findings

    def _by_digit(self, text: str) -> list[Finding]:
        findings = _over(self._of["digit"], text)
        if _DOTS.search(text):
            findings += _over(self._of["dots"], text)
        runs = list(_RUN.finditer(text))
        if runs:
            most = max(sum(map(str.isdigit, run.group())) for run in runs)
            possible = [r for r in self._of["run"] if r.digits <= most and not r.words]
            findings += _around(possible, text, [(run.start() - 3, run.end()) for run in runs], 2 * LOOK_AHEAD)
            findings += _by_word(self._run_words, text)
            if _LONG.search(text):
                findings += _over(self._of["long"], text)
        return findings


def _by_word(words: list[tuple[str, Recogniser]], text: str) -> list[Finding]:
    lowered = text.lower()
    findings: list[Finding] = []
    for word, recogniser in words:
        if word in lowered:
            # Lower-casing can lengthen a text; then its places are not those of the text.
            same = len(lowered) == len(text)
            findings += recogniser.find_at(text, _places(word, lowered)) if same else recogniser.find(text)
    return findings


def _over(recognisers: list[Recogniser], text: str) -> list[Finding]:
    return [finding for recogniser in recognisers for finding in recogniser.find(text)]


def _around(recognisers: list[Recogniser], text: str, spans: list[tuple[int, int]], reach: int) -> list[Finding]:
    """What begins in `spans` of the text; each match is over, and seen to be, `reach` characters behind its span."""
    if len(spans) > _FEW:
        return _over(recognisers, text)
    return [
        finding
        for start, end in spans
        for recogniser in recognisers
        for finding in recogniser.find(text, max(0, start), end + reach)
        if finding.start < end
    ]


def _places(word: str, text: str) -> Iterator[int]:
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + 1)
