"""Files of several formats as Markdown, which is all that chunking knows.

One function a format, chosen by suffix; what cannot be read is refused in one line. Nothing is guessed: a file in an
unknown encoding or a scan without text would become an answer that nobody can check.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from app.data.formats.converted import Converted, decoded

Convert = Callable[[str, bytes], Converted]


def plain(name: str, content: bytes) -> Converted:
    """Markdown and text as they are."""
    return Converted(decoded(name, content))


def csv(name: str, content: bytes) -> Converted:
    """A table; see `table_text`."""
    from app.data.formats.table_text import as_table

    return Converted(as_table(name, decoded(name, content)))


def html(name: str, content: bytes) -> Converted:
    """A page; see `html_text`."""
    from app.data.formats.html_text import as_markdown

    return as_markdown(name, content)


def docx(name: str, content: bytes) -> Converted:
    """A Word document; see `docx_text`."""
    from app.data.formats.docx_text import as_markdown

    return as_markdown(name, content)


def pdf(name: str, content: bytes) -> Converted:
    """A PDF with text in it; see `pdf_text`."""
    from app.data.formats.pdf_text import as_markdown

    return as_markdown(name, content)


CONVERTERS: Mapping[str, Convert] = {
    ".md": plain,
    ".markdown": plain,
    ".txt": plain,
    ".csv": csv,
    ".html": html,
    ".htm": html,
    ".docx": docx,
    ".pdf": pdf,
}
SUFFIXES = tuple(CONVERTERS)
