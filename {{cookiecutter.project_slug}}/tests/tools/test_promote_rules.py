"""What promote does to a notebook, as before and after texts: one file of `notebooks/cases` a rule.

In a case, cells are divided by `# %%`; after `--- after` stand the code cells of the step, then files and refusals.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.tools.notebooks.projects import make_project, promote_cells
from tools.promote.notebook.magics import mask
from tools.promote.notebook.notebook_file import source_of

CASES = sorted((Path(__file__).parent / "notebooks" / "cases").glob("*.txt"))
BREAK = "\n# %%\n"
each_case = pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)


def _sections(case: Path) -> dict[str, str]:
    before, *rest = case.read_text(encoding="utf-8").removesuffix("\n").split("\n--- ")
    return {"before": before} | {part.partition("\n")[0]: part.partition("\n")[2] for part in rest}


@pytest.mark.feature("N1")
@each_case
def test_the_step_is_what_the_case_says(case: Path, tmp_path: Path) -> None:
    """Cells, prompt files, requirements and refusals come out as written down."""
    sections = _sections(case)
    promoted = promote_cells(make_project(tmp_path), *sections["before"].split(BREAK))
    found = {name: promoted.files.get(name, "").removesuffix("\n") for name in sections if "." in name}
    assert BREAK.join(promoted.code) == sections["after"]
    assert found == {name: text for name, text in sections.items() if "." in name}
    assert "\n".join(promoted.refused()) == sections.get("refused", "")


@each_case
def test_the_output_parses(case: Path, tmp_path: Path) -> None:
    """Every code cell of the step is Python, magics aside."""
    promoted = promote_cells(make_project(tmp_path), *_sections(case)["before"].split(BREAK))
    for text in promoted.code:
        ast.parse(mask(text).text)


@each_case
def test_twice_is_once(case: Path, tmp_path: Path) -> None:
    """With the files of the first promotion in place, the second has nothing to write."""
    project, cells = make_project(tmp_path), _sections(case)["before"].split(BREAK)
    for path, content in promote_cells(project, *cells).promotion.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content or b"")
    assert promote_cells(project, *cells).files == {}


@each_case
def test_untouched_code_is_byte_identical(case: Path, tmp_path: Path) -> None:
    """Cells without a finding keep their bytes; in the others every line without one stands as it stood."""
    promotion = promote_cells(make_project(tmp_path), *_sections(case)["before"].split(BREAK)).promotion
    changed = {finding.cell for finding in promotion.report.findings if finding.outcome == "changed"}
    for new, old in promotion.origins.items():
        if old not in changed:
            assert promotion.step.cells[new]["source"] == promotion.source.cells[old]["source"]


def test_line_ends_tabs_and_odd_spaces_survive(tmp_path: Path) -> None:
    """A cell in which one argument changes keeps every other byte, Windows line ends and a form feed included."""
    before = "import openai\r\n\f\r\nclient = openai.OpenAI( timeout = 3 )\r\ny\t=\t2;  z = 'é'\r\n"
    promoted = promote_cells(make_project(tmp_path), before)
    assert promoted.code[-1] == before.replace("3 )", "3, **openai_client_args() )")


@pytest.mark.feature("N1")
def test_ids_kernel_outputs_and_origin_are_set(tmp_path: Path) -> None:
    """The step is nbformat 4.5 with stable ids, kernel python3, no outputs, and says where it came from."""
    cells: list[str | tuple[str, str]] = [("markdown", "# Title"), "x = 1\nprint(x)"]
    project = make_project(tmp_path)
    step = promote_cells(project, *cells).promotion.step.data
    again = promote_cells(project, *cells).promotion.step.data
    assert (step["nbformat"], step["nbformat_minor"]) == (4, 5)
    assert step["metadata"]["kernelspec"]["name"] == "python3"
    assert step["metadata"]["promoted"]["from"] == "notebooks/explore/poc.ipynb"
    assert [cell["id"] for cell in step["cells"]] == [cell["id"] for cell in again["cells"]]
    assert all(cell["outputs"] == [] for cell in step["cells"] if cell["cell_type"] == "code")
    assert source_of(step["cells"][0]) == "# Title"


@pytest.mark.feature("N1")
def test_the_parameters_cell_is_tagged_once(tmp_path: Path) -> None:
    """papermill finds exactly one cell tagged `parameters`; a cell the author tagged is left alone."""
    tagged = promote_cells(make_project(tmp_path), "x = 1\nprint(x)").promotion.step.cells
    assert [cell["metadata"].get("tags") for cell in tagged] == [["parameters"], None]


def test_a_step_that_would_ask_a_person_stays_out_of_the_pipeline(tmp_path: Path) -> None:
    """`input()` in a loop is refused with place and remedy, for a step has nobody to ask."""
    promoted = promote_cells(make_project(tmp_path), "while True:\n    print(input('Who? '))")
    assert promoted.refused() == ["0:2 input('Who? '): a step has nobody to ask"]
    assert "notebooks/pipeline.yaml" not in promoted.files


@pytest.mark.feature("N1")
@pytest.mark.parametrize(
    "code",
    [
        "import sys\nif 'google.colab' in sys.modules:\n  from google.colab import auth\n  auth.authenticate_user()",
        "try:\n  from google.colab import userdata\n  k = userdata.get('K')\nexcept ImportError:\n  k = ''\nprint(k)",
    ],
)
def test_what_only_a_host_reaches_does_not_hinder_the_step(code: str, tmp_path: Path) -> None:
    """Code under a question for the host, or caught where its library is missing, is left alone."""
    promoted = promote_cells(make_project(tmp_path), code)
    assert promoted.refused() == []
    assert "notebooks/pipeline.yaml" in promoted.files


@pytest.mark.feature("N1")
def test_a_restart_of_the_kernel_is_taken_out(tmp_path: Path) -> None:
    """It would end the step."""
    code = "import IPython\napp = IPython.Application.instance()\napp.kernel.do_shutdown(True)"
    promoted = promote_cells(make_project(tmp_path), code, "print(1)")
    assert promoted.code == ["import IPython\napp = IPython.Application.instance()", "print(1)"]


def test_a_refused_client_keeps_the_step_out_of_the_pipeline(tmp_path: Path) -> None:
    """The step is written with the refusal in its report; `pipeline.yaml` stays as it is."""
    promoted = promote_cells(make_project(tmp_path), "import replicate\nclient = replicate.Client()")
    assert promoted.refused() == ["0:2 replicate.Client(...): no door speaks Replicate's protocol"]
    assert "notebooks/steps/poc.ipynb" in promoted.files
    assert "notebooks/pipeline.yaml" not in promoted.files


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "import boto3\nc = boto3.client('bedrock-runtime')\nc.invoke_model(modelId='m', body=b)",
            "a body of their own",
        ),
        (
            "import boto3\nc = boto3.client('bedrock-agent-runtime')\nc.retrieve_and_generate(input=q)",
            "past the gateway",
        ),
        ("import boto3\nc = boto3.client('bedrock-runtime', 'us-east-1')", "by place"),
        ("from transformers import pipeline\np = pipeline('text-generation')", "own process"),
        ("import requests\nrequests.post('https://api.openai.com/v1/chat/completions', json={})", "plain HTTP"),
        ("import openai\nopenai.Image.create(prompt='a cat')", "before 1.0"),
        ("from openai import OpenAI\nc = OpenAI()\nc.images.generate(prompt='a cat')", "this endpoint"),
        ("from langchain_community.llms import SagemakerEndpoint\nllm = SagemakerEndpoint()", "protocol"),
        ("from langchain.chat_models import init_chat_model\nm = init_chat_model('jamba-large')", "'jamba-large'"),
        (
            "from langchain_aws.agents import BedrockAgentsRunnable\na = BedrockAgentsRunnable.create_agent(tools=t)",
            "live at Amazon",
        ),
    ],
)
def test_what_no_door_serves_is_refused_with_place_reason_and_remedy(code: str, reason: str, tmp_path: Path) -> None:
    """Each unserved client is one finding with cell, line, reason and what to do."""
    findings = promote_cells(make_project(tmp_path), code).promotion.report.refused
    assert len(findings) == 1
    assert reason in findings[0].reason
    assert findings[0].remedy
    assert (findings[0].cell, findings[0].line) == (0, len(code.splitlines()))


def test_keys_are_written_nowhere(tmp_path: Path) -> None:
    """A key in a cell, a comment, prose or a prompt is in no file promote writes, and the report says where it was."""
    key = "sk-" + "a1B2" * 8
    promoted = promote_cells(
        make_project(tmp_path),
        ("markdown", f"my key is {key}"),
        f"# {key}\nfrom openai import OpenAI\nc = OpenAI(api_key='{key}')\nheads = {{'x': '{key}'}}\nprint(heads)",
    )
    assert not [name for name, text in promoted.files.items() if key in text]
    assert {f.place for f in promoted.promotion.report.findings if f.subject == "secret"} >= {
        "0:1",
        "1:1",
        "1:3",
        "1:4",
    }


@pytest.mark.feature("N1")
def test_a_lifted_text_is_what_a_kernel_makes_of_it(tmp_path: Path) -> None:
    """Kernels empty lines of blanks, in texts too; the prompt file has the text that was asked with."""
    code = 'from openai import OpenAI\nc = OpenAI()\nS = """You are a bird.\n    \n  Sing."""\n'
    code += 'c.chat.completions.create(\n    model="m", messages=[{"role": "system", "content": S}]\n)'
    files = promote_cells(make_project(tmp_path), code).files
    assert "You are a bird.\n\n" in next(text for name, text in files.items() if name.endswith("v1.prompt.yml"))


@pytest.mark.feature("N1")
def test_a_statement_taken_out_of_a_function_leaves_no_trace(tmp_path: Path) -> None:
    """Where others stand beside it its line goes; where it was alone the block keeps a `pass`."""
    code = (
        "import os\ndef keys(a):\n    os.environ['OPENAI_API_KEY'] = a\n    print('ready')\n"
        "def alone(a):\n    os.environ['OPENAI_API_KEY'] = a\nkeys(1)\nalone(2)"
    )
    step = "\n".join(promote_cells(make_project(tmp_path), code).code)
    assert "def keys(a):\n    print('ready')" in step
    assert "def alone(a):\n    pass" in step
    assert "removed by promote" not in step
