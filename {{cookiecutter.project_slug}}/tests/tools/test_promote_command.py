"""The command `python -m tools.promote`: exit codes, one-line refusals, nothing half-written."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

from tests.tools.notebooks.projects import PIPELINE, make_project, notebook_text, put_notebook
from tools.promote.__main__ import main
from tools.promote.notebook.outcome import Refused
from tools.promote.write import write_all

CELL = "N = 3\nprint(N)"


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _promote(project: Path, *arguments: str | Path) -> int:
    return main([*map(str, arguments), "--project", str(project), "--no-prove"])


@pytest.mark.feature("N1")
def test_a_notebook_becomes_a_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Step, test, pipeline entry and report are written; the original stays as it is; exit code 0."""
    project = make_project(tmp_path / "p")
    notebook = put_notebook(project, "%pip install pandas", CELL)
    before = notebook.read_bytes()
    assert _promote(project, notebook, "--report", tmp_path / "r.json") == 0
    written = _tree(project)
    assert {"notebooks/steps/poc.ipynb", "tests/steps/test_poc.py", "build/promote/poc.md"} <= set(written)
    assert written["notebooks/pipeline.yaml"].decode() == PIPELINE + (
        "  - {name: poc, notebook: steps/poc.ipynb, parameters: {}}\n"
    )
    assert written["requirements-notebooks.in"].decode().splitlines()[1:] == ["pandas"]
    assert notebook.read_bytes() == before
    report = json.loads((tmp_path / "r.json").read_text())
    assert [p["name"] for p in report["parameters"]] == ["N"]
    assert report["proof"]["verdict"] == "not run"
    assert "parameters    N" in capsys.readouterr().out


def test_a_second_run_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Promoting the same notebook again changes no file, also when only its outputs changed."""
    project = make_project(tmp_path)
    notebook = put_notebook(project, CELL)
    _promote(project, notebook)
    notebook.write_text(notebook.read_text().replace("old", "new"))
    before = _tree(project)
    assert _promote(project, notebook) == 0
    assert _tree(project) == before
    assert "nothing to do" in capsys.readouterr().out


def test_a_changed_notebook_is_promoted_again(tmp_path: Path) -> None:
    """A changed prompt becomes version 2 and is released; version 1 keeps its bytes."""
    project = make_project(tmp_path)
    _promote(project, put_notebook(project, "SYSTEM_PROMPT = 'You are terse.'\nprint(SYSTEM_PROMPT)"))
    first = (project / "prompts/poc_system/v1.prompt.yml").read_bytes()
    _promote(project, put_notebook(project, "SYSTEM_PROMPT = 'You are chatty.'\nprint(SYSTEM_PROMPT)"))
    assert (project / "prompts/poc_system/v1.prompt.yml").read_bytes() == first
    assert "chatty" in (project / "prompts/poc_system/v2.prompt.yml").read_text()
    assert (project / "prompts/releases.yaml").read_text() == "# Which version serves.\nanswer: 1\npoc_system: 2\n"
    assert len((project / "prompts/released.lock").read_text().splitlines()) == 2


def test_a_dry_run_shows_the_difference_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The diff goes to stdout, without the key that stands in the notebook."""
    project, key = make_project(tmp_path), "sk-" + "x9" * 12
    notebook = put_notebook(project, f"from openai import OpenAI\nc = OpenAI(api_key='{key}')")
    before = _tree(project)
    assert main([str(notebook), "--project", str(project), "--dry-run"]) == 0
    assert _tree(project) == before
    shown = capsys.readouterr().out
    assert "+c = OpenAI(**openai_client_args())" in shown
    assert key not in shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"cells": [{"cell_ty', "is not complete JSON (line 1: "),
        ("[1, 2]", "is JSON but no notebook: give the path of an .ipynb file"),
        ('{"worksheets": [], "nbformat": 3}', "has nbformat 3: convert it with `jupyter nbconvert --to notebook`"),
        (notebook_text(), "has no cells: there is nothing to promote"),
        (notebook_text("x", metadata={"kernelspec": {"language": "R"}}), "is written in R: only Python notebooks"),
        (notebook_text("x = 1", "print 'x'"), "cell 1, line 1: this is Python 2: convert the notebook to Python 3"),
        (notebook_text("x = 1\n\ny = (1,\nz = 2"), "cell 0, line 3: '(' was never closed: mend the cell"),
        (
            '{"cells": [{"cell_type": "code", "source": "x = \'\\ud800\'"}], "nbformat": 4}',
            "cell 0 holds half a character pair: retype that character",
        ),
        (
            '{"cells": [{"cell_type": "code"}], "nbformat": 4}',
            "cell 0 is damaged (no type or source): restore the file",
        ),
        ("[" * 100_000, "nested too deeply"),
    ],
    ids=["cut", "json", "nbformat3", "empty", "foreign", "python2", "syntax", "surrogate", "damaged", "deep"],
)
def test_what_cannot_be_promoted_is_refused_in_one_line(
    text: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, one line on stderr that ends in a remedy, no file touched."""
    project = make_project(tmp_path)
    notebook = project / "notebooks/explore/poc.ipynb"
    notebook.write_text(text, encoding="utf-8")
    before = _tree(project)
    code = _promote(project, notebook)
    error = capsys.readouterr().err
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert _tree(project) == before


def test_a_missing_notebook_a_bad_name_and_a_folder_that_is_no_project_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each says what to give instead."""
    project = make_project(tmp_path / "p")
    notebook = put_notebook(project, CELL)
    assert _promote(project, project / "none.ipynb") == 2
    assert _promote(project, notebook, "--name", "My Step") == 2
    assert _promote(tmp_path, notebook) == 2
    first, second, third = capsys.readouterr().err.splitlines()
    assert "cannot be read (No such file or directory): give the path of a notebook" in first
    assert "'My Step' is no snake_case word: use --name my_step" in second
    assert "is no project" in third


def test_a_step_made_by_hand_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A step nobody promoted, one promoted from elsewhere, and one edited since: refused, bytes kept."""
    project = make_project(tmp_path)
    step = project / "notebooks/steps/poc.ipynb"
    step.parent.mkdir()
    step.write_text(notebook_text("mine = 1"))
    notebook = put_notebook(project, CELL)
    assert _promote(project, notebook) == 2
    assert step.read_text() == notebook_text("mine = 1")
    step.unlink()
    _promote(project, notebook)
    other = put_notebook(project, "y = 1", name="other.ipynb")
    assert _promote(project, other, "--name", "poc") == 2
    step.write_text(step.read_text().replace("print(N)", "print(N + 1)"))
    assert _promote(project, put_notebook(project, CELL, "more = 1")) == 2
    errors = capsys.readouterr().err
    assert "was made by hand: choose another name with --name" in errors
    assert "was promoted from notebooks/explore/poc.ipynb: choose another name" in errors
    assert "was changed by hand since" in errors


def test_an_edited_step_is_left_alone_while_its_notebook_is_the_same(tmp_path: Path) -> None:
    """Promoting again does not undo what a person changed in the step."""
    project = make_project(tmp_path)
    notebook = put_notebook(project, CELL)
    _promote(project, notebook)
    step = project / "notebooks/steps/poc.ipynb"
    step.write_text(step.read_text().replace("print(N)", "print(N + 1)"))
    before = _tree(project)
    assert _promote(project, notebook) == 0
    assert _tree(project) == before


def test_names_with_spaces_and_other_alphabets_work(tmp_path: Path) -> None:
    """The step's name is made of what can be used of the file's name."""
    project = make_project(tmp_path / "a project")
    for name in ("My PoC (v2) – Übersicht.ipynb", "実験.ipynb"):
        assert _promote(project, put_notebook(project, CELL, name=name)) == 0
    steps = sorted(path.name for path in (project / "notebooks/steps").iterdir())
    assert steps[0] == "my_poc_v2_ubersicht.ipynb"
    assert steps[1].startswith("notebook_")


def test_a_notebook_without_kernel_and_with_huge_outputs_is_promoted(tmp_path: Path) -> None:
    """No kernelspec is taken for Python; 50 MB of outputs do not reach the step."""
    project = make_project(tmp_path)
    notebook = put_notebook(project, CELL)
    text = notebook_text(CELL, metadata={}).replace("old", "x" * 50_000_000)
    notebook.write_text(text)
    assert _promote(project, notebook) == 0
    assert (project / "notebooks/steps/poc.ipynb").stat().st_size < 2_000


def test_a_notebook_from_outside_is_copied_without_its_keys(tmp_path: Path) -> None:
    """It goes to `notebooks/explore`; what stands there under that name already is not touched."""
    project, key = make_project(tmp_path / "p"), "hf_" + "aB3" * 10
    outside = tmp_path / "poc.ipynb"
    outside.write_text(notebook_text(f"token = '{key}'\nprint(token)"))
    assert _promote(project, outside) == 0
    copied = (project / "notebooks/explore/poc.ipynb").read_text()
    assert key not in copied
    assert "REDACTED" in copied
    outside.write_text(notebook_text("something = 'else'"))
    assert _promote(project, outside, "--name", "two") == 2


def test_a_target_that_cannot_be_written_leaves_everything_as_it_was(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file stands where the folder of steps should be: refused, no file new or changed."""
    project = make_project(tmp_path)
    notebook = put_notebook(project, "SYSTEM_PROMPT = 'You are terse.'\nprint(SYSTEM_PROMPT)")
    (project / "notebooks/steps").write_text("in the way")
    before = _tree(project)
    assert _promote(project, notebook) == 2
    assert _tree(project) == before
    assert "make it writable; nothing was changed" in capsys.readouterr().err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_project_is_refused(tmp_path: Path) -> None:
    """Nothing is written into a folder that may not be written to."""
    project = make_project(tmp_path)
    notebook = put_notebook(project, CELL)
    project.chmod(stat.S_IRUSR | stat.S_IXUSR)
    assert _promote(project, notebook) == 2
    project.chmod(stat.S_IRWXU)


def test_a_failure_half_way_undoes_what_was_written(tmp_path: Path) -> None:
    """New files go, changed ones get their old bytes back, folders that were made are removed."""
    (tmp_path / "old.txt").write_text("old")
    (tmp_path / "blocked").write_text("a file")
    files: dict[Path, bytes | None] = {
        tmp_path / "old.txt": b"new",
        tmp_path / "folder/new.txt": b"new",
        tmp_path / "blocked/x.txt": b"never",
    }
    with pytest.raises(Refused):
        write_all(tmp_path, files)
    assert _tree(tmp_path) == {"old.txt": b"old", "blocked": b"a file"}
    assert not (tmp_path / "folder").exists()


def test_a_damaged_pipeline_stops_the_promotion(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A pipeline file that is not YAML is named; a step of that name with another notebook too."""
    project = make_project(tmp_path)
    notebook = put_notebook(project, CELL)
    (project / "notebooks/pipeline.yaml").write_text("steps: [")
    assert _promote(project, notebook) == 2
    (project / "notebooks/pipeline.yaml").write_text("steps:\n- {name: poc, run: x}\n")
    assert _promote(project, notebook) == 2
    first, second = capsys.readouterr().err.splitlines()
    assert "pipeline.yaml cannot be read" in first
    assert "has a step 'poc' that is not steps/poc.ipynb" in second


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("steps:\n- {name: a, run: a}\n# end\n", "steps:\n- {name: a, run: a}\n- NEW\n# end\n"),
        ("steps:\n    - name: a\n      run: a\nname: x\n", "steps:\n    - name: a\n      run: a\n    - NEW\nname: x\n"),
        ("steps: [{name: a, run: a}]\n", "steps: [{name: a, run: a}, NEW]\n"),
        ("name: x\n", "name: x\nsteps:\n  - NEW\n"),
        ("name: x\nsteps:\n", "name: x\nsteps:\n  - NEW\n"),
    ],
    ids=["flush", "block", "flow", "absent", "empty"],
)
def test_the_pipeline_entry_fits_the_file(before: str, after: str, tmp_path: Path) -> None:
    """The entry takes the list's own indentation and leaves comments and order alone."""
    project = make_project(tmp_path)
    (project / "notebooks/pipeline.yaml").write_text(before)
    _promote(project, put_notebook(project, CELL))
    entry = "{name: poc, notebook: steps/poc.ipynb, parameters: {}}"
    assert (project / "notebooks/pipeline.yaml").read_text() == after.replace("NEW", entry)


@pytest.mark.feature("N1")
def test_a_step_waits_for_its_packages(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What is not installed is named with the remedy; an entry of an earlier promotion leaves the pipeline."""
    project = make_project(tmp_path)
    notebook = put_notebook(project, "%pip install no-such-thing", "import no_such_thing\nimport json\nprint(json)")
    assert main([str(notebook), "--project", str(project), "--no-prove"]) == 0
    assert "steps/poc.ipynb" in (project / "notebooks/pipeline.yaml").read_text(encoding="utf-8")
    capsys.readouterr()

    assert main([str(notebook), "--project", str(project)]) == 0

    said = capsys.readouterr().out
    assert "1:1" in said
    assert "import no_such_thing; its package is not installed; run `make lock`" in said
    assert "not run: cell 1:1: import no_such_thing" in said
    assert "steps/poc.ipynb" not in (project / "notebooks/pipeline.yaml").read_text(encoding="utf-8")
