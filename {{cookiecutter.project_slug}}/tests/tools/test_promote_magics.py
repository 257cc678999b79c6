"""Installations, shell lines and magics: what they become, and what the report says of those that stay."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.notebooks.projects import make_project, promote_cells
from tools.promote.cells.install_lines import normalised, read_install
from tools.promote.notebook.magics import mask


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("Lang_Chain", "lang-chain"),
        ("x[b, a] >= 1 , < 2", "x[a,b]>=1,<2"),
        ("g=1.2", "g==1.2"),
        ("y>=1; python_version < '3.13'", "y>=1; python_version < '3.13'"),
        ("zope.interface~=5", "zope-interface~=5"),
    ],
)
def test_a_requirement_is_written_as_packaging_writes_it(written: str, line: str) -> None:
    """One spelling a package, so that two notebooks do not ask for it twice."""
    found = normalised(written)
    assert found is not None
    assert found[1] == line


@pytest.mark.parametrize(
    ("text", "requirements", "rest"),
    [
        ("!pip install a; pip install 'b; python_version<\"4\"' | tail -1", ["a", 'b; python_version<"4"'], []),
        ("%pip install -q a \\\n    b==1  # c", ["a", "b==1"], []),
        ("!pip install a 2>&1 && make all && echo done", ["a"], ["make all"]),
        ("!{sys.executable} -m pip --quiet install -U a > /dev/null", ["a"], []),
        ("!pip install a -i https://example.org/simple --extra-index-url x", ["a"], []),
    ],
)
def test_chained_commands_are_told_apart(text: str, requirements: list[str], rest: list[str]) -> None:
    """What installs is read, what only shows something goes, anything else stays."""
    read = read_install(text, "file")
    assert (read.requirements, read.rest) == (requirements, rest)


@pytest.mark.feature("N1")
@pytest.mark.parametrize(
    ("line", "reason", "remedy"),
    [
        ("%%writefile tool.py\nx = 1", "writes tool.py each time", "add tool.py to the project"),
        ("!wget -q https://example.org/a.csv", "downloads each time", "keep the file in the project's data"),
        ("!git clone https://example.org/a", "downloads each time", "keep the file in the project's data"),
        ("!ls -l", "runs a command of the shell", "see that its tools are there"),
        ("files = !ls", "runs a command of the shell", "see that its tools are there"),
        ("%%bash\nls", "runs a command of the shell", "see that its tools are there"),
        ("%env REGION=eu", "sets REGION for this step alone", "set REGION in .env"),
        ("%env", "shows the environment", "hold keys"),
        ("%load_ext google.cloud.bigquery", "the package of google.cloud.bigquery", "requirements-notebooks.in"),
        ("!export A=1", "no later line sees it", "os.environ"),
        ("!cd data", "no later line sees it", "os.chdir"),
    ],
)
def test_lines_that_stay_are_reported(line: str, reason: str, remedy: str, tmp_path: Path) -> None:
    """Each with its line, why it matters and what to do."""
    promoted = promote_cells(make_project(tmp_path), line)
    (finding,) = [f for f in promoted.promotion.report.findings if f.subject == "magic"]
    assert (finding.outcome, finding.place) == ("kept", "0:1")
    assert reason in finding.reason
    assert remedy in finding.remedy
    assert promoted.code[-1] == line


@pytest.mark.parametrize("line", ["%matplotlib inline", "%load_ext autoreload", "%%time\nx = 1", "%load_ext dotenv"])
def test_lines_that_need_no_word_have_none(line: str, tmp_path: Path) -> None:
    """Display, timing and what the pipeline does itself."""
    findings = promote_cells(make_project(tmp_path), line).promotion.report.findings
    assert [f for f in findings if f.subject == "magic"] == []


def test_packages_of_the_system_are_left_to_the_machine(tmp_path: Path) -> None:
    """The line goes, the names are in what is left to do."""
    promoted = promote_cells(make_project(tmp_path), "!sudo apt-get update && apt-get install -y poppler-utils\nx = 1")
    (finding,) = promoted.promotion.report.remaining
    assert finding.what == "poppler-utils not installed by the step"
    assert "Dockerfile" in finding.remedy
    assert "apt-get" not in "".join(promoted.code)


def test_a_key_set_by_a_magic_goes(tmp_path: Path) -> None:
    """`%env NAME=value` is no Python; its key is written nowhere all the same."""
    promoted = promote_cells(make_project(tmp_path), "%env MY_API_KEY=abc123\nx = 1\nprint(x)")
    assert not any("abc123" in text for text in promoted.files.values())
    (finding,) = [f for f in promoted.promotion.report.findings if f.subject == "secret"]
    assert finding.remedy == "set MY_API_KEY in .env"


def test_another_version_than_another_notebook_s_is_refused(tmp_path: Path) -> None:
    """The file keeps its own; the report names both."""
    project = make_project(tmp_path)
    (project / "requirements-notebooks.in").write_text("pandas==1.5\nhh @ git+https://example.org/h.git@abc\n")
    promoted = promote_cells(project, "%pip install pandas==2.0 hh numpy")
    assert promoted.refused() == ["0:1 pandas==2.0: pandas==1.5 stands in requirements-notebooks.in"]
    assert "pandas==1.5\n" in promoted.files["requirements-notebooks.in"]
    assert "numpy\n" in promoted.files["requirements-notebooks.in"]


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        ("pip -q install numpy==1.0", True),
        ("cd ..", True),
        ("run helpers.py", True),
        ("cp a.txt b.txt", True),
        ("ls = 5", False),
        ("ls -la", False),
        ("run (x)", False),
        ("cat.name()", False),
    ],
)
def test_a_magic_without_its_mark_is_one_where_it_is_no_python(line: str, masked: bool) -> None:
    """As IPython takes it."""
    assert bool(mask(line).magics) is masked
