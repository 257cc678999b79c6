"""Tables of tokens that installed packages bring are where `tiktoken` looks for them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app.orchestration.token_tables import lay_out

TABLE = "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"


@pytest.fixture
def brought(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that brings one table, and a file that is none."""
    inside = tmp_path / "packages/litellm/litellm_core_utils/tokenizers"
    inside.mkdir(parents=True)
    (tmp_path / "packages/litellm/__init__.py").touch()
    (inside / TABLE).write_text("aGk= 0\n")
    (inside / "anthropic.json").write_text("{}")
    monkeypatch.syspath_prepend(str(tmp_path / "packages"))
    monkeypatch.delitem(sys.modules, "litellm", raising=False)
    monkeypatch.delenv("DATA_GYM_CACHE_DIR", raising=False)
    cache = tmp_path / "cache"
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(cache))
    return cache


def test_tables_are_laid_into_the_cache(brought: Path) -> None:
    """Tables alone, whole, and never over one that is there."""
    lay_out()
    assert (brought / TABLE).read_text() == "aGk= 0\n"
    assert not (brought / "anthropic.json").exists()

    (brought / TABLE).write_text("mine")
    lay_out()
    assert [path.name for path in brought.iterdir() if len(path.name) < 40] == []
    assert (brought / TABLE).read_text() == "mine"


def test_a_cache_that_is_switched_off_stays_off(brought: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable says that nothing is to be kept."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", "")
    lay_out()
    assert not brought.exists()
