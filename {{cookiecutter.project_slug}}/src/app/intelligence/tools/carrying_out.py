"""One call of a tool, checked, carried out within its time, and written down whatever came of it."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Literal, Protocol
from uuid import UUID

from pydantic import BaseModel

from app.caller import Caller
from app.errors import AppError, ForbiddenError, InputError
from app.intelligence.messages import ToolCall
from app.intelligence.tools.toolbox import Toolbox
from app.observability import semconv
from app.observability.semconv import Operation
from app.observability.tracing import operation_span

Outcome = Literal["ok", "failed", "timeout", "refused", "invalid", "denied"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Carried:
    """A call and what came of it. `text` is for the model."""

    call: ToolCall
    outcome: Outcome
    text: str
    took_ms: float = 0.0


class Ledger(Protocol):
    """Where every call of a tool is written down."""

    async def note(self, run: UUID, task: str, caller: Caller, carried: Carried) -> None:
        """Keep what was called, by whom, and what came of it."""
        ...


class Carrier:
    """Carries calls out. One a process."""

    def __init__(self, toolbox: Toolbox, ledger: Ledger) -> None:
        self._toolbox = toolbox
        self._ledger = ledger

    def check(self, call: ToolCall, caller: Caller) -> BaseModel | Carried:
        """The arguments of a call that may be made, else the refusal."""
        try:
            return self._toolbox.checked(call, caller)
        except ForbiddenError as error:
            log.warning("a model asked for what its caller may not have: %s", error)
            return Carried(call, "refused", f"refused: {error}")
        except InputError as error:
            return Carried(call, "invalid", str(error))

    async def refuse(self, run: UUID, task: str, caller: Caller, refused: Carried) -> Carried:
        """Write a refusal down."""
        await self._ledger.note(run, task, caller, refused)
        return refused

    async def carry(self, run: UUID, task: str, caller: Caller, call: ToolCall, arguments: BaseModel) -> Carried:
        """Make the call. What it raises, and its time-out, become words for the model."""
        began = time.perf_counter()
        seconds = self._toolbox.rule(call.name).timeout_s
        outcome: Outcome = "ok"
        with operation_span(
            Operation.TOOL, call.name, caller=caller, attributes={semconv.TOOL_NAME: call.name}
        ) as span:
            try:
                async with asyncio.timeout(seconds):
                    text = await self._toolbox.spec(call.name).run(arguments, caller)
            except TimeoutError:
                outcome, text = "timeout", f"{call.name} did not answer within {seconds:g} s"
            except AppError as error:
                outcome, text = "failed", f"{call.name} failed: {error}"
            except Exception as error:
                log.exception("tool %s raised", call.name)
                outcome, text = "failed", f"{call.name} failed: {type(error).__name__}"
            span.set({"app.tool.outcome": outcome})
        carried = Carried(call, outcome, text, (time.perf_counter() - began) * 1000)
        await self._ledger.note(run, task, caller, carried)
        return carried
