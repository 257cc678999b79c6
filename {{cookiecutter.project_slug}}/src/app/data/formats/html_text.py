"""HTML as Markdown: headings, paragraphs, lists, tables and code. Scripts, styles and navigation are left out.

The parser of the standard library never fails on bad markup, resolves no address and knows no entities of its own.
"""

from __future__ import annotations

import re
from html.parser import HTMLParser

from app.data.formats.converted import Converted, decoded, table
from app.errors import InputError

DROPPED = frozenset({"script", "style", "template", "noscript", "nav", "svg", "iframe", "object", "form", "button"})
HEADINGS = {f"h{level}": level for level in range(1, 7)}
BREAKS = frozenset(
    {
        *("p", "div", "section", "article", "main", "header", "footer", "aside", "blockquote", "dl", "dt", "dd"),
        *("figure", "figcaption", "details", "summary", "hr"),
    }
)
CHARSET = re.compile(rb"""<meta[^>]+charset\s*=\s*["']?([\w-]+)""", re.IGNORECASE)


def as_markdown(name: str, content: bytes) -> Converted:
    """The page's text, in the encoding it declares, UTF-8 when it declares none. Raises InputError."""
    reader = _Reader()
    reader.feed(_text(name, content))
    reader.close()
    reader.block("")
    return Converted("\n\n".join(reader.blocks), " ".join("".join(reader.title).split()) or None, reader.language)


def _text(name: str, content: bytes) -> str:
    declared = CHARSET.search(content[:4096])
    charset = declared[1].decode("ascii") if declared else "utf-8"
    if charset.lower().replace("-", "") in ("utf8", "utf16") or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return decoded(name, content)
    try:
        return content.decode(charset)
    except (LookupError, UnicodeDecodeError):
        raise InputError(f"{name} declares the encoding {charset} and is not in it: save it as UTF-8") from None


class _Reader(HTMLParser):
    """Collects blocks of Markdown. `_dropped` counts the open elements whose content is not text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[str] = []
        self.title: list[str] = []
        self.language: str | None = None
        self._text: list[str] = []
        self._dropped: list[str] = []
        self._in_title = False
        self._code = False
        self._item = False
        self._rows: list[list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open an element."""
        if tag == "html":
            self.language = dict(attrs).get("lang") or None
        elif tag in DROPPED:
            self._dropped.append(tag)
        elif tag == "title":
            self._in_title = True
        elif tag == "pre":
            self.block("")
            self._code = True
        elif tag == "table" and self._rows is None:
            self.block("")
            self._rows = []
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th", "br") or self._rows is not None:
            self._text.append("\n" if tag == "br" and self._rows is None else " ")
        elif tag == "li":
            self.block("")
            self._item = True
        elif tag in HEADINGS or tag in BREAKS:
            self.block("")

    def handle_endtag(self, tag: str) -> None:
        """Close an element; one that was never opened changes nothing."""
        if self._dropped:
            if tag in self._dropped:
                del self._dropped[self._dropped.index(tag) :]
        elif tag == "title":
            self._in_title = False
        elif tag == "pre" and self._code:
            self._code = False
            code = "".join(self._text).strip("\n")
            self._text.clear()
            self.blocks += [f"```\n{code}\n```"] if code.strip() else []
        elif tag in ("td", "th") and self._rows:
            self._rows[-1].append("".join(self._text))
            self._text.clear()
        elif tag == "table" and self._rows is not None:
            rows, self._rows = [cells for cells in self._rows if cells], None
            self._text.clear()
            self.blocks += [table(rows)] if rows else []
        elif self._rows is not None:
            self._text.append(" ")
        elif tag in HEADINGS:
            self.block("#" * HEADINGS[tag] + " ")
        elif tag in ("li", "ul", "ol") or tag in BREAKS:
            self.block("")
            self._item = self._item and tag not in ("li", "ul", "ol")

    def handle_data(self, data: str) -> None:
        """Text, where it counts."""
        if self._in_title:
            self.title.append(data)
        elif not self._dropped:
            self._text.append(data if self._code else re.sub(r"[ \t\r\f\v\n]+", " ", data))

    def block(self, mark: str) -> None:
        """End the block under way, marked as a heading; the first one of an item is marked as that."""
        lines = [" ".join(line.split()) for line in "".join(self._text).split("\n")]
        text = "\n".join(line for line in lines if line)
        self._text.clear()
        if not text:
            return
        mark, self._item = mark or ("- " if self._item else ""), False
        if mark == "- " and self.blocks and self.blocks[-1].startswith("- "):
            self.blocks[-1] += f"\n- {text}"
        else:
            self.blocks.append(mark + (" ".join(text.split()) if mark.startswith("#") else text))
