"""The ways a scripted provider behaves: well, or with one of the faults that real ones show.

Their names are for scripts, model names and command lines: `ok`, `slow`, `nousage` (OpenAI's protocol), `hang`, `cut`,
`badjson`, and HTTP statuses such as `500`, `429` or `429-retry-after-1.5`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from app.errors import ConfigurationError
from app.intelligence.messages import Chunk, ModelReply, ToolCallDelta, Usage

TEXT = "The scripted provider answers with these nine words."
SLOW_GAP_S = 0.05
_STATUS = re.compile(r"(?P<status>[45]\d\d)(?:-retry-after-(?P<delay>\d+(?:\.\d+)?))?")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happens to one request.

    `reply` is what is said when it is said at all. `gap_s` is the pause before a whole reply and before each word of a
    stream. A `cut` reply ends in its middle, a `badjson` one is no JSON, a `status` is an HTTP error.
    """

    kind: Literal["reply", "status", "hang", "cut", "badjson"] = "reply"
    reply: ModelReply = field(default_factory=lambda: ModelReply(TEXT, "scripted", Usage(12, 9)))
    status: int = 200
    retry_after_s: float | None = None
    gap_s: float = 0.0


_NAMED = {
    "ok": Outcome(),
    "slow": Outcome(gap_s=SLOW_GAP_S),
    "nousage": Outcome(reply=ModelReply(TEXT, "scripted", Usage(estimated=True))),
    "hang": Outcome("hang"),
    "cut": Outcome("cut"),
    "badjson": Outcome("badjson"),
}


def named(name: str) -> Outcome | None:
    """The outcome a name stands for, None when it stands for none."""
    match = _STATUS.fullmatch(name)
    if match is None:
        return _NAMED.get(name)
    delay = match["delay"]
    return Outcome("status", status=int(match["status"]), retry_after_s=None if delay is None else float(delay))


def outcome_named(name: str) -> Outcome:
    """As `named`; raises ConfigurationError for a name that stands for nothing."""
    outcome = named(name)
    if outcome is None:
        raise ConfigurationError(f"no outcome is called {name!r}: use {', '.join(_NAMED)} or an HTTP status")
    return outcome


def words(reply: ModelReply) -> list[Chunk]:
    """The reply as a provider streams it: a chunk a word, or a token where it has these, tool calls whole, finish
    reason and usage last."""
    pieces = re.findall(r"\s*\S+\s*$|\s*\S+", reply.text) or ([reply.text] if reply.text else [])
    chunks = [Chunk(text=piece, model=reply.model) for piece in pieces]
    if reply.tokens:
        chunks = [Chunk(one.token, model=reply.model, logprobs=(one.logprob,), tokens=(one,)) for one in reply.tokens]
    for index, call in enumerate(reply.tool_calls):
        delta = ToolCallDelta(index, call.id, call.name, call.arguments)
        chunks.append(Chunk(tool_calls=(delta,), model=reply.model))
    usage = None if reply.usage.estimated else reply.usage
    return [*chunks, Chunk(finish_reason=reply.finish_reason, usage=usage, model=reply.model)]
