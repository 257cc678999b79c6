"""The demo before it starts: who serves the models, and that it is said."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.commands.demo import choose_models


@pytest.mark.feature("T2")
@pytest.mark.parametrize(
    ("key", "provider", "told"),
    [
        ("", "offline", "models: the offline stand-in, for this demo; provider 'anthropic' needs a key"),
        ("sk-0123456789-0123456789", "anthropic", "models: anthropic, about a thousand calls; APP_PROVIDER=offline"),
    ],
    ids=["no key", "key"],
)
def test_without_a_key_the_demo_runs_offline_and_says_so(
    private_root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    key: str,
    provider: str,
    told: str,
) -> None:
    """A project baked for a provider runs its whole chain before it has a key; with one it says what will be called."""
    monkeypatch.setenv("APP_PROVIDER", "anthropic")
    monkeypatch.setenv("ANTHROPIC_API_KEY", key)

    choose_models(private_root)

    assert os.environ["APP_PROVIDER"] == provider
    assert capsys.readouterr().out.startswith(told)
