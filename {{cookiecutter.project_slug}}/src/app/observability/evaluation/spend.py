"""A cap on what an evaluation may cost: it stops cleanly before the case that might go beyond it.

What a case costs is not known before it ran, so the dearest case so far is set aside for each that is under way; until
one has been paid, cases go one at a time. Reused answers cost nothing and pass freely.
"""

from __future__ import annotations

import asyncio


class Spend:
    """The money of one run, shared by its suites. `cap_usd` None: everything is admitted, and counted."""

    def __init__(self, cap_usd: float | None = None) -> None:
        self._cap_usd = cap_usd
        self._under_way = 0
        self._dearest: float | None = None
        # One for each that waits, because an event belongs to one loop and a cap may outlive several.
        self._waiting: list[asyncio.Event] = []
        self.spent_usd = 0.0
        self.stopped = ""

    async def admit(self) -> bool:
        """Whether one more case may run, waiting for those under way where that decides it. True asks for `settle`."""
        while not self.stopped and self._cap_usd is not None:
            each = self._dearest
            if (self._under_way == 0) if each is None else self._fits(each):
                break
            if self._under_way == 0:
                self.stopped = (
                    f"the next case may cost {each:.6f} USD, {self.spent_usd:.6f} of {self._cap_usd:g} USD are spent"
                )
                break
            changed = asyncio.Event()
            self._waiting.append(changed)
            await changed.wait()
        if self.stopped:
            return False
        self._under_way += 1
        return True

    def settle(self, cost_usd: float | None, *, reused: bool = False) -> None:
        """A case is over. None: something was paid, and nobody knows what. What is `reused` tells no price."""
        self._under_way -= 1
        if cost_usd is None:
            if self._cap_usd is not None:
                self.stopped = "the price of a reply is not known, so no cap can hold: set its price under `models`"
        elif cost_usd > 0 or not reused:
            self.spent_usd += cost_usd
            self._dearest = max(self._dearest or 0.0, cost_usd)
        for changed in self._waiting:
            changed.set()
        self._waiting.clear()

    def _fits(self, each: float) -> bool:
        assert self._cap_usd is not None
        return self.spent_usd + (self._under_way + 1) * each <= self._cap_usd + 1e-12
