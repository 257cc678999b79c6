"""Guarding and restoring the chunks of a streamed reply: its text, and the arguments of its tool calls.

JSON is judged whole, for an escape or a field's name decides what a value is: under a guard tool arguments, and texts
that are JSON, come in one chunk at the end.
"""

from __future__ import annotations

from dataclasses import replace

from app.intelligence.messages import Chunk, ToolCall, ToolCallDelta
from app.intelligence.personal_data.output_guard import OutputGuard
from app.intelligence.personal_data.vault import Restorer, Vault


class GuardedChunks:
    """Chunks as a guard lets them pass, without their tokens. `None` from `feed` means that this chunk is held back.

    `json_text`: the reply's text is JSON.
    """

    def __init__(self, guard: OutputGuard, *, json_text: bool = False) -> None:
        self._guard = guard
        self._json: list[str] | None = [] if json_text else None
        self._arguments: dict[int, str] = {}

    def feed(self, chunk: Chunk) -> Chunk | None:
        """Take one chunk; the one that carries the finish reason also carries everything held."""
        text = self._passed(chunk.text) if chunk.text else ""
        if chunk.finish_reason is None and not chunk.tool_calls:
            said = text or chunk.usage is not None
            return Chunk(text, usage=chunk.usage, model=chunk.model, logprobs=chunk.logprobs) if said else None
        for delta in chunk.tool_calls:
            self._arguments[delta.index] = self._arguments.get(delta.index, "") + delta.arguments
        heads = tuple(replace(delta, arguments="") for delta in chunk.tool_calls if delta.id or delta.name)
        passed = replace(chunk, text=text, tool_calls=heads, tokens=())
        if chunk.finish_reason is not None:
            rest = self.flush() or Chunk()
            passed = replace(passed, text=text + rest.text, tool_calls=heads + rest.tool_calls)
        return passed if _says(passed) else None

    def flush(self) -> Chunk | None:
        """What is held, at the end of the stream; None when nothing is."""
        text = self._guard.flush()
        if self._json:
            text = self._guard.check_json("".join(self._json))
            self._json = []
        held, self._arguments = self._arguments, {}
        deltas = (ToolCallDelta(i, arguments=self._guard.check_json(a)) for i, a in sorted(held.items()) if a)
        rest = Chunk(text, tuple(deltas))
        return rest if _says(rest) else None

    def _passed(self, text: str) -> str:
        if self._json is None:
            return self._guard.feed(text)
        self._json.append(text)
        return ""


class RestoredChunks:
    """Chunks with a vault's values put back. `json_text`: the reply's text is JSON, so values are escaped for it."""

    def __init__(self, vault: Vault, *, json_text: bool = False) -> None:
        self._vault = vault
        self._text = vault.restorer(json_text=json_text)
        self._arguments: dict[int, Restorer] = {}

    def feed(self, chunk: Chunk) -> Chunk | None:
        """Take one chunk; the one that carries the finish reason also carries everything held."""
        if not len(self._vault):
            return chunk
        deltas = tuple(self._delta(delta) for delta in chunk.tool_calls)
        passed = replace(chunk, text=self._text.feed(chunk.text), tool_calls=deltas)
        if chunk.finish_reason is not None:
            rest = self.flush() or Chunk()
            passed = replace(passed, text=passed.text + rest.text, tool_calls=deltas + rest.tool_calls)
        return passed if _says(passed) else None

    def flush(self) -> Chunk | None:
        """What is held, at the end of the stream; None when nothing is."""
        deltas = (ToolCallDelta(i, arguments=restorer.flush()) for i, restorer in sorted(self._arguments.items()))
        rest = Chunk(self._text.flush(), tuple(delta for delta in deltas if delta.arguments))
        return rest if _says(rest) else None

    def _delta(self, delta: ToolCallDelta) -> ToolCallDelta:
        if delta.index not in self._arguments:
            self._arguments[delta.index] = self._vault.restorer(json_text=True)
        return replace(delta, arguments=self._arguments[delta.index].feed(delta.arguments))


def guarded_calls(guard: OutputGuard, calls: tuple[ToolCall, ...]) -> tuple[ToolCall, ...]:
    """The tool calls of a whole reply as the guard lets them pass."""
    return tuple(replace(call, arguments=guard.check_json(call.arguments)) for call in calls)


def restored_calls(vault: Vault, calls: tuple[ToolCall, ...]) -> tuple[ToolCall, ...]:
    """The tool calls of a whole reply with the vault's values put back."""
    return tuple(replace(call, arguments=vault.restore_json(call.arguments)) for call in calls)


def _says(chunk: Chunk) -> bool:
    return bool(chunk.text or chunk.tool_calls or chunk.finish_reason or chunk.usage)
