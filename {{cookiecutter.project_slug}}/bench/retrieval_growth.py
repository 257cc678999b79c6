"""Draws how search grows with the corpus, from the last lines of several runs of `bench/retrieval.py`.

    python bench/retrieval_growth.py RUN.log RUN.log ... > docs/reference/retrieval-growth.svg

Milliseconds of the server's processor, median and 95th percentile, over chunks; both axes are logarithmic.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

WIDTH, HEIGHT, LEFT, BOTTOM, TOP, RIGHT = 720, 400, 60, 50, 30, 250
LINES = (
    ("ours, hybrid, 7 words, 4 common", "hybrid under permissions", "#0b6e4f"),
    ("vectors by pgvector, same filter", "vector index, same filter, vectors alone", "#b5651d"),
    ("vector-only floor", "vector index, no filter, vectors alone", "#4a5a8a"),
)
MS = (1, 2, 5, 10, 20, 50, 100)


def runs(files: list[str]) -> list[dict[str, Any]]:
    """The JSON line of each file, smallest corpus first."""
    found = [json.loads(Path(name).read_text("utf-8").strip().rsplit("\n", 1)[-1]) for name in files]
    return sorted(found, key=lambda run: run["chunks"])


def drawn(found: list[dict[str, Any]]) -> str:
    """The picture as SVG."""
    sizes = [run["chunks"] for run in found]

    def x(chunks: int) -> float:
        share = math.log(chunks / sizes[0]) / math.log(sizes[-1] / sizes[0]) if len(sizes) > 1 else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(ms: float) -> float:
        return HEIGHT - BOTTOM - math.log(max(ms, MS[0]) / MS[0]) / math.log(MS[-1] / MS[0]) * (HEIGHT - BOTTOM - TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">',
        f'<g font-size="12"><rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<text x="{LEFT}" y="18">Milliseconds of the server\'s processor for one search</text>',
    ]
    for ms in MS:
        parts.append(
            f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(ms):.1f}" y2="{y(ms):.1f}" stroke="#ddd"/>'
            f'<text x="{LEFT - 8}" y="{y(ms) + 4:.1f}" text-anchor="end">{ms}</text>'
        )
    for size in sizes:
        parts.append(f'<text x="{x(size):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{size:,}</text>')
    parts.append(f'<text x="{LEFT}" y="{HEIGHT - 10}">chunks (line: 95th percentile, dots below: median)</text>')
    last = HEIGHT * 1.0
    ends = []
    for name, label, colour in LINES:
        points = [(x(run["chunks"]), run["contenders"][name]) for run in found if name in run["contenders"]]
        line = " ".join(f"{at:.1f},{y(values['server_cpu_p95_ms']):.1f}" for at, values in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        for at, values in points:
            parts.append(f'<circle cx="{at:.1f}" cy="{y(values["server_cpu_p50_ms"]):.1f}" r="3" fill="{colour}"/>')
        ends.append((y(points[-1][1]["server_cpu_p95_ms"]), label, colour))
    for at, label, colour in sorted(ends, reverse=True):
        last = min(at + 4, last - 16)
        parts.append(f'<text x="{WIDTH - RIGHT + 8}" y="{last:.1f}" fill="{colour}">{escape(label)}</text>')
    return "\n".join([*parts, "</g></svg>\n"])


def main() -> None:
    if len(sys.argv) < 2:
        raise SystemExit("name the outputs of some runs: " + (__doc__ or "").split("\n\n")[1].strip())
    sys.stdout.write(drawn(runs(sys.argv[1:])))


if __name__ == "__main__":
    main()
