"""Steps that run one after another in one process ask each their own door."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.interface.replay import run_step_in_process

LIBRARY = "import os\nclient = os.environ['OLLAMA_HOST']\n"
SET = "import os\nos.environ['OLLAMA_HOST'] = os.environ['APP_RUN_DOOR_URL']\n"


def _step(folder: Path, source: str) -> Path:
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}
    path = folder / "steps" / "step.ipynb"
    path.parent.mkdir()
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def _door(number: int) -> Any:
    return SimpleNamespace(url=f"http://door-{number}", key="k")


@pytest.mark.feature("N5")
def test_a_client_that_is_made_at_import_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ollama's functions ask by one, which keeps the address it was made with."""
    library = tmp_path / "library"
    library.mkdir()
    (library / "ollama.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(str(library))
    monkeypatch.setitem(sys.modules, "ollama", None)  # type: ignore[arg-type]  so that it is as it was afterwards
    del sys.modules["ollama"]
    step = _step(tmp_path, f"{SET}import ollama\nprint(ollama.client)")
    said = [run_step_in_process(step, {}, _door(number)).text.strip() for number in (1, 2)]
    assert said == ["http://door-1", "http://door-2"]


@pytest.mark.feature("N5")
def test_clients_that_are_kept_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The module's client of openai, and the models of LlamaIndex's settings."""
    forgotten: list[str] = []
    openai = SimpleNamespace(_reset_client=lambda: forgotten.append("openai"))
    settings = SimpleNamespace(_llm="old", _embed_model="old")
    monkeypatch.setitem(sys.modules, "openai", openai)  # type: ignore[misc]
    monkeypatch.setitem(sys.modules, "llama_index.core.settings", SimpleNamespace(Settings=settings))  # type: ignore[misc]
    run_step_in_process(_step(tmp_path, "x = 1"), {}, _door(1))
    assert forgotten == ["openai"]
    assert (settings._llm, settings._embed_model) == (None, None)
