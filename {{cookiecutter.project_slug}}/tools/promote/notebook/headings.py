"""Which heading each cell of a notebook stands under: the author's own words for what it does."""

from __future__ import annotations

import re

from tools.promote.notebook.notebook_file import Notebook, source_of

HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.+?)[ \t#]*$", re.MULTILINE)
FENCED = re.compile(r"^ {0,3}(```|~~~).*?^ {0,3}\1", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]+>|`")


def headings_of(notebook: Notebook) -> dict[int, str]:
    """For each cell under one, the text of the nearest heading above it; the notebook's title counts for none."""
    found: dict[int, str] = {}
    current = ""
    for index, cell in enumerate(notebook.cells):
        if cell["cell_type"] == "markdown":
            for match in HEADING.finditer(FENCED.sub("", source_of(cell))):
                title = len(match.group(1)) == 1 and not current and not found
                current = "" if title else LINK.sub(r"\1", match.group(2))
        elif current:
            found[index] = current
    return found
