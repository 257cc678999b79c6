"""Retrieved passages made shorter before a model reads them; what it cites is checked against the whole passages.

`sentences` leaves out what shares no content word with the question, at no cost. `summaries` asks the task `summarise`
for each passage, one call each; a passage whose summary failed is given whole, and the log says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from app.data.retrieval import Hit
from app.errors import CallFailedError, InvalidReplyError
from app.intelligence.reply import Reply
from app.orchestration.citations import content_words, split_sentences

TASK = "summarise"
TABLE = "|"

Ask = Callable[[str, dict[str, str]], Awaitable[Reply]]

log = logging.getLogger(__name__)


def relevant_sentences(question: str, text: str) -> str:
    """The sentences that share a content word with the question, each with the one behind it; all when none does.

    A table is one piece: a row says little without its head.
    """
    wanted, pieces = content_words(question), _pieces(text)
    hits = [bool(wanted & content_words(piece)) for piece in pieces]
    if not any(hits):
        return text
    kept = [piece for at, piece in enumerate(pieces) if hits[at] or (at > 0 and hits[at - 1])]
    return "".join(kept).strip()


async def summaries(question: str, hits: Sequence[Hit], ask: Ask) -> tuple[list[str], list[Reply]]:
    """A summary of each passage with the question in mind, and the calls it took."""

    async def one(hit: Hit) -> tuple[str, Reply | None]:
        try:
            reply = await ask(TASK, {"question": question, "passage": f"{hit.label}\n{hit.text}"})
        except (CallFailedError, InvalidReplyError) as error:
            log.warning("passage %s is given whole, its summary failed: %s", hit.chunk_id, error)
            return hit.text, None
        return reply.text.strip() or hit.text, reply

    found = await asyncio.gather(*(one(hit) for hit in hits))
    return [text for text, _ in found], [reply for _, reply in found if reply is not None]


def _pieces(text: str) -> list[str]:
    """Sentences, and tables whole; joined they are the text."""
    pieces: list[str] = []
    for sentence in split_sentences(text):
        inside = bool(pieces) and pieces[-1].lstrip().startswith(TABLE)
        if inside and (sentence.lstrip().startswith(TABLE) or sentence == "\n"):
            pieces[-1] += sentence
        else:
            pieces.append(sentence)
    return pieces
