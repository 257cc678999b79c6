"""Chunking: heading paths, whole tables, code and sentences, overlap, identity; and the Markdown people write."""

from __future__ import annotations

import dataclasses
import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.data import chunking, documents
from app.data.chunking import Chunk, chunk
from app.data.documents import Document
from app.settings import Retrieval

SMALL = Retrieval(chunk_tokens=60, overlap=0.12)
ENDINGS = (
    "is short.",
    "explains a little more about invoices.",
    "tells at length how an invoice is sent to customers.",
)


def document(text: str, name: str = "guide.md") -> Document:
    return documents.read(name, text.encode())


def prose(count: int) -> str:
    return " ".join(f"Sentence number {number} {ENDINGS[number % 3]}" for number in range(count))


def headings(text: str) -> list[tuple[str, ...]]:
    return [made.heading for made in chunk(document(text), SMALL)]


@pytest.mark.feature("D3")
def test_headings_are_kept_as_a_path_whatever_levels_the_author_skipped() -> None:
    """A deeper heading lies below the last shallower one, also without a first level and with levels left out."""
    text = "## Start\n\na\n\n#### Deep\n\nb\n\n### Less deep\n\nc\n\n# Top\n\nd\n\n## **Bold** [link](x) `code` ##\n\ne"

    assert headings(text) == [
        ("Start",), ("Start", "Deep"), ("Start", "Less deep"), ("Top",), ("Top", "Bold link code"),
    ]  # fmt: skip


def test_windows_line_ends_and_underlined_headings_are_headings() -> None:
    """The same structure is found in CRLF and in the older way of writing headings."""
    assert headings("Title\r\n=====\r\n\r\na\r\n\r\nPart\r\n----\r\n\r\nb\r\n") == [("Title",), ("Title", "Part")]


@pytest.mark.feature("D3")
@pytest.mark.parametrize("lines", [12, 40], ids=["as large as a chunk", "three times as large"])
def test_tables_and_code_are_never_torn(lines: int) -> None:
    """Whatever surrounds them, they are in one chunk from the first line to the last."""
    table = "\n".join(["| a | b |", "|---|---|", *(f"| {n} | y |" for n in range(lines))])
    code = "\n".join(["```python", "# not a heading", *(f"x = {n}" for n in range(lines)), "```"])

    texts = [
        made.text for made in chunk(document(f"# T\n\n{prose(3)}\n\n{table}\n\n{prose(3)}\n\n{code}\n\nEnd."), SMALL)
    ]

    assert sum(table in text for text in texts) == 1
    assert sum(code in text for text in texts) == 1


def test_a_table_beyond_all_measure_is_cut_between_rows_under_its_header() -> None:
    """A thousand rows do not make a chunk no model can embed, and each part can be read alone."""
    head = "| code | meaning |\n|---|---|"
    rows = [f"| E{n:04} | something |" for n in range(1000)]

    texts = [made.text for made in chunk(document("# T\n\n" + head + "\n" + "\n".join(rows)), SMALL)]

    assert len(texts) > 10
    assert all(text.startswith(head) for text in texts)
    assert [row for text in texts for row in text.split("\n")[2:]] == rows
    assert max(chunking.tokens(text) for text in texts) <= SMALL.chunk_tokens * chunking.OVERSIZE


def test_sentences_are_not_cut() -> None:
    """Every chunk of a long paragraph begins and ends with a whole sentence; abbreviations end none."""
    text = prose(20) + " Fees apply, e.g. Stripe charges. It is Nr. 5 on the list."

    for made in chunk(document("# T\n\n" + text), SMALL):
        assert re.match(r"Sentence|Fees|It is", made.text)
        assert made.text.endswith(".")
        assert not made.text.endswith(("e.g.", "Nr."))


@pytest.mark.feature("D3")
def test_neighbours_in_a_section_overlap_by_ten_to_fifteen_per_cent() -> None:
    """The end of a chunk opens the next one; another section begins afresh."""
    settings = Retrieval(chunk_tokens=220, overlap=0.12)
    made = chunk(document(f"# T\n\n## One\n\n{prose(80)}\n\n## Two\n\n{prose(3)}"), settings)
    one = [c.text for c in made if c.heading[-1] == "One"]

    shares = []
    for before, after in pairwise(one):
        shared = max(n for n in range(len(after)) if before.endswith(after[:n]))
        shares.append(shared / len(before))

    assert len(one) > 5
    assert 0.10 <= sum(shares) / len(shares) <= 0.15
    assert next(c.text for c in made if c.heading[-1] == "Two").startswith("Sentence number 0 ")


def test_html_remnants_become_text_and_code_keeps_its_tags() -> None:
    """Breaks, entities and table tags are resolved; what is written in code, or is no tag, stays."""
    text = (
        "# T\n\n<p>One&nbsp;two<br>three</p> and <your name>, `<br>`\n\n"
        "<table>\n<tr><th>A</th><th>B</th></tr>\n<tr><td>1</td><td>2</td></tr>\n</table>\n\n```\n<p>&amp;</p>\n```\n"
    )

    (made,) = chunk(document(text), SMALL)

    assert made.text == "One two\nthree and <your name>, `<br>`\n\n| A | B |\n| 1 | 2 |\n\n```\n<p>&amp;</p>\n```"


@pytest.mark.feature("D2")
def test_identity_survives_edits_and_content_hash_tells_them() -> None:
    """A changed sentence keeps the chunk's id and changes its hash; other chunks keep both."""
    text = "# T\n\n## One\n\nFirst.\n\n## Two\n\nSecond.\n\n## Two\n\nThird."
    before, after = chunk(document(text), SMALL), chunk(document(text.replace("First", "Changed")), SMALL)

    assert len({made.id for made in before}) == 3
    assert [made.id for made in before] == [made.id for made in after]
    assert [x.content_hash == y.content_hash for x, y in zip(before, after, strict=True)] == [False, True, True]


@pytest.mark.feature("D2")
def test_identity_differs_between_tenants_and_documents() -> None:
    """The same text of somebody else is another chunk; each names its document, version and chunker."""
    one = document("# T\n\nText.")

    ids = {made.id for d in (one, dataclasses.replace(one, tenant="b"), dataclasses.replace(one, id="c.md"))
           for made in chunk(d, SMALL)}  # fmt: skip

    assert len(ids) == 3
    (made,) = chunk(one, SMALL)
    assert (made.document_id, made.document_version, made.chunker_version) == (
        "guide.md", one.version, chunking.CHUNKER_VERSION,
    )  # fmt: skip


@pytest.mark.parametrize("text", ["# Only a title", "## A\n\n### B\n"])
def test_a_document_of_headings_alone_is_one_chunk(text: str) -> None:
    """What is not empty can be found."""
    (made,) = chunk(document(text), SMALL)

    assert made.heading == ()
    assert words(made.text) == words(text)


def words(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


@given(
    st.lists(
        st.sampled_from(
            ["# Top", "#### Deep", "Some text. More of it.", "- item one", "  continued", "| a | b |", "```", "> quote",
             "1. first", "", "", "***", "<br>", "Very " * 90 + "long.", "日本語。文。"]
        ),
        max_size=25,
    )
)  # fmt: skip
def test_no_word_is_lost_and_no_chunk_is_empty(lines: list[str]) -> None:
    """Whatever the order of the pieces, every word is in a chunk or in a heading, and nothing raises."""
    text = "\n".join(["Intro.", "", *lines])
    made: list[Chunk] = chunk(document(text), SMALL)

    found = {word for one in made for word in words(one.text + " " + " ".join(one.heading))}
    orphans = words("Top Deep")  # a heading without text below it makes no chunk
    assert words(text.replace("<br>", "")) - orphans <= found
    assert all(one.text.strip() and one.tokens > 0 for one in made)
    assert len({one.id for one in made}) == len(made)


def test_the_sample_corpus_gives_moderate_chunks(project_root: Path) -> None:
    """Every document yields chunks, none far beyond the wanted size."""
    settings = Retrieval()
    corpus = documents.load(project_root / settings.corpus)
    made = {document.id: chunk(document, settings) for document in corpus.documents}

    assert all(made.values())
    assert max(one.tokens for chunks in made.values() for one in chunks) < settings.chunk_tokens * 2


@pytest.mark.feature("D2")
def test_a_chunk_knows_where_it_stands_in_its_document(project_root: Path) -> None:
    """In the sample nearly every chunk is found letter by letter at its span; the others have the right ends."""
    found = [
        (one, document.text[slice(*one.span)])
        for document in documents.load(project_root / "corpus").documents
        for one in chunk(document, Retrieval())
        if one.span is not None
    ]
    same = [one for one, text in found if text.split() == one.text.split()]

    assert len(same) >= 0.95 * len(found)
    for one, text in found:
        lines = [line.strip() for line in one.text.split("\n") if line.strip()]
        assert text.startswith(lines[0])
        assert text.endswith(lines[-1])
