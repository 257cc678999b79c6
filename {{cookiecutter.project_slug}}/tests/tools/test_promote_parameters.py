"""Parameters: they can be set, what is computed from them follows, and what a person was asked for is named."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from app.errors import ConfigurationError
from app.interface.replay import ReplayDoor, run_step_in_process
from app.orchestration.notebook_step import check_parameters
from tests.tools.notebooks.projects import Promoted, make_project, notebook_text, promote_cells
from tools.promote.notebook.notebook_file import parse, source_of
from tools.promote.notebook.program import read_program
from tools.promote.promotion import finish, locate, promote
from tools.promote.rewiring.environment import names_read
from tools.promote.write import write_all

ENV_EXAMPLE = "# Settings.\n#APP_PROVIDER=\n"


def _run(project: Path, promoted: Promoted, parameters: dict[str, Any]) -> dict[str, Any]:
    """The variables of the step after a run with these parameters."""
    write_all(project, promoted.promotion.files)
    recording = project / "recording.json"
    recording.write_text("[]")
    with ReplayDoor(recording) as door:
        return dict(run_step_in_process(project / "notebooks/steps/poc.ipynb", parameters, door).namespace)


def _parameters(promoted: Promoted) -> dict[str, tuple[str, Any]]:
    return {p.name: (p.type, p.value) for p in promoted.promotion.report.parameters}


@pytest.mark.feature("N1")
@pytest.mark.parametrize(
    ("cells", "given", "expected"),
    [
        (('folder = "data"', 'path = folder + "/x.csv"'), {"folder": "other"}, {"path": "other/x.csv"}),
        (
            (
                "import argparse\nparser = argparse.ArgumentParser()\n"
                'parser.add_argument("--k", type=int, default=2)\nargs = parser.parse_args([])',
                "doubled = args.k * 2",
            ),
            {"k": 21},
            {"doubled": 42},
        ),
        (('words = input("Words: ").split(",")',), {"words_input": "a,b"}, {"words": ["a", "b"]}),
        (('n = int(input("How many? "))\nm = n + 1',), {"n": 4}, {"m": 5}),
        (('import os\nname = os.getenv("NAME", "x")\nshout = name.upper()',), {"name": "y"}, {"shout": "Y"}),
        (
            ('CITY = ""  # @param {type:"string"}\nif not CITY:\n    CITY = "Rome"\nplace = CITY + "!"',),
            {"CITY": "Oslo"},
            {"place": "Oslo!"},
        ),
    ],
    ids=["literal", "argparse", "input", "converted input", "environment", "form with a fallback"],
)
def test_what_is_computed_from_a_parameter_follows_an_injected_value(
    cells: tuple[str, ...], given: dict[str, Any], expected: dict[str, Any], tmp_path: Path
) -> None:
    """The step runs with a value from outside, and the cells below compute with it."""
    project = make_project(tmp_path)
    found = _run(project, promote_cells(project, *cells), given)
    assert {name: found[name] for name in expected} == expected


@pytest.mark.feature("N1")
def test_a_namespace_stands_for_the_command_line(tmp_path: Path) -> None:
    """`args.x`, `vars(args)` and the unknown rest are what argparse gave; a type of the notebook's own is applied."""
    cell = (
        "from argparse import ArgumentParser\nfrom pathlib import Path\np = ArgumentParser()\n"
        'p.add_argument("--out", type=Path, default="build")\np.add_argument("--no-cache", action="store_false")\n'
        "args, rest = p.parse_known_args()\nfound = (args.out.name, vars(args)['no_cache'], rest)"
    )
    project = make_project(tmp_path)
    assert _run(project, promote_cells(project, cell), {"out": "a/b"})["found"] == ("b", True, [])


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("p.add_argument('--x', default=len('ab'))\np.parse_args()", "is no literal"),
        ("p.add_argument('--x', action='count')\np.parse_args()", "makes sense on a command line alone"),
        ("p.add_argument('--x', **{'default': 1})\np.parse_args()", "hides its options"),
        ("p.add_argument('--x', type=int)\np.parse_args(['--x', 'y'])", "its own list of arguments does not fit"),
        ("p.parse_args()\np.parse_args()", "parsed more than once"),
        ("p.add_argument('--x', wrong=1)\np.parse_args()", "line 3 of cell 0"),
    ],
)
def test_a_parser_that_cannot_be_read_is_refused_with_the_line(code: str, why: str, tmp_path: Path) -> None:
    """It stays as it is; the report says what stands in the way and what to write instead."""
    cell = f"import argparse\np = argparse.ArgumentParser()\n{code}"
    promoted = promote_cells(make_project(tmp_path), cell)
    (finding,) = promoted.promotion.report.refused
    assert (finding.place, finding.remedy) == (
        "0:2",
        "write its values as top-level literals, which become parameters",
    )
    assert why in finding.reason
    assert promoted.code[-1] == cell


def test_questions_are_reported_with_what_is_left_to_do(tmp_path: Path) -> None:
    """An answer nobody has given yet is asked for in the pipeline's file; the step is in the pipeline."""
    cell = (
        'topic = input("Which topic? ")\nn = int(input("How many? "))\nk = 3\n'
        'on = input("On? ")\nprint(topic, n, k, on)'
    )
    promoted = promote_cells(make_project(tmp_path), cell)
    finding = promoted.promotion.report.remaining[0]
    assert (finding.place, finding.what) == ("0:1", "topic: str is a parameter")
    assert finding.remedy == "give it a value under `parameters` in notebooks/pipeline.yaml"
    steps = yaml.safe_load(promoted.files["notebooks/pipeline.yaml"])["steps"]
    assert steps[-1] == {"name": "poc", "notebook": "steps/poc.ipynb", "parameters": {"topic": "", "n": 0, "on": ""}}


def test_secrets_that_were_typed_are_variables_noted_in_the_example_file(tmp_path: Path) -> None:
    """`getpass` becomes a look-up; the names stand in `.env.example` under their own heading, once."""
    project = make_project(tmp_path)
    (project / ".env.example").write_text(ENV_EXAMPLE)
    cells = (
        "import os\nfrom getpass import getpass\nos.environ['TAVILY_API_KEY'] = getpass()\n"
        "os.environ['OPENAI_API_KEY'] = getpass()",
        "store = Store(password=getpass('Password: '), url=os.environ['STORE_URL'])\nprint(store)",
    )
    promoted = promote_cells(project, *cells)
    assert promoted.files[".env.example"] == ENV_EXAMPLE + (
        "\n# What promoted notebooks read, handed on by the pipeline from `.env`; no settings of the app.\n"
        "#PASSWORD=\n#STORE_URL=\n#TAVILY_API_KEY=\n"
    )
    write_all(project, promoted.promotion.files)
    assert ".env.example" not in promote_cells(project, *cells, "print(os.environ['STORE_URL'])").files
    remedies = {f.remedy for f in promoted.promotion.report.findings if f.subject in ("secret", "setting")}
    assert remedies >= {"set PASSWORD in .env", "set STORE_URL in .env", "set TAVILY_API_KEY in .env"}


def test_other_spellings_of_a_question_are_questions(tmp_path: Path) -> None:
    """Imported under another name, or from the module itself."""
    cell = (
        "from getpass import getpass as ask\nfrom os import environ as env, getenv\n"
        "secret = Store(ask('Store token: '))\nregion = env.get('REGION', 'eu')\nzone = getenv('ZONE') or 'a'\n"
        "print(secret, region, zone)"
    )
    promoted = promote_cells(make_project(tmp_path), cell)
    assert _parameters(promoted) == {"region": ("str", "eu"), "zone": ("str", "a")}
    assert 'secret = Store(os.environ["SECRET"])' in promoted.code[-1]
    assert promoted.refused() == []


def test_a_function_that_asks_for_any_key_asks_no_more(tmp_path: Path) -> None:
    """LangGraph's `_set_env` keeps its place and does nothing: the variables are there, or the library says so."""
    cell = (
        "import getpass, os\ndef _set_env(var):\n    if not os.environ.get(var):\n"
        "        os.environ[var] = getpass.getpass(f'{var}: ')\n_set_env('TAVILY_API_KEY')"
    )
    promoted = promote_cells(make_project(tmp_path), cell)
    assert promoted.refused() == []
    assert "        pass\n" in "\n".join(promoted.code)


def test_a_function_that_asks_into_a_variable_looks_up_what_it_asks_for(tmp_path: Path) -> None:
    """The same with the answer in a local: the key that is asked for, not one named after the local."""
    cell = (
        "import getpass, os\ndef _set_env(var):\n    value = os.environ.get(var)\n    if not value:\n"
        "        value = getpass.getpass(f'{var}: ')\n    os.environ[var] = value\n_set_env('TAVILY_API_KEY')"
    )
    promoted = promote_cells(make_project(tmp_path), cell)
    assert promoted.refused() == []
    assert '        value = os.environ.get(var, "")\n' in "\n".join(promoted.code)
    (finding,) = [f for f in promoted.promotion.report.findings if f.subject == "secret"]
    assert (finding.line, finding.what) == (5, "read from the variable that var names")


def test_parameters_join_the_cell_the_author_tagged(tmp_path: Path) -> None:
    """There is one cell tagged `parameters`: the author's, with the answers below its own lines."""
    project = make_project(tmp_path)
    text = notebook_text("k = 1", "print(k, input('Name: '))").replace('"metadata": {}', '"metadata": {"tags": []}')
    path = project / "notebooks/explore/poc.ipynb"
    path.write_text(text.replace('"tags": []', '"tags": ["parameters"]', 1))
    promotion = promote(locate(path, project, None))
    finish(promotion)
    tagged = [source_of(cell) for cell in promotion.step.cells if "parameters" in cell["metadata"].get("tags", [])]
    assert tagged == ['k = 1\nname: str = ""  # Name']


@pytest.mark.parametrize(
    ("code", "what"),
    [
        ("import ipywidgets as widgets\ns = widgets.IntSlider(value=3)\nprint(s.value)", "ipywidgets.IntSlider(...)"),
        ("from ipywidgets import interact\ninteract(print, x=3)", "ipywidgets.interact(...)"),
        ("x = 1\nbreakpoint()", "breakpoint(...)"),
        ("import pdb\npdb.set_trace()", "pdb.set_trace(...)"),
        ("agent = UserProxyAgent('u', human_input_mode='ALWAYS')", "human_input_mode='ALWAYS'"),
        ("answer = await asyncio.to_thread(input, 'You: ')", "input is handed on"),
        ("from google.colab import drive\ndrive.mount('/content')", "from google.colab import drive"),
    ],
)
def test_what_waits_for_a_person_is_refused_with_its_place(code: str, what: str, tmp_path: Path) -> None:
    """Widgets, debuggers and a person's own drive: each has a line and a remedy."""
    (finding,) = promote_cells(make_project(tmp_path), code).promotion.report.refused
    assert finding.what == what
    assert finding.remedy
    assert finding.line >= 1


@pytest.mark.feature("N1")
def test_types_and_odd_values_reach_the_pipeline_s_check(tmp_path: Path) -> None:
    """Whatever a value or comment holds, the pipeline knows the parameter and its type."""
    project = make_project(tmp_path)
    cell = (
        'url = "https://x.org/?a=b#c"  # k=v\nlimit: int | None = None\nsizes = [\n    1,  # a = b\n    2,\n]\n'
        'share = 0.5\nwords = {"a": "b"}\nprint(url, limit, sizes, share, words)'
    )
    write_all(project, promote_cells(project, cell).promotion.files)
    step = project / "notebooks/steps/poc.ipynb"
    good = {"url": "x", "limit": 3, "sizes": [3], "share": 1, "words": {}}
    check_parameters(step, good, "p")
    check_parameters(step, {"limit": None}, "p")
    for name, bad in {"url": 1, "limit": "x", "sizes": {}, "share": "1", "words": []}.items():
        with pytest.raises(ConfigurationError):
            check_parameters(step, {name: bad}, "p")


def test_fields_that_stay_say_why(tmp_path: Path) -> None:
    """A form's field that is no parameter is in the report."""
    cell = 'a = 1  # @param {type:"integer"}\na = 2\nb = len("x")  # @param\nprint(a, b)'
    findings = promote_cells(make_project(tmp_path), cell).promotion.report.findings
    assert [(f.place, f.outcome, f.what, f.reason) for f in findings] == [
        ("0:1", "kept", "a stays", "it is given a value again in 0:2"),
        ("0:3", "kept", "b stays", "its value is computed or too large to inject"),
    ]


def test_a_value_that_stands_for_everybody_s_own_is_left_to_do(tmp_path: Path) -> None:
    """`[your-project-id]` is a parameter, and somebody has to fill it in; directives of tools are no help."""
    cell = (
        '# fmt: off\nPROJECT = "[your-project-id]"  # @param {type: "string"} # fmt: skip\n'
        'CITY = "Oslo"\nprint(PROJECT, CITY)'
    )
    promoted = promote_cells(make_project(tmp_path), cell)
    assert promoted.code[0] == 'PROJECT: str = "[your-project-id]"\nCITY: str = "Oslo"'
    assert [(f.place, f.what) for f in promoted.promotion.report.remaining] == [("0:2", "PROJECT: str is a parameter")]


def test_a_text_of_several_lines_keeps_its_brackets(tmp_path: Path) -> None:
    """Joined without an operator it is one text within brackets alone; also behind an environment's name."""
    cell = (
        'import os\nQ = ("a shoe for marathons, "\n     "prefer firm cushioning")\n'
        'R = os.getenv("R", "one "\n    "two")\nprint(Q, R)'
    )
    promoted = promote_cells(make_project(tmp_path), cell)
    assert 'Q: str = ("a shoe for marathons, "\n     "prefer firm cushioning")' in promoted.code[0]
    assert {p.name: p.value for p in promoted.promotion.report.parameters} == {
        "Q": "a shoe for marathons, prefer firm cushioning",
        "R": "one two",
    }


def test_a_value_named_input_is_no_question(tmp_path: Path) -> None:
    """Of a function's argument, a variable, another object's method."""
    cell = (
        "def embed(input):\n    return tokenize(input)\nprint(embed('a'), form.input('b'), [f(input) for input in r])"
    )
    assert promote_cells(make_project(tmp_path), cell).refused() == []


def test_a_variable_that_is_read_before_it_is_set_is_read() -> None:
    """Setting one to what it holds already reads it; one that was set before is the notebook's own."""
    text = (
        "import os\nos.environ['A_KEY'] = os.getenv('A_KEY')\nos.environ['B'] = 'x'\n"
        "print(os.environ['B'], os.getenv('C'))\nif colab:\n    os.environ['D_KEY'] = 'x'\n"
        "assert 'D_KEY' in os.environ\n"
    )
    assert names_read(read_program(parse(notebook_text(text), "a"), "a")) == {"A_KEY", "C", "D_KEY"}
