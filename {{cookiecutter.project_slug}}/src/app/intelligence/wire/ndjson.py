"""Newline-delimited JSON both ways: received bytes into whole lines, and values into lines.

A line without end is refused before it fills the memory.
"""

from __future__ import annotations

from typing import Any

import orjson

from app.errors import ProviderBrokenError

MAX_LINE_BYTES = 16 * 1024 * 1024
MEDIA_TYPE = "application/x-ndjson"
# Ends of lines to some readers, though not to JSON; clients cut at them too, so they are written as escapes.
_LINE_ENDS = {end.encode(): f"\\u{ord(end):04x}".encode() for end in ("\u0085", "\u2028", "\u2029")}


def line(value: Any) -> bytes:
    """One value as its line."""
    raw = orjson.dumps(value)
    for end, escape in _LINE_ENDS.items():
        if end in raw:
            raw = raw.replace(end, escape)
    return raw + b"\n"


class LineReader:
    """Cuts a stream of bytes into lines, wherever the network has cut it."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, received: bytes) -> list[bytes]:
        """Each line that `received` completes, empty ones left out. Raises ProviderBrokenError for an endless one."""
        *lines, rest = (self._rest + received).split(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            raise ProviderBrokenError(f"a line of the stream is longer than {MAX_LINE_BYTES} bytes: cut it off")
        self._rest = rest
        return [stripped for item in lines if (stripped := item.strip())]
