"""Routes through the whole gateway: regions, other providers, equals and tiers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from app.caller import Caller
from app.errors import ProviderError, ProviderRefusedError, ProviderUnavailableError, RefusedError
from app.intelligence.accounts import Accounts
from app.intelligence.attempts import Attempts
from app.intelligence.drafts import Drafts
from app.intelligence.fleet import Fleet
from app.intelligence.gateway import Gateway
from app.intelligence.messages import Message, ModelReply, ModelRequest, Usage
from app.intelligence.prompts import Registry
from app.intelligence.providers.scripted import ScriptedProvider
from app.observability.records import CallRecord
from app.settings import Settings
from tests.intelligence.made_calls import Decided

CONFIG = """
environment: dev
provider: openai
project: {name: Test, slug: test, owner: us, on_call: us}
providers:
  openai: {protocol: openai, key_required: false}
  azure_eu: {protocol: openai, key_required: false}
  anthropic: {protocol: anthropic, key_required: false}
models:
  large:
    openai: [{id: us, region: us}, {id: eu, provider: azure_eu, region: eu}]
    anthropic: [{id: claude, region: us}]
  small: {openai: [{id: little, region: us}]}
routes:
  greet: {models: [large, large@anthropic]}
  weigh: {models: [large], tiers: {simple: small, hard: large}}
tenants: {acme: {regions: [eu]}, helvetia: {regions: [ch]}}
gateway: {backoff_initial_s: 0.0}
"""
PROMPT = "inputs: {name: {type: string}}\nmessages: [{role: user, content: 'Who is {{name}}?'}]\n"


class Rows:
    """A call log that is a list."""

    def __init__(self) -> None:
        self.calls: list[CallRecord] = []

    def record(self, call: CallRecord) -> None:
        self.calls.append(call)


def gateway(folder: Path, provider: Any) -> tuple[Gateway, Rows]:
    for task in ("greet", "weigh"):
        (folder / task).mkdir()
        (folder / task / "v1.prompt.yml").write_text(PROMPT, encoding="utf-8")
    (folder / "releases.yaml").write_text("{greet: 1, weigh: 1}", encoding="utf-8")
    settings, rows = Settings.model_validate({**yaml.safe_load(CONFIG), "root": folder}), Rows()
    attempts = Attempts(dict.fromkeys(settings.providers, provider), settings.gateway, fleet=Fleet(random=lambda: 0.0))
    registry = Registry.open(folder)
    accounts = Accounts(rows, lambda *_: 1.0, str)
    return Gateway(settings, registry, Drafts(settings, registry), attempts, accounts), rows


@pytest.mark.feature("G8")
async def test_a_tenants_calls_stay_in_its_region_even_when_it_fails(tmp_path: Path) -> None:
    """With its only lawful deployment down the call fails; nothing is sent elsewhere."""
    provider = Decided(lambda _: ProviderUnavailableError("503", 503))
    made, rows = gateway(tmp_path, provider)

    with pytest.raises(Exception, match="no model answered 'greet'"):
        await made.complete("greet", {"name": "Ada"}, Caller(tenant="acme"))

    assert set(provider.asked) == {"eu"}
    assert {attempt.provider for attempt in rows.calls[0].attempts} == {"azure_eu"}


@pytest.mark.feature("G8")
async def test_a_tenant_no_deployment_may_serve_is_refused(tmp_path: Path) -> None:
    """Refused before anything is asked, by a task and by a chat alike."""
    provider = Decided(lambda _: None)
    made, _ = gateway(tmp_path, provider)
    chat = ModelRequest("large", (Message("user", "hi"),))

    with pytest.raises(RefusedError, match="tenant 'helvetia' is confined to ch"):
        await made.complete("greet", {"name": "Ada"}, Caller(tenant="helvetia"))
    with pytest.raises(RefusedError, match=r"change tenants\.helvetia\.regions"):
        await made.chat(chat, Caller(tenant="helvetia"), task="door")

    assert provider.asked == []


@pytest.mark.feature("G3")
async def test_another_provider_takes_over(tmp_path: Path) -> None:
    """Both deployments of the model down: the same model at the next provider answers."""

    def outcome(name: str) -> ProviderError | None:
        return None if name == "claude" else ProviderUnavailableError("503", 503)

    made, rows = gateway(tmp_path, Decided(outcome))

    reply = await made.complete("greet", {"name": "Ada"}, Caller())

    assert (reply.provider, reply.deployment) == ("anthropic", "claude")
    assert [attempt.deployment for attempt in rows.calls[0].attempts] == ["us", "eu", "eu", "claude"]


@pytest.mark.feature("G8")
async def test_what_the_dear_model_said_is_not_asked_of_it_again(tmp_path: Path) -> None:
    """With the cheap model away the dear one answers as its fallback: nothing is left to escalate to."""
    provider = ScriptedProvider(ProviderRefusedError("404", 404), said(" "))
    made, _ = gateway(tmp_path, provider)

    await made.complete("weigh", {"name": "Ada"}, Caller())

    assert [request.model for request in provider.requests] == ["little", "us"]


def said(text: str) -> ModelReply:
    return ModelReply(text, "m", Usage(10, 5))


@pytest.mark.feature("G8")
@pytest.mark.parametrize(
    ("name", "replies", "asked"),
    [
        ("Ada", ["A countess."], ["little"]),
        ("Ada? And Bob? And Cy? And Di? And Eve", ["Five people."], ["us"]),
        ("Ada", [" ", "A countess."], ["little", "us"]),
    ],
    ids=["simple", "hard", "escalated"],
)
async def test_first_cheap_then_escalate(tmp_path: Path, name: str, replies: list[str], asked: list[str]) -> None:
    """A simple question goes to the small model, a hard one to the large, a poor reply of the small one to both."""
    provider = ScriptedProvider(*(said(text) for text in replies))
    made, rows = gateway(tmp_path, provider)

    reply = await made.complete("weigh", {"name": name}, Caller())

    assert [request.model for request in provider.requests] == asked
    assert (reply.text, reply.degraded) == (replies[-1], False)
    assert (reply.cost_usd, rows.calls[0].input_tokens) == (len(asked), 10 * len(asked))
