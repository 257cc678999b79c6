"""The output guard: the same verdict for streams and whole texts, closed after a fault."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import RefusedError
from app.intelligence.messages import Chunk, ToolCall, ToolCallDelta
from app.intelligence.personal_data.masking import SHAPES, mask
from app.intelligence.personal_data.output_guard import OutputGuard
from app.intelligence.personal_data.recogniser import Detector, Finding
from app.intelligence.personal_data.shapes import RECOGNISERS
from app.intelligence.personal_data.streams import GuardedChunks, RestoredChunks, guarded_calls, restored_calls

CASES = [(text, value) for r in RECOGNISERS for text, value in r.must_find]
PROSE = "Thank you for writing to us. The invoice of 14 February is open, order 100045892. "
WORDS = [
    "the",
    "Invoice",
    "of",
    "1,234.50 EUR",
    "14",
    "A",
    "GB",
    "password:",
    "Bearer",
    "2025-02-14",
    "x=",
    "日本語の文",
    "+",
    "-",
]
SENTENCES = st.lists(
    st.one_of(st.sampled_from([t for t, _ in CASES]), st.sampled_from([v for _, v in CASES]), st.sampled_from(WORDS)),
    min_size=1,
    max_size=14,
).flatmap(lambda parts: st.sampled_from([" ", "\n", ", "]).map(lambda glue: glue.join(parts)))


def streamed(text: str, size: int, detector: Detector = SHAPES) -> str:
    guard = OutputGuard(detector)
    return "".join(guard.feed(text[i : i + size]) for i in range(0, len(text), size)) + guard.flush()


def leaks(shown: str, values: Sequence[str]) -> int:
    return sum(value in shown for value in values)


@pytest.mark.reliability("skipped guard")
@pytest.mark.parametrize("size", range(1, 21))
def test_no_cut_of_a_stream_leaks(size: int) -> None:
    """leaks(stream) - leaks(whole) = 0 for every case of every recogniser, re-chunked at 1 to 20 characters."""
    for text, value in CASES:
        said = f"{PROSE}{text} {PROSE}\n"
        whole = OutputGuard().check(said)
        assert leaks(whole, [value]) == 0
        assert streamed(said, size) == whole


@settings(max_examples=400, deadline=None)
@given(SENTENCES, st.integers(1, 40))
def test_streams_and_wholes_are_shown_alike(text: str, size: int) -> None:
    """The same characters are shown however the text arrives."""
    assert streamed(text, size) == OutputGuard().check(text)


@settings(max_examples=400, deadline=None)
@given(SENTENCES)
def test_the_guard_finds_what_a_look_at_the_whole_finds(text: str) -> None:
    """Cutting a text into pieces loses nothing: every value masking would hide is gone."""
    shown = OutputGuard().check(text)
    hidden = mask([text]).texts[0]
    assert re.sub(r"\[(\w+)_removed]", r"<\1>", shown) == re.sub(r"<(\w+)_\d+>", r"<\1>", hidden)


@pytest.mark.parametrize("size", [1, 7, 500, 5000])
@pytest.mark.parametrize("filler", ["7 1 ", "x", "1", "日本", "ab1-", "4 111 "])
def test_text_without_a_place_to_cut_is_judged_in_parts(filler: str, size: int) -> None:
    """Long tables of numbers and words without spaces neither stop the stream nor hide a finding."""
    text = filler * 1500 + " anna@example.com " + filler * 900 + ",a@b.io"
    whole = OutputGuard().check(text)
    assert streamed(text, size) == whole
    assert "@" not in whole


def test_prose_is_shown_two_words_behind() -> None:
    """The hold-back is short where nothing can begin."""
    guard = OutputGuard()
    shown = guard.feed("Thank you for writing to the support desk of the company")
    assert shown == "Thank you for writing to the support "


def test_a_private_key_is_removed_whole() -> None:
    """Line breaks inside a key are no place to cut, however long the key."""
    body = "\n".join("MIIEpAIBAAKCAQEA7q8Zr77aaLm" * 2 for _ in range(50))
    text = f"Here:\n-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\nand so on"
    assert {streamed(text, size) for size in (1, 13, 9000)} == {"Here:\n[SECRET_removed]\nand so on"}


def test_an_endless_secret_is_refused() -> None:
    """What cannot be judged in bounded memory is not shown."""
    with pytest.raises(RefusedError, match="unbroken"):
        streamed("-----BEGIN PRIVATE KEY-----\n" + "MIIEpAIBAAKC7q8Zr77aaLm\n" * 1000, 100)


def test_values_the_caller_gave_pass() -> None:
    """Known values may be repeated, punctuated another way; others are masked, and counted by kind."""
    guard = OutputGuard(known=["4111 1111 1111 1111", "anna@example.com"])
    shown = guard.check("4111-1111-1111-1111 of Anna@Example.com, not b@example.com")
    assert shown == "4111-1111-1111-1111 of Anna@Example.com, not [EMAIL_removed]"
    assert guard.found == {"EMAIL": 1}


def test_what_was_removed_is_not_removed_again() -> None:
    """A marker in the place of a password is no password."""
    shown = OutputGuard().check("https://u:a@b.io@example.com/ and https://u:[EMAIL_removed]@db.internal/")
    assert shown == "https://u:[SECRET_removed]@[EMAIL_removed]/ and https://u:[EMAIL_removed]@db.internal/"


def test_placeholders_pass() -> None:
    """What stands for the caller's own data is not personal data."""
    text = "Dear <EMAIL_1>, we call <PHONE_12>. "
    assert OutputGuard().check(text) == text


def test_refusing_names_the_kind_and_not_the_value() -> None:
    """Under `refuse` the error says what kind was found; nothing is shown afterwards."""
    guard = OutputGuard(policy="refuse")
    with pytest.raises(RefusedError, match="EMAIL") as refused:
        guard.check("write to b@example.com\n")
    assert "b@example.com" not in str(refused.value)
    with pytest.raises(RefusedError):
        guard.feed("more\n")


def test_allowing_shows_everything_at_once() -> None:
    """Under `allow` nothing is held back."""
    guard = OutputGuard(policy="allow")
    assert [guard.feed("b@exam"), guard.feed("ple.com"), guard.flush()] == ["b@exam", "ple.com", ""]


class Failing:
    """A detector that dies."""

    whole_sentences = False

    def cold(self, text: str) -> bool:
        return False

    def find(self, text: str) -> Sequence[Finding]:
        raise ZeroDivisionError


@pytest.mark.reliability("skipped guard")
@pytest.mark.parametrize("size", range(1, 21))
def test_a_dead_guard_shows_nothing(size: int) -> None:
    """0 bytes out once the guard fails, whoever goes on feeding it."""
    guard = OutputGuard(Failing())
    shown = ""
    text = PROSE + "anna@example.com"
    for start in range(0, len(text), size):
        try:
            shown += guard.feed(text[start : start + size])
        except (ZeroDivisionError, RefusedError):
            continue
    with pytest.raises((ZeroDivisionError, RefusedError)):
        guard.flush()
    assert shown == ""


class Names:
    """A hand-written detector that needs sentences: it knows one name of two words."""

    whole_sentences = True

    def cold(self, text: str) -> bool:
        return False

    def find(self, text: str) -> Sequence[Finding]:
        start = text.find("Maeve Corrigan")
        return [] if start < 0 else [Finding(start, start + 14, "PERSON", 0.7)]


@pytest.mark.parametrize("size", range(1, 21))
def test_sentences_are_kept_together_for_those_who_need_them(size: int) -> None:
    """A name of two words is found however the stream is cut."""
    text = "Good morning to you. Your contact is Maeve Corrigan today. All the best to you."
    assert streamed(text, size, Names()) == text.replace("Maeve Corrigan", "[PERSON_removed]")


CHUNKS = [
    Chunk(text="Dear <EMA"),
    Chunk(text="IL_1>, ask b@exa"),
    Chunk(text="mple.com", tool_calls=(ToolCallDelta(0, "c1", "send", '{"to": "<EMAI'),)),
    Chunk(tool_calls=(ToolCallDelta(0, arguments='L_1>", "cc": "b@example'),)),
    Chunk(tool_calls=(ToolCallDelta(0, arguments='.com"}'),)),
    Chunk(finish_reason="tool_calls"),
]


def test_chunks_are_guarded_then_restored() -> None:
    """Text and tool arguments of a stream come out as those of the whole reply do."""
    vault = mask(["anna@example.com"]).vault
    guarded, restored = GuardedChunks(OutputGuard()), RestoredChunks(vault)
    out = [r for chunk in CHUNKS if (g := guarded.feed(chunk)) and (r := restored.feed(g))]
    arguments = "".join(d.arguments for chunk in out for d in chunk.tool_calls)
    calls = (ToolCall("c1", "send", '{"to": "<EMAIL_1>", "cc": "b@example.com"}'),)
    assert "".join(chunk.text for chunk in out) == "Dear anna@example.com, ask [EMAIL_removed]"
    assert arguments == '{"to": "anna@example.com", "cc": "[EMAIL_removed]"}'
    assert restored_calls(vault, guarded_calls(OutputGuard(), calls))[0].arguments == arguments
    assert out[-1].finish_reason == "tool_calls"
    assert guarded.flush() is None
    assert restored.flush() is None


def test_a_stream_cut_off_gives_up_what_it_held() -> None:
    """Without a finish reason the held text still comes at the end."""
    guarded, restored = GuardedChunks(OutputGuard()), RestoredChunks(mask(["anna@example.com"]).vault)
    assert guarded.feed(Chunk(text="Dear <EMAIL")) is None
    rest = guarded.flush()
    assert rest is not None
    shown = [restored.feed(rest), restored.flush()]
    assert "".join(chunk.text for chunk in shown if chunk) == "Dear <EMAIL"


@pytest.mark.parametrize("size", range(1, 21))
def test_json_texts_are_judged_like_the_whole(size: int) -> None:
    """An escape before a number and the field that names it count in streams too."""
    said = '{"note": "call\\n+49 30 23125 014", "ssn": "536228726", "n": 4111111111111111}'
    guarded = GuardedChunks(OutputGuard(), json_text=True)
    passed = [guarded.feed(Chunk(text=said[i : i + size])) for i in range(0, len(said), size)]
    last = guarded.feed(Chunk(finish_reason="stop"))
    assert passed == [None] * len(passed)
    assert last is not None
    assert last.text == OutputGuard().check_json(said)
    assert json.loads(last.text) == {
        "note": "call\n[PHONE_removed]",
        "ssn": "[US_SSN_removed]",
        "n": "[CARD_removed]",
    }
