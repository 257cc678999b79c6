"""AutoGen's lists of models in a promoted notebook."""

from __future__ import annotations

import pytest

from app.orchestration.autogen_models import autogen_config, autogen_models

AT_DOOR = {"base_url": "http://door/v1", "api_key": "k"}


@pytest.fixture(autouse=True)
def door(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables a pipeline sets."""
    monkeypatch.setenv("APP_RUN_DOOR_URL", "http://door")
    monkeypatch.setenv("APP_RUN_DOOR_KEY", "k")


@pytest.mark.feature("N1")
def test_every_model_keeps_its_name_and_loses_its_own_host() -> None:
    """Whatever host or protocol an entry named; settings of the call and of the agent stay."""
    azure = {"model": "a", "api_type": "azure", "base_url": "https://x", "api_version": "v", "api_key": "secret"}
    groq = {"model": "b", "api_type": "groq", "temperature": 0.5}
    given = {"config_list": [azure, groq], "timeout": 9, "functions": [{"name": "f"}]}

    assert autogen_config(given) == {
        "config_list": [{"model": "a", **AT_DOOR}, {"model": "b", "temperature": 0.5, **AT_DOOR}],
        "timeout": 9,
        "functions": [{"name": "f"}],
    }
    assert azure["api_key"] == "secret"
    assert autogen_config(autogen_config(given)) == autogen_config(given)


@pytest.mark.feature("N1")
def test_one_model_alone_and_none_are_understood() -> None:
    """A mapping that names a model is an entry; what names none is handed on."""
    assert autogen_config({"model": "a", "api_key": "secret"}) == {"model": "a", **AT_DOOR}
    assert autogen_config([{"azure_deployment": "d", "api_type": "azure"}]) == [{"model": "d", **AT_DOOR}]
    assert autogen_config({"temperature": 0}) == {"temperature": 0}
    assert autogen_config(None) is None
    assert autogen_config(False) is False


@pytest.mark.feature("N1")
def test_models_are_those_the_notebook_names() -> None:
    """By a list of models or a filter, a set in the order of its names; AutoGen's usual one when nothing is named."""
    assert [entry["model"] for entry in autogen_models(filter_dict={"model": {"z", "a"}})] == ["a", "z"]
    assert [entry["model"] for entry in autogen_models(model_list=["z", "a"])] == ["z", "a"]
    assert autogen_models(filter_dict={"tags": ["cheap"]}) == [{"model": "gpt-4", **AT_DOOR}]
