"""A gateway over scripted parts: its call log is a list, its cache a dictionary, its sleeps are noted and skipped."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.data.kept import KeptVector, Near
from app.intelligence.accounts import Accounts
from app.intelligence.attempts import Attempts
from app.intelligence.drafts import Drafts
from app.intelligence.gateway import Gateway
from app.intelligence.messages import Usage
from app.intelligence.prompts import Registry
from app.intelligence.providers.provider import Provider
from app.observability.records import CallRecord
from app.settings import Deployment, Settings

CONFIG = """
environment: dev
provider: openai
project: {name: Test, slug: test, owner: us, on_call: us}
providers: {openai: {protocol: openai, base_url: "http://127.0.0.1:1", key_required: false}}
models:
  large: {openai: [{id: big}]}
  small: {openai: [{id: little}]}
  embedding: {openai: [{id: vectors}]}
  paid: {openai: [{id: gold, input_usd_per_million: 1.0, output_usd_per_million: 2.0}]}
routes:
  greet: {models: [large, small], max_output_tokens: 50}
  fresh: {models: [large], cache: false}
  safe: {models: [large, small], fallback_text: Please try again later.}
  tiered: {models: [small, large], tiers: {simple: small, hard: large}, cache: false}
  extract: {models: [large], cache: false}
  sure: {models: [paid], confidence: {by: logprobs, threshold: 0.7}, fallback_text: Please ask a person.}
  agreed: {models: [paid], cache: false, confidence: {by: samples, samples: 3, threshold: 0.6}}
  climbing: {models: [small, large], tiers: {simple: small, hard: large}, cache: false, confidence: {by: either}}
  alike: {models: [paid], semantic_cache: {input: name, similarity: 0.9}}
door: {default: large}
tenants: {european: {regions: [eu]}, private: {cache: false}}
gateway: {deadline_s: 2.0, attempts: 4, backoff_initial_s: 0.01, backoff_max_s: 0.02}
"""
PROMPT = """
inputs: {name: {type: string}}
messages: [{role: system, content: You greet people politely by name.}, {role: user, content: "I am {{name}}."}]
"""
EXTRACT = PROMPT + "output_schema: {type: object, required: [age], properties: {age: {type: integer}}}\n"
REPAIR = """
inputs: {fault: {type: string}}
messages: [{role: user, content: "That did not fit: {{fault}}. Send it again."}]
"""


class MemoryCache:
    """Caches that forget nothing; what they hold can be said to have expired. `claims` are those never ended."""

    def __init__(self) -> None:
        self.replies: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.meanings: list[tuple[str, str, str, Sequence[float], Mapping[str, Any]]] = []
        self.kept: dict[tuple[str, str, bytes], KeptVector] = {}
        self.claims: set[tuple[str, str]] = set()
        self.expired = False

    async def get(self, identity: str, tenant: str, *, expired: bool = False) -> Mapping[str, Any] | None:
        return None if self.expired and not expired else self.replies.get((identity, tenant))

    async def put(self, identity: str, tenant: str, task: str, reply: Mapping[str, Any], ttl_s: float) -> None:
        self.replies[identity, tenant] = reply
        self.claims.discard((identity, tenant))

    async def get_or_claim(self, identity: str, tenant: str, wait_s: float) -> Mapping[str, Any] | None:
        found = await self.get(identity, tenant)
        if found is None:
            self.claims.add((identity, tenant))
        return found

    async def release(self, identity: str, tenant: str) -> None:
        self.claims.discard((identity, tenant))

    async def nearest(self, scope: str, tenant: str, vector: Sequence[float], similarity: float) -> list[Near]:
        found = [
            Near(question, reply, _cosine(vector, other))
            for in_scope, of_tenant, question, other, reply in self.meanings
            if (in_scope, of_tenant) == (scope, tenant)
        ]
        return sorted((n for n in found if n.similarity >= similarity), key=lambda n: -n.similarity)

    async def put_meaning(self, *values: Any) -> None:
        _identity, scope, tenant, _task, question, vector, reply, _ttl_s = values
        self.meanings.append((scope, tenant, question, vector, reply))

    async def vectors(self, tenant: str, model: str, digests: Sequence[bytes]) -> dict[bytes, KeptVector]:
        return {d: self.kept[tenant, model, d] for d in digests if (tenant, model, d) in self.kept}

    async def put_vectors(self, tenant: str, model: str, vectors: Mapping[bytes, KeptVector], ttl_s: float) -> None:
        self.kept |= {(tenant, model, digest): kept for digest, kept in vectors.items()}


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True)) / (math.hypot(*one) * math.hypot(*other))


@dataclass
class Bench:
    """A gateway and what it did to its surroundings."""

    gateway: Gateway
    cache: MemoryCache = field(default_factory=MemoryCache)
    rows: list[CallRecord] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)

    def record(self, call: CallRecord) -> None:
        self.rows.append(call)


def price(_provider: str, deployment: Deployment, usage: Usage) -> float | None:
    """A dollar a million tokens in, two out, where the deployment has a price at all; reads 0.1, writes 1.25."""
    if deployment.input_usd_per_million is None:
        return None
    less = 0.9 * usage.cached_input_tokens - 0.25 * usage.cache_write_tokens
    return (usage.input_tokens - less + 2 * usage.output_tokens) / 1e6


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Bench]:
    """Makes a bench around a provider, with live versions, switches and an admission where they are given."""
    for task, text in {
        "greet": PROMPT,
        "fresh": PROMPT,
        "safe": PROMPT,
        "tiered": PROMPT,
        "extract": EXTRACT,
        "alike": PROMPT,
        "sure": PROMPT,
        "agreed": PROMPT,
        "climbing": PROMPT,
        "repair": REPAIR,
    }.items():
        path = tmp_path / task / "v1.prompt.yml"
        path.parent.mkdir()
        path.write_text(text, encoding="utf-8")
    (tmp_path / "greet" / "v2.prompt.yml").write_text(PROMPT.replace("politely", "warmly"), encoding="utf-8")
    (tmp_path / "releases.yaml").write_text(
        "{greet: 1, fresh: 1, safe: 1, tiered: 1, extract: 1, repair: 1, alike: 1, sure: 1, agreed: 1, climbing: 1}",
        encoding="utf-8",
    )
    settings = Settings.model_validate({**yaml.safe_load(CONFIG), "root": tmp_path})

    def make(provider: Provider, **parts: Any) -> Bench:
        made = Bench(gateway=None)  # type: ignore[arg-type]

        async def sleep(seconds: float) -> None:
            made.slept.append(seconds)

        registry = Registry.open(tmp_path)
        made.gateway = Gateway(
            settings,
            registry,
            Drafts(settings, registry, versions=parts.get("versions"), switches=parts.get("switches")),
            Attempts({"openai": provider}, settings.gateway, sleep=sleep, jitter=lambda: 0.5),
            Accounts(made, price, lambda text: text.replace("Ada", "[name]"), parts.get("admission")),
            made.cache,
        )
        return made

    return make
