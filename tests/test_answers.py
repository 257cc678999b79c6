"""A bad answer is refused with one line that says what to do, and nothing is written."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.conftest import COOKIECUTTER, SOURCE, Bake, environment

REFUSED = {
    "slug with capitals and spaces": ({"project_slug": "My Desk"}, "lower-case letters"),
    "slug with a slash": ({"project_slug": "a/b"}, "lower-case letters"),
    "slug above the folder": ({"project_slug": "../desk"}, "lower-case letters"),
    "slug empty": ({"project_slug": ""}, "lower-case letters"),
    "slug too long": ({"project_slug": "a" * 51}, "2 to 50"),
    "slug with a digit first": ({"project_slug": "7up"}, "a letter first"),
    "slug of a needed package": ({"project_slug": "openai"}, "choose another"),
    "provider unknown": ({"provider": "acme"}, "choose offline, openai, anthropic or compatible"),
    "double quote": ({"project_name": 'The "Desk"', "project_slug": "desk"}, "double quotes"),
    "backslash": ({"owner": "a\\b"}, "backslashes"),
    "line break": ({"description": "two\nlines"}, "line breaks"),
    "empty owner": ({"owner": " "}, "give it a value"),
    "code": ({"on_call": '""" + str(1/0) + """'}, "double quotes"),
}
NOTEBOOKS = {
    "missing": (None, "cannot be read"),
    "not JSON": (b"import pandas as pd\n", "is not JSON"),
    "not UTF-8": (b"\xff\xfe{}", "is not JSON"),
    "no notebook": (b'{"a": 1}', "is JSON and not a notebook"),
    "a list": (b"[]", "is JSON and not a notebook"),
    "format 3": (b'{"nbformat": 3, "worksheets": []}', "save it once in Jupyter"),
}


def assert_refused(done: object, folder: Path, remedy: str, kept: set[str] = frozenset()) -> None:
    assert done.returncode == 1
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
    assert remedy in done.stdout
    assert {path.name for path in folder.iterdir()} == kept


@pytest.mark.feature("T1")
@pytest.mark.parametrize(("answers", "remedy"), REFUSED.values(), ids=REFUSED)
def test_bad_answer_is_refused(bake: Bake, tmp_path: Path, answers: dict[str, str], remedy: str) -> None:
    """Exit code 1, one line with the remedy, nothing written."""
    folder = tmp_path / "inner"
    folder.mkdir()
    assert_refused(bake(folder=folder, **answers), folder, remedy)
    assert {path.name for path in tmp_path.iterdir()} == {"inner"}


@pytest.mark.feature("T1")
@pytest.mark.parametrize(("content", "remedy"), NOTEBOOKS.values(), ids=NOTEBOOKS)
def test_bad_notebook_is_refused(bake: Bake, tmp_path: Path, content: bytes | None, remedy: str) -> None:
    """What is missing, unreadable or no notebook of format 4 is refused before anything is written."""
    if content is not None:
        (tmp_path / "poc.ipynb").write_bytes(content)
    kept = {path.name for path in tmp_path.iterdir()}
    assert_refused(bake(notebook="poc.ipynb"), tmp_path, remedy, kept)


@pytest.mark.feature("T1")
@pytest.mark.parametrize("flags", [(), ("--overwrite-if-exists",)], ids=["plain", "overwrite"])
def test_existing_work_is_never_written_over(bake: Bake, tmp_path: Path, flags: tuple[str, ...]) -> None:
    """A folder that is not empty is refused with the remedy, forced or not, and stays as it was."""
    (tmp_path / "support-desk").mkdir()
    (tmp_path / "support-desk/work.txt").write_text("mine", encoding="utf-8")
    assert_refused(bake(*flags), tmp_path, "choose another project_slug", {"support-desk"})
    assert [path.name for path in (tmp_path / "support-desk").iterdir()] == ["work.txt"]


def test_existing_work_in_another_output_folder(bake: Bake, tmp_path: Path) -> None:
    """The folder given with --output-dir is the one that is looked at."""
    (tmp_path / "out/support-desk").mkdir(parents=True)
    (tmp_path / "out/support-desk/work.txt").touch()
    assert_refused(bake("--output-dir", "out"), tmp_path, "choose another project_slug", {"out"})


@pytest.mark.parametrize("given", ["relative", "absolute", "from a folder beside"])
def test_own_notebook_is_copied(bake: Bake, tmp_path: Path, given: str) -> None:
    """A notebook named from the folder of the call, spaces and unicode in its path, is in the project byte for byte."""
    notebook = tmp_path / "my proofs" / "Ünï poc (2).ipynb"
    notebook.parent.mkdir()
    notebook.write_bytes((SOURCE / "notebooks/explore/support_poc.ipynb").read_bytes() + b"\n")
    (tmp_path / "beside").mkdir()
    folder = tmp_path / "beside" if given == "from a folder beside" else tmp_path
    answer = {"relative": "my proofs/Ünï poc (2).ipynb", "absolute": str(notebook)}.get(
        given, "../my proofs/Ünï poc (2).ipynb"
    )
    done = bake("--output-dir", str(tmp_path / "out"), folder=folder, notebook=answer)
    assert done.returncode == 0, done.stdout + done.stderr
    explore = tmp_path / "out/support-desk/notebooks/explore"
    assert (explore / notebook.name).read_bytes() == notebook.read_bytes()
    assert (explore / "support_poc.ipynb").exists()
    assert f"tools.promote 'notebooks/explore/{notebook.name}'" in done.stdout
    record = json.loads((tmp_path / "out/support-desk/.cruft.json").read_text(encoding="utf-8"))
    assert record["context"]["cookiecutter"]["notebook"] == ""


@pytest.mark.feature("N3")
def test_own_notebook_is_promoted(bake: Bake, tmp_path: Path) -> None:
    """The step is in the pipeline and in a commit of its own; the report says what became of the notebook."""
    asks = "reply = client.responses.create(model='m', input='Hi')\nprint(reply.output_text)"
    text = _notebook("from openai import OpenAI\nclient = OpenAI()", asks)
    (tmp_path / "poc.ipynb").write_text(text, encoding="utf-8")
    done = bake(notebook="poc.ipynb")
    project = tmp_path / "support-desk"
    assert "0:2        changed  OpenAI(...) goes through the gateway's door" in done.stdout
    assert "`make demo` runs your notebook and the step" in done.stdout
    step = json.loads((project / "notebooks/steps/poc.ipynb").read_text(encoding="utf-8"))
    assert any("**openai_client_args()" in "".join(cell["source"]) for cell in step["cells"])
    assert "steps/poc.ipynb" in (project / "notebooks/pipeline.yaml").read_text(encoding="utf-8")
    log = subprocess.run(["git", "log", "--format=%s"], cwd=project, capture_output=True, text=True, check=True).stdout
    assert log.splitlines() == ["Promote poc.ipynb", "Start from the template"]


@pytest.mark.feature("N3")
def test_packages_the_project_lacks_are_named_with_the_remedy(bake: Bake, tmp_path: Path) -> None:
    """The last lines say what to run first; what the project has already is not among them."""
    text = _notebook("%pip install -q openai wikipedia==1.4.0", "import wikipedia\nprint(wikipedia.summary('Zurich'))")
    (tmp_path / "poc.ipynb").write_text(text, encoding="utf-8")
    done = bake(notebook="poc.ipynb")
    assert "The notebook needs what this project has not installed: wikipedia==1.4.0." in done.stdout
    assert "run `make lock` before `make demo`" in done.stdout


@pytest.mark.feature("N3")
def test_a_notebook_that_cannot_be_promoted_says_why(bake: Bake, tmp_path: Path) -> None:
    """The project is there all the same, with the notebook; the reason names the cell."""
    (tmp_path / "poc.ipynb").write_text(_notebook("print 'python 2'"), encoding="utf-8")
    done = bake(notebook="poc.ipynb")
    assert done.returncode == 0
    assert "was not promoted: " in done.stdout
    assert "cell 0, line 1: this is Python 2" in done.stdout
    assert (tmp_path / "support-desk/notebooks/explore/poc.ipynb").exists()
    assert not (tmp_path / "support-desk/notebooks/steps").exists()


def _notebook(*cells: str) -> str:
    code = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": c} for c in cells]
    return json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": code})


def test_own_notebook_named_as_the_sample(bake: Bake, tmp_path: Path) -> None:
    """A notebook that has the sample's name stands beside the sample."""
    (tmp_path / "support_poc.ipynb").write_text('{"nbformat": 4, "cells": []}', encoding="utf-8")
    assert bake(notebook="support_poc.ipynb").returncode == 0
    explore = tmp_path / "support-desk/notebooks/explore"
    assert (explore / "support_poc_own.ipynb").read_bytes() == (tmp_path / "support_poc.ipynb").read_bytes()
    assert (explore / "support_poc.ipynb").read_bytes() == (SOURCE / "notebooks/explore/support_poc.ipynb").read_bytes()


def answered(template: Path, folder: Path, lines: str) -> subprocess.CompletedProcess[str]:
    """Cookiecutter asking its questions, with `lines` typed."""
    command = [COOKIECUTTER, str(template)]
    return subprocess.run(command, cwd=folder, input=lines, capture_output=True, text=True, env=environment())


@pytest.mark.feature("T1")
def test_every_proposal_can_be_taken(template: Path, tmp_path: Path) -> None:
    """Asked interactively, pressing Return seven times bakes a project; the slug is proposed from the name."""
    done = answered(template, tmp_path, "Zoë's Desk\n" + "\n" * 6)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "[7/7]" in done.stdout
    assert (tmp_path / "zoes-desk" / "Makefile").exists()


@pytest.mark.feature("T1")
def test_bad_name_is_refused_before_the_next_question(template: Path, tmp_path: Path) -> None:
    """Asked interactively, a bad slug is refused at once, not after seven answers."""
    done = answered(template, tmp_path, "Desk\nBad Slug\n")
    assert done.returncode == 1
    assert "lower-case letters" in done.stdout.splitlines()[-1]
    assert "[3/7]" not in done.stdout
    assert list(tmp_path.iterdir()) == []
