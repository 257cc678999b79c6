"""What stands in a promoted step for Haystack's `OpenAIGenerator`, which its version 3 has no more.

A text goes in and texts come out, as they did; it asks by the chat generator of today, with the same messages.
"""

from __future__ import annotations

from typing import Any

from haystack import component, default_to_dict
from haystack.components.generators.chat import OpenAIChatGenerator
from haystack.core.serialization import allow_deserialization_module
from haystack.dataclasses import ChatMessage

from app.orchestration.notebook import haystack_client_args

# What chose a host or a key is the door's.
OF_A_HOST = ("api_key", "api_base_url", "organization")
# A pipeline that has been written with this component in it is read again by its path.
allow_deserialization_module(__name__)


@component
class OpenAIGenerator:
    """The component; its settings are those of the chat generator, and `system_prompt` goes before every prompt."""

    def __init__(self, *, system_prompt: str | None = None, **settings: Any) -> None:
        self.system_prompt = system_prompt
        kept = {name: value for name, value in settings.items() if value is not None and name not in OF_A_HOST}
        self._chat = OpenAIChatGenerator(**haystack_client_args("openai"), **kept)

    def to_dict(self) -> dict[str, Any]:
        """What a pipeline writes of it."""
        settings = self._chat.to_dict()["init_parameters"]
        return dict(default_to_dict(self, system_prompt=self.system_prompt, **settings))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> OpenAIGenerator:
        """The component a pipeline has written."""
        return cls(**data["init_parameters"])

    @component.output_types(replies=list[str], meta=list[dict[str, Any]])  # type: ignore[untyped-decorator]
    def run(
        self,
        prompt: str,
        system_prompt: str | None = None,
        streaming_callback: Any = None,
        generation_kwargs: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """`replies`, and `meta` with model, usage and reason of each."""
        system = system_prompt or self.system_prompt
        messages = [ChatMessage.from_system(system)] if system else []
        messages.append(ChatMessage.from_user(prompt))
        answered = self._chat.run(
            messages=messages, streaming_callback=streaming_callback, generation_kwargs=generation_kwargs
        )["replies"]
        return {"replies": [reply.text or "" for reply in answered], "meta": [reply.meta for reply in answered]}
