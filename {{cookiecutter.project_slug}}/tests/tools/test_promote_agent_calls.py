"""Calls of agent frameworks that are gone or refuse to run: what promote makes of one, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.notebooks.projects import make_project, promote_cells

pytestmark = pytest.mark.feature("N1")

AGENT = "from pydantic_ai import Agent\nagent = Agent('openai:gpt-4o')"


def _last(folder: Path, *cells: str) -> str:
    return promote_cells(make_project(folder), *cells).code[-1]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a = Agent('openai:gpt-4o', result_type=int)", "a = Agent('openai:gpt-4o', output_type=int)"),
        (
            "a = Agent[None, int]('openai:gpt-4o', result_type=int)",
            "a = Agent[None, int]('openai:gpt-4o', output_type=int)",
        ),
        ("a = Agent('openai:gpt-4o', result_retries=3)", "a = Agent('openai:gpt-4o', retries={\"output\": 3})"),
        ("agent.run_sync('Hi', result_type=bool)", "agent.run_sync('Hi', output_type=bool)"),
        ("r = agent.run_sync('Hi')\nprint(r.data)", "r = agent.run_sync('Hi')\nprint(r.output)"),
        ("print(agent.run_sync('Hi').data)", "print(agent.run_sync('Hi').output)"),
        (
            "async def ask(text):\n    r = await agent.run(text)\n    return r.data",
            "    r = await agent.run(text)\n    return r.output",
        ),
        (
            "async with agent.run_stream('Hi') as r:\n    print(await r.get_data())",
            "async with agent.run_stream('Hi') as r:\n    print(await r.get_output())",
        ),
        (
            "@agent.result_validator\ndef check(value):\n    return value",
            "@agent.output_validator\ndef check(value):\n    return value",
        ),
    ],
    ids=["type", "typed agent", "retries", "run", "result", "at once", "awaited", "streamed", "validator"],
)  # fmt: skip
def test_a_call_has_its_name_of_today(before: str, after: str, tmp_path: Path) -> None:
    """Keywords, what is read of a result, and nothing else of the cell."""
    assert after in _last(tmp_path, AGENT, before)


@pytest.mark.parametrize(
    "code",
    [
        "r = agent.run_sync('Hi')\nr = frame\nprint(r.data)",
        "def show(r):\n    return r.data",
        "import runner\nr = runner.run_sync('Hi')\nprint(r.data)",
        "r = client.embeddings.create(input='Hi')\nprint(r.data)",
        "a = Agent('openai:gpt-4o', retries=2, result_retries=3)",
        "plan(result_type=int)",
    ],
    ids=["given something else", "an argument", "another library", "another result", "both numbers", "another call"],
)
def test_what_may_be_something_else_is_left(code: str, tmp_path: Path) -> None:
    """A name is a result only where everything it is given is one."""
    kept = code.splitlines()[-1]
    assert kept in _last(tmp_path, AGENT, code)


def test_a_class_is_imported_by_its_name_of_today(tmp_path: Path) -> None:
    """Under the name that the notebook goes on using; one that is called as before stays."""
    promoted = promote_cells(
        make_project(tmp_path),
        "from pydantic_ai.models.openai import OpenAIModel, OpenAIResponsesModel\n"
        "from pydantic_ai.usage import Usage as U",
        "print(OpenAIModel('gpt-4o'), OpenAIResponsesModel, U)",
    )
    code = "\n".join(promoted.code)
    assert "from pydantic_ai.models.openai import OpenAIChatModel as OpenAIModel, OpenAIResponsesModel\n" in code
    assert "from pydantic_ai.usage import RunUsage as U" in code
    assert "OpenAIModel is OpenAIChatModel" in [f.what for f in promoted.promotion.report.findings]


def test_another_library_s_results_are_left(tmp_path: Path) -> None:
    """Without pydantic-ai nothing of it is looked for."""
    code = "from agents import Agent\na = Agent(result_type=int)\nr = a.run_sync('Hi')\nprint(r.data)"
    assert "print(r.data)" in _last(tmp_path, code)


RUNNER = "from agents import Agent, Runner\nagent = Agent(name='a', model='gpt-4o')"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("r = Runner.run_sync(agent, 'Hi')", "r = (await Runner.run(agent, 'Hi'))"),
        ("print(Runner.run_sync(agent, 'Hi').final_output)", "print((await Runner.run(agent, 'Hi')).final_output)"),
        ("def ask():\n    return Runner.run_sync(agent, 'Hi')", "    return Runner.run_sync(agent, 'Hi')"),
        ("f = lambda: Runner.run_sync(agent, 'Hi')", "f = lambda: Runner.run_sync(agent, 'Hi')"),
        ("r = other.run_sync(agent, 'Hi')", "r = other.run_sync(agent, 'Hi')"),
    ],
    ids=["named", "read at once", "in a function", "in a lambda", "another"],
)
def test_a_run_that_blocks_is_awaited_where_that_can_be(before: str, after: str, tmp_path: Path) -> None:
    """OpenAI's Agents SDK refuses to block in a notebook; a function that is not `async` cannot wait."""
    assert after in _last(tmp_path, RUNNER, before)


def test_a_tool_that_runs_at_the_provider_is_refused_with_its_place(tmp_path: Path) -> None:
    """No door serves it, so the step could not run: the report says where and what to do."""
    tools = "from agents import WebSearchTool\nagent = Agent(name='a', tools=[WebSearchTool()])"
    refused = promote_cells(make_project(tmp_path), RUNNER, tools).refused()
    assert [text.split(":")[0] for text in refused] == ["1"]
    assert "runs at the provider" in refused[0]


def test_autogen_s_client_of_azure_s_models_becomes_openai_s(tmp_path: Path) -> None:
    """With what it says of the model, and without its address and key."""
    code = promote_cells(
        make_project(tmp_path),
        "from autogen_ext.models.azure import AzureAIChatCompletionClient\n"
        "from azure.core.credentials import AzureKeyCredential",
        "client = AzureAIChatCompletionClient(model='gpt-4o', endpoint='https://models.inference.ai.azure.com',\n"
        "    credential=AzureKeyCredential(TOKEN), model_info={'vision': False})",
    ).code[-1]
    assert code.startswith("client = OpenAIChatCompletionClient(model='gpt-4o', ")
    assert "model_info={'vision': False}, **openai_client_args())" in code
    assert "azure.com" not in code


@pytest.mark.parametrize(
    ("pin", "cell", "asked"),
    [
        ("pydantic-ai==0.0.20", "a = Agent('openai:gpt-4o', result_type=int)", "pydantic-ai"),
        ("haystack-ai==2.3.0", "from haystack.components.generators import OpenAIGenerator", "haystack-ai"),
        ("gradio==5.1.0", "import gradio as gr\nb = gr.Chatbot(type='messages')", "gradio"),
        ("pydantic-ai==2.3.0", "a = Agent('openai:gpt-4o', output_type=int)", "pydantic-ai==2.3.0"),
    ],
    ids=["keyword", "import", "setting", "nothing changed"],
)
def test_a_version_that_lacks_the_words_of_today_is_not_asked_for(
    pin: str, cell: str, asked: str, tmp_path: Path
) -> None:
    """The pin would contradict the step."""
    promoted = promote_cells(make_project(tmp_path), f"!pip install {pin}", AGENT, cell)
    assert asked in promoted.promotion.report.dependencies
