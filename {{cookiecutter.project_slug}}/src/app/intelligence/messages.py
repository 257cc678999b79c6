"""The values that travel between the gateway, the wire codecs and the providers.

They are the common ground of all protocols: whatever a provider cannot say, it leaves at its default; whatever a
request carries that has no field here travels in `extra` and reaches the provider of the same protocol untouched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a message's content: text, or an image as a URL (`https:` or `data:`).

    `mark` is what a client said of keeping everything up to here in the provider's cache, for the provider alone.
    """

    kind: Literal["text", "image"]
    text: str = ""
    image_url: str = ""
    mark: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call the model wants made. `arguments` is the JSON text exactly as the model wrote it.

    `custom`: an earlier call of a tool that takes a text, in a conversation being sent; see `Tool`.
    """

    id: str
    name: str
    arguments: str
    custom: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `content` is text, or parts when it is more than text.

    `tool_calls` belong to an assistant message; `tool_call_id` to a tool message that answers one.
    """

    role: Role
    content: str | tuple[Part, ...] = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    name: str | None = None

    @property
    def text(self) -> str:
        """The text of the content, parts joined by newlines, images left out."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content if part.kind == "text")


@dataclass(frozen=True, slots=True)
class Tool:
    """A function the model may call; `parameters` is a JSON Schema object, held to the letter when `strict`.

    `mark` as of a `Part`. `custom` is the format of the text that OpenAI's custom tools take; such a tool is a function
    of the one argument `input` to all others.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    strict: bool = False
    mark: Mapping[str, Any] | None = None
    custom: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """What is asked of one model. `model` is the provider's own id once a deployment has been chosen.

    `output_schema` is the JSON Schema the reply must fit, None for free text; `json_object` asks for any JSON object.
    `logprobs` asks how probable each token of the reply was, where the protocol can say it, `top_logprobs` for so many
    of the likeliest tokens beside each.
    `stable_messages` are the first messages that every call of the task begins with, long enough to be kept in the
    provider's own cache; 0 leaves that to the provider.
    """

    model: str
    messages: tuple[Message, ...]
    max_output_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    tools: tuple[Tool, ...] = ()
    tool_choice: str | None = None  # "auto", "none", "required" or a tool's name
    output_schema: Mapping[str, Any] | None = None
    json_object: bool = False
    stream: bool = False
    stable_messages: int = 0
    logprobs: bool = False
    top_logprobs: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one reply. `estimated`: we counted, not the provider.

    `input_tokens` includes those the provider read from its cache and those it wrote there.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    estimated: bool = False
    cache_write_tokens: int = 0

    @classmethod
    def total(cls, usages: Sequence[Usage]) -> Usage:
        """The tokens of several replies together; estimated when any of them are."""
        return cls(
            input_tokens=sum(usage.input_tokens for usage in usages),
            output_tokens=sum(usage.output_tokens for usage in usages),
            cached_input_tokens=sum(usage.cached_input_tokens for usage in usages),
            estimated=any(usage.estimated for usage in usages),
            cache_write_tokens=sum(usage.cache_write_tokens for usage in usages),
        )


FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """A token of a reply and its log probability; `top` holds the likeliest tokens at its place, with theirs.

    `part` are the bytes of a token that is only a part of a character, which `token` cannot say; else empty.
    """

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()
    part: bytes = b""

    @property
    def said(self) -> bytes:
        """What the token adds to the text, in UTF-8."""
        return self.part or self.token.encode("utf-8", "surrogatepass")


@dataclass(frozen=True, slots=True)
class ModelReply:
    """What one model answered. `logprob` is the mean log probability of its tokens, None when it was not told, `tokens`
    are these one by one, where the protocol tells them; `thoughts` what it says it thought, empty when it does not."""

    text: str
    model: str
    usage: Usage
    finish_reason: FinishReason = "stop"
    tool_calls: tuple[ToolCall, ...] = ()
    id: str = ""
    logprob: float | None = None
    thoughts: str = ""
    tokens: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A fragment of a streamed tool call; `index` says which call it continues."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One event of a streamed reply. `usage` and `finish_reason` come with the last events.

    `logprobs` are those of its tokens, where the protocol tells them; `tokens` the tokens themselves, where it tells
    these too. What leaves the gateway has tokens only as far as they make up `text`.
    """

    text: str = ""
    tool_calls: tuple[ToolCallDelta, ...] = ()
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    model: str = ""
    logprobs: tuple[float, ...] = ()
    tokens: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Embeddings:
    """One vector (floats) for each text, in order."""

    vectors: Sequence[Sequence[float]]
    model: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Relevance:
    """How well each text answers a question, in order; higher is better, and only scores of one call compare."""

    scores: Sequence[float]
    model: str
    usage: Usage
