"""Server-sent events both ways: received bytes into the data of whole events, and data into frames.

Only `data` is read: both protocols repeat an event's name inside its JSON. An event without end is refused
before it fills the memory.
"""

from __future__ import annotations

from app.errors import ProviderBrokenError

MAX_EVENT_BYTES = 16 * 1024 * 1024
DONE = b"data: [DONE]\n\n"


def frame(data: bytes, event: str = "") -> bytes:
    """One event; `data` is a single line."""
    if event:
        return b"event: %s\ndata: %s\n\n" % (event.encode(), data)
    return b"data: %s\n\n" % data


class EventReader:
    """Cuts a stream of bytes into events, wherever the network has cut it."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, received: bytes) -> list[bytes]:
        """The data of each event that `received` completes. Raises ProviderBrokenError for an endless one."""
        buffer = self._rest + received if self._rest else received
        held = b""
        if b"\r" in buffer:
            if buffer.endswith(b"\r"):
                buffer, held = buffer[:-1], b"\r"
            buffer = buffer.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *events, rest = buffer.split(b"\n\n")
        if len(rest) > MAX_EVENT_BYTES:
            raise ProviderBrokenError(f"an event of the stream is longer than {MAX_EVENT_BYTES} bytes: cut it off")
        self._rest = rest + held
        return [data for event in events if (data := _data(event)) is not None]


def _data(event: bytes) -> bytes | None:
    if event.startswith(b"data: ") and b"\n" not in event:
        return event[6:]
    lines = [line[5:].removeprefix(b" ") for line in event.split(b"\n") if line.startswith(b"data:")]
    return b"\n".join(lines) if lines else None
