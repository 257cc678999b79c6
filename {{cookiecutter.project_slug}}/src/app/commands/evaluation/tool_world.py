"""Simulated tools for trajectory cases: evals/tools.yaml says what there is, a case what they give and when they fail.

Nothing is done for real: a tool answers from the file. Rights, checks and the loop are those of the service.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from app import yaml_file
from app.caller import Caller
from app.errors import InputError
from app.intelligence.tools.carrying_out import Carried
from app.intelligence.tools.tool_loop import Decision, Stopped
from app.intelligence.tools.toolbox import Toolbox, ToolSpec
from app.settings import ToolRule


class SimulatedTool(BaseModel):
    """What a model is told of a tool, whether a person must approve it, and what it gives.

    `parameters` maps names to descriptions; `result` may hold `{name}` of any of them.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: str
    parameters: Mapping[str, str] = Field(default_factory=dict)
    result: str = "done"
    rule: ToolRule = ToolRule(roles=("*",), approval="never")


_FILE = TypeAdapter(dict[str, SimulatedTool])


def simulated_tools(path: Path) -> dict[str, SimulatedTool]:
    """The tools of the file by name. Raises ConfigurationError naming the entry."""
    return yaml_file.read_as(_FILE, path)


def toolbox(known: Mapping[str, SimulatedTool], inputs: Mapping[str, Any]) -> Toolbox:
    """The tools of one case. `inputs["results"]` says what some give instead, `inputs["fails"]` how often first not.

    `inputs["tools"]` limits which there are. Raises InputError for one that the file does not have.
    """
    names = inputs.get("tools") or list(known)
    results, fails = inputs.get("results", {}), dict(inputs.get("fails", {}))
    for name in (*names, *results, *fails):
        if name not in known:
            raise InputError(f"evals/tools.yaml has no tool {name!r}: it has {', '.join(known)}")

    def spec(name: str) -> ToolSpec:
        tool = known[name]

        async def run(arguments: Any, caller: Caller) -> str:
            if fails.get(name, 0) > 0:
                fails[name] -= 1
                raise InputError(f"{name} is not available just now: try again")
            text = str(results.get(name, tool.result))
            for parameter, value in arguments.model_dump().items():
                text = text.replace(f"{{{parameter}}}", str(value))
            return text

        return ToolSpec(name, tool.description, _arguments(name, tool), run)

    return Toolbox([spec(name) for name in names], {name: known[name].rule for name in names})


def _arguments(name: str, tool: SimulatedTool) -> type[BaseModel]:
    fields: dict[str, Any] = {
        parameter: (str, Field(description=description)) for parameter, description in tool.parameters.items()
    }
    return create_model(f"{name}_arguments", **fields)


class Forgetful:
    """Runs that nobody goes on with: an evaluation ends where a person would be asked."""

    async def note(self, run: UUID, task: str, caller: Caller, carried: Carried) -> None:
        """Nothing is written down."""

    async def keep(self, stopped: Stopped) -> None:
        """Nothing is kept."""

    async def get(self, run: UUID) -> tuple[Stopped, Mapping[str, Decision]] | None:
        """Nothing waits."""
        return None

    async def decide(self, run: UUID, call_id: str, decision: Decision) -> bool:
        """Nothing is decided."""
        return False

    async def take(self, run: UUID) -> bool:
        """Nothing is gone on with."""
        return False
