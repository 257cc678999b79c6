"""Cells that are meant to fail, and notebooks that ask otherwise in each run."""

from __future__ import annotations

import json
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from tests.tools.notebooks.projects import make_project, notebook_text, promote_cells
from tests.tools.test_promote_proof import live_project  # noqa: F401  its fixture
from tools.promote.cells.shown_errors import shown_errors
from tools.promote.promotion import Promotion, locate, promote
from tools.promote.proving.comparison import compare
from tools.promote.proving.proof import prove
from tools.promote.proving.versions import advice, other_versions, pins_of


def _cell(name: str = "", count: int | None = 1, text: str = "x = 1") -> dict[str, Any]:
    outputs = [{"output_type": "error", "ename": name, "evalue": "", "traceback": []}] if name else []
    return {"cell_type": "code", "metadata": {}, "source": text, "execution_count": count, "outputs": outputs}


def _promoted(project: Path, *cells: tuple[str, str], tags: dict[int, list[str]] | None = None) -> Promotion:
    """A notebook of (source, name of the error that its saved output shows)."""
    document = json.loads(notebook_text(*(text for text, _ in cells)))
    for index, (text, name) in enumerate(cells):
        document["cells"][index] |= _cell(name, index + 1, text)
        document["cells"][index]["metadata"] = {"tags": (tags or {}).get(index, [])}
    path = project / "notebooks/explore/shows.ipynb"
    path.write_text(json.dumps(document))
    return promote(locate(path, project, None))


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ([_cell("ValueError"), _cell(count=2)], {0: "ValueError"}),
        ([_cell("pydantic_core._pydantic_core.ValidationError"), _cell(count=2)], {0: "ValidationError"}),
        ([_cell(), _cell("ValueError", 2)], {1: "ValueError"}),
        ([_cell("ValueError", 5), _cell(count=2)], {}),  # it was not run on behind the error
        ([_cell("ValueError"), _cell(count=None)], {}),
        ([_cell("KeyboardInterrupt"), _cell(count=2)], {}),
        ([_cell("RateLimitError"), _cell(count=2)], {}),
        ([_cell("ModuleNotFoundError"), _cell(count=2)], {}),
        ([_cell("APIConnectionError"), _cell(count=2)], {}),
        ([_cell("HfHubHTTPError"), _cell(count=2)], {}),
        ([_cell("APIError"), _cell(count=2)], {}),
        ([_cell("BadRequestError"), _cell(count=2)], {0: "BadRequestError"}),
    ],
)
def test_an_error_is_shown_when_the_notebook_goes_on_behind_it(
    cells: list[dict[str, Any]], shown: dict[int, str]
) -> None:
    """What tells of the day it was run is not shown: a limit, a missing package, an interruption."""
    assert shown_errors(cells) == shown


def test_a_cell_that_shows_an_error_is_tagged_and_reported(tmp_path: Path) -> None:
    """The type stands in a tag beside Jupyter's; the report says where the step goes on, and what to do otherwise."""
    tags = {2: ["raises-exception"]}
    promotion = _promoted(make_project(tmp_path), ("1 / 0", "ZeroDivisionError"), ("x = 1", ""), ("x", ""), tags=tags)
    found = [cell["metadata"]["tags"] for cell in promotion.step.cells if "raises-exception" in str(cell["metadata"])]
    assert found == [["raises-exception", "raises:ZeroDivisionError"], ["raises-exception"]]
    errors = [(f.outcome, f.place, f.what) for f in promotion.report.findings if f.subject == "error"]
    assert errors == [("kept", "0:1", "the cell raises ZeroDivisionError"), ("kept", "2:1", "the cell may raise")]


def test_an_error_of_another_type_is_a_difference() -> None:
    """Types are compared, messages are not: they may hold addresses."""

    def raised(name: str) -> list[dict[str, Any]]:
        return [{"output_type": "error", "ename": name, "evalue": "", "traceback": []}]

    step = {"error": None, "unanswered": [], "remaining": [], "outputs": {"3": raised("KeyError")}}
    proof = compare({"outputs": {"1": raised("ValueError")}}, step, 0, {3: 1})
    assert proof.detail == "the output of cell 1 differs first at 'raises ValueError', in the step 'raises KeyError'"
    same = compare({"outputs": {"1": raised("KeyError")}}, step, 0, {3: 1})
    assert same.detail.endswith("raised by both, as the notebook shows it: KeyError in cell 1")


ASK = (
    "from openai import OpenAI\nclient = OpenAI()\n"
    "def ask(text):\n"
    "    messages = [{'role': 'user', 'content': text}]\n"
    "    return client.chat.completions.create(model='m', messages=messages).choices[0].message.content"
)


@pytest.mark.slow
@pytest.mark.feature("N2")
def test_notebook_and_step_go_on_behind_an_error_that_is_shown(live_project: Path) -> None:  # noqa: F811
    """Both raise it, both ask behind it, and so does the generated test."""
    cells = ((ASK, ""), ("print('before')\nint('no number')", "ValueError"), ("print(ask('What is due first?'))", ""))
    promotion = _promoted(live_project, *cells)
    prove(promotion)
    proof = promotion.report.proof
    assert (proof.verdict, proof.requests) == ("proved", 1), proof.detail
    assert "raised by both, as the notebook shows it: ValueError in cell 1" in proof.detail
    printed = promotion.files[promotion.place.fixtures[1]]
    assert printed is not None
    assert b"before" in printed


@pytest.mark.slow
@pytest.mark.feature("N2")
def test_an_error_of_another_type_than_shown_ends_the_run(live_project: Path) -> None:  # noqa: F811
    """The verdict names the cell and what it raises today."""
    promotion = _promoted(live_project, ("x = 0", ""), ("{}['key']", "ValueError"), ("print(x)", ""))
    prove(promotion)
    detail = "the notebook itself fails in cell 1: KeyError: 'key'"
    assert (promotion.report.proof.verdict, promotion.report.proof.detail) == ("not run", detail)


@pytest.mark.slow
@pytest.mark.feature("N2")
def test_a_notebook_that_leaves_its_question_to_chance(live_project: Path) -> None:  # noqa: F811
    """It is compared with chance fixed, and the verdict says so; ids that no seed repeats are no difference, a clock
    is."""
    chance = "import random\nprint(ask(f'What is {random.random()} and {set(map(str, range(9)))}?'))"
    promotion = promote_cells(live_project, ASK, chance, name="chance.ipynb").promotion
    prove(promotion)
    assert promotion.report.proof.verdict == "proved", promotion.report.proof.detail
    assert "run with the order of sets and chance fixed" in promotion.report.proof.detail
    assert promotion.place.fixtures[0] not in promotion.files

    drawn = "import uuid\nprint(len(ask(f'Who is {uuid.uuid4()}?')))"
    promotion = promote_cells(live_project, ASK, drawn, name="drawn.ipynb").promotion
    prove(promotion)
    assert promotion.report.proof.verdict == "proved", promotion.report.proof.detail
    assert "1 of them hold ids that are made by chance" in promotion.report.proof.detail

    clock = "import time\nprint(ask(f'Who is {time.time_ns()}?'))"
    promotion = promote_cells(live_project, ASK, clock, name="clock.ipynb").promotion
    prove(promotion)
    assert promotion.report.proof.verdict == "not run"
    assert "the notebook itself asks otherwise in each run" in promotion.report.proof.detail
    assert "in its first run" in promotion.report.proof.detail


@pytest.mark.slow
@pytest.mark.feature("N2")
def test_a_notebook_whose_two_runs_were_alike_by_chance(live_project: Path) -> None:  # noqa: F811
    """And whose step's is not: with chance fixed they are compared once more. Without chance it is a difference.

    What tells a step from its notebook stands here for chance that fell otherwise.
    """
    word = "'steady' if os.environ.get('PYTHONHASHSEED') == '0' else str('prompt' in dir())"
    system = "prompt_of_ours = 'You are a helpful assistant who answers in a few words.'"
    told = ASK.replace("= [", "= [{'role': 'system', 'content': prompt_of_ours}, ")
    cells = (f"import os, random\n{system}", told, f"print(ask({word}))")
    promotion = promote_cells(live_project, *cells, name="lucky.ipynb").promotion
    prove(promotion)
    proof = promotion.report.proof
    assert proof.verdict == "proved", proof.detail
    assert "run with the order of sets and chance fixed" in proof.detail

    promotion = promote_cells(
        live_project, *(c.replace("os, random", "os") for c in cells), name="same.ipynb"
    ).promotion
    prove(promotion)
    assert promotion.report.proof.verdict == "differs"


def test_an_error_of_a_library_names_its_version_and_what_to_do() -> None:
    """The version that is installed, the one the notebook asks for, and where that is said."""
    here = metadata.version("openai")
    said = advice("ImportError: cannot import name 'Nothing' from 'openai' (/x)", "", ["openai==0.28"])
    assert said.startswith(f"openai {here} is installed, and it asks for openai==0.28: change the cell")
    assert advice("AttributeError: module 'openai' has no attribute 'x'", "", []).startswith(f"openai {here} is")
    assert advice("TypeError: x", "nbclient", []).startswith(f"nbclient {metadata.version('nbclient')} is")
    missing = "add the package of nowhere_at_all to requirements-notebooks.in, run `make lock`, and promote again"
    assert advice("ModuleNotFoundError: No module named 'nowhere_at_all'", "", []) == missing
    lacking = "add nowhere-at-all[all] to requirements-notebooks.in, run `make lock`, and promote again"
    assert advice("ImportError: It needs more: `pip install -U 'nowhere-at-all[all]'`.", "nbclient", []) == lacking
    assert advice("ZeroDivisionError: division by zero", "", ["openai==0.28"]) == ""
    assert advice("ConnectError: [Errno 111] Connection refused", "nbclient", []) == ""


def test_versions_that_are_not_those_asked_for_are_said() -> None:
    """Of packages that are there; what asks for no version, or for one that fits, says nothing."""
    here = metadata.version("openai")
    pins = pins_of(["openai==0.28", "nowhere==1.0", "nbclient>=0.1", "nbformat<99", "httpx"])
    assert pins == ("openai==0.28", "nowhere==1.0", "nbformat<99")
    assert other_versions(pins) == f"openai {here}, where it asks for openai==0.28"
