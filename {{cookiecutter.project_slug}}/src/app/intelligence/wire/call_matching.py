"""Which call a tool's result answers, where a protocol names the function instead of the call.

Calls without an id get one that is the same each time the conversation is sent. Results answer in order: the oldest
open call of their name, or the oldest of all when they give no name.
"""

from __future__ import annotations

from collections.abc import Sequence
from secrets import token_hex

from app.errors import InputError
from app.intelligence.messages import Message


class OpenCalls:
    """The calls of a conversation being read that have no result yet."""

    def __init__(self) -> None:
        self._count = 0
        self._open: list[tuple[str, str]] = []  # id and name

    def called(self, id: str | None, name: str) -> str:
        """Note a call and give its id."""
        self._count += 1
        id = id or f"call_{self._count}"
        self._open.append((id, name))
        return id

    def answered(self, id: str | None, name: str | None, where: str) -> str:
        """The id of the call a result belongs to. Raises InputError for a result that answers none."""
        for call in self._open:
            if call[0] == id or (id is None and name in (None, call[1])):
                self._open.remove(call)
                return call[0]
        if id is not None:
            return id
        raise InputError(f"{where} answers no call of {name or 'any tool'}: send the message that made the call first")


def id_or_new(id: str | None, name: str) -> str:
    """The id of a call a model made just now: its own, or one that no other call has."""
    return id or f"call_{token_hex(8)}"


def names_of_calls(messages: Sequence[Message]) -> dict[str, str]:
    """The tool's name by the id of its call."""
    return {call.id: call.name for message in messages for call in message.tool_calls}
