"""Checking answers against their sources."""

from __future__ import annotations

import pytest

from app.data.retrieval import Hit
from app.orchestration.citations import Verifier, markers, split_sentences, verify


def hit(number: int, text: str, title: str = "Refunds", heading: str = "Refund window") -> Hit:
    """A passage that was found."""
    return Hit(f"chunk-{number}", f"billing/{number}.md", title, (title, heading), text, 0.1, 1, 1)


HITS = [
    hit(1, "Refunds are possible within 14 days of purchase. Annual plans are refunded pro rata."),
    hit(2, "Two-factor sign-in is switched on under Settings. Owners can enforce it.", "Security", "Sign-in"),
]


@pytest.mark.feature("I3")
def test_a_supported_sentence_stays_with_its_citation() -> None:
    """The citation names the passage and quotes the sentence of it that fits."""
    verified = verify("Annual plans are refunded pro rata [1].", HITS)

    assert verified.text == "Annual plans are refunded pro rata [1]."
    assert verified.removed == ()
    citation = verified.citations[0]
    assert (citation.marker, citation.chunk_id, citation.document_id) == (1, "chunk-1", "billing/1.md")
    assert citation.quote == "Annual plans are refunded pro rata."


@pytest.mark.feature("I3")
@pytest.mark.parametrize(
    "sentence",
    [
        "Refunds are possible within 14 days.",
        "Refunds are possible within 14 days [3].",
        "Refunds are possible within 14 days [0].",
        "Refunds are possible within 14 days [2].",
        "Refunds are possible within 30 days of purchase [1].",
        "Our headquarters stand in Lisbon [1].",
        "[1]",
    ],
    ids=["no marker", "no such source", "zero", "other source", "other number", "other matter", "marker alone"],
)
def test_an_unsupported_sentence_is_removed(sentence: str) -> None:
    """Nothing is left of it, and what was removed is told."""
    verified = verify(sentence, HITS)

    assert (verified.text, verified.citations) == ("", ())
    assert verified.removed == (sentence,)


def test_only_the_unsupported_part_goes() -> None:
    """What is true and what is invented in one answer: the first stays as it was written."""
    text = (
        "Refunds are possible within 14 days of purchase [1]. You also get a free unicorn. Owners can enforce it [2]."
    )

    verified = verify(text, HITS)

    assert verified.text == "Refunds are possible within 14 days of purchase [1]. Owners can enforce it [2]."
    assert [citation.marker for citation in verified.citations] == [1, 2]
    assert verified.removed == ("You also get a free unicorn.",)


def test_a_wrong_marker_beside_a_right_one_goes() -> None:
    """No reader is sent to a source that says nothing about it."""
    assert (
        verify("Refunds are possible within 14 days [1, 2].", HITS).text == "Refunds are possible within 14 days [1]."
    )


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("One is so. [1] Two is so [2].", ["One is so. [1] ", "Two is so [2]."]),
        ("One is so.[1][2] Two.", ["One is so.[1][2] ", "Two."]),
        ("See e.g. the settings. Then go.", ["See e.g. the settings. ", "Then go."]),
        ("1. Open it [1].\n2. Close it [1].", ["1. Open it [1].", "\n", "2. Close it [1]."]),
        ("It costs 9.50 a month. Cheap!", ["It costs 9.50 a month. ", "Cheap!"]),
        ("- one\n\n- two", ["- one", "\n", "\n", "- two"]),
        ("", [""]),
    ],
)
def test_sentences_keep_their_markers(text: str, sentences: list[str]) -> None:
    """A marker behind the full stop belongs to its sentence; joined, the sentences are the text."""
    assert split_sentences(text) == sentences
    assert "".join(split_sentences(text)) == text


@pytest.mark.parametrize("size", [1, 2, 3, 7, 20, 1000])
def test_pieces_of_any_size_give_the_same_text(size: int) -> None:
    """What is streamed is what would have been answered whole, and nothing unverified is ever released."""
    text = (
        "Refunds are possible within 14 days of purchase. [1] There is a unicorn [1].\n\n"
        "1. Owners can enforce two-factor sign-in [2].\n2. Annual plans are refunded pro rata [1]. Bye."
    )
    verifier = Verifier(HITS)

    released = [verifier.feed(text[start : start + size]) for start in range(0, len(text), size)]
    released.append(verifier.finish())

    assert "".join(released).strip() == verify(text, HITS).text
    assert not any("unicorn" in piece for piece in released)


def test_markers_are_read_in_every_form() -> None:
    """Single, listed, repeated; other brackets are text."""
    assert markers("a [2], b [1, 3] and [2] but not [x] or [1.5]") == [2, 1, 3]


def test_the_quote_of_a_table_is_its_row() -> None:
    """Numbers weigh more than the words of the table's head."""
    table = hit(1, "| Paid by | Back on your account in |\n| --- | --- |\n| Card | 5 to 10 working days |")

    verified = verify("Paid by: Card, Back on your account in: 5 to 10 working days [1].", [table])

    assert verified.citations[0].quote == "| Card | 5 to 10 working days |"
