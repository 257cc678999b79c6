"""Folders that a notebook writes into and makes nowhere: they stood beside it where it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.notebooks.projects import make_project, promote_cells
from tools.promote.proving.baseline import make_baseline

pytestmark = pytest.mark.feature("N1")


@pytest.mark.parametrize(
    ("cell", "folder"),
    [
        ("with open('output/graph.mmd', 'w') as f:\n    f.write('x')", "output"),
        ("open('./out//deep/a.txt', mode='a').close()", "out/deep"),
        ("frame.to_csv('tables/rows.csv')", "tables"),
        ("from pathlib import Path\nPath('../out/a.txt').write_text('x')", "../out"),
    ],
    ids=["open", "nested", "frame", "path"],
)
def test_a_folder_is_made_in_the_step_and_in_what_it_is_compared_with(cell: str, folder: str, tmp_path: Path) -> None:
    """Before the first cell, and the report says so."""
    promoted = promote_cells(make_project(tmp_path), "frame = open", cell)
    line = f'os.makedirs("{folder}", exist_ok=True)  # into which this notebook writes'
    assert line in "\n".join(promoted.code)
    assert line in "".join(make_baseline(promoted.promotion.source, "poc.ipynb").notebook.code_text())
    found = [f.what for f in promoted.promotion.report.findings if f.subject == "file"]
    assert found == [f"folder {folder} is made before the first cell"]


@pytest.mark.parametrize(
    "cell",
    [
        "import os\nos.makedirs('output')\nopen('output/a.txt', 'w').close()",
        "!mkdir -p output\nopen('output/a.txt', 'w').close()",
        "print(open('data/rows.csv').read())",
        "open('a.txt', 'w').close()",
        "open('../a.txt', 'w').close()",
        "open('/tmp/x/a.txt', 'w').close()",
        "frame.to_csv('s3://bucket/rows.csv')",
    ],
    ids=["made", "made by a shell", "read", "beside it", "above it", "elsewhere", "address"],
)
def test_nothing_is_made_otherwise(cell: str, tmp_path: Path) -> None:
    """What it makes itself, reads, or writes where a folder stands already."""
    assert "into which this notebook writes" not in "\n".join(promote_cells(make_project(tmp_path), cell).code)
