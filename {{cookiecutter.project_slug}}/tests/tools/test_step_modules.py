"""Steps export their functions as modules: as nbdev would, compared in CI, nobody's own work overwritten."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from app.orchestration.notebook import with_state
from tests.tools.notebooks.projects import make_project, promote_cells
from tools.promote.functions import step_module
from tools.promote.notebook.outcome import Refused
from tools.promote.write import write_all

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"
CELLS: list[str | tuple[str, str]] = [
    ("markdown", "# Support\n\n> Sorts tickets\n> by topic.\n\nProse."),
    "import json\nfrom app.orchestration.notebook import prompt\nLABELS = ['a', 'b']\n_HIDDEN = (1, 2)\n",
    "\ndef label(text):\n    '''Grüße \\n'''\n    return json.dumps([text, LABELS, _HIDDEN])\n\nprint(label('x'))\n",
    *(f"def number_{n}():\n    return {n}" for n in range(12)),
    "class Ticket:\n    async def send(self): ...\n",
]


def _project(folder: Path) -> Path:
    project = make_project(folder)
    with (project / "pyproject.toml").open("a") as table:
        table.write("\n[tool.nbdev]" + PYPROJECT.read_text().partition("\n[tool.nbdev]")[2])
    write_all(project, promote_cells(project, *CELLS).promotion.files)
    return project


@pytest.mark.feature("N4")
@pytest.mark.slow
def test_nbdev_exports_the_very_same_bytes(tmp_path: Path) -> None:
    """`nbdev-export` makes of a step the module promote wrote, and `nbdev-clean` finds nothing to clean."""
    project = _project(tmp_path)
    module, step = project / "src/app/orchestration/steps/poc.py", project / "notebooks/steps/poc.ipynb"
    written, notebook = module.read_bytes(), step.read_bytes()
    module.unlink()
    binaries = Path(sys.executable).parent
    for command in (["nbdev-export"], ["nbdev-clean", "--fname", "notebooks/steps"]):
        subprocess.run([binaries / command[0], *command[1:]], cwd=project, check=True, capture_output=True)
    assert module.read_bytes() == written
    assert step.read_bytes() == notebook


@pytest.mark.feature("N4")
def test_the_module_offers_what_the_notebook_defines(tmp_path: Path) -> None:
    """It imports without a door or a key, and its functions give what the notebook's give."""
    module = _project(tmp_path) / "src/app/orchestration/steps/poc.py"
    namespace: dict[str, object] = {}
    exec(module.read_text().replace("from ..notebook", "from app.orchestration.notebook"), namespace)
    assert namespace["label"]("x") == '["x", ["a", "b"], [1, 2]]'  # type: ignore[operator]
    assert {"Ticket", "number_11", "label"} <= set(namespace["__all__"])  # type: ignore[call-overload]


@pytest.mark.feature("N4")
def test_a_module_that_differs_from_its_notebook_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check passes, fails with the remedy when module or notebook is edited, and `--write` mends it."""
    project = _project(tmp_path)
    monkeypatch.chdir(project)
    assert step_module.main([]) == 0
    module = project / "src/app/orchestration/steps/poc.py"
    module.write_text(module.read_text() + "# edited\n")
    assert step_module.main([]) == 1
    assert "poc.py is not what its notebook exports: run `make modules`" in capsys.readouterr().err
    assert step_module.main(["--write"]) == 0
    assert step_module.main([]) == 0


@pytest.mark.feature("N4")
def test_a_module_nobody_added_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--tracked` fails for a generated module git does not know, and passes once it does."""
    project = _project(tmp_path)
    monkeypatch.chdir(project)
    environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    subprocess.run(["git", "init", "-q"], check=True, env=environment)
    assert step_module.main(["--tracked"]) == 1
    assert "git add src/app/orchestration/steps/poc.py" in capsys.readouterr().err
    subprocess.run(["git", "add", "."], check=True, env=environment)
    assert step_module.main(["--tracked"]) == 0


def test_a_module_written_by_hand_is_never_overwritten(tmp_path: Path) -> None:
    """A step whose module's name is taken by somebody's own file is refused; nothing is promoted."""
    project = make_project(tmp_path)
    module = project / "src/app/orchestration/steps/poc.py"
    module.parent.mkdir(parents=True)
    module.write_text("mine = 1\n")
    with pytest.raises(Refused, match=r"poc\.py was written by hand: choose another name"):
        promote_cells(project, "def one():\n    return 1")


def test_directives_of_the_author_stay(tmp_path: Path) -> None:
    """A notebook that exports by nbdev itself keeps its cells; nothing is marked on top."""
    cells = ["#| default_exp tickets", "#| export\ndef one():\n    return 1"]
    promoted = promote_cells(make_project(tmp_path), *cells)
    assert promoted.code == cells


def test_a_pickle_is_reported_with_what_to_write_instead(tmp_path: Path) -> None:
    """Each call that pickles is named with cell, line, reason and remedy; reading one is no concern."""
    code = "import pickle\nfrom joblib import dump\npickle.dump(x, f)\ndump(x, 'f')\ndf.to_pickle('f')\npickle.load(f)"
    found = [f for f in promote_cells(make_project(tmp_path), code).promotion.report.findings if f.subject == "data"]
    assert [(f.place, f.what) for f in found] == [
        ("0:3", "pickle.dump(...)"),
        ("0:4", "dump(...)"),
        ("0:5", "df.to_pickle(...)"),
    ]
    assert all("Parquet" in f.remedy for f in found)


@pytest.mark.feature("N4")
def test_every_exported_function_has_a_test(tmp_path: Path) -> None:
    """The generated file names each function with the cell that defines it, and parses."""
    promoted = promote_cells(make_project(tmp_path), *CELLS)
    text = promoted.files["tests/steps/test_poc_functions.py"]
    compile(text, "test", "exec")
    assert all(f'("number_{n}", "' in text for n in range(12))
    assert '("label", "' in text


async def _doubled(number: int, *, by: int) -> int:
    """Doc."""
    return number * by


async def _stream(number: int, *, by: int) -> AsyncIterator[int]:
    yield number * by


def _generated(number: int, *, by: int) -> Iterator[int]:
    yield number * by


async def test_a_function_handed_on_with_its_state_looks_as_it_did() -> None:
    """Name, documentation, signature and kind are those without the state; the state arrives."""
    doubled, stream, generated = (with_state(function, by=2) for function in (_doubled, _stream, _generated))
    assert (doubled.__name__, doubled.__doc__) == ("_doubled", "Doc.")
    assert list(inspect.signature(doubled).parameters) == ["number"]
    assert inspect.iscoroutinefunction(doubled)
    assert inspect.isasyncgenfunction(stream)
    assert inspect.isgeneratorfunction(generated)
    assert [await doubled(4), [n async for n in stream(4)], list(generated(4))] == [
        8,
        [8],
        [8],
    ]
