"""Calls as they are meant before anything is asked: prompt and version, route and tier, region, switches, masking.

Everything that may refuse a call without money or network refuses it here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol
from uuid import uuid4

from pydantic import BaseModel

from app.caller import Caller
from app.errors import ConfigurationError, InputError, NotFoundError
from app.intelligence.call import Call, Meaning
from app.intelligence.identity import identity
from app.intelligence.messages import Message, ModelRequest, Tool
from app.intelligence.personal_data.masking import mask_request
from app.intelligence.personal_data.vault import Vault
from app.intelligence.policy import Target, targets
from app.intelligence.prompts import Prompt, Registry
from app.intelligence.regions import allowed
from app.intelligence.stream import estimate_tokens
from app.intelligence.structured import schema_of
from app.intelligence.tiers import TierLimits, difficulty, models_for
from app.settings import Route, SemanticCache, Settings

# What a call without a limit of its own may write: a budget cannot hold against an open end.
OUTPUT_TOKENS = 4096


class Versions(Protocol):
    """Who is served which version of a prompt."""

    def version(self, task: str, caller: Caller) -> int:
        """The version number for this caller."""
        ...


class Switches(Protocol):
    """What is switched off for whom."""

    def require(self, task: str, model: str, caller: Caller) -> None:
        """Raise RefusedError when the call is switched off."""
        ...

    def off(self, target: str, caller: Caller) -> object | None:
        """The switch that is off for `model:NAME`, None when none is."""
        ...


class Drafts:
    """Makes calls out of tasks and of requests. `versions` and `switches` are the live ones, None without a store."""

    def __init__(
        self,
        settings: Settings,
        registry: Registry,
        *,
        versions: Versions | None = None,
        switches: Switches | None = None,
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._versions = versions
        self._switches = switches
        self._limits = TierLimits(**settings.gateway.tiers.model_dump())

    def of_task(
        self,
        task: str,
        inputs: Mapping[str, str],
        caller: Caller,
        version: int | None,
        *,
        stream: bool,
        output: type[BaseModel] | None = None,
        then: Sequence[Message] = (),
        tools: Sequence[Tool] = (),
        tool_choice: str | None = None,
    ) -> Call:
        """A task's call: its prompt filled with `inputs`, the version being the caller's unless one is given.

        With `output` the reply must fit this model instead of the prompt's own schema. `then` are messages that follow
        the prompt's; with `tools` the model may call these.
        """
        route = self._settings.routes.get(task)
        if route is None:
            raise NotFoundError(f"no route for task {task!r}: add it under `routes` in config/base.yaml")
        prompt = self._registry.get(task, self._serving(task, caller) if version is None else version)
        parameters = prompt.parameters
        limit = min(parameters.get("max_output_tokens", route.max_output_tokens), route.max_output_tokens)
        request = ModelRequest(
            model=route.models[0],
            messages=(*prompt.render(inputs), *then),
            max_output_tokens=limit,
            temperature=parameters.get("temperature", route.temperature),
            top_p=parameters.get("top_p"),
            stop=tuple(parameters.get("stop", ())),
            seed=parameters.get("seed"),
            output_schema=prompt.output_schema if output is None else schema_of(output),
            tools=tuple(tools),
            tool_choice=tool_choice,
            stream=stream,
        )
        request = replace(request, stable_messages=self._stable(prompt))
        tier = difficulty(request, self._limits).tier
        models = models_for(tier, route.tiers, route.models)
        call = self._call(task, request, caller, targets(self._settings, models), prompt, route)
        if route.semantic_cache is not None and call.cacheable and not then:
            call.meaning = self._meaning(call, prompt, inputs, route.semantic_cache)
        call.confidence, call.output = route.confidence, output
        if route.tiers and tier == "simple":
            hard = targets(self._settings, (route.tiers["hard"],))
            call.harder = self._switched_on(self._near(hard, caller), caller)
        return call

    def of_request(self, request: ModelRequest, caller: Caller, task: str) -> Call:
        """A call whose messages are written already, tied to the prompt that wrote them if one did."""
        if request.model not in self._settings.models:
            known = ", ".join(sorted(self._settings.models))
            raise NotFoundError(f"no model {request.model!r}: there are {known}")
        if not request.messages:
            raise InputError("a call needs at least one message")
        route = self._settings.routes.get(task)
        asked = request.max_output_tokens
        cap = route.max_output_tokens if route else asked or OUTPUT_TOKENS
        request = replace(request, max_output_tokens=min(asked or cap, cap))
        writers = self._registry.recognise(request.messages)
        order = targets(self._settings, (request.model,))
        return self._call(task, request, caller, order, writers[0] if writers else None, route)

    def of_texts(self, model: str, texts: Sequence[str], caller: Caller, *, task: str = "embed") -> Call:
        """A call for embeddings or scores; the log says how many texts there are, not what they say."""
        if model not in self._settings.models:
            raise NotFoundError(f"no model {model!r}: there are {', '.join(sorted(self._settings.models))}")
        said = Message("user", f"{len(texts)} texts, {sum(map(len, texts))} characters")
        shown = ModelRequest(model=model, messages=(said,))
        call = self._call(task, shown, caller, targets(self._settings, (model,)), None, None)
        call.input_tokens = sum(map(estimate_tokens, texts))
        return call

    def _call(
        self,
        task: str,
        request: ModelRequest,
        caller: Caller,
        order: tuple[Target, ...],
        prompt: Prompt | None,
        route: Route | None,
    ) -> Call:
        if not order:
            raise ConfigurationError(
                f"provider {self._settings.provider!r} serves no model {request.model!r}: add it under models in config"
            )
        order = self._switched_on(self._near(order, caller), caller) or order
        if self._switches is not None:
            self._switches.require(task, order[0].model, caller)
        masked, vault = mask_request(request)
        known = vault.values
        if not self._settings.guards.mask_personal_data:
            masked, vault = request, Vault()
        return Call(
            id=uuid4(),
            task=task,
            caller=caller,
            request=masked,
            vault=vault,
            known=known,
            order=order,
            identity=identity(
                caller, task, prompt.sha256 if prompt else None, masked, tuple(target.name for target in order)
            ),
            prompt=prompt,
            cacheable=(route is None or route.cache) and self.keeps(caller),
            deadline_s=self._settings.gateway.deadline_s,
            fallback_text=route.fallback_text if route else None,
        )

    def keeps(self, caller: Caller) -> bool:
        """Whether replies and vectors of this caller's tenant may be kept."""
        tenant = self._settings.tenants.get(caller.tenant)
        return tenant is None or tenant.cache

    def _stable(self, prompt: Prompt) -> int:
        """How many messages the provider is told to keep: those every call begins with, where they are long enough."""
        least = self._settings.gateway.provider_cache_min_tokens
        tokens = sum(estimate_tokens(message.text) for message in prompt.stable)
        return len(prompt.stable) if least is not None and tokens >= least else 0

    def _meaning(self, call: Call, prompt: Prompt, inputs: Mapping[str, str], rule: SemanticCache) -> Meaning:
        """What another question must share with this one: everything but the one input that is compared."""
        others = prompt.render({**inputs, rule.input: ""})
        names = tuple(target.name for target in call.order)
        scope = identity(call.caller, call.task, prompt.sha256, replace(call.request, messages=others), names)
        return Meaning(inputs[rule.input], scope, rule.similarity, rule.ttl_s)

    def _near(self, order: tuple[Target, ...], caller: Caller) -> tuple[Target, ...]:
        """The deployments that may process this tenant's data."""
        tenant = self._settings.tenants.get(caller.tenant)
        return allowed(order, caller.tenant, tenant.regions if tenant else ())

    def _switched_on(self, order: tuple[Target, ...], caller: Caller) -> tuple[Target, ...]:
        """The deployments whose model is not switched off for this caller."""
        switches = self._switches
        if switches is None:
            return order
        return tuple(target for target in order if switches.off(f"model:{target.model}", caller) is None)

    def _serving(self, task: str, caller: Caller) -> int | None:
        return None if self._versions is None else self._versions.version(task, caller)
