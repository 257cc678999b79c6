"""What is to be evaluated: a suite, the version of the prompt it measures, and the model that answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app import bootstrap
from app.commands.evaluation.suite_files import suite_files
from app.errors import InputError
from app.intelligence.prompts import Registry
from app.settings import Settings

NAME = re.compile(r"([a-z][a-z0-9_]*)@v?([0-9]+)")
LABEL = re.compile(r"([a-z][a-z0-9_]*)@v?([0-9]+)(?:\+([\w@.-]+))?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """One suite to run with one version of the prompt it measures, by `model` where that is not the route's own.

    `judge` is the judge's prompt with its version, such as `judge@1`.
    """

    suite: str
    task: str
    kind: str
    version: int
    model: str | None = None
    judge: str | None = None

    @property
    def label(self) -> str:
        """`task@version` or `task@version+model`, the name of the result."""
        return f"{self.task}@{self.version}{'+' + self.model if self.model else ''}"


def choose(
    loaded: Settings,
    name: str,
    pinned: Mapping[str, int],
    model: str | None = None,
    *,
    registry: Registry | None = None,
) -> Wanted:
    """A suite by name, with the pinned version of its prompt or else the served one.

    Raises InputError for a suite that is not there, a task without a route or a model that is not served.
    """
    known = suite_files(loaded.root)
    if name not in known:
        raise InputError(f"no suite {name!r}: there are {', '.join(known)}")
    if model is not None and model.partition("@")[0] not in loaded.models:
        raise InputError(f"no model {model!r}: there are {', '.join(sorted(loaded.models))}")
    suite = known[name]
    if suite.task not in loaded.routes:
        raise _no_route(suite.task)
    prompts = registry or bootstrap.registry(loaded)
    version = prompts.get(suite.task, pinned.get(suite.task)).version
    judge = prompts.get(suite.judge, pinned.get(suite.judge)).name if suite.judge else None
    return Wanted(name, suite.task, suite.kind, version, model, judge)


def with_model(loaded: Settings, task: str, model: str | None) -> Settings:
    """The same settings with one model serving the task, no fallback and no tiers: what is measured is this model."""
    if model is None:
        return loaded
    route = loaded.routes.get(task)
    if route is None:
        raise _no_route(task)
    alone = route.model_copy(update={"models": (model,), "tiers": {}})
    return loaded.model_copy(update={"routes": {**loaded.routes, task: alone}})


def _no_route(task: str) -> InputError:
    return InputError(f"no route for task {task!r}: add it under `routes` in config/base.yaml")


def pins(prompts: Sequence[str]) -> dict[str, int]:
    """Versions by task out of `TASK@VERSION`. Raises InputError for a word that is not such a name."""
    pinned = {}
    for name in prompts:
        match = NAME.fullmatch(name)
        if match is None:
            raise InputError(f"{name!r} names no prompt version: write TASK@VERSION, such as classify@2")
        pinned[match[1]] = int(match[2])
    return pinned


def against(label: str) -> tuple[str, int, str | None]:
    """Task, version and model out of `TASK@VERSION` or `TASK@VERSION+MODEL`."""
    match = LABEL.fullmatch(label)
    if match is None:
        raise InputError(
            f"{label!r} names nothing to compare with: write TASK@VERSION or TASK@VERSION+MODEL, such as classify@1"
        )
    return match[1], int(match[2]), match[3]
