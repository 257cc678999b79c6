"""Broken, foreign and odd notebooks: a clear outcome each, and a project that is never left half-written."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.tools.notebooks.projects import make_project, notebook_text, put_notebook
from tools.promote.__main__ import main
from tools.promote.notebook.notebook_file import CELL_ID
from tools.promote.notebook.outcome import Refused
from tools.promote.write import recover, write_all

NOBODY = 65534
CELL = "N = 3\nprint(N)"
KILLED = """
import os, signal, sys
from pathlib import Path
from tools.promote.write import write_all
project, after = Path(sys.argv[1]), int(sys.argv[2])
done, replace = [], Path.replace
def cut_off(self, target):
    if len(done) == after:
        os.kill(os.getpid(), signal.SIGKILL)
    done.append(target)
    return replace(self, target)
Path.replace = cut_off
write_all(project, {project / "old.txt": b"new", project / "a/b/new.txt": b"new", project / "gone.txt": None,
                    project / "last.txt": b"new"})
"""


def _tree(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _promote(project: Path, *arguments: str | Path) -> int:
    return main([*map(str, arguments), "--project", str(project), "--no-prove"])


def _step(project: Path, name: str = "poc") -> dict[str, Any]:
    data: dict[str, Any] = json.loads((project / f"notebooks/steps/{name}.ipynb").read_text(encoding="utf-8"))
    return data


def _put(project: Path, text: str | bytes, name: str = "poc.ipynb") -> Path:
    path = project / "notebooks/explore" / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


@pytest.mark.feature("N1")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (notebook_text(CELL)[:200], "is not complete JSON (line "),
        ("", "is empty: restore the file or save it again"),
        ("  \n", "is empty: restore the file or save it again"),
        (b"\xff\xfe{\x00}\x00", "is not UTF-8 text: save it again from Jupyter"),
        ('{"metadata": {}, "nbformat": 3, "worksheets": [{"cells": []}]}', "has nbformat 3: convert it with"),
        ('{"metadata": {}, "nbformat": 4, "worksheets": [{"cells": []}]}', "has nbformat 3: convert it with"),
        (notebook_text(CELL, nbformat=5), "has nbformat 5: convert it with"),
        (notebook_text(), "has no cells: there is nothing to promote"),
        (notebook_text("", " \n"), "has no code: there is nothing to promote"),
        (notebook_text(("markdown", "# Only words")), "has no code: there is nothing to promote"),
        (notebook_text("x <- 1", metadata={"kernelspec": {"name": "ir"}}), "is written in R: only Python"),
        (notebook_text("x", metadata={"language_info": {"name": "julia"}}), "is written in julia: only Python"),
        (notebook_text(CELL, metadata={"kernelspec": {"name": "python2"}}), "is Python 2: convert the notebook"),
        (notebook_text("x = 1", "print 'x'"), "cell 1, line 1: this is Python 2: convert the notebook to Python 3"),
        (notebook_text("exec 'x'"), "cell 0, line 1: this is Python 2"),
        (notebook_text("x = 1\n\ny = (1,\nz = 2"), "cell 0, line 3: '(' was never closed: mend the cell or make it"),
        (notebook_text("# setup\n%%sh\ncurl -s x | tee y"), "cell 0, line 2: %%sh stands beneath a comment"),
        (notebook_text("x = '\0'"), "cell 0 cannot be parsed"),
        (notebook_text(CELL).replace('"N = 3\\n"', "3"), "cell 0 is damaged (no type or source): restore the file"),
        (notebook_text(CELL).replace('"nbformat": 4', f'"nbformat": {"9" * 5000}'), "cannot be read as JSON"),
    ],
    ids=[
        "cut", "nothing", "blank", "utf-16", "nbformat 3", "worksheets", "nbformat 5", "no cells", "empty cells",
        "words", "R", "Julia", "python2 kernel", "python2 print", "python2 exec", "syntax", "magic", "null byte",
        "damaged", "number",
    ],
)  # fmt: skip
def test_what_cannot_be_promoted_says_why_and_what_to_do(
    text: str | bytes, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, one line, and not a byte of the project changes."""
    project = make_project(tmp_path)
    notebook = _put(project, text)
    before = _tree(project)
    assert _promote(project, notebook) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert _tree(project) == before


@pytest.mark.parametrize("minor", [0, 2, 5])
@pytest.mark.parametrize("metadata", [None, [], "x", {"kernelspec": None}, {"kernelspec": "python3"}, {}])
def test_missing_and_damaged_metadata_is_taken_for_python(metadata: object, minor: int, tmp_path: Path) -> None:
    """No kernelspec, or nonsense in its place: the step gets its own."""
    project = make_project(tmp_path)
    assert _promote(project, _put(project, notebook_text(CELL, metadata=metadata, nbformat_minor=minor))) == 0
    assert _step(project)["metadata"]["kernelspec"]["name"] == "python3"


def test_cells_with_nonsense_for_metadata_are_promoted(tmp_path: Path) -> None:
    """Metadata null, tags that are no list: what promote reads of them it reads safely."""
    project = make_project(tmp_path)
    data = json.loads(notebook_text(CELL, "print(1)"))
    data["cells"][0]["metadata"] = None
    data["cells"][1]["metadata"] = {"tags": "parameters"}
    assert _promote(project, _put(project, json.dumps(data))) == 0


def test_a_byte_order_mark_is_read_over(tmp_path: Path) -> None:
    """Windows editors write one; the step has none."""
    project = make_project(tmp_path)
    assert _promote(project, _put(project, b"\xef\xbb\xbf" + notebook_text(CELL).encode())) == 0
    assert (project / "notebooks/steps/poc.ipynb").read_bytes().startswith(b"{")


def test_half_a_character_in_prose_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Such a notebook opens in Jupyter: original and step keep the half as the file had it, and a diff can be shown."""
    prose = {"cell_type": "markdown", "metadata": {}, "source": ["**\ud83e\udd10 and half of one: \udd10**"]}
    code = {"cell_type": "code", "metadata": {}, "source": [CELL], "outputs": [], "execution_count": None}
    data = {"cells": [prose, code], "metadata": {}, "nbformat": 4, "nbformat_minor": 4}
    project, outside = make_project(tmp_path / "project"), tmp_path / "poc.ipynb"
    outside.write_text(json.dumps(data, ensure_ascii=True).replace("\\ud83e\\udd10", "\U0001f910"), encoding="utf-8")

    assert _promote(project, outside, "--dry-run") == 0
    assert "half of one: \\udd10" in capsys.readouterr().out
    assert _promote(project, outside) == 0
    original = (project / "notebooks/explore/poc.ipynb").read_text(encoding="utf-8")
    assert "\U0001f910 and half of one: \\udd10" in original
    assert "\udd10" in _step(project)["cells"][0]["source"][0]


def test_duplicate_and_bad_cell_ids_are_made_unique(tmp_path: Path) -> None:
    """nbformat 4.5 wants each id once; the first keeps its own."""
    project = make_project(tmp_path)
    data = json.loads(notebook_text("print(1)", "print(2)", "print(3)", "print(4)", nbformat_minor=5))
    for cell, found in zip(data["cells"], ["a", "a", "not an id!", 7], strict=True):
        cell["id"] = found
    assert _promote(project, _put(project, json.dumps(data))) == 0
    ids = [cell["id"] for cell in _step(project)["cells"]]
    assert ids[0] == "a"
    assert len(set(ids)) == len(ids)
    assert all(CELL_ID.fullmatch(found) for found in ids)


def test_fifty_megabytes_of_outputs_take_seconds(tmp_path: Path) -> None:
    """Reading them is the whole cost: they reach neither the step nor any rule."""
    project = make_project(tmp_path)
    notebook = _put(project, notebook_text(CELL).replace("old", "x" * 50_000_000))
    began = time.process_time()
    assert _promote(project, notebook) == 0
    assert time.process_time() - began < 5
    assert (project / "notebooks/steps/poc.ipynb").stat().st_size < 2_000


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("class.ipynb", "notebook_class"),
        ("None.ipynb", "none"),
        ("Lambda.ipynb", "notebook_lambda"),
        ("My PoC (v2) – Übersicht.ipynb", "my_poc_v2_ubersicht"),
        ("2024 report.ipynb", "report_2024"),
        ("01_intro.ipynb", "intro_01"),
        ("2024.ipynb", "notebook_2024"),
        ("a'b\"c$d.ipynb", "a_b_c_d"),
        ("x" * 200 + ".ipynb", "x" * 60),
    ],
)
def test_any_file_name_gives_a_step_that_can_be_imported(name: str, step: str, tmp_path: Path) -> None:
    """Words of Python, spaces, quotes, other letters, digits first, very long."""
    project = make_project(tmp_path / "a project")
    assert _promote(project, _put(project, notebook_text(CELL), name)) == 0
    assert [path.stem for path in (project / "notebooks/steps").iterdir()] == [step]


def test_a_word_of_python_is_no_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A step's module could not be imported under it."""
    project = make_project(tmp_path)
    assert _promote(project, put_notebook(project, CELL), "--name", "class") == 2
    assert "step name 'class' is a word of Python: use --name notebook_class" in capsys.readouterr().err


def test_a_step_of_that_name_from_another_notebook_is_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second notebook is refused with the way out; the first one's files keep every byte."""
    project = make_project(tmp_path)
    _promote(project, put_notebook(project, CELL, name="first poc.ipynb"))
    before = _tree(project)
    other = put_notebook(project, "SYSTEM_PROMPT = 'You are terse.'\nprint(SYSTEM_PROMPT)", name="first-poc.ipynb")
    assert _promote(project, other) == 2
    assert "was promoted from notebooks/explore/first poc.ipynb: choose another name" in capsys.readouterr().err
    assert {name: text for name, text in _tree(project).items() if "first-poc" not in name} == before


def test_links_are_followed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A link inside the project is the notebook; one from outside is copied; a loop and a dead end are refused."""
    project = make_project(tmp_path / "p")
    outside = tmp_path / "real.ipynb"
    outside.write_text(notebook_text(CELL))
    inside = project / "notebooks/explore/linked.ipynb"
    inside.symlink_to(outside)
    assert _promote(project, inside) == 0
    assert _step(project, "linked")["metadata"]["promoted"]["from"] == "notebooks/explore/linked.ipynb"
    (tmp_path / "link.ipynb").symlink_to(outside)
    assert _promote(project, tmp_path / "link.ipynb") == 0
    assert _step(project, "real")["metadata"]["promoted"]["from"] == "notebooks/explore/real.ipynb"
    for name, target in (("loop", "loop.ipynb"), ("dead", "nowhere.ipynb")):
        (tmp_path / f"{name}.ipynb").symlink_to(tmp_path / target)
        assert _promote(project, tmp_path / f"{name}.ipynb") == 2
    assert capsys.readouterr().err.count("give the path of a notebook") == 2


def test_a_folder_is_no_notebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """And a file that is none is named as such."""
    project = make_project(tmp_path)
    assert _promote(project, project / "notebooks") == 2
    assert _promote(project, project / "pyproject.toml") == 2
    first, second = capsys.readouterr().err.splitlines()
    assert first.endswith("cannot be read (Is a directory): give the path of a notebook")
    assert "is not complete JSON" in second


def test_a_target_in_a_folder_that_is_a_file_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The last of several files cannot be written: the first ones are taken back."""
    project = make_project(tmp_path)
    notebook = put_notebook(project, "%pip install pandas", "SYSTEM_PROMPT = 'You are terse.'\nprint(SYSTEM_PROMPT)")
    (project / "build").write_text("in the way")
    before = _tree(project)
    assert _promote(project, notebook) == 2
    assert _tree(project) == before
    assert "make it writable; nothing was changed" in capsys.readouterr().err


def test_a_read_only_folder_changes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The folder of steps may not be written to, by somebody who is not root: one line, nothing changed."""
    project = make_project(tmp_path)
    notebook = put_notebook(project, CELL)
    (project / "notebooks/steps").mkdir()
    before = _tree(project)
    with _nobody(project):
        (project / "notebooks/steps").chmod(0o555)
        assert _promote(project, notebook) == 2
        (project / "notebooks/steps").chmod(0o755)
    assert (
        "notebooks/steps/poc.ipynb cannot be written (Permission denied): make it writable" in capsys.readouterr().err
    )
    assert _tree(project) == before


@contextmanager
def _nobody(project: Path) -> Iterator[None]:
    """For root, who may write everywhere: the project is given to `nobody`, who runs the block."""
    if os.geteuid() != 0:
        yield
        return
    above = [folder for folder in project.parents if not folder.stat().st_mode & 0o001]
    for folder in above:
        folder.chmod(0o711)
    for path in [project, *project.rglob("*")]:
        os.chown(path, NOBODY, NOBODY)
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
        for folder in above:
            folder.chmod(0o700)


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError, OSError])
def test_whatever_stops_the_writing_undoes_it(
    error: type[BaseException], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what is no error of the disk."""
    (tmp_path / "old.txt").write_text("old")
    replace, calls = Path.replace, []

    def failing(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == 3:
            raise error
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    files = {tmp_path / "old.txt": b"new", tmp_path / "a/b/new.txt": b"new", tmp_path / "c.txt": b"new"}
    with pytest.raises(Refused if error is OSError else error):
        write_all(tmp_path, files)
    assert _tree(tmp_path) == {"old.txt": b"old"}
    assert [path.name for path in tmp_path.iterdir()] == ["old.txt"]


@pytest.mark.feature("N1")
@pytest.mark.parametrize("after", [0, 1, 2])
def test_a_run_that_is_killed_is_undone_by_the_next(after: int, tmp_path: Path) -> None:
    """SIGKILL between two files: the next run gives back what stood there."""
    before = {"old.txt": b"old", "gone.txt": b"here"}
    for name, text in before.items():
        (tmp_path / name).write_bytes(text)
    command = [sys.executable, "-c", KILLED, str(tmp_path), str(after)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    assert recover(tmp_path)
    assert _tree(tmp_path) == before
    assert not (tmp_path / "a").exists()
    assert not recover(tmp_path)


def test_what_a_person_changed_since_is_not_undone(tmp_path: Path) -> None:
    """A file that is not what the killed run wrote is the person's own."""
    (tmp_path / "old.txt").write_bytes(b"old")
    (tmp_path / "gone.txt").write_bytes(b"here")
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path), "2"], check=False)
    (tmp_path / "old.txt").write_bytes(b"mine")
    recover(tmp_path)
    assert (tmp_path / "old.txt").read_bytes() == b"mine"
    assert (tmp_path / "gone.txt").read_bytes() == b"here"


def test_a_killed_promotion_is_said_and_done_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command clears up before it reads the project."""
    project = make_project(tmp_path)
    notebook = put_notebook(project, CELL)
    (project / "old.txt").write_bytes(b"old")
    (project / "gone.txt").write_bytes(b"here")
    subprocess.run([sys.executable, "-c", KILLED, str(project), "2"], check=False)
    assert _promote(project, notebook) == 0
    assert "an earlier run was cut off; what it had begun to write was undone" in capsys.readouterr().err
    assert (project / "old.txt").read_bytes() == b"old"
    assert not list(project.glob(".promote-*"))
