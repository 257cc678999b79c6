"""The linter as it is used: exit codes, formats, suppression, baseline, configuration, and input that is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tools.prompt_lint.command import main

PROJECT = Path(__file__).parents[2]
CALL = "client.chat.completions.create(model=m, messages=[{'role': 'system', 'content': 'You label tickets.'}])\n"
MOVED = "client.chat.completions.create(model=m, messages=[{'role': 'system', 'content': prompt('label')}])\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder outside of any project, as working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def notebook(cells: Sequence[object], **metadata: object) -> str:
    made = [{"cell_type": "code", "source": c, "metadata": {}, "outputs": []} for c in cells]
    return json.dumps({"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 4})


def lines(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[dict[str, Any]]:
    main(["--format", "json", *arguments])
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.feature("N6")
def test_hook_turns_red_and_green_again(folder: Path) -> None:
    """Sabotage: a hardcoded prompt makes the hook's command exit 1; the same file with the prompt moved exits 0."""
    file = folder / "desk.py"
    command = [sys.executable, "-m", "tools.prompt_lint", "desk.py"]
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}

    file.write_text(CALL)
    red = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    file.write_text(MOVED)
    green = subprocess.run(command, capture_output=True, text=True, env=env, check=False)

    assert (red.returncode, green.returncode) == (1, 0)
    assert "prompts/<task>/v1.prompt.yml" in red.stdout


@pytest.mark.feature("N6")
def test_json_lines_name_the_place_in_a_notebook(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A finding has the index over all cells and the lines of the text itself, magics and Markdown notwithstanding."""
    document = json.loads(
        notebook(
            [
                "%pip install openai\nimport openai",
                "\n# ask\nrule_prompt = '''You label the\ntickets of a shop.'''\n" + CALL,
            ]
        )
    )
    document["cells"].insert(0, {"cell_type": "markdown", "source": "# Notes", "metadata": {}})
    (folder / "a.ipynb").write_text(json.dumps(document))

    found = lines(capsys, "a.ipynb")

    assert list(found[0]) == ["path", "cell", "line", "end_line", "rule", "severity", "message"]
    assert [(f["cell"], f["line"], f["end_line"], f["severity"]) for f in found] == [
        (2, 3, 4, "info"),
        (2, 5, 5, "error"),
    ]


def test_cell_is_null_for_a_module(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A .py file has no cells."""
    (folder / "a.py").write_text(CALL)
    assert [f["cell"] for f in lines(capsys)] == [None]


def test_information_is_no_error(folder: Path) -> None:
    """A short question alone leaves the exit code 0."""
    (folder / "a.py").write_text(
        "import openai\nopenai.responses\nclient.responses.create(model=m, input='How do refunds work?')\n"
    )
    assert main(["a.py"]) == 0


@pytest.mark.parametrize(
    ("arguments", "config"),
    [
        (["missing.py"], ""),
        (["--baseline", "none.json", "."], ""),
        ([], "[tool.prompt_lint]\nexcludes = ['a']\n"),
        ([], "[tool.prompt_lint]\nignore = ['no_such_rule']\n"),
        ([], "[tool.prompt_lint]\nexclude = 'a'\n"),
        ([], "[tool.prompt_lint\n"),
    ],
    ids=["path", "baseline", "unknown key", "unknown rule", "wrong type", "not TOML"],
)
def test_wrong_use_exits_two_on_one_line(
    arguments: list[str], config: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What was asked wrongly is said on one line with the remedy, and nothing is checked."""
    (folder / "pyproject.toml").write_text(config)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert ":" in said.err


@pytest.mark.parametrize("arguments", [["--format", "xml"], ["--jobs", "-1"], ["--what"]], ids=str)
def test_wrong_option_exits_two(arguments: list[str]) -> None:
    """An unknown option or value is argparse's to refuse, with the same exit code."""
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


@pytest.mark.feature("N6")
@pytest.mark.parametrize(
    "code",
    [
        "client.messages.create(system='You label tickets.')  # prompt-lint: allow hardcoded_prompt -- a "
        "demonstration\n",
        "# prompt-lint: allow hardcoded_prompt -- a demonstration\nclient.messages.create(system='You label "
        "tickets.')\n",
        "client.messages.create(\n    system='''You label\n    tickets.''',\n)  # prompt-lint: allow "
        "hardcoded_prompt -- shown\n",
        "client.messages.create(system='You label tickets.')  # prompt-lint: allow hardcoded-prompt, "
        "secret_in_prompt -- x\n",
    ],
    ids=["same line", "line before", "end of the statement", "two rules"],
)
def test_suppression_with_a_reason(code: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A comment with a reason silences the rule where it stands, in a module and in a notebook."""
    (folder / "a.py").write_text("import anthropic\n" + code)
    (folder / "b.ipynb").write_text(notebook(["%matplotlib inline\nimport anthropic\n" + code]))
    assert [f for f in lines(capsys) if f["rule"] == "hardcoded_prompt"] == []


def test_suppression_without_a_reason_is_an_error(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The finding stays and the comment is an error of its own."""
    (folder / "a.py").write_text(CALL.rstrip() + "  # prompt-lint: allow hardcoded_prompt\n")
    assert {(f["rule"], f["severity"]) for f in lines(capsys)} == {
        ("hardcoded_prompt", "error"),
        ("suppression", "error"),
    }


@pytest.mark.parametrize("said", ["allow no_such_rule -- why", "ignore it"], ids=["unknown rule", "no suppression"])
def test_suppression_that_says_nothing_is_an_error(said: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A misspelt comment does not pass for one."""
    (folder / "a.py").write_text(f"x = 1  # prompt-lint: {said}\n")
    assert [(f["rule"], f["severity"]) for f in lines(capsys)] == [("suppression", "error")]


def test_unused_suppression_is_a_warning(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A comment that outlived its cause is reported; the same words in a string are no comment."""
    (folder / "a.py").write_text(
        MOVED.rstrip() + "  # prompt-lint: allow hardcoded_prompt -- old\ns = '# prompt-lint: allow x'\n"
    )
    assert [(f["rule"], f["severity"], f["line"]) for f in lines(capsys)] == [("unused_suppression", "warning", 1)]


def test_baseline_lets_old_findings_through_and_no_new_ones(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Known findings may move within their file; a second copy or a new text is new."""
    file = folder / "a.py"
    file.write_text(CALL)
    assert main(["--write-baseline", "known.json", "a.py"]) == 0

    file.write_text("x = 1\n\n" + CALL)
    assert main(["--baseline", "known.json", "a.py"]) == 0
    file.write_text(CALL + CALL)
    assert main(["--baseline", "known.json", "a.py"]) == 1
    capsys.readouterr()


def test_exclude_holds_for_named_files_too(folder: Path) -> None:
    """pre-commit names files one by one; what is excluded stays excluded."""
    (folder / "pyproject.toml").write_text("[tool.prompt_lint]\nexclude = ['notebooks/explore']\n")
    place = folder / "notebooks" / "explore"
    place.mkdir(parents=True)
    (place / "a.py").write_text(CALL)
    assert main(["notebooks/explore/a.py"]) == 0
    assert main(["."]) == 0


def test_allow_switches_a_rule_off_for_a_path(folder: Path) -> None:
    """Tests may use a vendor's SDK as a test client when the configuration says so."""
    (folder / "pyproject.toml").write_text("[tool.prompt_lint.allow]\nprovider_sdk_outside_gateway = ['tests']\n")
    for place in ("tests", "src"):
        (folder / place).mkdir()
        (folder / place / "a.py").write_text("from openai import OpenAI\nc = OpenAI()\n")
    assert main(["tests"]) == 0
    assert main(["src"]) == 1


def test_descriptions_by_configuration(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Descriptions of tools and fields are information where the configuration asks for them, and nothing elsewhere."""
    (folder / "a.py").write_text("import openai\nt = {'description': 'Looks up the state of an order by its number'}\n")
    assert lines(capsys) == []
    (folder / "pyproject.toml").write_text("[tool.prompt_lint]\ndescriptions = true\n")
    assert [(f["rule"], f["severity"]) for f in lines(capsys)] == [("hardcoded_prompt", "info")]


def test_skips_what_nobody_wrote(folder: Path) -> None:
    """Environments, checkpoints and builds are not read."""
    for place in (".venv/lib", "node_modules/x", "build", ".git", "notebooks/.ipynb_checkpoints", "own_env"):
        (folder / place).mkdir(parents=True)
        (folder / place / "a.py").write_text(CALL)
    (folder / "own_env" / "pyvenv.cfg").write_text("")
    assert main([]) == 0


def test_github_annotations(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A module's line is the file's line; a notebook's place stands in the message."""
    (folder / "a.py").write_text(CALL)
    (folder / "b.ipynb").write_text(notebook([CALL]))
    main(["--format", "github"])
    module, cell = capsys.readouterr().out.splitlines()
    assert module.startswith("::error file=a.py,line=1,endLine=1,title=hardcoded_prompt::")
    assert cell.startswith("::error file=b.ipynb,title=hardcoded_prompt::cell 0, line 1: ")


def test_sarif(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One run, all rules, a result with level, place and a fingerprint that survives a move."""
    (folder / "a.py").write_text(CALL)
    main(["--format", "sarif"])
    run = json.loads(capsys.readouterr().out)["runs"][0]
    (result,) = run["results"]
    assert result["ruleId"] in {rule["id"] for rule in run["tool"]["driver"]["rules"]}
    assert result["level"] == "error"
    assert result["locations"][0]["physicalLocation"]["region"] == {"startLine": 1, "endLine": 1}
    assert result["partialFingerprints"]["promptLint/v1"]


@pytest.mark.parametrize("format_name", ["text", "json", "github", "sarif"])
def test_every_format_says_nothing_about_a_clean_tree(
    format_name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing found is no failure in any format."""
    (folder / "a.py").write_text(MOVED)
    assert main(["--format", format_name]) == 0
    assert "a.py" not in capsys.readouterr().out


@pytest.mark.feature("N6")
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"cells": [', ["unparsable"]),
        ("[1, 2]", ["unparsable"]),
        (notebook(["def f(:\n    pass", CALL]), ["unparsable", "hardcoded_prompt"]),
        (notebook(["print 'old'", CALL]), ["unparsable", "hardcoded_prompt"]),
        (notebook([None, 3, CALL]), ["hardcoded_prompt"]),
        (
            json.dumps({"worksheets": [{"cells": [{"cell_type": "code", "input": CALL}]}], "nbformat": 3}),
            ["hardcoded_prompt"],
        ),
        (notebook([CALL], language_info={"name": "julia"}), []),
        (notebook(["%%bash\necho 'You are a helpful assistant, answer the question'"]), []),
        (notebook(["%%time\n" + CALL]), ["hardcoded_prompt"]),
        (notebook(["!pip install \\\n  openai\n" + CALL]), ["hardcoded_prompt"]),
        (notebook(["x = f'{\"\\n\".join(a)}'\n" + CALL]), ["hardcoded_prompt"]),
        ("", []),
    ],
    ids=[
        "truncated",
        "no notebook",
        "syntax error",
        "Python 2",
        "no sources",
        "nbformat 3",
        "Julia",
        "bash",
        "time magic",
        "continued shell",
        "newer f-string",
        "empty",
    ],
)
def test_broken_and_foreign_notebooks(
    content: str, expected: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What cannot be read is a warning, never a crash, and the rest is checked."""
    (folder / "ein Heft ü.ipynb").write_text(content, encoding="utf-8")
    found = lines(capsys)
    assert sorted(f["rule"] for f in found) == sorted(expected)
    assert all(f["severity"] == "warning" for f in found if f["rule"] == "unparsable")


def test_huge_outputs_are_cheap(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """20 MB of outputs change neither the findings nor much of the time."""
    document = json.loads(notebook([CALL]))
    document["cells"][0]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": ["You are a model. " * 60] * 20_000}
    ]
    (folder / "a.ipynb").write_text(json.dumps(document))
    begin = time.perf_counter()
    assert [f["rule"] for f in lines(capsys)] == ["hardcoded_prompt"]
    assert time.perf_counter() - begin < 5


@pytest.mark.parametrize(
    "code",
    [
        "import openai\na = b\nb = a\nclient.responses.create(input=a)\n",
        "import openai\ndef f(p):\n    return f(p + 'x')\nclient.responses.create(input=f(q))\n",
        "import openai\nclass A:\n    def g(self):\n        self.p = self.p + self.p\n        "
        "client.responses.create(input=self.p)\n",
        "import openai\nx = " + " + ".join(["'a b c'"] * 3000) + "\nclient.responses.create(input=x)\n",
        "import openai\nx = " + "[" * 80 + "'a'" + "]" * 80 + "\nclient.responses.create(input=x)\n",
        "import openai\n"
        + "".join(f"def f{i}(p):\n    return f{(i + 1) % 40}(p) + f{(i + 2) % 40}(p)\n" for i in range(40))
        + "client.responses.create(input=f0('hello there'))\n",
    ],
    ids=["names", "function", "attribute", "long sum", "deep list", "many functions"],
)
def test_recursion_in_the_code_is_bounded(code: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Code that refers to itself is followed for a while and no longer."""
    (folder / "a.py").write_text(code)
    begin = time.perf_counter()
    lines(capsys)
    assert time.perf_counter() - begin < 3


def test_several_processes_find_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The findings and their order do not depend on the number of processes."""
    for number in range(40):
        (folder / f"m{number}.py").write_text(f"# {number}\n" + CALL + "x = [\n" + "    'filling',\n" * 6_000 + "]\n")
    alone, together = lines(capsys, "--jobs", "1"), lines(capsys, "--jobs", "2")
    assert alone == together
    assert len(alone) == 40


def test_imports_nothing_of_the_application() -> None:
    """The linter runs outside of a baked project: only the standard library and itself."""
    code = (
        "import sys; import tools.prompt_lint.command, tools.prompt_lint.documentation; "
        "print([m for m in sys.modules if m.partition('.')[0] not in sys.stdlib_module_names | {'tools', "
        "'__main__'}])"
    )
    env = {"PYTHONPATH": str(PROJECT), "PATH": os.environ.get("PATH", "")}
    done = subprocess.run([sys.executable, "-S", "-c", code], capture_output=True, text=True, env=env, check=True)
    assert done.stdout.strip() == "[]"


def test_the_linter_does_not_report_itself() -> None:
    """Tables of prompt wording are no prompts."""
    assert main(["--format", "json", str(PROJECT / "tools/prompt_lint")]) == 0


@pytest.mark.feature("N6")
@pytest.mark.parametrize(
    "text",
    [
        "Du bist ein erfahrener Übersetzer. Fasse den folgenden Text in drei Sätzen zusammen.",
        "Eres un asistente experto en facturación. Responde a la pregunta usando el siguiente contexto.",
        "Vous êtes un expert en comptabilité. Résumez le texte suivant en trois phrases.",
        "Você é um assistente de suporte. Responda à pergunta usando apenas o contexto a seguir.",
        "Sei un assistente esperto. Rispondi alla domanda usando solo il contesto seguente.",
        "Je bent een behulpzame assistent. Beantwoord de vraag alleen met de volgende tekst.",
        "आप एक सहायक हैं। निम्नलिखित प्रश्न का उत्तर दें और केवल हिंदी में लिखें।",
        "你是一个专业的客服助手。请根据以下内容回答用户的问题，只能用中文回答。",
        "あなたは優秀な翻訳者です。以下の文章を英語に翻訳してください。",
        "당신은 친절한 상담원입니다. 다음 질문에 한국어로 답변해 주세요.",
        "Ты — полезный ассистент. Ответь на вопрос, используя только следующий контекст.",
        "أنت مساعد خبير. أجب عن السؤال التالي باستخدام السياق فقط.",
    ],
    ids=["de", "es", "fr", "pt", "it", "nl", "hi", "zh", "ja", "ko", "ru", "ar"],
)
def test_other_languages_by_their_wording_alone(text: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A prompt in another language is an error even with no name, no call and no import to betray it."""
    (folder / "a.py").write_text(f"WERT = {text!r}\n", encoding="utf-8")
    assert [(f["rule"], f["severity"]) for f in lines(capsys)] == [("hardcoded_prompt", "error")]
