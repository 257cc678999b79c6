"""A task with tools: the model asks, its calls are checked and carried out, it reads the results, until it answers.

Calls of one step run side by side. Results go back as data from outside. A call that a person must approve stops the
run: it is kept, and goes on where it stopped, in any process, once each of its waiting calls is decided. An approved
call is made at most once: a process that dies over it leaves it unmade or made, never to be made again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Protocol
from uuid import UUID, uuid4

from app.caller import Caller
from app.errors import DeadlineExceededError, ForbiddenError, InputError, NotFoundError
from app.intelligence.messages import Message, Tool, ToolCall
from app.intelligence.reply import Reply
from app.intelligence.tools.carrying_out import Carried, Carrier, Ledger
from app.intelligence.tools.toolbox import Toolbox
from app.intelligence.tools.untrusted import cleared, marked
from app.settings import ToolLoopSettings


@dataclass(frozen=True, slots=True)
class Step:
    """One model call of a run, and what came of the tools it called."""

    reply: Reply
    carried: tuple[Carried, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A call that a person must decide."""

    call: ToolCall
    approvers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToolRun:
    """Where a run stands: answered with `text`, or stopped with calls `waiting`. `capped`: it was made to answer."""

    id: UUID
    text: str | None
    waiting: tuple[Waiting, ...]
    steps: tuple[Step, ...]
    capped: bool = False


@dataclass(frozen=True, slots=True)
class Stopped:
    """A run that waits, as it is kept. `then` are the messages after the prompt's; `steps_used` counts over all."""

    id: UUID
    task: str
    inputs: Mapping[str, str]
    version: int
    caller: Caller
    then: tuple[Message, ...]
    waiting: tuple[Waiting, ...]
    steps_used: int


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person said about one call."""

    approved: bool
    by: str
    reason: str


class Conversing(Protocol):
    """The part of the gateway a run needs."""

    async def converse(
        self,
        task: str,
        inputs: Mapping[str, str],
        caller: Caller,
        *,
        then: Sequence[Message],
        tools: Sequence[Tool],
        tool_choice: str | None = None,
        version: int | None = None,
    ) -> Reply:
        """One reply to the task's prompt and the messages that follow it."""
        ...


class Runs(Ledger, Protocol):
    """Where stopped runs and decisions are kept."""

    async def keep(self, stopped: Stopped) -> None:
        """Keep a run whose calls wait for decisions."""
        ...

    async def get(self, run: UUID) -> tuple[Stopped, Mapping[str, Decision]] | None:
        """A kept run with the decisions so far, by call id."""
        ...

    async def decide(self, run: UUID, call_id: str, decision: Decision) -> bool:
        """Write a decision down; False when there is one already."""
        ...

    async def take(self, run: UUID) -> bool:
        """Claim a decided run for going on; False when somebody has."""
        ...


class ToolLoop:
    """Runs tasks with tools. Built by `bootstrap`; safe to use concurrently in one event loop."""

    def __init__(self, gateway: Conversing, toolbox: Toolbox, runs: Runs, limits: ToolLoopSettings) -> None:
        self._gateway = gateway
        self._toolbox = toolbox
        self._runs = runs
        self._carrier = Carrier(toolbox, runs)
        self._limits = limits

    async def run(self, task: str, inputs: Mapping[str, str], caller: Caller, *, version: int | None = None) -> ToolRun:
        """From the task's prompt to an answer, or to calls that wait. Raises what the gateway raises, and
        DeadlineExceededError when the run takes too long."""
        return await self._timed(Stopped(uuid4(), task, inputs, version or 0, caller, (), (), 0), [])

    async def decide(self, run: UUID, call_id: str, decision: Decision, decider: Caller) -> None:
        """Approve or deny one waiting call. Raises NotFoundError for one that does not wait in the decider's tenant,
        ForbiddenError for a role that may not decide or one's own call, InputError for one that is decided."""
        stopped, _ = await self._found(run, decider)
        waiting = next((one for one in stopped.waiting if one.call.id == call_id), None)
        if waiting is None:
            raise NotFoundError(f"call {call_id!r} does not wait in run {run}: see `app tools waiting`")
        if decider.role not in waiting.approvers:
            raise ForbiddenError(
                f"role {decider.role!r} may not decide on {waiting.call.name}: ask {waiting.approvers}"
            )
        if decider.user == stopped.caller.user:
            raise ForbiddenError(f"{decider.user!r} asked for this call: somebody else must decide")
        if not await self._runs.decide(run, call_id, decision):
            raise InputError(f"call {call_id!r} is decided already: see `app tools waiting`")

    async def go_on(self, run: UUID, caller: Caller) -> ToolRun:
        """Go on with a run whose calls are all decided. Raises NotFoundError for a run that is not the tenant's or has
        gone on already, InputError while a call waits."""
        stopped, decisions = await self._found(run, caller)
        undecided = [one.call.name for one in stopped.waiting if one.call.id not in decisions]
        if undecided:
            raise InputError(f"run {run} waits for a decision on {', '.join(undecided)}")
        if not await self._runs.take(run):
            raise NotFoundError(f"run {run} has gone on already")
        carried = await asyncio.gather(
            *(self._decided(stopped, one, decisions[one.call.id]) for one in stopped.waiting)
        )
        return await self._timed(replace(stopped, then=(*stopped.then, *map(self._told, carried)), waiting=()), [])

    async def _timed(self, state: Stopped, steps: list[Step]) -> ToolRun:
        try:
            async with asyncio.timeout(self._limits.deadline_s):
                return await self._steps(state, steps)
        except TimeoutError:
            raise DeadlineExceededError(
                f"task {state.task!r} took more than {self._limits.deadline_s:g} s with its tools", len(steps)
            ) from None

    async def _steps(self, state: Stopped, steps: list[Step]) -> ToolRun:
        tools = self._toolbox.offered(state.caller)
        while True:
            last = state.steps_used + 1 >= self._limits.steps
            reply = await self._gateway.converse(
                state.task,
                state.inputs,
                state.caller,
                then=state.then,
                tools=tools,
                tool_choice="none" if last and tools else None,
                version=state.version or None,
            )
            state = replace(state, steps_used=state.steps_used + 1, version=reply.prompt_version or 0)
            if last or not reply.tool_calls:
                steps.append(Step(reply))
                text = cleared(reply.text, self._limits.urls, [*state.inputs.values()])
                return ToolRun(state.id, text, (), tuple(steps), capped=last and bool(tools and state.then))
            calls = _told_apart(reply.tool_calls, state)
            carried, waiting = await self._carried(state, calls)
            steps.append(Step(reply, tuple(carried)))
            said = Message("assistant", reply.text, calls)
            state = replace(state, then=(*state.then, said, *map(self._told, carried)), waiting=tuple(waiting))
            if waiting:
                await self._runs.keep(state)
                return ToolRun(state.id, None, tuple(waiting), tuple(steps))

    async def _carried(self, state: Stopped, calls: Sequence[ToolCall]) -> tuple[list[Carried], list[Waiting]]:
        """What came of the calls that may be made at once, in their order; and those that wait."""
        tainted = any(message.role == "tool" for message in state.then)
        work, waiting = [], []
        for place, call in enumerate(calls):
            if place >= self._limits.calls:
                over = Carried(call, "refused", f"refused: more than {self._limits.calls} calls in one step")
                work.append(self._carrier.refuse(state.id, state.task, state.caller, over))
                continue
            checked = self._carrier.check(call, state.caller)
            if isinstance(checked, Carried):
                work.append(self._carrier.refuse(state.id, state.task, state.caller, checked))
            elif self._toolbox.needs_approval(call.name, tainted=tainted):
                waiting.append(Waiting(call, self._toolbox.rule(call.name).approvers))
            else:
                work.append(self._carrier.carry(state.id, state.task, state.caller, call, checked))
        return list(await asyncio.gather(*work)), waiting

    async def _decided(self, stopped: Stopped, one: Waiting, decision: Decision) -> Carried:
        caller = stopped.caller
        if not decision.approved:
            denied = Carried(one.call, "denied", f"denied by a person: {decision.reason}")
            return await self._carrier.refuse(stopped.id, stopped.task, caller, denied)
        checked = self._carrier.check(one.call, caller)  # rights may have changed since
        if isinstance(checked, Carried):
            return await self._carrier.refuse(stopped.id, stopped.task, caller, checked)
        return await self._carrier.carry(stopped.id, stopped.task, caller, one.call, checked)

    def _told(self, carried: Carried) -> Message:
        """What the model reads of a call."""
        call = carried.call
        limit = self._toolbox.rule(call.name).max_result_chars if carried.outcome == "ok" else 1_000
        text = marked(carried.text, f"tool:{call.name}" if carried.outcome == "ok" else "tools", limit)
        return Message("tool", text, tool_call_id=call.id, name=call.name)

    async def _found(self, run: UUID, caller: Caller) -> tuple[Stopped, Mapping[str, Decision]]:
        found = await self._runs.get(run)
        if found is None or found[0].caller.tenant != caller.tenant:
            raise NotFoundError(f"no run {run} waits: see `app tools waiting`")
        return found


def _told_apart(calls: Sequence[ToolCall], state: Stopped) -> tuple[ToolCall, ...]:
    """The calls, with new ids for those whose own are missing or used before in this run."""
    used = {call.id for message in state.then for call in message.tool_calls} | {""}
    apart = []
    for place, call in enumerate(calls):
        apart.append(replace(call, id=f"call{state.steps_used}x{place}") if call.id in used else call)
        used.add(call.id)
    return tuple(apart)


def as_plain(stopped: Stopped) -> dict[str, Any]:
    """A stopped run as JSON values."""
    plain = asdict(stopped)
    return plain | {"id": str(stopped.id), "caller": plain["caller"] | {"groups": sorted(stopped.caller.groups)}}


def from_plain(plain: Mapping[str, Any]) -> Stopped:
    """What `as_plain` made."""
    caller = Caller(**{**plain["caller"], "groups": frozenset(plain["caller"]["groups"])})
    return Stopped(
        UUID(plain["id"]),
        plain["task"],
        plain["inputs"],
        plain["version"],
        caller,
        tuple(_message(one) for one in plain["then"]),
        tuple(Waiting(ToolCall(**one["call"]), tuple(one["approvers"])) for one in plain["waiting"]),
        plain["steps_used"],
    )


def _message(plain: Mapping[str, Any]) -> Message:
    return Message(**{**plain, "tool_calls": tuple(ToolCall(**call) for call in plain["tool_calls"])})
