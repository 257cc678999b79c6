"""`--fix`: prompts of .py files move into the registry, the program says the same, and nothing is half-written."""

from __future__ import annotations

import ast
import hashlib
import json
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tools.prompt_lint.command import main
from tools.prompt_lint.faithful import is_faithful

PROJECT = Path(__file__).parents[2]
CALL = "client.chat.completions.create(model='small', messages=[{{'role': 'system', 'content': {text}}}])"
# What stands in a call's place -> what follows from it. Each is one expression over `ticket`, `names` and `row`.
TEXTS = {
    "a plain text": "'You label tickets of a shop. Answer with one word.'",
    "lines": "'''You label tickets.\n\n  Answer with one word.\n'''",
    "an f-string": "f'Label the ticket {ticket} of {names[0]}, {names[0]} again.'",
    "format and conversion": "f'Label {len(names):>5} tickets of {names!r}, please.'",
    "braces of its own": "f'Answer as {{\"label\": {ticket!r}}} and keep {{{{x}}}}, please.'",
    "placeholder of another framework": "'Answer from {{ context }} and {{question}} only, please.'",
    "a sum": "'You label tickets.\\n' + ticket + '\\nAnswer in ' + names[0]",
    "joined lines": "'\\n'.join(['You label tickets.', ticket, f'For {names[0]}.'])",
    "format": "'Label {ticket} for {0}, answer in {{one}} word.'.format(names[0], ticket=ticket)",
    "percent": "'Label the ticket %s of the customer %s.' % (ticket, names[0])",
    "strip": "'''\n   You label the tickets of a shop.\n'''.strip()",
    "a call in a hole": "f'Label {ticket.upper()} and {row[\"body\"]}, one word.'",
    "quotes and backslashes": "'You say \"yes\" or \\'no\\' to C:\\\\tickets\\\\new and \\t tabs.'",
    "umlauts": "'Du ordnest Anfragen zu: Größe, Maß, 日本語. Antworte mit einem Wort. 🎫'",
    "carriage returns": "'You label tickets.\\r\\nAnswer with one word.\\r\\n'",
    "a choice": "('You label tickets of a shop.' if ticket else 'You write to the shop.')",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small project with a registry of one prompt, as working directory."""
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'desk'\n")
    helper = tmp_path / "src/app/orchestration/notebook.py"
    helper.parent.mkdir(parents=True)
    helper.write_text("")
    shutil.copytree(PROJECT / "prompts", tmp_path / "prompts")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def script(text: str) -> str:
    return f'"""A script."""\n\nimport openai\n\n\ndef ask(client, ticket, names, row):\n    {CALL.format(text=text)}\n'


def sent(file: Path) -> Any:
    """What `ask` of a script sends."""
    calls: list[Any] = []
    client = SimpleNamespace(
        chat=SimpleNamespace(completions=SimpleNamespace(create=lambda **call: calls.append(call["messages"])))
    )
    space: dict[str, Any] = {}
    code = file.read_text(encoding="utf-8").replace("import openai\n", "")
    exec(compile(code, str(file), "exec"), space)
    space["ask"](client, "It {crashes} {{x}}", ["Ann", "Bo"], {"body": "Hi\n{there}"})
    return calls


@pytest.mark.feature("N6")
@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in TEXTS.items()])
def test_the_program_says_the_same(text: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Before and after, the call gets the same text; the linter is content; a second run does nothing."""
    file = project / "label.py"
    file.write_text(script(text), encoding="utf-8")
    before = sent(file)

    assert main(["--fix", "label.py"]) == 0

    assert "not lifted" not in capsys.readouterr().err
    assert '"label_ask_system"' in file.read_text(encoding="utf-8")
    assert sent(file) == before
    standing = tree(project)
    assert main(["--fix", "label.py"]) == 0
    assert tree(project) == standing


def test_what_is_written(project: Path) -> None:
    """The file, its release and its lock; the rest of the module byte for byte; the import below the others."""
    head = '"""Label."""\n\nfrom __future__ import annotations\n\nimport openai  # keep\n\n\n'
    code = head + 'SYSTEM_PROMPT = "You label tickets of {x}."  # this\n'
    (project / "label.py").write_text(code)

    assert main(["--fix", "label.py"]) == 0

    written = (project / "prompts/label_system/v1.prompt.yml").read_bytes()
    assert written.decode().splitlines() == [
        'description: "Lifted from label.py (SYSTEM_PROMPT)."',
        "messages:",
        "  - role: system",
        '    content: "You label tickets of {x}."',
    ]
    lock = (project / "prompts/released.lock").read_text()
    assert f"label_system/v1 {hashlib.sha256(written).hexdigest()}" in lock
    assert "label_system: 1" in (project / "prompts/releases.yaml").read_text()
    assert (project / "label.py").read_text() == code.replace(
        "# keep\n", "# keep\nfrom app.orchestration.notebook import prompt\n"
    ).replace('"You label tickets of {x}."', 'prompt("label_system")')


@pytest.mark.parametrize(
    "head",
    [
        "import openai; ",
        "#!/usr/bin/env python3\n# -*- coding: utf-8 -*-\n",
        "import openai\nif openai:\n    import json\n",
        "from app.orchestration.notebook import (\n    prompt,\n)\n",
        "import openai  # at the end of a file's imports \\\n\n\n",
    ],
    ids=["a line with the import", "shebang", "import under a condition", "imported already", "a comment"],
)
def test_the_import_comes_in_time(head: str, project: Path) -> None:
    """Wherever the import has to go, the module can still be imported and gives the old text."""
    file = project / "label.py"
    file.write_text(head + "SYSTEM_PROMPT = 'You label tickets of a shop.'\n")
    assert main(["--fix", "label.py"]) == 0
    space: dict[str, Any] = {}
    exec(compile(file.read_text().replace("openai", "json"), str(file), "exec"), space)
    assert space["SYSTEM_PROMPT"] == "You label tickets of a shop."
    assert "prompt(" in file.read_text().replace("prompt,", "")
    assert file.read_text().count("import prompt") + head.count("prompt,") == 1


def test_a_name_of_one_s_own_is_left_alone(project: Path) -> None:
    """Where the file has a `prompt` of its own, the call gets another name."""
    file = project / "label.py"
    file.write_text(script("prompt").replace("    client", "    prompt = f'Label {ticket} with one word.'\n    client"))
    before = sent(file)
    assert main(["--fix", "label.py"]) == 0
    assert "prompt = registry_prompt(" in file.read_text()
    assert sent(file) == before


@pytest.mark.parametrize("ending", [b"\r\n", b"\n"], ids=["CRLF", "LF"])
@pytest.mark.parametrize("bom", [b"\xef\xbb\xbf", b""], ids=["BOM", "no BOM"])
def test_line_ends_and_bom_stay(ending: bytes, bom: bytes, project: Path) -> None:
    """A long call is broken into lines with the file's own ends."""
    file = project / "label.py"
    code = script(
        "f'Label {names[0]} and {names[1]} and {row[\"body\"]} and {ticket.strip().lower().title()} at once.'"
    )
    file.write_bytes(bom + code.encode().replace(b"\n", ending))
    assert main(["--fix", "label.py"]) == 0
    content = file.read_bytes()
    assert content.startswith(bom + b'"""')
    assert content.count(b"\n") == content.count(ending)
    assert b"prompt(" in content


def test_one_text_twice_is_one_prompt(project: Path) -> None:
    """The same text in two files has one file; another text of the same name gets a number."""
    for name in ("a", "b"):
        (project / f"{name}.py").write_text(script("'You label tickets of a shop.'"))
    (project / "other").mkdir()
    (project / "other/a.py").write_text(script("'You write letters for a shop.'"))
    assert main(["--fix", "."]) == 0
    made = sorted(p.parent.name for p in (project / "prompts").glob("*/v1.prompt.yml") if "ask" in p.parent.name)
    assert made == ["a_ask_system", "a_ask_system_2"]


def test_what_is_allowed_stays(project: Path) -> None:
    """Of two prompts the one that a person has allowed is not lifted."""
    allowed = "SYSTEM_PROMPT = 'You write letters of a shop.'  # prompt-lint: allow hardcoded_prompt -- an example\n"
    (project / "label.py").write_text(allowed + script("'You label tickets of a shop.'"))
    assert main(["--fix", "label.py"]) == 0
    assert allowed in (project / "label.py").read_text()
    assert 'prompt("label_ask_system")' in (project / "label.py").read_text()


def test_a_task_of_another_text_is_not_taken(project: Path) -> None:
    """A task that exists keeps its versions: a text of the same name gets a number."""
    standing = project / "prompts/label_ask_system/v1.prompt.yml"
    standing.parent.mkdir()
    standing.write_text("description: x\nmessages:\n  - role: system\n    content: You write letters.\n")
    (project / "prompts/releases.yaml").open("a").write("label_ask_system: 1\n")
    before = standing.read_bytes()
    (project / "label.py").write_text(script("'You label tickets of a shop.'"))
    assert main(["--fix", "label.py"]) == 0
    assert standing.read_bytes() == before
    assert sorted(p.name for p in standing.parent.iterdir()) == ["v1.prompt.yml"]
    assert 'prompt("label_ask_system_2")' in (project / "label.py").read_text()


BEFORE = "import a\nx = 'text'\ny = f(1)\n"
IMPORT = "from app.orchestration.notebook import prompt\n"


@pytest.mark.parametrize(
    ("after", "faithful"),
    [
        (IMPORT + "import a\nx = prompt('t')\ny = f(1)\n", True),
        ("import a\nx = prompt('t')\ny = f(1)\n", True),
        ("import a\nx = prompt('t')\ny = f(2)\n", False),
        ("import a\nx = 'text'\ny = f(1)\n", False),
        ("import a\nx = prompt('t')\ny = prompt('u')\n", False),
        ("import a\nx = other('t')\ny = f(1)\n", False),
        ("import a\nimport b\nx = prompt('t')\ny = f(1)\n", False),
        ("import a\nx = prompt('t')\n", False),
        ("import a\nx = prompt('t'\n", False),
        ("import a\nx = prompt('t')\n" + IMPORT + "y = f(1)\n", False),
        ("import a\nx = prompt('t')\ny = f(1)\nfrom __future__ import annotations\n", False),
    ],
    ids=[
        "lifted",
        "imported before",
        "a value",
        "nothing lifted",
        "one more",
        "another call",
        "import",
        "lost",
        "broken",
        "late import",
        "late future",
    ],
)
def test_a_rewritten_file_is_compared(after: str, faithful: bool) -> None:
    """A file that says anything else than the old one with one text lifted is refused."""
    assert is_faithful(ast.parse(BEFORE), after, 1) is faithful


STAYS = {
    "inside another f-string": (
        script("f'A: {\"You label tickets, all of them, at once. \" + ticket}'"),
        "another f-string",
    ),
    "a docstring": (
        "import dspy\n\n\nclass Label(dspy.Signature):\n    '''You label tickets of a shop.'''\n",
        "docstring",
    ),
    "few-shot examples": (
        "from langchain.prompts import FewShotPromptTemplate\ne = [{'q': 'It crashes', 'a': 'technical'}]\n"
        "p = FewShotPromptTemplate(examples=e, example_prompt=x, suffix=s)\n",
        "few-shot",
    ),
    "does not parse": ("import openai\nSYSTEM_PROMPT = 'You label tickets of a shop.'\nprint 'x'\n", "parse"),
    "both names taken": (script("'You label tickets of a shop.'") + "prompt = registry_prompt = 1\n", "rename"),
    "nowhere to import": (
        "from __future__ import annotations; SYSTEM_PROMPT = 'You label tickets of a shop.'\n",
        "say something else",
    ),
    "suppressed": (
        script("'You label tickets of a shop.'").rstrip()
        + "  # prompt-lint: allow hardcoded_prompt -- shown on purpose\n",
        "",
    ),
}


@pytest.mark.parametrize(("code", "why"), [pytest.param(*case, id=name) for name, case in STAYS.items()])
def test_what_cannot_be_lifted_stays(code: str, why: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is reported with its line and the reason, and no file of the project changes."""
    (project / "label.py").write_text(code)
    before = tree(project)
    main(["--fix", "label.py"])
    said = capsys.readouterr().err
    assert why in said
    assert said.startswith("prompt-lint: label.py:") if why else said == ""
    assert tree(project) == before


def test_the_application_s_layers_and_import_time(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Below orchestration nothing may import the helper; above it, nothing is lifted that import evaluates."""
    below = project / "src/app/intelligence/desk.py"
    above = project / "src/app/interface/desk.py"
    for file in (below, above):
        file.parent.mkdir()
        file.write_text("SYSTEM_PROMPT = 'You label tickets of a shop.'\n" + script("'You write letters for a shop.'"))
    main(["--fix", "src"])
    said = capsys.readouterr().err
    assert said.count("src/app/intelligence may not import app.orchestration.notebook") == 2
    assert "desk.py:1: not lifted: it is evaluated when the application is imported" in said
    assert 'prompt("desk_ask_system")' in above.read_text()
    assert "SYSTEM_PROMPT = 'You label tickets of a shop.'" in above.read_text()


def test_a_notebook_is_promoted(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """For a notebook the command that lifts its prompts is printed, and it stays as it is."""
    cell = {"cell_type": "code", "source": "import openai\n" + CALL.format(text="'You label tickets.'"), "outputs": []}
    (project / "poc.ipynb").write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}))
    before = tree(project)
    assert main(["--fix", "poc.ipynb"]) == 1
    assert "python -m tools.promote poc.ipynb" in capsys.readouterr().err
    assert tree(project) == before


@pytest.mark.parametrize("lacks", ["pyproject.toml", "prompts", "src/app/orchestration/notebook.py"])
def test_outside_of_a_project(lacks: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2 with what is missing, and nothing is written."""
    (project / "label.py").write_text(script("'You label tickets of a shop.'"))
    shutil.rmtree(project / lacks) if (project / lacks).is_dir() else (project / lacks).unlink()
    before = tree(project)
    assert main(["--fix", "label.py"]) == 2
    assert lacks in capsys.readouterr().err
    assert tree(project) == before


def test_all_files_or_none(project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """When one of the files cannot be written, none is."""
    (project / "label.py").write_text(script("'You label tickets of a shop.'"))
    before = tree(project)
    replace = Path.replace

    def failing(self: Path, target: Path) -> Path:
        if self.suffix == ".new" and Path(target).name == "label.py":
            raise OSError(28, "No space left on device", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", failing)
    assert main(["--fix", "label.py"]) == 2
    assert "No space left on device" in capsys.readouterr().err
    monkeypatch.undo()
    assert tree(project) == before


def test_fix_and_write_baseline_are_two_runs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A baseline of what is about to be lifted would be wrong the moment it is written."""
    (project / "label.py").write_text(script("'You label tickets of a shop.'"))
    assert main(["--fix", "--write-baseline", "b.json", "label.py"]) == 2
    assert "two runs" in capsys.readouterr().err
    assert not (project / "b.json").exists()
