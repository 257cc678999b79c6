"""What every format comes to: text as Markdown; and what they share on the way, decoding and tables."""

from __future__ import annotations

from dataclasses import dataclass

from app.errors import InputError


@dataclass(frozen=True, slots=True)
class Converted:
    """A file's text as Markdown; the title and the language it gives itself."""

    text: str
    title: str | None = None
    language: str | None = None


def decoded(name: str, content: bytes) -> str:
    """Text in UTF-8, or UTF-16 that says so. Raises InputError for everything else."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            raise InputError(f"{name} begins like UTF-16 and is not: save it as UTF-8") from None
    nul = content.find(b"\0")
    if nul >= 0:
        raise InputError(f"{name} is not a text file (NUL byte at offset {nul}): remove it or save it as UTF-8 text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 (byte 0x{content[error.start]:02x} at offset {error.start}): save it as UTF-8"
        ) from None


def row(cells: list[str]) -> str:
    """One line of a Markdown table; what would break the line is written otherwise."""
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"


def table(rows: list[list[str]]) -> str:
    """A Markdown table, its first row the head; short rows are filled."""
    width = max(len(cells) for cells in rows)
    lines = [row(cells + [""] * (width - len(cells))) for cells in rows]
    return "\n".join([lines[0], row(["---"] * width), *lines[1:]])
