"""What streams share whose content comes in blocks, one after the other: which one is open, and when the next begins.

Anthropic's Messages, Amazon's Converse and Google's Interactions differ in the frames alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

from app.intelligence.messages import Chunk, ToolCallDelta


class BlockEncoder(ABC):
    """The state of one stream. A tool call that has been left cannot be taken up again."""

    __slots__ = ("_block", "_call", "_open")

    def __init__(self) -> None:
        self._block = -1  # index of the newest block
        self._open = ""  # its kind while it is open
        self._call = -1  # index of the tool call it holds

    def chunk(self, chunk: Chunk) -> bytes:
        """Text and tool calls of a chunk; its finish reason and usage wait for `end`."""
        frames = self._text(chunk.text) if chunk.text else b""
        for delta in chunk.tool_calls:
            frames += self._tool(delta)
        return frames

    @abstractmethod
    def _text(self, text: str) -> bytes:
        """A piece of text, behind what begins its block."""

    @abstractmethod
    def _tool(self, delta: ToolCallDelta) -> bytes:
        """A piece of a tool call, behind what begins its block."""

    @abstractmethod
    def _ended(self) -> bytes:
        """The frame that ends the newest block."""

    def _holds(self, kind: str, delta: ToolCallDelta) -> bool:
        """Whether the open block is of this kind and the call this is a piece of."""
        return self._open == kind and delta.index == self._call

    def _begin(self, kind: str, call: int = -1) -> bytes:
        """Make the next block the open one, `call` the tool call it holds; what ends the one before."""
        ended = self._close()
        self._block += 1
        self._open = kind
        self._call = call
        return ended

    def _close(self) -> bytes:
        if not self._open:
            return b""
        self._open = ""
        return self._ended()
