"""CSV as a Markdown table, so that each chunk of it repeats the head."""

from __future__ import annotations

import csv
import io

from app.data.formats.converted import table
from app.errors import InputError

DELIMITERS = ",;\t|"
SAMPLE = 20_000
MOST_CELL = 100_000


def as_table(name: str, text: str) -> str:
    """The rows that hold something; the separator is recognised. Raises InputError for what is no table."""
    if not text.strip():
        return ""
    try:
        dialect: type[csv.Dialect] = csv.Sniffer().sniff(text[:SAMPLE], DELIMITERS)
    except csv.Error:
        dialect = csv.excel
    try:
        csv.field_size_limit(MOST_CELL)
        rows = [cells for cells in csv.reader(io.StringIO(text, newline=""), dialect) if any(c.strip() for c in cells)]
    except csv.Error as error:
        raise InputError(f"{name} is not a table in CSV ({error}): save it again as CSV") from None
    return table(rows)
