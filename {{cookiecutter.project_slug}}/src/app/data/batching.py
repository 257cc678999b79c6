"""Statements shared by those who ask at the same time: what comes while one is under way travels in the next.

So a burst costs a process a few round trips and not one a call; a single caller waits for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")

MOST_AT_ONCE = 64


class Batches(Generic[Asked, Answer]):
    """`ask` answers a list in its order. An exception it raises goes to everybody whose question was in the list."""

    def __init__(self, ask: Callable[[Sequence[Asked]], Awaitable[Sequence[Answer]]]) -> None:
        self._ask = ask
        self._waiting: list[tuple[Asked, asyncio.Future[Answer]]] = []
        self._sender: asyncio.Task[None] | None = None
        self._alone = False

    async def answer(self, asked: Asked) -> Answer:
        """The answer. Who leaves while it is asked for may or may not have had it."""
        if self._alone or (self._sender is not None and not self._sender.done()):
            return await self.put(asked)
        self._alone = True
        try:
            [found] = await self._ask([asked])
            return found
        finally:
            self._alone = False
            if self._waiting:
                self._sender = asyncio.create_task(self._send())

    def put(self, asked: Asked) -> asyncio.Future[Answer]:
        """The answer to come; it is asked for even when whoever asks leaves."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((asked, answer))
        if not self._alone and (self._sender is None or self._sender.done()):
            self._sender = asyncio.create_task(self._send())
        return answer

    async def _send(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting[:MOST_AT_ONCE], self._waiting[MOST_AT_ONCE:]
            try:
                answers = await self._ask([asked for asked, _ in batch])
            except Exception as error:  # noqa: BLE001  it is raised where it was asked for
                for _, waiting in batch:
                    if not waiting.done():
                        waiting.set_exception(error)
            except BaseException:
                for _, waiting in batch + self._waiting:
                    waiting.cancel()
                raise
            else:
                for (_, waiting), answer in zip(batch, answers, strict=True):
                    if not waiting.done():  # whoever asked may have left
                        waiting.set_result(answer)
