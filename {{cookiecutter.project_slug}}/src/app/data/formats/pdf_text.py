"""PDF as text, page by page. Pages that are pictures hold no text: such a file is refused, not indexed as nothing."""

from __future__ import annotations

import io
import logging
import re
from importlib.util import find_spec
from itertools import pairwise

from app.data.formats.converted import Converted
from app.errors import ConfigurationError, InputError

MOST_PAGES = 5_000
HYPHENATED = re.compile(r"(\w)[-\u00ad]\n(?=[a-zäöüß])")
SPACES = re.compile(r"[ \t\u00a0]+")


def as_markdown(name: str, content: bytes) -> Converted:
    """The text in reading order as the file gives it. Raises InputError for what is broken, encrypted or a scan."""
    if find_spec("pypdf") is None:
        raise ConfigurationError(f"{name} needs the package pypdf: install requirements-dev.lock")
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    logging.getLogger("pypdf").setLevel(logging.ERROR)
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted and not reader.decrypt(""):
            raise InputError(f"{name} is encrypted: save it without a password")
        if len(reader.pages) > MOST_PAGES:
            raise InputError(f"{name} has {len(reader.pages)} pages, at most {MOST_PAGES} are read: split it")
        pages = [_mended(page.extract_text()) for page in reader.pages]
        title = reader.metadata.title if reader.metadata else None
    except InputError:
        raise
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OSError) as error:
        # The parser's errors on broken files are of every kind.
        reason = " ".join(str(error).split())[:100] or type(error).__name__
        raise InputError(f"{name} is not a readable PDF ({reason}): print it to PDF again") from None
    text = "\n\n".join(page for page in pages if page)
    if not text and pages:
        raise InputError(f"{name} holds pictures and no text: run text recognition (OCR) over it first")
    return Converted(text, " ".join(str(title).split()) if title else None)


def _mended(text: str) -> str:
    """Lines of one paragraph joined: a line that ends early closes one, and so does an empty line."""
    lines = [SPACES.sub(" ", line).strip() for line in HYPHENATED.sub(r"\1", text).split("\n")]
    longest = max((len(line) for line in lines), default=0)
    mended: list[str] = []
    for line, following in pairwise([*lines, ""]):
        mended.append(line)
        closes = not line or not following or (len(line) < 0.6 * longest and line[-1:] in ".!?:;")
        mended.append("\n" if closes else " ")
    return re.sub(r"\n{2,}", "\n\n", re.sub(r" ?\n ?", "\n\n", "".join(mended))).strip()
