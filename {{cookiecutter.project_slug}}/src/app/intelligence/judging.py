"""A judging model: a task like any other, whose prompt has a verdict in its output schema."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from app.caller import Caller
from app.errors import ConfigurationError
from app.intelligence.prompts import Registry
from app.intelligence.reply import Reply
from app.observability.evaluation.calibration import Calibration, why_unsure
from app.observability.evaluation.scorers.judged import Opinion
from app.observability.evaluation.success import JudgeRule
from app.settings import Settings

CALIBRATIONS = ("config", "judges.json")


class Completing(Protocol):
    """The part of the gateway a judge needs."""

    async def complete(
        self, task: str, inputs: Mapping[str, str], caller: Caller, *, version: int | None = None
    ) -> Reply:
        """One reply, whole."""
        ...


@dataclass(frozen=True, slots=True)
class Judge:
    """One version of a judge's prompt, asked through the gateway."""

    gateway: Completing
    task: str
    version: int

    @property
    def name(self) -> str:
        """`judge@1`."""
        return f"{self.task}@{self.version}"

    async def verdict(self, question: str, sources: str, answer: str, caller: Caller) -> Opinion:
        """Whether the answer is good. Raises what the gateway raises, ConfigurationError for a prompt that has none."""
        inputs = {"question": question, "sources": sources, "answer": answer}
        reply = await self.gateway.complete(self.task, inputs, caller, version=self.version)
        said = self._said(reply, "verdict")
        return Opinion(said["verdict"] == "pass", str(said.get("reason", "")), _paid(reply))

    async def better(self, question: str, sources: str, answers: tuple[str, str], caller: Caller) -> str:
        """What a pairwise judge chooses of two answers in this order: first, second or tie."""
        inputs = {"question": question, "sources": sources, "first": answers[0], "second": answers[1]}
        reply = await self.gateway.complete(self.task, inputs, caller, version=self.version)
        return str(self._said(reply, "better")["better"])

    def _said(self, reply: Reply, key: str) -> dict[str, Any]:
        if not isinstance(reply.data, dict) or key not in reply.data:
            raise ConfigurationError(
                f"the prompt of {self.task!r} has no output_schema with {key!r}: a judge needs one"
            )
        return reply.data


def unsure(
    loaded: Settings,
    prompts: Registry,
    known: Mapping[str, Calibration],
    judge: tuple[str, int],
    rule: JudgeRule,
    today: Any,
) -> str | None:
    """Why what this judge says may not block, None when it is calibrated as it is."""
    task, version = judge
    prompt = prompts.get(task, version)
    return why_unsure(known.get(prompt.name), prompt.name, prompt.sha256, model_of(loaded, task), rule, today)


def model_of(loaded: Settings, task: str) -> str:
    """Which deployments answer as this judge, such as `openai/gpt-4.1`. Raises ConfigurationError without a route."""
    route = loaded.routes.get(task)
    if route is None:
        raise ConfigurationError(f"no route for task {task!r}: add it under `routes` in config/base.yaml")
    model, _, other = route.models[0].partition("@")
    provider = loaded.provider if loaded.provider == "offline" else other or loaded.provider
    return f"{provider}/{'+'.join(one.id for one in loaded.models[model].get(provider, ()))}"


def _paid(reply: Reply) -> float:
    return 0.0 if reply.cached else reply.cost_usd or 0.0
