"""The tests exported functions come with: each one, taken from the module, does what the notebook's own does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tools.promote.functions.exporting import PACKAGE
from tools.promote.proving.generated_test import as_literal, placeholder_lines

TEMPLATE = '''"""Every exported function does what it does in the notebook. Written by `python -m tools.promote`."""

import importlib
import json
from pathlib import Path
from shutil import copytree

import pytest

from app.interface.replay import ReplayDoor, run_step_in_process

ROOT = Path(__file__).resolve().parents[2]
STEP = "{step}"
MODULE = "{module}"
RECORDING = ROOT / "tests/steps" / f"{{STEP}}.recording.json"
PRINTED = ROOT / "tests/steps" / f"{{STEP}}.printed.json"  # a text a code cell, null where it changes by itself
PROMPTS: dict[str, int] = {pins}
{settings}FUNCTIONS = [
{functions}]


@pytest.mark.skipif(
    not RECORDING.exists(),
    reason="no recording yet: promote the notebook with its proof",
)
@pytest.mark.parametrize(("function", "cell"), FUNCTIONS)
def test_the_step_does_the_same_with_the_function_of_the_module(
    function: str, cell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the module's function in the place of the notebook's own, requests and prints are the recorded ones."""
    assert hasattr(importlib.import_module(MODULE), function)
    monkeypatch.setenv("APP_RUN_PROMPTS", json.dumps(PROMPTS))
{given}    for entry in ROOT.iterdir():
        if entry.name != "notebooks":
            (tmp_path / entry.name).symlink_to(entry)
    copytree(ROOT / "notebooks", tmp_path / "notebooks")
    notebook = tmp_path / "notebooks/steps" / f"{{STEP}}.ipynb"
    data = json.loads(notebook.read_text(encoding="utf-8"))
    defining = next(c for c in data["cells"] if c["id"] == cell)
    defining["source"] = "".join(defining["source"]) + f"\\nfrom {{MODULE}} import {{function}}"
    notebook.write_text(json.dumps(data), encoding="utf-8")
    with ReplayDoor(RECORDING) as door:
        run = run_step_in_process(notebook, {{}}, door)
    assert door.unanswered == []
    assert door.remaining == []
    for expected, shown in zip(json.loads(PRINTED.read_text(encoding="utf-8")), run.outputs, strict=True):
        printed = "".join("".join(output["text"]) for output in shown if output.get("name") == "stdout")
        assert expected in (None, printed)
'''


def function_test_path(project: Path, step: str) -> Path:
    """Where these tests stand."""
    return project / "tests" / "steps" / f"test_{step}_functions.py"


def function_test(step: str, functions: Mapping[str, str], pins: Mapping[str, int], given: Mapping[str, str]) -> bytes:
    """The bytes of the file. `functions`: the id of the cell that defines each; the rest as for the step's test."""
    listed = "".join(f'    ("{name}", "{cell}"),\n' for name, cell in functions.items())
    return TEMPLATE.format(
        step=step,
        module=f"app.{PACKAGE}.{step}",
        pins=as_literal(pins),
        functions=listed,
        **placeholder_lines(given),
    ).encode("utf-8")
