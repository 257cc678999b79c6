"""Small projects and notebooks for the tests of promote, and a shorthand that promotes cells given as text."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.promote.notebook.notebook_file import source_of
from tools.promote.promotion import Promotion, finish, locate, promote

PIPELINE = """# The order of the steps.
name: main
steps:
  - {name: load, run: load}  # first
"""


def make_project(folder: Path) -> Path:
    """A project with nothing in it but what promote needs."""
    for name in ("notebooks/explore", "prompts"):
        (folder / name).mkdir(parents=True)
    (folder / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    (folder / "notebooks/pipeline.yaml").write_text(PIPELINE)
    (folder / "prompts/releases.yaml").write_text("# Which version serves.\nanswer: 1\n")
    return folder


def notebook_text(*cells: str | tuple[str, str], **changes: Any) -> str:
    """The file of a notebook in Jupyter's own style; a cell is code, or (kind, text). `changes` replace top fields."""
    kinds = [("code", cell) if isinstance(cell, str) else cell for cell in cells]
    data = {
        "cells": [_cell(kind, text) for kind, text in kinds],
        "metadata": {"kernelspec": {"display_name": "venv", "language": "python", "name": "venv"}},
        "nbformat": 4,
        "nbformat_minor": 4,
        **changes,
    }
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _cell(kind: str, text: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": text.splitlines(keepends=True)}
    if kind == "code":
        cell |= {"execution_count": 7, "outputs": [{"output_type": "stream", "name": "stdout", "text": ["old\n"]}]}
    return cell


def put_notebook(project: Path, *cells: str | tuple[str, str], name: str = "poc.ipynb") -> Path:
    """Write a notebook of these cells to `notebooks/explore`."""
    path = project / "notebooks/explore" / name
    path.write_text(notebook_text(*cells), encoding="utf-8")
    return path


@dataclass
class Promoted:
    """What became of some cells: the code cells of the step, the files by relative path, the promotion itself."""

    code: list[str]
    files: dict[str, str]
    promotion: Promotion

    def refused(self) -> list[str]:
        """`place what: reason` of everything that was declined."""
        return [f"{f.place} {f.what}: {f.reason}" for f in self.promotion.report.refused]


def promote_cells(project: Path, *cells: str | tuple[str, str], name: str = "poc.ipynb") -> Promoted:
    """Promote in memory, without proof."""
    promotion = promote(locate(put_notebook(project, *cells, name=name), project, None))
    finish(promotion)
    step = [source_of(cell) for cell in promotion.step.cells if cell["cell_type"] == "code"]
    files = {
        path.relative_to(project).as_posix(): content.decode("utf-8")
        for path, content in promotion.files.items()
        if content is not None
    }
    return Promoted(step, files, promotion)
