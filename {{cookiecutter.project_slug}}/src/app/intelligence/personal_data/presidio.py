"""Microsoft Presidio as the strong detector, the built-in shapes beside it; `pip install presidio-analyzer` brings it.

It runs its pattern recognisers without a language model and without the network, so it finds no names; a team that
needs names hands in an analyzer of its own.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import Any

from app.errors import ConfigurationError
from app.intelligence.personal_data.recogniser import Detector, Finding
from app.intelligence.personal_data.shapes import ShapeDetector

# Presidio's recognisers that add to ours, by class name; the labels are Presidio's entity names.
_RECOGNISERS = (
    "CreditCardRecognizer",
    "CryptoRecognizer",
    "EmailRecognizer",
    "IbanRecognizer",
    "IpRecognizer",
    "PhoneRecognizer",
    "MedicalLicenseRecognizer",
    "UsItinRecognizer",
    "UsSsnRecognizer",
    "InAadhaarRecognizer",
    "InPanRecognizer",
    "InGstinRecognizer",
    "InVoterRecognizer",
    "InVehicleRegistrationRecognizer",
)
# Presidio's names for what we name otherwise, so that one value has one kind of placeholder.
_LABELS = {
    "EMAIL_ADDRESS": "EMAIL",
    "PHONE_NUMBER": "PHONE",
    "CREDIT_CARD": "CARD",
    "IBAN_CODE": "IBAN",
    "IP_ADDRESS": "IP",
    "IN_AADHAAR": "AADHAAR",
}


class PresidioDetector:
    """Presidio's findings of at least `threshold` (0 to 1) and our own.

    `analyzer` is a Presidio AnalyzerEngine; without one an engine is built. Raises ConfigurationError when Presidio is
    not installed.
    """

    whole_sentences = True

    def __init__(self, analyzer: Any = None, *, language: str = "en", threshold: float = 0.4) -> None:
        self._analyzer = _engine(language) if analyzer is None else analyzer
        self._language = language
        self._threshold = threshold
        self._shapes: Detector = ShapeDetector()

    def cold(self, text: str) -> bool:
        """Never: an analyzer may find names, which show nothing at a glance."""
        return not text

    def find(self, text: str) -> Sequence[Finding]:
        """Both detectors' findings."""
        results = self._analyzer.analyze(text=text, language=self._language, score_threshold=self._threshold)
        theirs = [Finding(r.start, r.end, _LABELS.get(r.entity_type, r.entity_type), r.score) for r in results]
        return [*theirs, *self._shapes.find(text)]


def _engine(language: str) -> Any:
    try:
        analyzer = importlib.import_module("presidio_analyzer")
        engines = importlib.import_module("presidio_analyzer.nlp_engine")
        recognizers = importlib.import_module("presidio_analyzer.predefined_recognizers")
    except ImportError as error:
        raise ConfigurationError(
            "the detector `presidio` is set and presidio-analyzer is not installed: "
            "run `pip install presidio-analyzer`, or set the detector to `shapes`"
        ) from error
    _keep_off_the_network()
    registry = analyzer.RecognizerRegistry(supported_languages=[language])
    for name in _RECOGNISERS:
        registry.add_recognizer(getattr(recognizers, name)(supported_language=language))
    # The default engine downloads a language model, and fails where there is no network.
    engine = engines.NoOpNlpEngine(models=[{"lang_code": language, "model_name": "none"}])
    return analyzer.AnalyzerEngine(registry=registry, nlp_engine=engine, supported_languages=[language])


def _keep_off_the_network() -> None:
    """Presidio's e-mail recogniser asks tldextract, which fetches the list of top-level domains unless told not to."""
    tldextract = importlib.import_module("tldextract")
    inner = importlib.import_module("tldextract.tldextract")
    inner.TLD_EXTRACTOR = tldextract.TLDExtract(suffix_list_urls=(), cache_dir=None)  # type: ignore[attr-defined]
    tldextract.extract = inner.TLD_EXTRACTOR  # type: ignore[attr-defined]
