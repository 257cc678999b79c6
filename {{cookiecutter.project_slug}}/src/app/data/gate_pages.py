"""The pages of a gate: readable without a network, and without asking seven other hosts for their scripts.

The library's own pages stay, without what they would fetch from elsewhere; its index, which scripts alone fill, is
replaced by one that says how each expectation came out and which rows failed. The library writes values as they are, so
its pages forbid every script: a document's name or title would be one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from pathlib import Path

FETCHED = re.compile(
    r"<script\b[^>]*>.*?</script>|<link\b[^>]*\bhref=[\"']https?:[^>]*>|<img\b[^>]*\bsrc=[\"']https?:[^>]*>"
    r"|<footer\b.*?</footer>",
    re.DOTALL | re.IGNORECASE,
)
HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
POLICY = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
STYLE = """<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; margin: .5rem 0 1.5rem } td, th { border: 1px solid #ccc; padding: .25rem .6rem;
text-align: left; vertical-align: top; overflow-wrap: anywhere } th { background: #f3f3f3 }
.red { color: #a40000 } .green { color: #1a6b1a } .warning { color: #8a5a00 } code { background: #f3f3f3 }
</style>"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One expectation: what is expected of which column, how it came out (`green`, `warning`, `red`), failing rows."""

    column: str
    expected: str
    state: str
    lines: Sequence[str]


def write(site: Path, gate: str, rows: int, outcomes: Sequence[Outcome]) -> Path:
    """Make the pages below `site` local and write its index; the path of that."""
    for page in site.rglob("*.html"):
        text = FETCHED.sub("", page.read_text(encoding="utf-8"))
        page.write_text(HEAD.sub(lambda head: head[0] + POLICY + STYLE, text, count=1), encoding="utf-8")
    index = site / "index.html"
    index.write_text(_index(site, gate, rows, outcomes), encoding="utf-8")
    return index


def _index(site: Path, gate: str, rows: int, outcomes: Sequence[Outcome]) -> str:
    states = {one.state for one in outcomes}
    state = next((state for state in ("red", "warning") if state in states), "green")
    told = {"red": "red", "warning": "green, with warnings", "green": "green"}[state]
    pages = sorted((p.relative_to(site).as_posix() for p in site.rglob("*.html")), reverse=True)
    links = "".join(f'<li><a href="{escape(page)}">{escape(page)}</a></li>' for page in pages if page != "index.html")
    table = "".join(
        f"<tr><td>{escape(one.column)}</td><td>{escape(one.expected)}</td>"
        f'<td class="{one.state}">{"failed" if one.state != "green" else "held"}'
        f"{' (warning)' if one.state == 'warning' else ''}</td></tr>"
        for one in outcomes
    )
    failing = "".join(f'<li class="{one.state}">{escape(line)}</li>' for one in outcomes for line in one.lines)
    return (
        f'<!doctype html>\n<html lang="en"><head>{POLICY}<meta charset="utf-8"><title>Gate {escape(gate)}</title>'
        f"{STYLE}</head>"
        f'<body><h1>Gate {escape(gate)}: <span class="{state}">{told}</span></h1>'
        f"<p>{rows} rows, {datetime.now(UTC):%Y-%m-%d %H:%M} UTC</p>"
        f"<table><tr><th>Column</th><th>Expected</th><th>Outcome</th></tr>{table}</table>"
        + (f"<h2>What failed</h2><ul>{failing}</ul>" if failing else "")
        + f"<h2>Pages of Great Expectations</h2><ul>{links}</ul></body></html>\n"
    )
