"""Files of every format become the same Markdown; what cannot be read ends in one line and takes nothing with it."""

from __future__ import annotations

import io
import time
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest
from psycopg_pool import AsyncConnectionPool

from app.caller import Caller
from app.data import documents, retrieval
from app.data.chunking import chunk
from app.errors import InputError
from app.settings import Retrieval
from tests.data.index import ingest

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
needs_pypdf = pytest.mark.skipif(find_spec("pypdf") is None, reason="pypdf is not installed")


def docx(body: str, *, styles: str = "", extra: dict[str, bytes] | None = None) -> bytes:
    """A Word file of our own making around some XML."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", f"<w:document {W}><w:body>{body}</w:body></w:document>")
        archive.writestr("word/styles.xml", f"<w:styles {W}>{styles}</w:styles>")
        for name, content in (extra or {}).items():
            archive.writestr(name, content)
    return made.getvalue()


def paragraph(text: str, properties: str = "") -> str:
    return f"<w:p><w:pPr>{properties}</w:pPr><w:r><w:t>{text}</w:t></w:r></w:p>"


def pdf(text: str, *, encrypted: str = "") -> bytes:
    """A PDF of one page with one line, written by hand; optionally encrypted with a password."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode() if text else b""
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
        b"/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
    ]
    made, offsets = b"%PDF-1.4\n", []
    for number, part in enumerate(parts, start=1):
        offsets.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start = len(made)
    made += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    made += b"trailer << /Size 5 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % start
    if not encrypted:
        return made
    from pypdf import PdfReader, PdfWriter

    writer, locked = PdfWriter(PdfReader(io.BytesIO(made))), io.BytesIO()
    writer.encrypt(encrypted, algorithm="RC4-128")
    writer.write(locked)
    return locked.getvalue()


HTML = b"""<html><head><title>Refund  rules</title><script>var x = "no"</script></head><body><nav>Home</nav>
<h2>Window</h2><p>Within <b>14</b> days &amp; not later.<br>Really.</p><ul><li>one<li>two</ul>
<table><tr><th>plan</th><th>days</th></tr><tr><td>a|b</td><td>14</td></tr></table><pre>x = 1
  y = 2</pre></body></html>"""
WORD = docx(
    paragraph("Refund rules", '<w:pStyle w:val="T"/>')
    + paragraph("Window", '<w:pStyle w:val="H2"/>')
    + paragraph("Within 14 days.")
    + paragraph("one", "<w:numPr/>")
    + paragraph("two", "<w:numPr/>")
    + "<w:tbl><w:tr><w:tc>"
    + paragraph("plan")
    + "</w:tc><w:tc>"
    + paragraph("days")
    + "</w:tc></w:tr></w:tbl>",
    styles='<w:style w:styleId="T"><w:name w:val="Title"/></w:style>'
    '<w:style w:styleId="H2"><w:name w:val="heading 2"/></w:style>',
)


@pytest.mark.feature("D2")
@pytest.mark.parametrize(
    ("name", "content", "title", "parts"),
    [
        pytest.param(
            "a.html",
            HTML,
            "Refund rules",
            ["## Window", "Within 14 days & not later.\nReally.", "- one\n- two", "| a\\|b | 14 |", "x = 1\n  y = 2"],
            id="HTML",
        ),
        pytest.param("a.docx", WORD, "Refund rules",
                     ["## Window", "Within 14 days.", "- one\n- two", "| plan | days |"], id="DOCX"),
        pytest.param("fee-list.csv", "plan;days\nbasic;14\n\n".encode("utf-16"), "Fee list",
                     ["| plan | days |\n| --- | --- |\n| basic | 14 |"], id="CSV in UTF-16"),
        pytest.param("a.htm", "<meta charset=cp1252><p>Größe".encode("cp1252"), "A", ["Größe"], id="old encoding"),
        pytest.param("a.pdf", pdf("Within 14 days."), "A", ["Within 14 days."], id="PDF", marks=needs_pypdf),
    ],
)  # fmt: skip
def test_a_format_becomes_markdown(name: str, content: bytes, title: str, parts: list[str]) -> None:
    """Headings, lists, tables and code survive; scripts and navigation do not."""
    document = documents.read(name, content)

    assert document.title == title
    for part in parts:
        assert part in document.text
    assert "var x" not in document.text
    assert "Home" not in document.text


BOMB = docx(paragraph("x" * 65_000_000))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("a.docx", BOMB, "unpacks to more than 64 MB", id="zip bomb"),
        pytest.param("a.docx", docx("")[:100], "is not a Word document", id="cut off"),
        pytest.param("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest", "protected by a password", id="password"),
        pytest.param("a.docx", docx("").replace(b"word/document", b"word/dokument"), "not a Word", id="no body"),
        pytest.param("a.csv", b"a,b\n\xff\xff\n", "is not UTF-8", id="CSV encoding"),
        pytest.param("a.html", b"<meta charset=klingon><p>x", "declares the encoding klingon", id="HTML encoding"),
        pytest.param("a.pdf", b"%PDF-1.7 nothing", "is not a readable PDF", id="broken PDF", marks=needs_pypdf),
        pytest.param("a.pdf", pdf(""), "holds pictures and no text", id="scanned PDF", marks=needs_pypdf),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(name: str, content: bytes, message: str) -> None:
    """The message names the file, the reason and the remedy."""
    with pytest.raises(InputError, match=message) as raised:
        documents.read(name, content)

    assert str(raised.value).startswith(name)
    assert ": " in str(raised.value)
    assert "\n" not in str(raised.value)


@needs_pypdf
def test_an_encrypted_pdf_is_refused() -> None:
    """Its text is not for us."""
    with pytest.raises(InputError, match="is encrypted: save it without a password"):
        documents.read("a.pdf", pdf("secret", encrypted="key"))


def test_a_file_of_200_megabytes_is_not_even_read(tmp_path: Path) -> None:
    """It is listed with its size at once, and the others are read."""
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(200_000_000)
    (tmp_path / "sound.md").write_text("# Sound")

    started = time.perf_counter()
    corpus = documents.load(tmp_path)

    assert time.perf_counter() - started < 0.5
    assert [d.id for d in corpus.documents] == ["sound.md"]
    assert "has 200 MB, at most 50 are read" in corpus.refused[0].reason


def test_a_table_of_ten_thousand_rows_is_cut_between_rows_with_its_head() -> None:
    """Every chunk begins with the head, every row is in exactly one chunk."""
    content = "number,name\n" + "".join(f"{n},name of {n}\n" for n in range(10_000))

    chunks = chunk(documents.read("table.csv", content.encode()), Retrieval())

    assert all(one.text.startswith("| number | name |\n| --- | --- |") for one in chunks)
    rows = [line for one in chunks for line in one.text.split("\n")[2:]]
    assert rows == [f"| {n} | name of {n} |" for n in range(10_000)]


async def test_text_from_right_to_left_is_found(pool: AsyncConnectionPool) -> None:
    """Hebrew and Arabic words are kept as they are written and found by them."""
    await ingest(
        pool, {"he.md": "# החזר\n\nהחזר כספי תוך ארבעה עשר ימים.", "ar.md": "# استرداد\n\nيمكن استرداد المبلغ."}
    )

    for query, name in (("כספי ימים", "he.md"), ("المبلغ", "ar.md")):
        hits = await retrieval.search(pool, query, None, Caller(), settings=Retrieval())
        assert [hit.document_id for hit in hits] == [name]


@pytest.mark.feature("D2")
@pytest.mark.parametrize(
    ("name", "content", "text"),
    [
        pytest.param("a.html", b"<div>" * 20_000 + b"deep text" + b"</div>" * 20_000, "deep text", id="20,000 levels"),
        pytest.param("a.csv", b'a,b\n1\n1,2,3\n"open quote,4\n', "open quote,4", id="ragged CSV, quote left open"),
        pytest.param("a.txt", "Sixteen bits".encode("utf-16"), "Sixteen bits", id="UTF-16 with its mark"),
    ],
)
def test_what_is_only_odd_is_read(name: str, content: bytes, text: str) -> None:
    """Nothing of it is an error or a recursion too deep."""
    assert text in documents.read(name, content).text


@pytest.mark.feature("D2")
def test_a_nul_byte_is_refused_with_its_place() -> None:
    """The database could not keep it, and a text file that holds one is none."""
    with pytest.raises(InputError, match=r"a\.txt is not a text file \(NUL byte at offset 3\): remove it"):
        documents.read("a.txt", b"abc\0def")
