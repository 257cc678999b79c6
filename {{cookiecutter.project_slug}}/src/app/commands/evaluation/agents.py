"""Trajectory cases: the service's own tool loop over simulated tools, and what it did as the answer's detail."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from app.commands.evaluation.solving import caller_of
from app.commands.evaluation.tool_world import Forgetful, simulated_tools, toolbox
from app.commands.evaluation.wanted import Wanted
from app.intelligence.messages import ToolCall
from app.intelligence.tools.tool_loop import ToolLoop, ToolRun
from app.interface.services import Services
from app.observability.evaluation import suites
from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output
from app.observability.evaluation.suite import Suite


def trajectory_suite(services: Services, wanted: Wanted, cases: Sequence[Case], repeat: int = 0) -> Suite:
    """Each case is `{request, tools, results, fails}`; only the request is shown to the model."""
    caller, settings = caller_of(repeat), services.settings
    known = simulated_tools(settings.root / "evals" / "tools.yaml")

    async def solve(case: Case) -> Output:
        loop = asyncio.get_running_loop()
        began = loop.time()
        agent = ToolLoop(services.gateway, toolbox(known, case.inputs), Forgetful(), settings.tool_loop)
        run = await agent.run(wanted.task, {"request": case.inputs["request"]}, caller, version=wanted.version)
        return _output(run, wanted.version, (loop.time() - began) * 1000)

    return suites.trajectory_suite(cases, solve, name=wanted.suite)


def _output(run: ToolRun, version: int, latency_ms: float) -> Output:
    replies = [step.reply for step in run.steps]
    costs = [reply.cost_usd for reply in replies]
    calls = [_called(carried.call, carried.outcome) for step in run.steps for carried in step.carried]
    calls += [_called(one.call, "waiting") for one in run.waiting]
    return Output(
        text=run.text or "",
        cost_usd=None if None in costs else sum(cost or 0.0 for cost in costs),
        latency_ms=latency_ms,
        cached=all(reply.cached for reply in replies),
        prompt_version=version,
        trace_id=replies[-1].trace_id if replies else "",
        detail={"calls": calls, "steps": len(replies), "capped": run.capped},
    )


def _called(call: ToolCall, outcome: str) -> dict[str, Any]:
    try:
        arguments = json.loads(call.arguments or "{}")
    except ValueError:
        arguments = {"unreadable": call.arguments}
    return {"name": call.name, "arguments": arguments if isinstance(arguments, dict) else {}, "outcome": outcome}
