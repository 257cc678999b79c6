"""Personal data a model says that its caller never gave it: masked, or the reply refused, in streams as in whole texts.

Both go through the same pieces, so the verdict cannot differ. It fails closed: after any fault nothing more is shown.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal

from app.errors import RefusedError
from app.intelligence.personal_data.json_text import is_json, map_literals
from app.intelligence.personal_data.masking import SHAPES, replaced
from app.intelligence.personal_data.overlaps import resolve
from app.intelligence.personal_data.pieces import Piece, Pieces
from app.intelligence.personal_data.placeholders import protected, removed
from app.intelligence.personal_data.recogniser import Detector, Finding

Policy = Literal["mask", "refuse", "allow"]

_LIMIT = 1024
_LARGEST = 16 * _LIMIT
"""Characters without a cut: a piece is judged in parts from the first, a finding longer than the second is refused."""

_NOT_LETTERS = re.compile(r"[\W_]+")


class OutputGuard:
    """Judges one reply. Placeholders pass, and `known` values, however punctuated; `policy` is for all others.

    `feed` and `flush` raise RefusedError under the policy `refuse`, and for good once the guard itself has failed.
    """

    def __init__(self, detector: Detector = SHAPES, *, policy: Policy = "mask", known: Iterable[str] = ()) -> None:
        self._detector = detector
        self._policy = policy
        self._known = frozenset(map(_plain, known))
        self._pieces = Pieces(whole_sentences=detector.whole_sentences)
        self._limit = _LIMIT
        self._found: Counter[str] = Counter()
        self._closed = False

    @property
    def found(self) -> Mapping[str, int]:
        """How many of each kind were found, for the log; never the values."""
        return dict(self._found)

    def feed(self, text: str) -> str:
        """Take a piece of the stream of any length; returns what may be shown by now."""
        if self._policy == "allow":
            return text
        self._pieces.add(text)
        return self._judged(final=False)

    def flush(self) -> str:
        """The rest, at the end of the stream."""
        return self._judged(final=True)

    def check(self, text: str) -> str:
        """A whole text: exactly what a stream of it would have shown. Not to be mixed with a stream under way."""
        if self._policy == "allow":
            return text
        if self._detector.whole_sentences or not _plain_lines(text):
            return self.feed(text) + self.flush()
        return self._at_once(Piece("", text, ""))

    def check_json(self, text: str) -> str:
        """The whole arguments of a tool call: each value is judged by itself and the JSON stays JSON."""
        if self._policy == "allow" or not is_json(text):
            return self.check(text)
        return map_literals(text, lambda value, key: self._at_once(Piece(f"{key}: " if key else "", value, "")))

    def _at_once(self, piece: Piece) -> str:
        self._close()
        shown = self._masked(piece, self._findings(piece))
        self._closed = False
        return shown

    def _judged(self, *, final: bool) -> str:
        self._close()
        shown: list[str] = []
        if self._detector.cold(self._pieces.view):
            words = self._pieces.leave_words(self._limit, final=final)
            if words is not None:
                self._closed = False
                return words
        while (piece := self._pieces.first(self._limit, final=final)) is not None:
            shown.append(self._head(piece) if piece.cut_short else self._masked(piece, self._findings(piece)))
            if not piece.cut_short:
                self._pieces.leave(len(piece.text))
                self._limit = _LIMIT
        self._closed = False
        return "".join(shown)

    def _close(self) -> None:
        """Shut the guard until the judgement under way has come to its end."""
        if self._closed:
            raise RefusedError("the output guard refused or failed earlier in this reply: nothing more is shown")
        self._closed = True

    def _head(self, piece: Piece) -> str:
        """The first half of a piece that is only the head of a longer one, or less: up to a finding, or behind one."""
        end = len(piece.text) // 2
        findings = self._findings(piece)
        across = next((finding for finding in findings if finding.start < end < finding.end), None)
        if across is not None:
            end = across.start or across.end
        if end == len(piece.text):
            self._limit *= 2
            if self._limit > _LARGEST:
                raise RefusedError(f"the reply holds {end} unbroken characters of a secret's shape: it is not shown")
            return ""
        self._pieces.leave(end)
        self._limit = _LIMIT
        head = Piece(piece.before, piece.text[:end], piece.text[end:])
        return self._masked(head, [finding for finding in findings if finding.end <= end])

    def _masked(self, piece: Piece, findings: list[Finding]) -> str:
        """The piece without its findings, nor those that come to light when these are gone."""
        while findings:
            kinds = [finding.label for finding in findings]
            self._found.update(kinds)
            if self._policy == "refuse":
                named = ", ".join(sorted(set(kinds)))
                raise RefusedError(f"the reply holds personal data the caller did not give ({named}): it is not shown")
            piece = replace(piece, text=replaced(piece.text, findings, lambda label, _: removed(label)))
            findings = self._findings(piece)
        return piece.text

    def _findings(self, piece: Piece) -> list[Finding]:
        view = piece.before + piece.text + piece.after
        begin, length = len(piece.before), len(piece.text)
        unknown = [f for f in self._detector.find(view) if _plain(view[f.start : f.end]) not in self._known]
        if not unknown:
            return []
        inside = [
            replace(f, start=max(f.start - begin, 0), end=min(f.end - begin, length))
            for f in unknown
            if f.end > begin and f.start < begin + length
        ]
        return resolve(inside, [(left - begin, right - begin) for left, right in protected(view)])


def _plain_lines(text: str) -> bool:
    """Whether every line break of `text` is a place to cut, and no line is so long that a stream would cut it short."""
    return "-----BEGIN" not in text and (len(text) <= _LIMIT or max(map(len, text.split("\n"))) <= _LIMIT)


def _plain(value: str) -> str:
    """A value without its punctuation and case: `4111-1111` and `4111 1111` are one."""
    return _NOT_LETTERS.sub("", value).casefold()
