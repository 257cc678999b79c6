"""A wrong routing configuration does not start; the message names file, line, key and remedy."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from app import bootstrap
from app.errors import ConfigurationError

WRONG = {
    "no such model": (
        "routes: {answer: {models: [larg]}}",
        "config/dev.yaml:1: routes.answer.models.0: unknown model 'larg': did you mean 'large'?",
    ),
    "tier nobody serves": (
        "models: {huge: {openai: [{id: gpt-5}]}}\nroutes: {answer: {tiers: {simple: small, hard: huge}}}",
        "config/dev.yaml:2: routes.answer.tiers.hard: provider 'offline' serves no 'huge': "
        "add it under models.huge.offline",
    ),
    "loop": (
        "routes: {answer: {models: [large, small, large]}}",
        "config/dev.yaml:1: routes.answer.models.2: 'large' repeats 'large': remove one",
    ),
    "region": (
        "models:\n  large: {offline: [{id: standin-large, region: eu-west-1}]}\n"
        "tenants:\n  acme:\n    regions: [eu-wset-1]",
        "config/dev.yaml:5: tenants.acme.regions.0: no deployment states region 'eu-wset-1': did you mean 'eu-west-1'?",
    ),
    "weights": (
        "models: {large: {offline: [{id: standin-large, weight: 0}]}}",
        "config/dev.yaml:1: models.large.offline: all weights are 0: give at least one deployment a share",
    ),
    "negative weight": (
        "models: {large: {offline: [{id: standin-large, weight: -1}]}}",
        "config/dev.yaml:1: models.large.offline.0.weight: Input should be greater than or equal to 0",
    ),
    "tiers": (
        "routes: {answer: {tiers: {simple: small}}}",
        "config/dev.yaml:1: routes.answer.tiers: 'hard' is missing: tiers name a model for simple and one for hard",
    ),
    "confidence": (
        "providers: {offline: {protocol: anthropic, key_required: false}}\n"
        "routes: {answer: {confidence: {by: logprobs}}}",
        "config/dev.yaml:2: routes.answer.confidence.by: provider 'offline' (anthropic) tells no log probabilities: "
        "say samples, or either",
    ),
    "unknown server": (
        "models: {large: {offline: [{id: standin-large, provider: opnai}]}}",
        "config/dev.yaml:1: models.large.offline.0.provider: unknown provider 'opnai': did you mean 'openai'?",
    ),
}


@pytest.mark.feature("G8")
@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_routing_is_refused_with_file_and_line(tmp_path: Path, project_root: Path, name: str) -> None:
    """Found before anything starts."""
    text, message = WRONG[name]
    shutil.copytree(project_root / "config", tmp_path / "config")
    (tmp_path / "config" / "dev.yaml").write_text(text, encoding="utf-8")

    with pytest.raises(ConfigurationError) as refused:
        bootstrap.settings(tmp_path, {"APP_PROVIDER": "offline", "APP_PROJECT__SLUG": "sample"})

    assert str(refused.value) == message
