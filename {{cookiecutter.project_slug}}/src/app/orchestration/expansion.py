"""A question said in further words before it is searched: what the documents may call the same thing.

An option, off by default (`retrieval.expand`): it costs a model call for each new question, and where documents speak
as people ask it brings nothing. The vector stays that of the question alone. A search never fails by it.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping
from typing import Protocol

from app.caller import Caller
from app.errors import AppError
from app.intelligence.reply import Reply

LOG = logging.getLogger(__name__)
TASK = "expand"
MOST_WORDS = 8
# A longer question names what it is about, and would cost more to read than it gains.
MOST_CHARACTERS = 400
WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")


class Completes(Protocol):
    """As the gateway does."""

    async def complete(self, task: str, inputs: Mapping[str, str], caller: Caller) -> Reply: ...


async def expanded(question: str, caller: Caller, gateway: Completes, *, timeout_s: float) -> str:
    """The question with at most MOST_WORDS further words behind it; as it was when no model names any in time."""
    if not question.strip() or len(question) > MOST_CHARACTERS:
        return question
    try:
        async with asyncio.timeout(timeout_s):
            reply = await gateway.complete(TASK, {"question": question}, caller)
    except (AppError, TimeoutError) as error:
        LOG.warning("searching without further words: %s", str(error) or f"none came within {timeout_s:g} s")
        return question
    return " ".join([question, *further_words(question, reply.text)])


def further_words(question: str, said: str) -> list[str]:
    """The first words of a reply that the question does not hold, each once."""
    known = {word.lower() for word in WORD.findall(question)}
    found: list[str] = []
    for word in WORD.findall(said):
        if word.lower() not in known and len(found) < MOST_WORDS:
            known.add(word.lower())
            found.append(word)
    return found
