"""Reading the corpus: titles, front matter, languages, and files that are not text."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.data import documents
from app.errors import InputError


@pytest.mark.parametrize(
    ("content", "title"),
    [
        pytest.param("---\ntitle: From the front\n---\n# Heading\n\nText.", "From the front", id="front matter"),
        pytest.param("Intro.\n\n# A heading #\n\nText.", "A heading", id="first top heading"),
        pytest.param("```\n# a comment\n```\n\nText.", "Reset your password", id="file name"),
        pytest.param("## Only a second level\n\nText.", "Reset your password", id="no top heading"),
    ],
)
def test_the_title_comes_from_the_best_source(content: str, title: str) -> None:
    """Front matter before the first top heading before the file name; a comment in code is no heading."""
    assert documents.read("account/reset-your_password.md", content.encode()).title == title


def test_front_matter_becomes_filters_groups_and_language() -> None:
    """Known keys have their meaning, the others are metadata, with the folder added."""
    content = "---\nlang: de-CH\ngroups: [staff, board]\ntags: [a, 2]\nreviewed: 2025-02-17\n---\r\nText.\r\nMore.\r\n"

    document = documents.read("billing/fees.md", content.encode())

    assert document.language == "german"
    assert document.groups == ("staff", "board")
    assert document.metadata == {"folder": "billing", "tags": ["a", "2"], "reviewed": "2025-02-17"}
    assert document.text == "Text.\nMore.\n"


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The invoice is sent to the customer and you can pay it with a card.", "english"),
        ("Die Rechnung wird an den Kunden geschickt und ist mit Karte zu bezahlen.", "german"),
        ("La factura se envía al cliente y la puede pagar con una tarjeta.", "spanish"),
        ("Facture invoice Rechnung 4711", "simple"),
    ],
)
def test_the_language_is_recognised_or_left_open(text: str, language: str) -> None:
    """Function words decide; without them nothing is guessed."""
    assert documents.read("a.md", text.encode()).language == language


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"GIF89a\0\x01", "logo.md is not a text file .NUL byte at offset 6.: .* UTF-8 text", id="binary"),
        pytest.param("größer".encode("latin-1"), "logo.md is not UTF-8 .byte 0xf6 at offset 2.: save it", id="latin-1"),
        pytest.param(b"---\na: [\n---\nText", "logo.md has front matter that is not YAML", id="front matter"),
        pytest.param(
            b"---\nlang: klingon\n---\nText", "logo.md declares the unknown language 'klingon'", id="language"
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_one_line_with_its_name(tmp_path: Path, content: bytes, message: str) -> None:
    """Reading names the file and says what to do; a load lists it and goes on, so that all of them are seen at once."""
    (tmp_path / "logo.md").write_bytes(content)
    (tmp_path / "sound.md").write_text("# Sound")

    with pytest.raises(InputError, match=message) as raised:
        documents.read("logo.md", content)
    corpus = documents.load(tmp_path)

    assert "\n" not in str(raised.value)
    assert [(refusal.path, refusal.reason) for refusal in corpus.refused] == [("logo.md", str(raised.value))]
    assert [document.id for document in corpus.documents] == ["sound.md"]


def test_empty_and_foreign_files_are_listed_with_the_reason(tmp_path: Path) -> None:
    """They are left out, never silently; hidden files are not ours."""
    (tmp_path / "good.md").write_text("\ufeff# Good\n\nText.", encoding="utf-8")
    (tmp_path / "empty.md").write_text("---\ntitle: Nothing\n---\n\n")
    (tmp_path / "logo.png").write_bytes(b"\x89PNG\0")
    (tmp_path / ".hidden.md").write_bytes(b"\0")

    corpus = documents.load(tmp_path)

    assert [(d.id, d.title) for d in corpus.documents] == [("good.md", "Good")]
    assert [(r.path, r.reason.split(":")[0]) for r in corpus.refused] == [
        ("empty.md", "empty"),
        ("logo.png", ".png suffix"),
    ]
    assert [row["characters"] for row in corpus.rows()] == [0, 13, 0]


def test_a_missing_folder_is_explained(tmp_path: Path) -> None:
    """The setting to change is named."""
    with pytest.raises(InputError, match=r"set retrieval\.corpus"):
        documents.load(tmp_path / "nowhere")
