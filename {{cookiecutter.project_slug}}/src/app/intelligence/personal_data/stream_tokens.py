"""The tokens of a streamed reply, told only while they make up the text that is shown.

What a guard takes out must not leave by the tokens of the same place, and a text that had something put in has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from app.errors import InputError
from app.intelligence.messages import Chunk, TokenLogprob
from app.intelligence.personal_data.streams import RestoredChunks
from app.intelligence.reply import NOT_TOLD


class ChunksWithTokens:
    """Restored chunks, each with its tokens. `received` are all tokens the provider has told so far, in order; the list
    grows before the text of its last token is fed.

    A guard lets text pass in pieces of its own, so the rest of a piece waits for the end of its token, and a token that
    is a part of a character for the others. `feed` and `flush` raise InputError for text that the tokens do not say.
    """

    def __init__(self, restored: RestoredChunks, received: Sequence[TokenLogprob]) -> None:
        self._restored = restored
        self._received = received
        self._told = 0  # tokens that have left
        self._held = b""  # shown text whose token is not whole

    def feed(self, chunk: Chunk) -> Chunk | None:
        """Take one chunk; the one that carries the finish reason also carries everything held."""
        shown = self._restored.feed(chunk)
        return None if shown is None else self._with_tokens(shown, final=shown.finish_reason is not None)

    def flush(self) -> Chunk | None:
        """What is held, at the end of the stream; None when nothing is."""
        return self._with_tokens(self._restored.flush() or Chunk(), final=True)

    def _with_tokens(self, chunk: Chunk, *, final: bool) -> Chunk | None:
        text = self._held + chunk.text.encode("utf-8", "surrogatepass")
        count = end = told = cut = 0
        while end < len(text):
            if self._told + count == len(self._received):
                raise InputError(NOT_TOLD.format(what="stream"))
            said = self._received[self._told + count].said
            if not said.startswith(text[end : end + len(said)]):
                raise InputError(NOT_TOLD.format(what="stream"))
            count, end = count + 1, end + len(said)
            if end <= len(text) and _ends_character(text, end):
                told, cut = count, end
        if final and cut < len(text):
            raise InputError(NOT_TOLD.format(what="stream"))
        tokens = tuple(self._received[self._told : self._told + told])
        self._told, self._held = self._told + told, text[cut:]
        passed = replace(chunk, text=text[:cut].decode("utf-8", "surrogatepass"), tokens=tokens)
        says = passed.text or passed.tool_calls or passed.finish_reason or passed.usage
        return passed if says else None


def _ends_character(text: bytes, end: int) -> bool:
    """Whether a character of UTF-8 ends there: the next byte, if any, does not go on with it."""
    return end == len(text) or text[end] & 0xC0 != 0x80
