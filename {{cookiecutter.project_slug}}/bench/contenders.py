"""The contenders of the gateway benchmark, each as a call and a stream over the same upstream and the same messages.

`own` has everything on: prompt rendering, admission, masking, cache look-ups that miss, call rows, spans, Postgres.
The peers do the bare call, or as much of the same as they have.
"""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Protocol

TEXT = "Which label fits ticket {number}? An invoice was charged twice in March and the customer wants the money back."
SYSTEM = "Classify the support ticket into billing, technical, account or other. Answer with the label only."

# A cap that never stops anything, so that every call is admitted and settled for real.
CAPS = "[{scope: tenant, period: day, usd: 1000000}]"
ROOT = Path(__file__).resolve().parent.parent


class Contender(Protocol):
    """One way to make a model call; every call has another text, of any run, so that no cache ever hits."""

    async def call(self) -> int:
        """Make one call; characters received."""
        ...

    async def stream(self) -> int:
        """Make one streamed call; characters received."""
        ...


class OpenAISdk:
    """The official SDK, bare."""

    def __init__(self, base_url: str) -> None:
        from openai import AsyncOpenAI

        self._client = AsyncOpenAI(base_url=base_url, api_key="bench", max_retries=0)
        self._numbers = count(time.time_ns())

    def _arguments(self) -> dict[str, Any]:
        user = TEXT.format(number=next(self._numbers))
        return {
            "model": "bench",
            "messages": [{"role": "system", "content": SYSTEM}, {"role": "user", "content": user}],
        }

    async def call(self) -> int:
        reply = await self._client.chat.completions.create(**self._arguments())
        return len(reply.choices[0].message.content or "")

    async def stream(self) -> int:
        options = {"include_usage": True}
        chunks = await self._client.chat.completions.create(**self._arguments(), stream=True, stream_options=options)
        return sum([len(c.choices[0].delta.content or "") async for c in chunks if c.choices])


class LiteLLMRouter:
    """LiteLLM's Router with retries, a fallback, a cost per call and a logging callback."""

    def __init__(self, base_url: str) -> None:
        os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
        import litellm
        from litellm.integrations.custom_logger import CustomLogger

        self.rows: list[float] = []
        rows = self.rows

        class Log(CustomLogger):
            async def async_log_success_event(self, kwargs: Any, *_: Any) -> None:
                rows.append(kwargs.get("response_cost") or 0.0)

        litellm.callbacks = [Log()]
        deployments = [
            {
                "model_name": name,
                "litellm_params": {"model": "openai/gpt-4.1-mini", "api_base": base_url, "api_key": "b"},
            }
            for name in ("first", "second")
        ]
        self._router = litellm.Router(model_list=deployments, num_retries=2, fallbacks=[{"first": ["second"]}])
        self._numbers = count(time.time_ns())

    def _messages(self) -> list[dict[str, str]]:
        user = TEXT.format(number=next(self._numbers))
        return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": user}]

    async def call(self) -> int:
        reply = await self._router.acompletion(model="first", messages=self._messages())
        return len(reply.choices[0].message.content or "")

    async def stream(self) -> int:
        chunks = await self._router.acompletion(model="first", messages=self._messages(), stream=True)
        return sum([len(c.choices[0].delta.content or "") async for c in chunks if c.choices])


class Own:
    """This project's gateway out of its own bootstrap, everything on. `repeating`: one call again and again, a hit."""

    def __init__(self, services: Any, *, repeating: bool = False) -> None:
        from app.caller import Caller

        self._gateway = services.gateway
        self._caller = Caller(tenant="bench", user="bench", session="bench")
        self._numbers = itertools.repeat(0) if repeating else count(time.time_ns())

    def _inputs(self) -> dict[str, str]:
        return {"ticket": TEXT.format(number=next(self._numbers))}

    async def call(self) -> int:
        return len((await self._gateway.complete("classify", self._inputs(), self._caller, version=1)).text)

    async def stream(self) -> int:
        received = 0
        async for item in self._gateway.stream("classify", self._inputs(), self._caller, version=1):
            received = len(item.text) if hasattr(item, "call_id") else received
        return received


@asynccontextmanager
async def opened(name: str, base_url: str) -> AsyncIterator[Contender]:
    """A contender by name, ready to be called. Raises ImportError where the peer is not installed."""
    if name == "openai-sdk":
        yield OpenAISdk(base_url)
    elif name == "litellm-router":
        yield LiteLLMRouter(base_url)
    else:
        from app import bootstrap

        variables = {"APP_PROVIDER": "compatible", "COMPATIBLE_BASE_URL": base_url, "APP_ADMISSION__CAPS": CAPS}
        loaded = bootstrap.settings(ROOT, {**os.environ, **variables})
        async with bootstrap.open_services(loaded, bootstrap.prepare_database(loaded)) as services:
            yield Own(services, repeating=name == "own-cache-hit")
