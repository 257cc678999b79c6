"""AutoGen's agents take lists of models as data; wherever such a list comes from, its models are asked at the door."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.notebooks.projects import Promoted, make_project, promote_cells
from tools.promote.notebook.outcome import Finding


def _clients(promoted: Promoted) -> list[Finding]:
    return [finding for finding in promoted.promotion.report.findings if finding.subject == "client"]


AGENT = "from autogen import AssistantAgent\n"


@pytest.mark.feature("N1")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("AssistantAgent('a', llm_config=c)", "AssistantAgent('a', llm_config=autogen_config(c))"),
        (
            "AssistantAgent('a', llm_config={'config_list': l, 'timeout': 9})",
            "AssistantAgent('a', llm_config=autogen_config({'config_list': l, 'timeout': 9}))",
        ),
        ("autogen.config_list_from_json('OAI', filter_dict=F)", "autogen_models(filter_dict=F)"),
        ("autogen.config_list_from_models(model_list=['m'], exclude='aoai')", "autogen_models(model_list=['m'])"),
        ("autogen.config_list_from_dotenv(dotenv_file_path='.env')", "autogen_models()"),
        ("autogen.OpenAIWrapper(config_list=l)", "autogen.OpenAIWrapper(config_list=autogen_config(l))"),
        ("LLMConfig(model='m', api_key=K, api_type='azure')", "LLMConfig(model='m', **openai_client_args())"),
        ("LLMConfig({'model': 'm'}, top_p=1)", "LLMConfig(autogen_config({'model': 'm'}), top_p=1)"),
        ("LLMConfig.from_json(path='OAI').where(tags=t)", "LLMConfig(config_list=autogen_models()).where(tags=t)"),
        (
            "Own(llm_config=autogen.config_list_from_json('OAI'))",
            "Own(llm_config=autogen_config(autogen_models()))",
        ),
    ],
)
def test_a_list_of_models_is_pointed_at_the_door(before: str, after: str, tmp_path: Path) -> None:
    """Where it is taken and where it is read; each place is reported with what became of it."""
    imports = f"import autogen\nfrom autogen import LLMConfig\n{AGENT}class Own(AssistantAgent):\n    pass\n"
    promoted = promote_cells(make_project(tmp_path), imports, f"x = {before}")

    assert promoted.code[-1].endswith(f"x = {after}")
    assert _clients(promoted)
    assert all(f.outcome == "changed" and "gateway's door" in f.what for f in _clients(promoted))


@pytest.mark.feature("N1")
def test_an_agent_without_a_model_and_other_functions_are_left_alone(tmp_path: Path) -> None:
    """`llm_config=False` asks nobody, and a function of the notebook's own hands its argument on."""
    code = f"{AGENT}def made(llm_config):\n    return AssistantAgent('a', llm_config=llm_config)\n"
    uses = "a = AssistantAgent('a', llm_config=False)\nb = made(llm_config=c)"
    promoted = promote_cells(make_project(tmp_path), code, uses)

    assert promoted.code[-1].endswith(uses)
    assert any("llm_config=autogen_config(llm_config)" in cell for cell in promoted.code)


@pytest.mark.feature("N1")
def test_assistants_kept_at_the_provider_are_refused(tmp_path: Path) -> None:
    """With place, reason and remedy."""
    agent = "GPTAssistantAgent"
    code = f"from autogen.agentchat.contrib.gpt_assistant_agent import {agent}\na = {agent}('a', llm_config=c)"
    [finding] = _clients(promote_cells(make_project(tmp_path), code))

    assert (finding.outcome, finding.cell, finding.line) == ("refused", 0, 2)
    assert "AssistantAgent" in finding.remedy
