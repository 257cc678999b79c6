"""The proof of a promotion: what counts as the same, what the first difference is, and that it really runs."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.tools.notebooks.projects import make_project, notebook_text, promote_cells, put_notebook
from tools.promote.__main__ import main
from tools.promote.notebook.notebook_file import parse
from tools.promote.notebook.program import read_program
from tools.promote.promotion import locate, promote
from tools.promote.proving.comparison import compare, first_difference, shows_a_door
from tools.promote.proving.placeholders import PROVIDER_KEY, placeholders
from tools.promote.proving.proof import prove
from tools.promote.proving.recording_door import open_door
from tools.promote.rewiring.environment import names_read
from tools.promote.workspace import make_workspace

CELLS = (
    "from openai import OpenAI\nimport anthropic",
    "WORDS = 5\nTOPICS = ['invoices', 'refunds']",
    "client = OpenAI()\nclaude = anthropic.Anthropic()",
    "prompt = 'You are a poet who knows a lot about accounting.'",
    "def poem(topic):\n"
    "    reply = client.chat.completions.create(model='gpt-4o-mini', messages=[{'role': 'system', 'content': prompt},\n"
    "        {'role': 'user', 'content': f'Write a poem of {WORDS:02d} words about {topic!r}'}])\n"
    "    return reply.choices[0].message.content",
    "print([poem(topic) for topic in TOPICS])",
    "claude.messages.create(model='claude-haiku-4-5', max_tokens=50, system='Answer in one word, please.',\n"
    "    messages=[{'role': 'user', 'content': 'What is due first?'}]).content[0].text",
)


def _printed(text: str) -> list[dict[str, Any]]:
    return [{"output_type": "stream", "name": "stdout", "text": [text]}]


def _step(**changes: Any) -> dict[str, Any]:
    return {"error": None, "unanswered": [], "remaining": [], "outputs": {"3": _printed("a 0x7f00aa11\n")}, **changes}


def test_equal_requests_and_outputs_are_proved() -> None:
    """Memory addresses aside, what both print is the same."""
    proof = compare({"outputs": {"1": _printed("a 0x7f99bb22\n")}}, _step(), 2, {3: 1})
    assert (proof.verdict, proof.detail) == ("proved", "2 requests and 1 outputs are the same")


def test_a_proof_says_which_requests_hold_other_ids() -> None:
    """What was not compared is told."""
    proof = compare({"outputs": {}}, _step(renamed=1), 2, {})
    assert proof.verdict == "proved"
    assert "1 of them hold ids that are made by chance in each run (UUIDs), which are not compared" in proof.detail


def test_a_client_that_is_shown_differs_by_its_door_alone() -> None:
    """Ports and keys of doors are no difference; what tells a door's address is known by it."""
    clients = [
        _printed(f"Client(url='http://127.0.0.1:{port}/v1', key='{key}')\n") for port, key in ((1, "a1"), (22, "b2"))
    ]
    original, step = {"outputs": {"1": clients[0]}, "key": "a1"}, _step(outputs={"3": clients[1]}, key="b2")

    assert compare(original, step, 1, {3: 1}).verdict == "proved"
    assert compare({**original, "outputs": {"1": _printed("Client()\n")}}, step, 1, {3: 1}).verdict == "differs"
    assert shows_a_door([clients[0]])
    assert not shows_a_door([_printed("Client()\n")])


def test_the_first_differing_field_of_a_request_is_named() -> None:
    """The path leads to the message that changed."""
    before = {"model": "m", "messages": [{"content": "a"}, {"content": "b"}]}
    after = {"model": "m", "messages": [{"content": "a"}, {"content": "c"}]}
    step = _step(
        unanswered=[{"protocol": "openai-chat", "request": after}],
        remaining=[{"protocol": "openai-chat", "request": before}],
    )
    proof = compare({"outputs": {}}, step, 1, {})
    assert proof.verdict == "differs"
    where = "the openai-chat request differs first at messages[1].content"
    assert proof.detail == f"{where}: 'b' in the notebook, 'c' in the step"


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ({"t": 0}, {"t": 0.0}, "t"),
        ({"t": 0}, {}, "t"),
        ({"m": [1]}, {"m": [1, 2]}, "m[1]"),
        ("a", "b", "the whole request"),
        ({"m": [{"x": 1}]}, {"m": [{"x": 1}]}, ""),
    ],
)
def test_differences_are_exact(before: Any, after: Any, path: str) -> None:
    """Kinds of numbers, missing keys and lengths count."""
    assert first_difference(before, after) == path


def test_a_differing_output_and_a_failing_step_are_no_proof() -> None:
    """The cell is that of the notebook; the line is the first that differs."""
    original = {"outputs": {"1": _printed("one\ntwo\n")}}
    differs = compare(original, _step(outputs={"3": _printed("one\nthree\n")}), 0, {3: 1})
    assert differs.detail == "the output of cell 1 differs first at 'two', in the step 'three'"
    failed = compare(original, _step(error={"cell": 3, "what": "KeyError: 'x'"}), 0, {3: 1})
    assert failed.detail == "the step fails where the notebook did not: KeyError: 'x'"


def test_what_is_shown_as_markdown_is_compared() -> None:
    """Notebooks show replies so; an object's own name would be the same whatever it holds."""

    def shown(text: str) -> dict[str, Any]:
        data = {"text/plain": "<IPython.core.display.Markdown object>", "text/markdown": text}
        return {"1": [{"output_type": "display_data", "data": data}]}

    step = shown("**two**")["1"]
    assert compare({"outputs": shown("**one**")}, _step(outputs={"3": step}), 0, {3: 1}).verdict == "differs"
    same = compare({"outputs": shown("**two**")}, _step(outputs={"3": step}), 0, {3: 1})
    assert (same.verdict, same.outputs) == ("proved", 1)


def test_what_changes_from_run_to_run_is_not_compared() -> None:
    """A second run of the notebook decides: a clock is left out by name, a steady output must be the step's."""
    original = {"outputs": {"1": _printed("at 12:01\n"), "2": _printed("one\n")}}
    again = {"outputs": {"1": _printed("at 12:02\n"), "2": _printed("one\n")}}
    step = _step(outputs={"3": _printed("at 12:03\n"), "4": _printed("one\n")})
    proof = compare(original, step, 0, {3: 1, 4: 2}, [again])
    assert (proof.verdict, proof.outputs) == ("proved", 1)
    assert proof.detail.endswith("not compared, because they change from run to run: the outputs of cells 1")
    other = _step(outputs={"3": _printed("at 12:03\n"), "4": _printed("two\n")})
    assert compare(original, other, 0, {3: 1, 4: 2}, [again]).verdict == "differs"
    assert compare(original, step, 0, {3: 1, 4: 2}, [original]).verdict == "differs"
    assert compare(original, step, 0, {3: 1, 4: 2}, [original, original, again]).verdict == "proved"


def test_a_refused_client_is_not_run(tmp_path: Path) -> None:
    """What no door serves is never called: the verdict says which client hinders the run."""
    promotion = promote_cells(
        make_project(tmp_path), "from openai import OpenAI\nc = OpenAI()\nc.images.generate(prompt='a')"
    ).promotion
    prove(promotion)
    assert promotion.report.proof.verdict == "not run"
    assert promotion.report.proof.detail.startswith("cell 0:3: c.images.generate(...)")


def test_a_project_without_a_door_is_not_proved(tmp_path: Path) -> None:
    """The reason is what the door said last."""
    promotion = promote_cells(make_project(tmp_path), "x = 1\nprint(x)").promotion
    prove(promotion)
    assert promotion.report.proof.verdict == "not run"
    assert "`app door` did not open" in promotion.report.proof.detail


@pytest.fixture
def live_project(tmp_path: Path, project_root: Path, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of this project whose door uses a database of the test."""
    monkeypatch.setenv("DATABASE_URL", empty_database)
    project = make_workspace(project_root, tmp_path / "project", {})
    (project / "src").unlink()  # promote writes modules into it
    shutil.copytree(project_root / "src", project / "src", ignore=shutil.ignore_patterns("__pycache__"))
    return project


@pytest.mark.slow
def test_a_door_tells_its_clients_to_send_traces_nowhere_else(
    live_project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenAI's Agents SDK would send prompts past the gateway, of the original too; who wants that has said so."""
    variable = "OPENAI_AGENTS_DISABLE_TRACING"
    monkeypatch.delenv(variable, raising=False)
    with open_door(live_project, tmp_path / "first.jsonl") as door:
        assert door.environment[variable] == "1"
    monkeypatch.setenv(variable, "0")
    with open_door(live_project, tmp_path / "second.jsonl") as door:
        assert variable not in door.environment


@pytest.mark.slow
@pytest.mark.feature("N1")
@pytest.mark.feature("N2")
@pytest.mark.feature("N4")
def test_notebook_and_step_ask_and_print_the_same(live_project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both run offline through the door; the verdict is proved, and all generated tests are green."""
    notebook = put_notebook(live_project, *CELLS, "import time\nprint(time.time_ns())", name="poems.ipynb")
    assert main([str(notebook), "--project", str(live_project)]) == 0
    said = capsys.readouterr().out
    assert "proof         proved: 3 requests and 2 outputs are the same; not compared, because they change" in said
    assert "the outputs of cells 7" in said
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/steps"]
    tested = subprocess.run(command, cwd=live_project, capture_output=True, text=True, timeout=300, check=False)
    assert "2 passed" in tested.stdout, tested.stdout[-2000:]


@pytest.mark.slow
@pytest.mark.feature("N1")
@pytest.mark.feature("N2")
def test_a_module_beside_the_notebook_is_not_taken_for_the_project_s(live_project: Path) -> None:
    """A notebook's own `tools.py` is found by the notebook, by the step in its folder, and by the test in process."""
    (live_project / "notebooks/explore/tools.py").write_text("def label(text):\n    return f'ours: {text}'\n")
    notebook = put_notebook(live_project, "from tools import label\nprint(label('a'))", name="own.ipynb")
    assert main([str(notebook), "--project", str(live_project)]) == 0
    test = (live_project / "tests/steps/test_own.py").read_text()
    (live_project / "tests/steps/test_own.py").write_text(
        test.replace("import pytest\n", "import pytest, tools.update\n")
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/steps"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(live_project / "src"), str(live_project)])}
    tested = subprocess.run(
        command, cwd=live_project, env=env, capture_output=True, text=True, timeout=300, check=False
    )
    assert "1 passed" in tested.stdout, tested.stdout[-2000:]


GOOGLE = (
    "import os\nfrom google.auth import default\nfrom google.auth.transport.requests import Request\nimport openai",
    "credentials, project = default()\ncredentials.refresh(Request())",
    "url = f'https://us-central1-aiplatform.googleapis.com/v1/projects/{project}/locations/us/endpoints/openapi'\n"
    "client = openai.OpenAI(base_url=url, api_key=credentials.token)",
    "key = os.environ.get('GROQ_API_KEY')\nif not key:\n    raise SystemExit('no key')",
    "print(client.chat.completions.create(model='m', messages=[{'role': 'user', 'content': 'Hi'}]).model)",
)


@pytest.mark.slow
@pytest.mark.feature("N2")
def test_a_login_at_google_is_made_up(live_project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Default credentials and a provider's key are placeholders in both runs and in the test; the verdict says so."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere/real.json")
    notebook = put_notebook(live_project, *GOOGLE, name="login.ipynb")
    report = live_project / "report.json"
    assert main([str(notebook), "--project", str(live_project), "--report", str(report)]) == 0
    said = json.loads(report.read_text())["proof"]["detail"]
    assert said.endswith("made up for both runs: GOOGLE_APPLICATION_CREDENTIALS, GOOGLE_CLOUD_PROJECT, GROQ_API_KEY")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/steps"]
    tested = subprocess.run(command, cwd=live_project, capture_output=True, text=True, timeout=300, check=False)
    assert "1 passed" in tested.stdout, tested.stdout[-2000:]


@pytest.mark.slow
@pytest.mark.feature("N2")
@pytest.mark.parametrize("caught", [False, True], ids=["it fails", "it goes on"])
def test_clients_that_read_no_address_are_pointed_at_the_door(live_project: Path, caught: bool) -> None:
    """A notebook that asks its provider untouched, and nobody there, is run once more with its clients pointed."""
    ask = "print(client.chat.completions.create(model='m', messages=[{'role': 'user', 'content': 'Hi'}]).model)"
    promotion = promote_cells(
        live_project,
        "import os, openai\nfrom openai import OpenAI",
        "for name in ('OPENAI_BASE_URL', 'OPENAI_API_BASE'):\n    os.environ.pop(name, None)",
        "client = OpenAI(max_retries=0, timeout=3)",
        f"try:\n    {ask}\nexcept openai.APIConnectionError:\n    print('nobody')" if caught else ask,
        name="pointed.ipynb",
    ).promotion
    prove(promotion)
    assert promotion.report.proof.verdict == "proved", promotion.report.proof.detail
    assert promotion.report.proof.requests == 1
    assert "with its clients pointed at the door" in promotion.report.proof.detail


def test_a_module_that_did_not_come_along_is_named(tmp_path: Path) -> None:
    """A module of the project with the same name is not taken for it, and the remedy says where the file is."""
    project = make_project(tmp_path / "project")
    (tmp_path / "tools.py").write_text("")
    (tmp_path / "poc.ipynb").write_text(notebook_text("import tools\nimport evals\nimport nowhere_at_all"))
    promotion = promote(locate(tmp_path / "poc.ipynb", project, None))
    prove(promotion)
    refused = {finding.what: (finding.reason, finding.remedy) for finding in promotion.report.refused}
    copied = "copy it to explore/, then promote again"
    assert refused["import tools"] == (f"its file lies in {tmp_path} and was not copied along", copied)
    assert refused["import evals"][0].startswith("the project has another module of this name")
    assert refused["import nowhere_at_all"][0] == "its package is not installed"


@pytest.mark.slow
@pytest.mark.feature("N2")
def test_a_step_that_asks_otherwise_is_found_out(live_project: Path) -> None:
    """Sabotage: a prompt file that does not say what the notebook says turns the verdict to differs."""
    promoted = promote_cells(live_project, *CELLS, name="poems.ipynb")
    files = promoted.promotion.files
    prompt = live_project / "prompts/poems_poem/v1.prompt.yml"
    content = files[prompt]
    assert content is not None
    files[prompt] = content.replace(b"Write a poem", b"Write a song")
    files[live_project / "prompts/released.lock"] = b""
    prove(promoted.promotion)
    proof = promoted.promotion.report.proof
    assert proof.verdict == "differs"
    assert "request differs first at messages[1].content" in proof.detail
    assert "'Write a poem" in proof.detail.replace('"', "'")


@pytest.mark.slow
def test_a_notebook_that_fails_itself_is_not_run(live_project: Path) -> None:
    """The verdict names the notebook's own cell and error."""
    promotion = promote_cells(live_project, "%pip install x", "x = 1", "print(1 / 0, x)", name="broken.ipynb").promotion
    prove(promotion)
    assert promotion.report.proof.verdict == "not run"
    assert promotion.report.proof.detail == "the notebook itself fails in cell 2: ZeroDivisionError: division by zero"


TOOLS = (
    "import json, os\nfrom openai import OpenAI\nimport openai",
    "key = os.environ['GROQ_API_KEY']\nclient = OpenAI(api_key=key, base_url='https://api.groq.com/openai/v1')",
    "print(len(list(client.models.list())) > 0)",
    "number = {'type': 'integer'}\n"
    "schema = {'type': 'object', 'properties': {'a': number, 'b': number}, 'required': ['a', 'b']}\n"
    "function = {'name': 'multiply', 'description': 'Multiplies two numbers', 'parameters': schema}\n"
    "tools = [{'type': 'function', 'function': function}]",
    "messages = [{'role': 'user', 'content': 'How much is 6 times 7?'}]\n"
    "said = client.chat.completions.create(model='m', messages=messages, tools=tools).choices[0].message\n"
    "call = said.tool_calls[0]\n"
    "given = json.loads(call.function.arguments)\n"
    "result = given['a'] * given['b']\n"
    "print(result)",
    "messages += [said, {'role': 'tool', 'tool_call_id': call.id, 'content': str(result)}]\n"
    "print(client.chat.completions.create(model='m', messages=messages, tools=tools).choices[0].message.content)",
    "try:\n"
    "    client.chat.completions.create(model='m', messages=messages, max_tokens=0)\n"
    "except openai.BadRequestError as error:\n"
    "    print('refused', error.status_code)",
)  # fmt: skip


@pytest.mark.slow
@pytest.mark.feature("N2")
def test_tools_lists_of_models_and_errors_shown_are_proved(live_project: Path) -> None:
    """A key that the door makes needless is there; the tool is called with the question's numbers, and once."""
    promotion = promote_cells(live_project, *TOOLS, name="multiply.ipynb").promotion
    prove(promotion)
    proof = promotion.report.proof
    assert (proof.verdict, proof.requests) == ("proved", 4), proof.detail
    printed = promotion.files[promotion.place.fixtures[1]]
    assert printed is not None
    assert b"42\\n" in printed
    assert b"refused 400" in printed


@pytest.mark.slow
@pytest.mark.feature("N2")
def test_which_model_and_where_is_made_up(live_project: Path) -> None:
    """Azure's deployment, address and version: the door needs none of them, and the verdict says what was given."""
    promotion = promote_cells(
        live_project,
        "import os\nfrom openai import AzureOpenAI\ndeployment = os.environ['CHAT_COMPLETIONS_MODEL']",
        "client = AzureOpenAI(azure_endpoint=os.environ['AZURE_OPENAI_ENDPOINT'],"
        " api_key=os.environ['AZURE_OPENAI_API_KEY'], api_version=os.environ['OPENAI_API_VERSION'])",
        "asked = [{'role': 'user', 'content': 'Hi'}]\n"
        "print(client.chat.completions.create(model=deployment, messages=asked).choices[0].message.content)",
        name="azure.ipynb",
    ).promotion
    prove(promotion)
    proof = promotion.report.proof
    assert proof.verdict == "proved", proof.detail
    given = "AZURE_OPENAI_API_KEY, AZURE_OPENAI_ENDPOINT, CHAT_COMPLETIONS_MODEL, OPENAI_API_VERSION"
    assert proof.detail.endswith(f"made up for both runs: {given}")


@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("os.environ['AZURE_OPENAI_DEPLOYMENT_NAME']", "gpt-4o-mini"),
        ("os.getenv('EMBEDDING_MODEL')", "text-embedding-3-small"),
        ("os.getenv('OPENAI_MODEL', 'gpt-4o')", None),
        ("os.environ['AZURE_SEARCH_ENDPOINT']", None),
        ("os.environ['DATABASE_URL']", None),
        ("os.environ['CAR_MODEL_YEAR']", None),
    ],
)
def test_only_what_says_which_model_is_asked_has_a_placeholder(code: str, given: str | None) -> None:
    """Not where the notebook knows what is meant without, nor for other services' addresses."""
    program = read_program(nbformat.reads(notebook_text(f"import os\nx = {code}"), 4), "a.ipynb")
    assert list(placeholders(program, names_read(program)).values()) == ([given] if given else [])


@pytest.mark.parametrize(
    ("body", "read"),
    [
        ("return os.getenv(name)", {"AZURE_OPENAI_MODEL"}),
        ("return os.environ[name]", {"AZURE_OPENAI_MODEL"}),
        ("return name.lower()", set()),
    ],
)
def test_a_variable_is_read_by_a_function_of_the_notebook_too(body: str, read: set[str]) -> None:
    """One that looks its argument up; any other function is given a text."""
    cells = f"import os\ndef setting(name):\n    {body}\nmodel = setting('AZURE_OPENAI_MODEL')"
    assert names_read(read_program(nbformat.reads(notebook_text(cells), 4), "a.ipynb")) == read


@pytest.mark.slow
@pytest.mark.feature("N2")
def test_a_setting_that_is_not_there_is_named(live_project: Path) -> None:
    """No placeholder for what is no key of a provider: the verdict says what is missing."""
    promotion = promote_cells(
        live_project, "import os\nfolder = os.environ['REPORTS_AT']", name="reads.ipynb"
    ).promotion
    prove(promotion)
    assert promotion.report.proof.verdict == "not run"
    assert "settings that are not set: REPORTS_AT" in promotion.report.proof.detail


@pytest.mark.parametrize(
    ("variable", "is_one"),
    [
        ("OPENAI_API_KEY", True),
        ("AZURE_OPENAI_API_KEY", True),
        ("HUGGINGFACEHUB_API_TOKEN", True),
        ("MY_CLAUDE_KEY", True),
        ("GOOGLE_MAPS_API_KEY", False),
        ("AZURE_STORAGE_KEY", False),
        ("TAVILY_API_KEY", False),
        ("AWS_SECRET_ACCESS_KEY", True),
        ("AWS_BUCKET", False),
    ],
)
def test_only_a_model_s_key_has_a_placeholder(variable: str, is_one: bool) -> None:
    """A key of another service of the same house is a setting that must be there."""
    assert (PROVIDER_KEY.fullmatch(variable) is not None) is is_one


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("AZURE_OPENAI_DEPLOYMENT_NAME", "gpt-4o-mini"),
        ("OPENAI_MODEL", "gpt-4o-mini"),
        ("MODEL", "gpt-4o-mini"),
        ("DEPLOYMENT_ID", "gpt-4o-mini"),
        ("CHAT_MODEL_NAME", "gpt-4o-mini"),
        ("AZURE_OPENAI_EMBEDDING_DEPLOYMENT", "text-embedding-3-small"),
        ("EMBEDDING_MODEL", "text-embedding-3-small"),
        ("NEBIUS_API_KEY", "no-key-is-needed-here"),
        ("WHISPER_MODEL", None),
        ("DEPLOYMENT_REGION", None),
        ("MODEL_PATH", None),
    ],
)
def test_a_model_s_name_is_made_up_where_a_door_serves_every_name(variable: str, value: str | None) -> None:
    """A path, a place or a model of another kind is a setting that must be there."""
    program = read_program(parse(notebook_text("x = 1"), "a"), "a")
    assert placeholders(program, [variable]).get(variable) == value


def test_what_a_call_is_given_as_its_model_is_a_model_s_name() -> None:
    """Whatever the variable is called, at once or by a name; what goes elsewhere is a setting."""
    text = "import os\nname = os.getenv('CHAT_NAME')\nask(engine=name, model=os.environ['B'], place=os.getenv('C'))"
    program = read_program(parse(notebook_text(text), "a"), "a")
    assert placeholders(program, ["CHAT_NAME", "B", "C"]) == {"CHAT_NAME": "gpt-4o-mini", "B": "gpt-4o-mini"}
