"""Overlapping findings made one, so that every character is replaced at most once and none that was found stays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from app.intelligence.personal_data.recogniser import Finding


def resolve(findings: Sequence[Finding], protected: Iterable[tuple[int, int]] = ()) -> list[Finding]:
    """`findings` in order and apart from each other and from `protected` spans.

    Those that overlap become one over all their characters, of the kind of the longest, then most certain, of them.
    """
    apart: list[Finding] = []
    widest = 0
    for finding in sorted(findings, key=lambda f: (f.start, -f.end)):
        if not apart or finding.start >= apart[-1].end:
            apart.append(finding)
            widest = finding.end - finding.start
            continue
        last = apart[-1]
        length = finding.end - finding.start
        stronger = (length, finding.score) > (widest, last.score)
        widest = max(widest, length)
        kind = finding if stronger else last
        apart[-1] = replace(kind, start=last.start, end=max(last.end, finding.end))
    spans = list(protected)
    return [piece for finding in apart for piece in _outside(finding, spans)] if spans else apart


def _outside(finding: Finding, protected: list[tuple[int, int]]) -> list[Finding]:
    pieces = []
    start = finding.start
    for left, right in protected:
        if right <= start or left >= finding.end:
            continue
        if left > start:
            pieces.append(replace(finding, start=start, end=left))
        start = right
    if start < finding.end:
        pieces.append(replace(finding, start=start))
    return pieces
