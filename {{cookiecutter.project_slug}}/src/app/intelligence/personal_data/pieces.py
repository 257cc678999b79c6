"""A stream cut into pieces that no finding spans, at the same places however the stream arrives.

A cut lies after a line break, or at a space between two words without digits; for detectors that need whole sentences
at the end of one. A piece leaves when the LOOK_AHEAD characters behind it are known.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.intelligence.personal_data.recogniser import CONTEXT, LOOK_AHEAD

_BEFORE = CONTEXT + 8
_GAP = r"[ \t]+(?=(?P<next>[^\s\d=:\"/@][^\s\d]*\s))"
_BETWEEN_WORDS = re.compile(
    # Not where the next word may belong to this one: `password = x`, `Bearer x`, the letter groups of an IBAN.
    r"\n|(?:(?<=\s)|\A)(?!(?i:bearer|basic)[ \t])(?![A-Z]{1,4}[ \t]+[A-Z]{1,4}\b)[^\s\d]*[^\s\d=:\"/(]" + _GAP
)
_BETWEEN_SENTENCES = re.compile(r"\n|(?:(?<=\s)|\A)[^\s\d]*[.!?][\"')\]]*" + _GAP)
_KEY_ENDS = re.compile(r"-----END [A-Z ]{0,30}-----")


@dataclass(frozen=True, slots=True)
class Piece:
    """`text` to be judged, between what stands before and after it. `cut_short`: it is the head of a longer one."""

    before: str
    text: str
    after: str
    cut_short: bool = False


class Pieces:
    """Takes a stream, gives one piece at a time; a piece stays the first until `leave`."""

    def __init__(self, *, whole_sentences: bool) -> None:
        self._cuts = _BETWEEN_SENTENCES if whole_sentences else _BETWEEN_WORDS
        self._text = ""
        self._start = 0
        # No cut lies before here: what has been searched is not searched again with every few characters more.
        self._searched = 0

    @property
    def view(self) -> str:
        """What is held, and what stands before it."""
        return self._text

    def add(self, text: str) -> None:
        """Take what has come."""
        kept = max(0, self._start - _BEFORE)
        self._text = self._text[kept:] + text
        self._start -= kept
        self._searched -= kept

    def first(self, limit: int, *, final: bool) -> Piece | None:
        """The first piece, or None when more must come; without a cut in `limit` characters these, cut short.

        `final` says that nothing more comes.
        """
        room = self._start + limit + LOOK_AHEAD
        size = len(self._text)
        cut = self._cut(self._start)
        if cut is not None and cut[0] <= room - LOOK_AHEAD and cut[1] <= room:
            return self._piece(cut[0]) if final or cut[0] + LOOK_AHEAD <= size else None
        if size >= room:
            return self._piece(room - LOOK_AHEAD, cut_short=True)
        return self._piece(size) if final and self._start < size else None

    def leave(self, length: int) -> str:
        """Let the first `length` characters go."""
        begin, self._start = self._start, self._start + length
        return self._text[begin : self._start]

    def leave_words(self, limit: int, *, final: bool) -> str | None:
        """Let everything go that `first` would give one by one; None when a piece would be cut short.

        Only for text that no finding and no private key can begin in.
        """
        begin = end = self._start
        size = len(self._text)
        for match in self._cuts.finditer(self._text, begin):
            if match.end() + LOOK_AHEAD > size and not final:
                break
            if max(match.end(), match.end("next") - LOOK_AHEAD) > end + limit:
                return None
            end = match.end()
        if size - end >= limit + LOOK_AHEAD:
            return None
        return self.leave((size if final else end) - begin)

    def _piece(self, end: int, *, cut_short: bool = False) -> Piece:
        begin = self._start
        before, after = self._text[max(0, begin - _BEFORE) : begin], self._text[end : end + LOOK_AHEAD]
        return Piece(before, self._text[begin:end], after, cut_short)

    def _cut(self, start: int) -> tuple[int, int] | None:
        """The first cut from `start`, and the last character that had to be seen to know it."""
        for match in self._cuts.finditer(self._text, max(start, self._searched)):
            end = match.end()
            begun = self._text.rfind("-----BEGIN", start, end)
            if begun < 0 or _KEY_ENDS.search(self._text, begun, end):
                return end, max(end, match.end("next"))
        # A cut is known by the two words around it: the last three words may yet turn out to hold one.
        words = self._text[start:].rsplit(None, 3)
        if len(words) == 4 and "-----BEGIN" not in words[0]:
            self._searched = start + len(words[0])
        return None
