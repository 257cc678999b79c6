"""Projects small enough to run a pipeline in a test."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

SAMPLE = """
name: sample
steps:
  - {name: first, run: first}
  - {name: gate_first, gate: red}
  - {name: second, run: second}
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project folder with the real configuration, no prompts, and a pipeline of two steps and a gate."""
    shutil.copytree(PROJECT / "config", tmp_path / "config")
    (tmp_path / "prompts").mkdir()
    (tmp_path / "notebooks" / "steps").mkdir(parents=True)
    (tmp_path / "notebooks" / "pipeline.yaml").write_text(SAMPLE)
    return tmp_path


@pytest.fixture
def write_notebook(root: Path) -> Callable[..., Path]:
    """Write `notebooks/steps/<name>.ipynb` from cell sources; the first is the parameters cell."""

    def write(*sources: str, name: str = "poc") -> Path:
        cells = [
            {
                "cell_type": "code",
                "id": f"cell{index}",
                "metadata": {"tags": ["parameters"]} if index == 0 else {},
                "source": source,
                "outputs": [],
                "execution_count": None,
            }
            for index, source in enumerate(sources)
        ]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        document = {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
        path = root / "notebooks" / "steps" / f"{name}.ipynb"
        path.write_text(json.dumps(document))
        return path

    return write
