"""Haystack's generator of before its version 3 asks as the chat generator of today does."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import pytest

pytestmark = pytest.mark.feature("N1")
DOOR = {"api_base_url": "http://door/v1", "api_key": "k"}


class Chat:
    """Haystack's chat generator, as far as the stand-in asks it: says back what it was told."""

    made: ClassVar[list[dict[str, Any]]] = []

    def __init__(self, **settings: Any) -> None:
        self.made.append(settings)

    def to_dict(self) -> dict[str, Any]:
        return {"type": "chat", "init_parameters": dict(self.made[-1])}

    def run(self, messages: list[Any], **_: Any) -> dict[str, Any]:
        said = " ".join(f"{message.role}={message.text}" for message in messages)
        return {"replies": [SimpleNamespace(text=said, meta={"model": "m"})]}


class Component:
    """The decorator that makes a class a component, and tells its outputs."""

    def __call__(self, made: type) -> type:
        return made

    def output_types(self, **_: Any) -> Any:
        return lambda method: method


@pytest.fixture
def generator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The class, on a Haystack with nothing in it but what it needs."""
    message = SimpleNamespace(
        from_system=lambda text: SimpleNamespace(role="system", text=text),
        from_user=lambda text: SimpleNamespace(role="user", text=text),
    )
    parts: dict[str, dict[str, Any]] = {
        "haystack": {
            "component": Component(),
            "default_to_dict": lambda made, **settings: {"type": type(made).__name__, "init_parameters": settings},
        },
        "haystack.components": {},
        "haystack.components.generators": {},
        "haystack.components.generators.chat": {"OpenAIChatGenerator": Chat},
        "haystack.core": {},
        "haystack.core.serialization": {"allow_deserialization_module": lambda _: None},
        "haystack.utils": {"Secret": SimpleNamespace(from_token=lambda token: token)},
        "haystack.dataclasses": {"ChatMessage": message},
    }
    for name, has in parts.items():
        module = ModuleType(name)
        module.__dict__.update(has)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setenv("APP_RUN_DOOR_URL", "http://door")
    monkeypatch.setenv("APP_RUN_DOOR_KEY", "k")
    monkeypatch.delitem(sys.modules, "app.orchestration.legacy_haystack", raising=False)
    Chat.made.clear()
    yield importlib.import_module("app.orchestration.legacy_haystack").OpenAIGenerator
    sys.modules.pop("app.orchestration.legacy_haystack", None)


def test_a_prompt_goes_in_and_texts_come_out(generator: Any) -> None:
    """With the settings that were given, without those that were not, through the door."""
    made = generator(model="gpt-4o", timeout=None, api_key="theirs")
    assert made.run(prompt="Hi") == {"replies": ["user=Hi"], "meta": [{"model": "m"}]}
    assert Chat.made == [DOOR | {"model": "gpt-4o"}]


def test_a_system_prompt_goes_first_and_that_of_a_run_before_the_component_s(generator: Any) -> None:
    """One message more, as Haystack sent it."""
    made = generator(system_prompt="Be brief")
    assert made.run(prompt="Hi")["replies"] == ["system=Be brief user=Hi"]
    assert made.run(prompt="Hi", system_prompt="Shout")["replies"] == ["system=Shout user=Hi"]


def test_a_pipeline_writes_it_and_reads_it_again(generator: Any) -> None:
    """With its own system prompt and the settings of the chat generator inside."""
    written = generator(system_prompt="Be brief", model="gpt-4o").to_dict()
    assert written["init_parameters"] == DOOR | {"system_prompt": "Be brief", "model": "gpt-4o"}
    read = generator.from_dict(written)
    assert Chat.made[-1] == DOOR | {"model": "gpt-4o"}
    assert read.run(prompt="Hi")["replies"] == ["system=Be brief user=Hi"]
