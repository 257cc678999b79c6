"""The report: complete in every form, a diff for a dry run, and no refusal without place, reason and remedy."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tools.notebooks.projects import make_project, promote_cells, put_notebook
from tools.promote.__main__ import main
from tools.promote.notebook.outcome import Finding
from tools.promote.proving.differences import coloured
from tools.promote.report_forms import FORMATS, shown

CASES = Path(__file__).parent / "notebooks" / "cases"
CELLS = (
    "%pip install pandas==2.2",
    'topic = input("Which topic? ")\nSYSTEM_PROMPT = "You are terse."\nprint(topic, SYSTEM_PROMPT)',
    "import replicate\nclient = replicate.Client()\npipe = 'a|b'\nprint(pipe)",
)
# One notebook for each way a part can be refused, beside those of `notebooks/cases`.
REFUSED = {
    "bedrock": "import boto3\nc = boto3.client('bedrock-runtime')\nc.invoke_model(modelId='m', body=b'{}')",
    "local model": "from transformers import pipeline\np = pipeline('text-generation')",
    "plain HTTP": "import requests\nrequests.post('https://api.openai.com/v1/chat/completions', json={})",
    "endpoint": "from openai import OpenAI\nc = OpenAI()\nc.images.generate(prompt='a cat')",
    "conversation": "def talk():\n    return input('You: ')",
    "widget": "import ipywidgets as w\ns = w.IntSlider(value=3)",
    "debugger": "breakpoint()",
    "host": "from google.colab import drive\ndrive.mount('/content')",
    "parser": "import argparse\np = argparse.ArgumentParser()\np.add_argument_group('x')\np.parse_args()",
    "install": "%pip install git+https://example.org/x.git -r more.txt\n%pip install a==1\n%pip install a==2",
    "magic": "%sql select 1",
}


class Terminal:
    """A stream that says whether it is a terminal."""

    def __init__(self, *, tty: bool) -> None:
        self.tty = tty

    def isatty(self) -> bool:
        """What it was told."""
        return self.tty


def _run(project: Path, *arguments: str | Path) -> int:
    return main([*map(str, arguments), "--project", str(project), "--no-prove"])


@pytest.mark.feature("N1")
@pytest.mark.parametrize("form", FORMATS)
def test_every_form_says_everything(form: str, tmp_path: Path) -> None:
    """Parameters, prompts, dependencies, files, refusals, proof and what is left to do are in each of them."""
    promoted = promote_cells(make_project(tmp_path), *CELLS)
    text = shown(promoted.promotion.report, form)
    for word in (
        "topic", "str", "poc_system", "pandas==2.2", "notebooks/steps/poc.ipynb", "tests/steps/test_poc.py", "2:2",
        "no door speaks Replicate's protocol", "not run",
            "give it a value under `parameters` in notebooks/pipeline.yaml",
        "replicate.Client(...) in 2:2 was refused",
    ):  # fmt: skip
        assert word in text, word


def test_the_json_form_has_every_finding_with_its_remedy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--format json` prints nothing else; what remains is listed apart."""
    project = make_project(tmp_path)
    assert _run(project, put_notebook(project, *CELLS), "--format", "json") == 0
    report = json.loads(capsys.readouterr().out)
    assert {"step", "source", "in_pipeline", "left_out", "proof", "parameters", "prompts", "dependencies"} < set(report)
    assert [(f["cell"], f["subject"]) for f in report["remaining"]] == [(1, "parameter"), (2, "client")]
    assert all(f["remedy"] for f in report["remaining"])
    assert "notebooks/steps/poc.ipynb" in report["files"]


def test_the_markdown_form_keeps_its_tables_whole(tmp_path: Path) -> None:
    """A bar in a value does not open a column; every row of a table has as many as its head."""
    text = shown(promote_cells(make_project(tmp_path), *CELLS).promotion.report, "markdown")
    tables = [block.splitlines() for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) >= 4
    for rows in tables:
        assert len({row.replace("\\|", "").count("|") for row in rows}) == 1


@pytest.mark.parametrize(("name", "start"), [("r.json", "{"), ("r.md", "# poc"), ("r.txt", "promoted notebooks/")])
def test_the_report_goes_to_a_file_in_the_form_of_its_ending(
    name: str, start: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With `--output` the terminal stays quiet; `--format` goes before the ending."""
    project = make_project(tmp_path / "p")
    notebook = put_notebook(project, *CELLS)
    assert _run(project, notebook, "--output", tmp_path / name) == 0
    assert (tmp_path / name).read_text().startswith(start)
    assert capsys.readouterr().out == ""
    assert _run(project, notebook, "--output", tmp_path / name, "--format", "json") == 0
    assert json.loads((tmp_path / name).read_text())["unchanged"]


def test_a_refused_notebook_is_said_in_json_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, one line on stderr, and an object a program can read."""
    project = make_project(tmp_path)
    assert _run(project, project / "none.ipynb", "--format", "json") == 2
    out, error = capsys.readouterr()
    assert json.loads(out)["refused"] in error


@pytest.mark.feature("N1")
def test_a_dry_run_shows_every_file_and_the_report(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The notebook's code against the step's, new files against /dev/null, changed ones against themselves."""
    project = make_project(tmp_path)
    assert _run(project, put_notebook(project, *CELLS), "--dry-run") == 0
    shown_text = capsys.readouterr().out
    for line in (
        "--- notebooks/explore/poc.ipynb\n+++ notebooks/steps/poc.ipynb\n",
        '-SYSTEM_PROMPT = "You are terse."\n',
        "--- /dev/null\n+++ prompts/poc_system/v1.prompt.yml\n",
        "--- prompts/releases.yaml\n+++ prompts/releases.yaml\n",
        "notebooks/explore/poc.ipynb would be promoted to notebooks/steps/poc.ipynb; nothing was written",
    ):
        assert line in shown_text
    assert "\033" not in shown_text
    assert not (project / "notebooks/steps").exists()
    assert _run(project, project / "notebooks/explore/poc.ipynb", "--dry-run", "--format", "json") == 0
    assert "+++ notebooks/steps/poc.ipynb" in json.loads(capsys.readouterr().out)["diff"]


def test_only_a_terminal_is_given_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe, NO_COLOR and a dumb terminal get the plain text."""
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    diff = "--- a\n+++ b\n@@ -1 +1 @@\n-x\n+y\n z\n"
    terminal, pipe = Terminal(tty=True), Terminal(tty=False)
    assert coloured(diff, pipe) == diff  # type: ignore[arg-type]
    assert "\033[32m+y\033[0m\n" in coloured(diff, terminal)  # type: ignore[arg-type]
    assert "\033[31m-x\033[0m\n" in coloured(diff, terminal)  # type: ignore[arg-type]
    monkeypatch.setenv("NO_COLOR", "1")
    assert coloured(diff, terminal) == diff  # type: ignore[arg-type]


@pytest.mark.feature("N1")
@pytest.mark.parametrize(
    "cells",
    [
        *(pytest.param([text], id=name) for name, text in REFUSED.items()),
        *(
            pytest.param(path.read_text().split("\n--- ")[0].split("\n# %%\n"), id=path.stem)
            for path in sorted(CASES.glob("*.txt"))
        ),
    ],
)
def test_a_refusal_names_cell_line_reason_and_remedy(cells: list[str], tmp_path: Path) -> None:
    """Over all rules: the line is one of the cell's, and nothing is refused without saying what to do."""
    report = promote_cells(make_project(tmp_path), *cells).promotion.report
    for finding in report.refused:
        assert finding.reason
        assert finding.remedy
        assert 1 <= finding.line <= len(cells[finding.cell].splitlines())
    for finding in report.findings:
        assert finding.outcome != "kept" or finding.subject in ("host", "magic", "function") or finding.remedy


@pytest.mark.parametrize("code", REFUSED.values(), ids=REFUSED)
def test_each_of_these_is_refused(code: str, tmp_path: Path) -> None:
    """So that the test above looks at something."""
    assert promote_cells(make_project(tmp_path), code).promotion.report.refused


@pytest.mark.parametrize("missing", ["line", "reason", "remedy"])
def test_a_refusal_that_says_less_cannot_be_made(missing: str) -> None:
    """A rule that forgets the remedy fails in its own test."""
    said = {"line": 1, "reason": "r", "remedy": "do", missing: 0 if missing == "line" else ""}
    with pytest.raises(ValueError, match="a place, a reason and a remedy"):
        Finding("refused", "client", 0, said["line"], "x", said["reason"], said["remedy"])  # type: ignore[arg-type]
