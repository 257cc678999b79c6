"""What the linter has to find and what it has to leave alone, beyond the cases that the rules show in their pages.

Each case is a mistake it made once, on code written by others, written anew here.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import pytest

from tools.prompt_lint.configuration import Configuration
from tools.prompt_lint.findings import Finding
from tools.prompt_lint.inspection import inspect

PROJECT = Path(__file__).parents[2]
SENT = "import openai\nclient.responses.create(model=m, input='Who wrote the terms of payment?')\n"
FOUND = {
    "a judge": ("PROMPT = 'Rate the reply from 1 to 5. Return only the number.\\nReply: {reply}'\n", "error"),
    "a router": ("import openai\nr = f'Which team handles this ticket?\\n\\n{ticket}'\nask(prompt=r)\n", "error"),
    "a task of a crew": ("from crewai import Task\nTask(description='Sort the tickets of today by team.')\n", "info"),
    "a backstory": ("from crewai import Agent\nAgent(backstory='Years at the support desk.', goal=g)\n", "error"),
    "a query of a pipeline": (f"{SENT}query = 'Which invoices are still open?'\n", "info"),
    "questions in a list": (
        f"{SENT}questions = ['Who pays?', 'Which invoices are still open?']\n",
        "info",
    ),
    "an order to a model": (f"{SENT}query = 'List the invoices that are still open'\n", "info"),
    "a system prompt by its name alone": ("SYSTEM_PROMPT = 'Sort mails into the five folders.'\n", "error"),
    "a long message": (
        "import openai\nclient.responses.create(input='The ticket below came in by mail. Sort it into one team, and '\n"
        "    'name the team alone. The teams are billing, shipping, repairs and support.')\n",
        "error",
    ),
    "a server's address, without an import": (
        "requests.post(f'{url}/api/generate', json=body)\nx = 'Use only the following context: {c}. Reply in JSON.'\n",
        "error",
    ),
    "beside a key, without an import": (
        "key = os.environ['OPENAI_API_KEY']\nx = 'Use only the following context: {c}. Reply in JSON.'\n",
        "error",
    ),
    "a role in XML": (
        'import guardrails\nspec = \'\'\'<rail version="0.1"><messages><message role="system">You are a helpful '
        "assistant.</message></messages></rail>'''\n",
        "error",
    ),
    "an order with a way out": (
        "import openai\nx = '''Given the following document, answer the question. If the answer is not available "
        "in it, say none.\n{document}'''\n",
        "error",
    ),
    "a server of tools": (
        "from fastmcp import FastMCP\ntold = 'Use search to find issues, then fetch the details of each.'\n"
        "server = FastMCP('issues', instructions=told)\n",
        "error",
    ),
    "behave like": ("import openai\nt = 'Behave like a patient teacher and explain each step slowly.'\n", "error"),
}
SILENT = {
    "an error about a format": (
        "import openai\nm = f'Unknown output format {f!r}, accepted values are json and table; printing json.'\n"
    ),
    "an error about an output": "import openai\nmsg = f'Output of {node} is not json serializable, use str.'\n",
    "a confirmation": "import openai\nprompt_msg = f'This deletes {n} traces for good, are you sure to go on?'\n",
    "a prompt's path": "import openai\nprompty_path = f'{FOLDER}/label the ticket.prompty'\n",
    "a specification in XML": (
        'import guardrails\nspec = \'\'\'<rail version="0.1"><output><string name="answer" format="two-words"/>'
        "</output></rail>'''\n"
    ),
    "a task queue's signature": (
        "import celery  # prompt and reliable\n\n\nclass chunks(Signature):\n"
        "    '''Partition of tasks into chunks of size n, as asked.'''\n"
    ),
    "an HTTP verb": "import huggingface_hub\nwith client.stream('POST', url) as reply:\n    pass\n",
    "a User-Agent": "import openai\n\ndef user_agent(a):\n    return _clean_user_agent('hub/1.0; unknown/None')\n",
    "a constructor's model": "import langchain\nm = init_chat_model('openai: a small and cheap one')\n",
    "a mutation": (
        "import openai\nm = '''mutation Make($title: String!, $user: ID!) {\n  make(title: $title, for: $user) {id}\n}"
        "\n# the user provides the title; the user will see it'''\nask_graph(m)\n"
    ),
    "a regular expression": "import trl\npattern = r'^<think>.*?</think>\\s*<answer>.*?</answer>$'\n",
    "source behind a docstring": (
        "import ollama\nprompt_server = \"'''Serve a model.'''\\n\\nimport os\\n\\nport = 8000\\n\"\n"
    ),
    "a condition on the user": (
        "# said promptly\nWARNING = ('If you are a user of the old module, upgrade now. Some module may need time '\n"
        "           'to follow, in which case the older one, {version}, has to stay for a while.')\n"
    ),
    "a crash report": (
        "# written promptly\n_message_template = '''{app} crashed. A report holds the following information:\n"
        "  - the traceback\n  - your input history. It is in the file {path}.'''\n"
    ),
    "PostScript": (
        "preamble = '''%!PS-Adobe-3.0 Resource-Font\n/FontName /{name} def\n" + "/PaintType 0 def\n" * 20 + "'''\n"
    ),
    "a description of an API": (
        "import openai\nd = ('The status of tasks. True returns only archived tasks, and false returns the others, '\n"
        "     'in the order of their dates, and never more than the number that is given as the limit.')\n"
    ),
    "a database's query": "import llama_index\nengine.query('UNWIND $rows AS row MERGE (c:Community {id: row.id})')\n",
    "a query that is only searched for": (
        "import llama_index\nquery = 'Which invoices are still open?'\nhits = index.search(query)\n"
    ),
    "a reply to a person": (
        f"{SENT}\ndef process_query(q):\n    return 'What you ask is not known here, please ask anew'\n"
    ),
    "a line that is printed": "import openai\nprint('You are a helpful assistant. Answer the user below.')\n",
    "a text that is cut out": (
        f"{SENT}\nclean = text.replace('You are a helpful assistant for every question.', '').strip()\n"
    ),
    "a recording in the place of words": (
        "import openai\nm = [{'role': 'user', 'content': f'<audio src=\"data:audio/wav;base64,{data}\" />'}]\n"
    ),
    "a model's id": "import openai\nfailing_on_system_prompt = 'sea/sea-lion-7b-instruct'\n",
    "a name of the registry": "import openai\nsystem = prompt('label_ask_system')\n",
}


def findings(code: str, folder: Path) -> list[Finding]:
    file = folder / "a.py"
    file.write_text(code, encoding="utf-8")
    return inspect([file], Configuration(folder), jobs=1).findings


@pytest.mark.feature("N6")
@pytest.mark.parametrize(("code", "severity"), [pytest.param(*case, id=name) for name, case in FOUND.items()])
def test_finds(code: str, severity: str, tmp_path: Path) -> None:
    """A text that is sent, named or worded as a prompt is one finding or more of the gravity it deserves."""
    found = [f for f in findings(code, tmp_path) if f.rule == "hardcoded_prompt" and f.text not in SENT]
    assert severity in {f.severity for f in found}


@pytest.mark.feature("N6")
@pytest.mark.parametrize("code", [pytest.param(code, id=name) for name, code in SILENT.items()])
def test_leaves_alone(code: str, tmp_path: Path) -> None:
    """What resembles a prompt and is none gives no finding."""
    found = [f.message for f in findings(code, tmp_path) if f.rule == "hardcoded_prompt" and f.text not in SENT]
    assert found == []


def test_a_table_of_models_is_one_finding(tmp_path: Path) -> None:
    """A price list names hundreds of models; one finding says that it is data."""
    code = "PRICES = [\n" + "".join(f"    {{'model': 'gpt-4-{n:04}'}},\n" for n in range(40)) + "]\n"
    found = findings(code, tmp_path)
    assert [(f.rule, f.severity) for f in found] == [("hardcoded_model_id", "warning")]
    assert "40 model ids" in found[0].message


@pytest.mark.feature("N6")
@pytest.mark.slow
def test_ordinary_code_is_quiet(tmp_path: Path) -> None:
    """The standard library, 100,000 lines and more: at most 0.2 findings in 1,000 lines, as promised."""
    folder = Path(statistics.__file__).parent
    files = [f for f in sorted(folder.rglob("*.py")) if not {"site-packages", "test"} & set(f.parts)][:600]
    lines = sum(f.read_bytes().count(b"\n") for f in files)
    found = inspect(files, Configuration(tmp_path), jobs=1).findings
    assert lines > 100_000
    assert len(found) <= 0.2 * lines / 1_000


@pytest.mark.slow
def test_a_large_commit_takes_no_time(tmp_path: Path) -> None:
    """10,000 lines of an LLM application in well under the seconds somebody waits for a commit; loose on purpose,
    `make bench-lint` measures."""
    block = "\n\nS{n} = 'You are the desk {n}. Answer from the context only.'\n\n\ndef f{n}(c, q):\n"
    block += "    return c.chat.completions.create(model=q.m, messages=[{{'role': 'system', 'content': S{n}}}])\n"
    block += "\n\ndef total{n}(rows):\n    found = 0\n    for row in rows:\n        found += row['amount']\n"
    block += "    return found\n"
    files = []
    for part in range(40):
        file = tmp_path / f"m{part}.py"
        file.write_text("import openai\n" + "".join(block.format(n=n) for n in range(20)))
        files.append(file)
    assert sum(f.read_text().count("\n") for f in files) > 10_000
    begin = time.perf_counter()
    assert len(inspect(files, Configuration(tmp_path), jobs=1).findings) >= 800
    assert time.perf_counter() - begin < 5
