"""Every recogniser against its own cases, and against numbers that are nobody's data."""

from __future__ import annotations

import time

import pytest

from app.intelligence.personal_data.masking import mask
from app.intelligence.personal_data.recogniser import Recogniser
from app.intelligence.personal_data.shapes import RECOGNISERS, ShapeDetector

FINDS = [(r, text, value) for r in RECOGNISERS for text, value in r.must_find]
LEAVES = [(r, text) for r in RECOGNISERS for text in r.must_not_find]


@pytest.mark.parametrize(("recogniser", "text", "value"), FINDS, ids=[f"{r.label}-{v[:24]}" for r, _, v in FINDS])
def test_finds(recogniser: Recogniser, text: str, value: str) -> None:
    """A recogniser finds exactly the characters its case names, behind its trigger too."""
    assert [text[f.start : f.end] for f in recogniser.find(text)] == [value]
    assert (recogniser.label, value) in {(f.label, text[f.start : f.end]) for f in ShapeDetector().find(text)}


@pytest.mark.parametrize(("recogniser", "text"), LEAVES, ids=[f"{r.label}-{t[:24]}" for r, t in LEAVES])
def test_leaves(recogniser: Recogniser, text: str) -> None:
    """A recogniser leaves alone what its cases say is something else."""
    assert recogniser.find(text) == []


@pytest.mark.parametrize(("recogniser", "text", "value"), FINDS, ids=[f"{r.label}-{v[:24]}" for r, _, v in FINDS])
def test_no_found_value_survives_masking(recogniser: Recogniser, text: str, value: str) -> None:
    """Masked text does not hold the value, and restoring gives the text back."""
    masked = mask([f"Before it. {text} After it."])
    assert value not in masked.texts[0]
    assert masked.vault.restore(masked.texts[0]) == f"Before it. {text} After it."


@pytest.mark.parametrize(
    "text",
    [
        "Order 100045892 of 2025-02-14, invoice INV-2025-000123, 1,234,567.89 EUR incl. 19 % VAT.",
        "Released 2025-02-14T08:30:15.123456+01:00, build 20250214.3, version 10.4.22.1-rc1, commit 1a2b3c4d5e6f7890.",
        "123e4567-e89b-12d3-a456-426614174000 and 550E8400-E29B-41D4-A716-446655440000",
        "epoch 1739520000, 1739520000123, 1739520000123456789; 08:00-20:00; 14.02.2025; 02/14/2025; 24-48 h",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "EUR 12.500,00; USD 9,999.99; 1 000 000; 3.14159265358979; 6.02e23; 1/3; ISBN 978-3-16-148410-0",
        "VAT DE123456789, ATU12345678; tracking 1Z999AA10123456784; SKU 4006381333931; ticket #48213",
        "port 8080, 10.0, HTTP 429, ratio 16:9, 0x7ffee4b0, MAC 00:1b:44:11:3a:b7, std::map<int>, a::b",
        "req_01HZX4W8Q2J3K5N7P9R1T3V5X7, whsec_test, page 2 of 14, +20 %, -12,5, 2025-2026",
    ],
)
def test_ordinary_numbers_stay(text: str) -> None:
    """Order and invoice numbers, prices, times, versions, hashes and UUIDs are nobody's data."""
    assert mask([text]).texts == (text,)


@pytest.mark.parametrize(
    "unit",
    [
        *("1", "1 ", "12 34 ", "41111111 ", "4111 1111 1111 1112 ", "123-", "+49 1", "@a.", "a.a@a.a.", "a@", "AB12"),
        *("DE89 3704 0044 ", "call 020 ", "eyJ", "eyJa.", "Bearer ", "password=", "-----BEGIN PRIVATE KEY-----"),
        *("://a:", "fe80:", "1.1."),
    ],
)
def test_no_text_is_slow(unit: str) -> None:
    """The time grows with the length of a text and not with its square, whatever it holds."""
    text = unit * (40_000 // len(unit))
    begin = time.process_time()
    ShapeDetector().find(text)
    assert time.process_time() - begin < 1.5
