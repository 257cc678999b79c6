"""The strong detector behind the same protocol, with a fake analyzer and, where installed, the real one."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import pytest

from app.errors import ConfigurationError
from app.intelligence.personal_data.masking import mask
from app.intelligence.personal_data.presidio import PresidioDetector

INSTALLED = importlib.util.find_spec("presidio_analyzer") is not None


@dataclass
class Result:
    """What Presidio's analyze gives for one finding."""

    entity_type: str
    start: int
    end: int
    score: float


class KnowsMaeve:
    """An analyzer that knows one name and one e-mail address."""

    def analyze(self, *, text: str, language: str, score_threshold: float) -> list[Result]:
        known = {"Maeve Corrigan": "PERSON", "maeve@example.com": "EMAIL_ADDRESS"}
        return [Result(k, text.find(v), text.find(v) + len(v), 0.85) for v, k in known.items() if v in text]


def test_findings_of_an_analyzer_are_masked_beside_ours() -> None:
    """Names come from the analyzer, numbers from the shapes, one value has one placeholder."""
    masked = mask(["Maeve Corrigan, maeve@example.com, +44 20 7946 0958"], PresidioDetector(KnowsMaeve()))
    assert masked.texts == ("<PERSON_1>, <EMAIL_1>, <PHONE_1>",)
    assert masked.vault.restore(masked.texts[0]) == "Maeve Corrigan, maeve@example.com, +44 20 7946 0958"


@pytest.mark.skipif(INSTALLED, reason="presidio-analyzer is installed")
def test_without_presidio_the_remedy_is_named() -> None:
    """Asking for Presidio without having it is a fault of configuration, not of the first call."""
    with pytest.raises(ConfigurationError, match="pip install presidio-analyzer"):
        PresidioDetector()


@pytest.mark.skipif(not INSTALLED, reason="presidio-analyzer is not installed")
def test_presidio_finds_without_a_network() -> None:
    """The engine is built from pattern recognisers and downloads nothing."""
    masked = mask(["GSTIN 27AAPFU0939F1ZV of anna@example.com"], PresidioDetector())
    assert "<EMAIL_1>" in masked.texts[0]
