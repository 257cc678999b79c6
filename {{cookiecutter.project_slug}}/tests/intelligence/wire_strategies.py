"""What the round-trip tests of all protocols draw from, and how they read back what was written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
from hypothesis import settings
from hypothesis import strategies as st

from app.intelligence.messages import (
    Chunk,
    FinishReason,
    Message,
    ModelReply,
    ModelRequest,
    Part,
    Tool,
    ToolCall,
    Usage,
)
from app.intelligence.providers.faults import words
from app.intelligence.stream import StreamedReply
from app.intelligence.wire.sse import EventReader

BOUNDED = settings(max_examples=120, deadline=None)
BRIEF = settings(max_examples=50, deadline=None)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SAID = TEXT.filter(bool)
NAME = st.from_regex(r"[a-z][a-z_]{0,10}", fullmatch=True).filter(lambda n: n not in ("auto", "none", "required"))
WHOLE = st.integers(-(2**63), 2**63 - 1)
ARGUMENTS = st.dictionaries(NAME, WHOLE | TEXT | st.booleans(), max_size=3).map(lambda o: orjson.dumps(o).decode())
CALL = st.builds(ToolCall, SAID, NAME, ARGUMENTS)
IMAGE = st.sampled_from(["https://example.org/a.png", "data:image/png;base64,aGk="]).map(lambda u: Part("image", "", u))
PARTS = st.lists(st.builds(Part, st.just("text"), SAID) | IMAGE, min_size=1, max_size=3).map(tuple)
SCHEMA = st.dictionaries(NAME, st.just({"type": "string"}), min_size=1, max_size=3).map(
    lambda fields: {"type": "object", "properties": fields, "required": sorted(fields)}
)
TOOL = st.builds(Tool, NAME, TEXT, SCHEMA, st.booleans())
LOOSE_TOOLS = st.lists(st.builds(Tool, NAME, TEXT, SCHEMA), max_size=2, unique_by=lambda tool: tool.name).map(tuple)
TOOLS = st.lists(TOOL, max_size=2, unique_by=lambda tool: tool.name).map(tuple)
FINISH: list[FinishReason] = ["stop", "length", "tool_calls", "content_filter"]
USAGE = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6)).map(
    lambda n: Usage(n[0] + n[2], n[1], n[2])
)
REPLY = st.builds(
    ModelReply,
    text=TEXT,
    model=SAID,
    usage=USAGE,
    finish_reason=st.sampled_from(FINISH),
    tool_calls=st.lists(CALL, max_size=2).map(tuple),
    id=SAID,
)


def turns(text: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[Message, ...]]:
    """A conversation: system first, then users, assistants with and without calls, tool results."""
    said = text | PARTS
    turn = st.one_of(
        st.builds(Message, st.just("user"), said),
        st.builds(Message, st.just("assistant"), SAID),
        st.builds(Message, st.just("assistant"), text, st.lists(CALL, min_size=1, max_size=2).map(tuple)),
        st.builds(Message, st.just("tool"), text, tool_call_id=SAID),
    )
    systems = st.lists(st.builds(Message, st.just("system"), SAID), max_size=2)
    return st.tuples(systems, st.lists(turn, min_size=1, max_size=4)).map(lambda pair: (*pair[0], *pair[1]))


def requests(**own: Any) -> st.SearchStrategy[ModelRequest]:
    """Requests with what the first two protocols can say; `own` replaces and adds."""
    said: dict[str, Any] = {
        "model": SAID,
        "messages": turns(TEXT),
        "max_output_tokens": st.integers(1, 10**5),
        "temperature": st.none() | st.floats(0, 1),
        "top_p": st.none() | st.floats(0, 1),
        "stop": st.lists(SAID, max_size=3).map(tuple),
        "tools": TOOLS,
        "stream": st.booleans(),
    }
    return st.builds(ModelRequest, **{**said, **own})


def conversations(image: st.SearchStrategy[Part]) -> st.SearchStrategy[tuple[Message, ...]]:
    """Conversations in the one form that protocols of parts can give back: system first, users and assistants in turn,
    every call answered, a text alone never a list."""
    said = SAID | st.tuples(st.builds(Part, st.just("text"), SAID), image)
    user = st.builds(Message, st.just("user"), said).map(lambda message: (message,))
    talk = st.tuples(user, st.builds(Message, st.just("assistant"), SAID).map(lambda m: (m,))).map(_joined)
    work = st.tuples(
        user,
        TEXT,
        st.lists(CALL, min_size=1, max_size=2, unique_by=lambda c: c.id),
        st.lists(SAID, min_size=2, max_size=2),
    ).map(lambda drawn: (*drawn[0], *_worked(drawn[1], drawn[2], drawn[3])))
    systems = st.lists(st.builds(Message, st.just("system"), SAID), max_size=1).map(tuple)
    return st.tuples(systems, st.lists(talk | work, max_size=2).map(_joined), user).map(_joined)


def _joined(groups: Any) -> tuple[Message, ...]:
    return tuple(message for group in groups for message in group)


def _worked(text: str, calls: list[ToolCall], results: list[str]) -> tuple[Message, ...]:
    answers = (Message("tool", result, tool_call_id=call.id) for call, result in zip(calls, results, strict=False))
    return (Message("assistant", text, tuple(calls)), *answers)


def as_called(reply: ModelReply) -> ModelReply:
    """The reply as a protocol tells it that shows calls by the calls alone."""
    if reply.finish_reason in ("length", "content_filter"):
        return reply
    return replace(reply, finish_reason="tool_calls" if reply.tool_calls else "stop")


def again(body: dict[str, Any]) -> Any:
    """The body as it arrives on the other side."""
    return orjson.loads(orjson.dumps(body))


def reread(frames: bytes, decoder: Any, reader: Any = None) -> ModelReply:
    """The reply that a client puts together from the frames of a stream."""
    gathered = StreamedReply()
    for data in (reader or EventReader()).feed(frames):
        chunk = decoder.decode(data)
        if chunk is not None:
            gathered.meter(chunk)
            gathered.add(chunk)
    assert decoder.finished
    return gathered.reply(ModelRequest("m", ()))


def written(encoder: Any, reply: ModelReply) -> bytes:
    """The frames of a reply streamed word by word."""
    said: list[Chunk] = words(reply)
    return bytes(encoder.start() + b"".join(encoder.chunk(chunk) for chunk in said) + encoder.end(reply))
