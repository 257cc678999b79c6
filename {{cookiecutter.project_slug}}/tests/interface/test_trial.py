"""A step tried against a recording: what it prints each time, and which functions of its module do something else."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from app.interface.trial import Trial, run

MODULE = """
def same():
    return 1
def sees():
    return "n" in globals()
def fails():
    raise KeyError("n")
"""
CELLS = {
    "a": "def same():\n    return 1",
    "b": "def sees():\n    return 'n' in globals()",
    "c": "def fails():\n    return n",
    "d": "import itertools, app\nn = app.__dict__.setdefault('ticks', itertools.count())",
    "e": "print(same(), sees(), type(fails()).__name__)",
    "f": "print(next(n))",
}


def _tried(folder: Path, functions_s: float, exit_code: int = 0) -> tuple[int, dict[str, Any]]:
    cells = [{"cell_type": "code", "id": id, "metadata": {}, "source": [text]} for id, text in CELLS.items()]
    (folder / "step.ipynb").write_text(json.dumps({"cells": cells}))
    (folder / "recording.json").write_text("[]")
    (folder / "module.py").write_text(MODULE)
    trial = Trial(
        recording=str(folder / "recording.json"),
        result=str(folder / "result.json"),
        kernel_command=[sys.executable, "-c", f"raise SystemExit({exit_code})"],
        copy=str(folder / "step.ipynb"),
        module="module_of_a_trial",
        source=str(folder / "module.py"),
        functions={"same": "a", "sees": "b", "fails": "c"},
        functions_s=functions_s,
    )
    code = run(trial)
    sys.modules.pop("module_of_a_trial", None)
    return code, json.loads((folder / "result.json").read_text())


@pytest.mark.feature("N4")
def test_functions_with_which_a_step_does_something_else_are_named(tmp_path: Path) -> None:
    """One that reads the notebook's variables by itself, and one that fails; what changes by itself is not asked."""
    code, found = _tried(tmp_path, 60, exit_code=3)

    assert code == 3
    assert found["printed"] == ["", "", "", "", "1 True count\n", None]
    assert found["functions"].keys() == {"sees", "fails"}
    assert found["functions"]["sees"] == "the step prints otherwise with it"
    assert "KeyError" in found["functions"]["fails"]


@pytest.mark.feature("N4")
def test_functions_that_there_is_no_time_for_are_named(tmp_path: Path) -> None:
    """Nothing passes for compared that was not run."""
    _, found = _tried(tmp_path, -1)

    assert set(found["functions"].values()) == {"not tried: all functions together take longer than -1 s"}
