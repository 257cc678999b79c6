"""Frames of Amazon's event streams (`application/vnd.amazon.eventstream`), both ways.

A frame is: its length and the length of its headers (4 bytes each, big-endian), the CRC-32 of these 8 bytes, the
headers, the payload, and the CRC-32 of all before it. A header is: length of its name (1 byte), name, type (7: text),
length of its value (2 bytes), value.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from zlib import crc32

MEDIA_TYPE = "application/vnd.amazon.eventstream"

_PRELUDE = struct.Struct("!II")
_CRC = struct.Struct("!I")
_TEXT = 7


class BrokenFrameError(ValueError):
    """Bytes that are no whole frames, or whose checksums do not fit."""


def frame(headers: Mapping[str, str], payload: bytes) -> bytes:
    """One frame."""
    head = b"".join(_header(name.encode(), value.encode()) for name, value in headers.items())
    prelude = _PRELUDE.pack(_PRELUDE.size + 2 * _CRC.size + len(head) + len(payload), len(head))
    framed = prelude + _CRC.pack(crc32(prelude)) + head + payload
    return framed + _CRC.pack(crc32(framed))


def frames(received: bytes) -> Iterator[tuple[dict[str, str], bytes]]:
    """Headers and payload of each frame of a whole stream. Raises BrokenFrameError."""
    while received:
        if len(received) < _PRELUDE.size + 2 * _CRC.size:
            raise BrokenFrameError(f"{len(received)} bytes at the end are no frame")
        length, head_length = _PRELUDE.unpack_from(received)
        whole, received = received[:length], received[length:]
        start = _PRELUDE.size + _CRC.size
        if len(whole) != length or start + head_length + _CRC.size > length:
            raise BrokenFrameError(f"a frame of {length} bytes is not whole")
        if _CRC.pack(crc32(whole[: -_CRC.size])) != whole[-_CRC.size :]:
            raise BrokenFrameError("the checksum of a frame does not fit")
        yield _headers(whole[start : start + head_length]), whole[start + head_length : -_CRC.size]


def _header(name: bytes, value: bytes) -> bytes:
    return struct.pack(f"!B{len(name)}sBH", len(name), name, _TEXT, len(value)) + value


def _headers(head: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    while head:
        name_end = 1 + head[0]
        if head[name_end] != _TEXT:
            raise BrokenFrameError(f"a header is of type {head[name_end]}: only text is known here")
        (length,) = struct.unpack_from("!H", head, name_end + 1)
        start = name_end + 3
        found[head[1:name_end].decode()] = head[start : start + length].decode()
        head = head[start + length :]
    return found
