"""Server-sent events survive whatever the network does to them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import ProviderBrokenError
from app.intelligence.wire import sse
from app.intelligence.wire.sse import EventReader, frame

DATA = st.binary(max_size=30).map(lambda raw: raw.hex().encode())
NEWLINES = st.sampled_from([b"\n", b"\r\n", b"\r"])


@settings(max_examples=200, deadline=None)
@given(st.lists(DATA, max_size=6), NEWLINES, st.lists(st.integers(0, 400), max_size=8))
def test_cuts_never_change_the_events(data: list[bytes], newline: bytes, cuts: list[int]) -> None:
    """However the bytes are cut, and whichever newline is used, the same events come out in order."""
    stream = b"".join(frame(item, "named") for item in data).replace(b"\n", newline)
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    reader = EventReader()

    read = [event for a, b in pairwise(edges) for event in reader.feed(stream[a:b])]
    read += reader.feed(b"\n")

    assert read == data


def test_comments_and_other_fields_are_skipped() -> None:
    """Keep-alive comments, ids and retry times are no data; several data lines are one text of lines."""
    received = b": ping\n\nid: 1\nretry: 5\ndata:one\ndata: two\n\nevent: x\n\ndata: three\n\n"

    assert EventReader().feed(received) == [b"one\ntwo", b"three"]


def test_an_event_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that never ends its event cannot fill the memory."""
    monkeypatch.setattr(sse, "MAX_EVENT_BYTES", 100)
    reader = EventReader()
    reader.feed(b"data: " + b"x" * 90)

    with pytest.raises(ProviderBrokenError, match="longer than 100 bytes"):
        reader.feed(b"and more of it")
