"""Frames of Amazon's event streams: what is written can be read, by Amazon's parser as well, and nothing broken is."""

from __future__ import annotations

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from app.intelligence.wire.amazon_frames import BrokenFrameError, frame, frames

# A small alphabet: a table of all letters takes seconds to make.
TEXT = st.text("ab:-é\u2028", min_size=1, max_size=20)
HEADERS = st.dictionaries(TEXT, TEXT, max_size=4)


@pytest.mark.feature("I1")
@given(st.lists(st.tuples(HEADERS, st.binary(max_size=300)), max_size=4))
def test_frames_are_read_as_they_were_written(written: list[tuple[dict[str, str], bytes]]) -> None:
    """By our reader and by Amazon's."""
    stream = b"".join(frame(headers, payload) for headers, payload in written)
    parser = EventStreamBuffer()
    parser.add_data(stream)

    assert list(frames(stream)) == written
    assert [(event.headers, event.payload) for event in parser] == written


@pytest.mark.parametrize("at", [0, 5, 9, 14, -6, -1])
def test_a_changed_byte_is_noticed(at: int) -> None:
    """Lengths, checksums, headers and payload alike."""
    broken = bytearray(frame({":event-type": "messageStart"}, b"{}"))
    broken[at] ^= 0xFF

    with pytest.raises(BrokenFrameError):
        list(frames(bytes(broken)))


def test_a_cut_stream_is_noticed() -> None:
    """After a whole frame, in the middle of the next."""
    whole = frame({":event-type": "a"}, b"{}")

    for end in (1, 11, len(whole) - 1):
        with pytest.raises(BrokenFrameError):
            list(frames(whole + whole[:end]))
