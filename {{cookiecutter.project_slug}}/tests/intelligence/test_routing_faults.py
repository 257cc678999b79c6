"""Checks of the routing configuration: each fault with its dotted key and what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.configuration import load
from app.intelligence.routing_faults import (
    Fault,
    bad_servers,
    bad_tiers,
    faults,
    keyless,
    mixed_vectors,
    repeated,
    unknown_regions,
    unpriced,
    unserved,
    weightless,
    without_vectors,
)
from app.settings import Deployment

MODELS = {
    "large": {"openai": ["gpt-4.1"], "anthropic": ["claude-sonnet-4-5"], "offline": ["standin-large"]},
    "small": {"openai": ["gpt-4.1-mini"], "offline": ["standin-small"]},
}


@pytest.mark.feature("G8")
@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (["large", "small"], []),
        (["large", "large@anthropic"], []),
        (["small", "lagre"], [Fault("routes.answer.models.1", "unknown model 'lagre': did you mean 'large'?")]),
        (
            ["small@anthropic"],
            [
                Fault(
                    "routes.answer.models.0",
                    "provider 'anthropic' serves no 'small': add it under models.small.anthropic",
                )
            ],
        ),
    ],
    ids=["known", "another provider", "unknown", "not served there"],
)
def test_routes_name_models_that_are_served(entries: list[str], expected: list[Fault]) -> None:
    """An unknown model, or one that the named provider does not serve, is a fault at its place in the route."""
    assert unserved({"answer": entries}, MODELS, "openai") == expected


@pytest.mark.feature("G3")
@pytest.mark.parametrize("entries", [["large", "small", "large"], ["large", "small", "large@openai"]])
def test_a_fallback_to_itself_is_a_loop(entries: list[str]) -> None:
    """The same model at the same provider twice, also when it is written in two ways."""
    faults = repeated({"answer": entries}, "openai")

    assert [fault.key for fault in faults] == ["routes.answer.models.2"]
    assert "repeats 'large': remove one" in faults[0].message


def test_offline_the_fallbacks_of_other_providers_are_no_loop() -> None:
    """A route with paid fallbacks runs on the stand-in; a true repetition is found there too."""
    assert repeated({"answer": ["large", "large@anthropic"]}, "offline") == []
    assert len(repeated({"answer": ["large@anthropic", "large@anthropic"]}, "offline")) == 1


def test_tiers_are_whole_known_and_lead_upwards() -> None:
    """A missing tier, an unknown model and a tier that escalates to itself are faults."""
    faults = bad_tiers(
        {
            "a": {"simple": "small", "hard": "large"},
            "b": {"simple": "small", "hard": "small"},
            "c": {"simple": "smal", "medium": "large"},
            "d": {},
        },
        MODELS,
        "openai",
    )

    assert [str(fault) for fault in faults] == [
        "routes.b.tiers.hard: escalates 'small' to itself: name a dearer model",
        "routes.c.tiers: 'hard' is missing: tiers name a model for simple and one for hard",
        "routes.c.tiers.medium: unknown tier: there are simple and hard",
        "routes.c.tiers.simple: unknown model 'smal': did you mean 'small'?",
    ]


def test_a_paid_deployment_needs_a_price_under_budgets() -> None:
    """A cap on money means nothing where a price is unknown; the free stand-in needs none."""
    faults = unpriced(MODELS, {"openai", "anthropic"}, lambda provider, _: provider == "anthropic")

    assert [fault.key for fault in faults] == ["models.large.openai.0", "models.small.openai.0"]


def test_a_fallback_provider_needs_its_key() -> None:
    """A route that names another provider needs that one's key as well, except offline."""
    routes = {"answer": ["large", "large@anthropic"]}

    assert [fault.key for fault in keyless(routes, "openai", {"anthropic"})] == ["routes.answer.models.1"]
    assert keyless(routes, "offline", {"anthropic"}) == []


def test_a_deployment_served_elsewhere_names_a_provider_that_can() -> None:
    """An unknown provider, one without its key, and one that would take an offline run out of the machine."""
    served_by = {"large": {"openai": [None, "azure_eu", "azzure_eu", "anthropic"], "offline": [None, "openai"]}}

    faults = bad_servers(served_by, {"openai", "azure_eu", "anthropic", "offline"}, {"anthropic"})

    assert [str(fault) for fault in faults] == [
        "models.large.openai.2.provider: unknown provider 'azzure_eu': did you mean 'azure_eu'?",
        "models.large.openai.3.provider: provider 'anthropic' needs a key: set ANTHROPIC_API_KEY in .env",
        "models.large.offline.1.provider: 'openai' is not offline: what stands under offline never leaves",
    ]


@pytest.mark.feature("G4")
def test_somebody_must_carry_the_load() -> None:
    """All weights 0, and weights below it."""
    faults = weightless({"large": {"openai": [0, 0], "anthropic": [1, 0], "azure": [1, -2]}, "small": {"openai": []}})

    assert [str(fault) for fault in faults] == [
        "models.large.openai: all weights are 0: give at least one deployment a share",
        "models.large.azure.1.weight: -2 is negative: 0 is a standby, 1 the usual share",
    ]


def test_one_embedding_model_has_one_kind_of_vectors() -> None:
    """Chat models may mix what serves them; vectors of two models in one index would be noise."""
    served = {"large": {"openai": ["a", "b"]}, "embedding": {"openai": ["small-3", "ada-2"], "azure": ["x", "x"]}}

    faults = mixed_vectors(served, {"embedding"})

    assert [fault.key for fault in faults] == ["models.embedding.openai"]
    assert "vectors of small-3 and ada-2" in faults[0].message


@pytest.mark.feature("G6")
def test_a_semantic_cache_without_vectors_is_refused() -> None:
    """Nothing could be compared; the key names the route."""
    faults = without_vectors(["answer"], "embedding", (), "anthropic")

    assert [str(fault) for fault in faults] == [
        "routes.answer.semantic_cache: provider 'anthropic' serves no 'embedding': "
        "name another under models.embedding, or remove this"
    ]
    assert without_vectors(["answer"], "embedding", (Deployment(id="vectors"),), "openai") == []


@pytest.mark.feature("G8")
def test_a_region_nobody_states_is_a_typing_error() -> None:
    """The key names tenant and place, the message the region that was meant."""
    faults = unknown_regions({"acme": ["eu", "eu-wset-1"], "other": []}, {"eu", "eu-west-1", "local"})

    assert [str(fault) for fault in faults] == [
        "tenants.acme.regions.1: no deployment states region 'eu-wset-1': did you mean 'eu-west-1'?"
    ]


ALL_WRONG = """
provider: openai
providers: {openai: {api_key: sk-for-a-test-only}}
models:
  large:
    openai: [{id: gpt-of-ours, weight: 0, region: eu-west-1}]
routes:
  answer: {models: [large, small, large@openai, large@anthropic], tiers: {simple: small}}
tenants: {acme: {regions: [eu-wset-1]}}
admission: {caps: [{scope: tenant, period: day, usd: 10}]}
"""


@pytest.fixture
def folder(tmp_path: Path, project_root: Path) -> Path:
    """A copy of the project's configuration."""
    (tmp_path / "config").mkdir()
    for file in (project_root / "config").glob("*.yaml"):
        (tmp_path / "config" / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    return tmp_path


@pytest.mark.feature("G8")
def test_one_look_finds_everything(folder: Path) -> None:
    """A configuration that is wrong in many ways is told all of them at once, each with its key."""
    (folder / "config" / "dev.yaml").write_text(ALL_WRONG, encoding="utf-8")
    settings = load(folder, {"APP_PROJECT__SLUG": "x"})

    found = faults(settings, priced=lambda _, name: name != "gpt-of-ours")

    assert [fault.key for fault in found] == [
        "routes.answer.models.2",
        "routes.answer.tiers",
        "routes.answer.models.3",
        "models.large.openai",
        "models.large.openai.0",
        "tenants.acme.regions.0",
    ]


def test_the_projects_own_configuration_is_right(folder: Path) -> None:
    """What the project ships has no fault, offline and with each provider."""
    for provider in ("offline", "openai", "anthropic", "compatible"):
        settings = load(folder, {"APP_PROJECT__SLUG": "x", "APP_PROVIDER": provider})
        assert faults(settings, priced=lambda *_: True) == []
