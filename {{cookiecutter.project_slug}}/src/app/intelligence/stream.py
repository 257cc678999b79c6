"""The chunks of a stream put together again, so that a streamed reply is recorded like a whole one."""

from __future__ import annotations

from app.intelligence.messages import Chunk, FinishReason, ModelReply, ModelRequest, TokenLogprob, ToolCall, Usage

# What a picture of the largest size costs at the providers that say so; smaller ones cost less.
PICTURE_TOKENS = 1_600


class StreamedReply:
    """Gathers a stream from both ends: what the provider sent is metered, what was let through is the reply's text.

    `begun` says whether anything came; `reply` may be asked for at any time. `tokens` are those the provider told.
    """

    def __init__(self) -> None:
        self.begun = False
        self.tokens: list[TokenLogprob] = []
        self._received = 0
        self._text: list[str] = []
        self._calls: dict[int, list[str]] = {}
        self._finish: FinishReason = "stop"
        self._usage: Usage | None = None
        self._model = ""
        self._logprobs: list[float] = []

    def meter(self, chunk: Chunk) -> None:
        """Take one chunk as the provider sent it."""
        self.begun = True
        self._received += len(chunk.text) + sum(len(delta.arguments) for delta in chunk.tool_calls)
        self._finish = chunk.finish_reason or self._finish
        self._usage = chunk.usage or self._usage
        self._model = chunk.model or self._model
        self._logprobs += chunk.logprobs
        self.tokens += chunk.tokens

    def add(self, chunk: Chunk) -> None:
        """Take one chunk as it goes on."""
        if chunk.text:
            self._text.append(chunk.text)
        for delta in chunk.tool_calls:
            call = self._calls.setdefault(delta.index, ["", "", ""])
            call[0] = call[0] or delta.id
            call[1] = call[1] or delta.name
            call[2] += delta.arguments

    def reply(self, request: ModelRequest) -> ModelReply:
        """What has come so far as one reply; usage is estimated from what was received when the provider sent none."""
        usage = self._usage or Usage(
            input_tokens=estimate_input(request),
            output_tokens=-(-self._received // 4),
            estimated=True,
        )
        said = (self._calls[index] for index in sorted(self._calls))
        calls = tuple(ToolCall(id, name, arguments) for id, name, arguments in said)
        logprob = sum(self._logprobs) / len(self._logprobs) if self._logprobs else None
        told = tuple(self.tokens)
        return ModelReply("".join(self._text), self._model, usage, self._finish, calls, logprob=logprob, tokens=told)


def estimate_tokens(text: str) -> int:
    """About four characters a token, the rule of thumb of OpenAI's tokenizer page; at least one for any text."""
    return -(-len(text) // 4)


def estimate_input(request: ModelRequest) -> int:
    """Tokens of a request: its texts, calls, tools and schema by their characters, a picture as a large one."""
    tokens = 0
    for message in request.messages:
        tokens += estimate_tokens(message.text)
        if not isinstance(message.content, str):
            tokens += PICTURE_TOKENS * sum(part.kind == "image" for part in message.content)
        tokens += sum(estimate_tokens(call.arguments) for call in message.tool_calls)
    if request.tools:
        tokens += sum(estimate_tokens(f"{tool.name}{tool.description}{tool.parameters}") for tool in request.tools)
    return tokens if request.output_schema is None else tokens + estimate_tokens(str(request.output_schema))
