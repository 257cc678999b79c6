"""Tools, a store in memory and a gateway that plays replies: what tests of tools are made of."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from app.caller import Caller
from app.intelligence.messages import Message, Tool, ToolCall, Usage
from app.intelligence.reply import Reply
from app.intelligence.tools.carrying_out import Carried
from app.intelligence.tools.tool_loop import Decision, Stopped, ToolLoop, as_plain, from_plain
from app.intelligence.tools.toolbox import Toolbox, ToolSpec
from app.settings import ToolLoopSettings, ToolRule

ADA = Caller(tenant="acme", user="ada")
AGENT = Caller(tenant="acme", user="eve", role="agent")
REVIEWER = Caller(tenant="acme", user="bob", role="reviewer")


class Topic(BaseModel):
    """Arguments of a search."""

    topic: str


class Mail(BaseModel):
    """Arguments of a mail."""

    to: str
    body: str = ""


class Address(BaseModel):
    """Arguments of a fetch."""

    url: str


class Made:
    """Calls of tools as they were really made."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, BaseModel, str]] = []
        self.at_once = 0
        self.most_at_once = 0
        self.found = "Refunds take fourteen days."

    def specs(self) -> list[ToolSpec]:
        """The tools."""

        def noted(name: str, arguments: type[BaseModel], answer: Callable[[], Any]) -> ToolSpec:
            async def run(given: BaseModel, caller: Caller) -> str:
                self.at_once += 1
                self.most_at_once = max(self.most_at_once, self.at_once)
                await asyncio.sleep(0.01)
                self.at_once -= 1
                self.calls.append((name, given, caller.user))
                said = answer()
                if isinstance(said, Exception):
                    raise said
                return str(said)

            return ToolSpec(name, f"It does {name}.", arguments, run)

        async def slow(given: BaseModel, caller: Caller) -> str:
            await asyncio.sleep(30)
            return ""

        return [
            noted("search", Topic, lambda: self.found),
            noted("send_mail", Mail, lambda: "sent"),
            noted("fetch", Address, lambda: self.found),
            noted("burst", Topic, lambda: KeyError("secret detail")),
            ToolSpec("slow", "It is slow.", Topic, slow),
        ]


RULES = {
    "search": ToolRule(roles=("*",), approval="never"),
    "send_mail": ToolRule(roles=("agent",), approval="always"),
    "fetch": ToolRule(roles=("*",), approval="never", urls=("https://docs.example.org/*",)),
    "burst": ToolRule(roles=("*",), approval="never"),
    "slow": ToolRule(roles=("*",), approval="never", timeout_s=0.02),
}


class MemoryRuns:
    """Runs and notes in memory, kept as the JSON they would be stored as."""

    def __init__(self) -> None:
        self.notes: list[tuple[str, str]] = []
        self.kept: dict[UUID, dict[str, Any]] = {}
        self.decisions: dict[UUID, dict[str, Decision]] = {}

    async def note(self, run: UUID, task: str, caller: Caller, carried: Carried) -> None:
        self.notes.append((carried.call.name, carried.outcome))

    async def keep(self, stopped: Stopped) -> None:
        self.kept[stopped.id] = as_plain(stopped)

    async def get(self, run: UUID) -> tuple[Stopped, Mapping[str, Decision]] | None:
        plain = self.kept.get(run)
        return None if plain is None else (from_plain(plain), self.decisions.get(run, {}))

    async def decide(self, run: UUID, call_id: str, decision: Decision) -> bool:
        return self.decisions.setdefault(run, {}).setdefault(call_id, decision) is decision

    async def take(self, run: UUID) -> bool:
        return self.kept.pop(run, None) is not None


def calls(*made: tuple[str, str]) -> Reply:
    """A reply that calls tools: (name, arguments)."""
    return reply("", tuple(ToolCall(f"c{place}", name, text) for place, (name, text) in enumerate(made)))


def reply(text: str, made: tuple[ToolCall, ...] = ()) -> Reply:
    """A reply of a gateway."""
    return Reply(text, "assist", "m", "p", "d", Usage(1, 1), 0.0, "i", "c", "t", prompt_version=1, tool_calls=made)


class Playing:
    """A gateway that plays replies, or works them out from the messages; the last one stays."""

    def __init__(self, *script: Reply | Callable[[Sequence[Message], Sequence[Tool]], Reply]) -> None:
        self.script = script
        self.asked: list[dict[str, Any]] = []

    async def converse(self, task: str, inputs: Mapping[str, str], caller: Caller, **rest: Any) -> Reply:
        """The next reply."""
        self.asked.append(rest)
        play = self.script[min(len(self.asked), len(self.script)) - 1]
        said = (Message("user", inputs.get("request", "")), *rest["then"])
        made = play(said, rest["tools"]) if callable(play) else play
        if rest["tool_choice"] == "none":
            made = reply(made.text or "That is all I have.")
        return made


def a_loop(gateway: Playing, made: Made, runs: MemoryRuns, **limits: Any) -> ToolLoop:
    """A loop over all of these."""
    return ToolLoop(gateway, Toolbox(made.specs(), RULES), runs, ToolLoopSettings(**limits))
