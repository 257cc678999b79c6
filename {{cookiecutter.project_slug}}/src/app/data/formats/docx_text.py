"""Word documents as Markdown: headings by style, paragraphs, lists and tables, read from the file's own XML.

The archive is never unpacked: one part of it is read, up to a limit, whatever its directory claims. XML that brings its
own entities is refused, which no word processor writes.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, fromstring

from app.data.formats.converted import Converted, table
from app.errors import InputError

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
CORE = "{http://purl.org/dc/elements/1.1/}"
MOST_XML = 64_000_000
# What Office writes for a document protected by a password, instead of an archive.
COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
HEADING = re.compile(r"(?:heading|überschrift|titre|título|titolo|kop)\s*([1-6])", re.IGNORECASE)


def as_markdown(name: str, content: bytes) -> Converted:
    """The document's body and its title property. Raises InputError for what is broken, protected or far too large."""
    if content.startswith(COMPOUND):
        raise InputError(f"{name} is protected by a password or an old .doc: save it as .docx without a password")
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            body = _part(archive, name, "word/document.xml")
            core = _part(archive, name, "docProps/core.xml") if "docProps/core.xml" in archive.namelist() else None
            styles = _part(archive, name, "word/styles.xml") if "word/styles.xml" in archive.namelist() else None
    except (zipfile.BadZipFile, KeyError, zlib.error, EOFError, NotImplementedError, RuntimeError, ParseError) as error:
        raise InputError(f"{name} is not a Word document ({_line(error)}): open it and save it again") from None
    names = _style_names(styles)
    found = body.find(f"{WORD}body")
    blocks: list[str] = []
    for text, item in _blocks(found, names) if found is not None else ():
        if item and blocks and blocks[-1].startswith("- "):
            blocks[-1] += "\n" + text
        else:
            blocks.append(text)
    title = core.findtext(f"{CORE}title") if core is not None else None
    return Converted("\n\n".join(blocks), (title or "").strip() or None)


def _part(archive: zipfile.ZipFile, name: str, part: str) -> Element:
    with archive.open(part) as file:
        xml = file.read(MOST_XML + 1)
    if len(xml) > MOST_XML:
        raise InputError(
            f"{name} unpacks to more than {MOST_XML // 1_000_000} MB, which looks like an attack: "
            "split it, or leave it out"
        )
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise InputError(f"{name} brings its own XML entities, which looks like an attack: leave it out")
    return fromstring(xml)  # noqa: S314


def _style_names(styles: Element | None) -> dict[str, str]:
    """What a style is called, by the id that paragraphs name it with."""
    found: dict[str, str] = {}
    for style in styles.iter(f"{WORD}style") if styles is not None else ():
        called = style.find(f"{WORD}name")
        found[style.get(f"{WORD}styleId", "")] = called.get(f"{WORD}val", "") if called is not None else ""
    return found


def _blocks(parent: Element, names: dict[str, str]) -> Iterator[tuple[str, bool]]:
    """Blocks of Markdown, each with whether it is an item of a list."""
    for element in parent:
        if element.tag == f"{WORD}p":
            text = " ".join(_text(element).split())
            if text:
                yield _paragraph(element, text, names)
        elif element.tag == f"{WORD}tbl":
            rows = [[_text(cell) for cell in line.iter(f"{WORD}tc")] for line in element.iter(f"{WORD}tr")]
            if any(rows):
                yield table([cells for cells in rows if cells]), False
        elif element.tag in (f"{WORD}sdt", f"{WORD}sdtContent", f"{WORD}ins"):
            yield from _blocks(element, names)


def _paragraph(element: Element, text: str, names: dict[str, str]) -> tuple[str, bool]:
    style = element.find(f"{WORD}pPr/{WORD}pStyle")
    key = style.get(f"{WORD}val", "") if style is not None else ""
    heading = HEADING.match(names.get(key) or key)
    if heading:
        return "#" * int(heading[1]) + " " + text, False
    if (names.get(key) or key).lower() == "title":
        return "# " + text, False
    item = element.find(f"{WORD}pPr/{WORD}numPr") is not None
    return ("- " + text if item else text), item


def _text(element: Element) -> str:
    """What is read: text, tabs and breaks, without what was deleted in a revision."""
    parts: list[str] = []
    for part in element.iter():
        if part.tag == f"{WORD}t":
            parts.append(part.text or "")
        elif part.tag in (f"{WORD}tab", f"{WORD}br", f"{WORD}cr", f"{WORD}p"):
            parts.append(" ")
    return "".join(parts)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:100] or type(error).__name__
