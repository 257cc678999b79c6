"""What stands in a promoted step for Google's retired `GenerativeModel` and `embed_content` (google.generativeai,
vertexai).

The same methods over the client of today, pointed at the door. Contents are given as they were: a text, parts, turns
with `role` and `parts`. What these SDKs did besides asking a model (tuning, caches, uploads) is not here; safety
settings and time-outs of a call are the gateway's business and are not passed on.
"""

from __future__ import annotations

import mimetypes
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from app.errors import InputError
from app.orchestration.notebook import gemini_client_args

__version__ = "0"  # notebooks print it
# Names of the retired SDKs that the client of today has, by what they are called there. Looked up when they are read,
# for importing it takes its time.
TODAY = {
    "HarmCategory": "HarmCategory",
    "HarmBlockThreshold": "HarmBlockThreshold",
    "SafetySetting": "SafetySetting",
    "Content": "Content",
    "FinishReason": "FinishReason",
    "GenerationResponse": "GenerateContentResponse",
}


def __getattr__(name: str) -> Any:
    if name == "types":  # `genai.types.GenerationConfig`: what stands there stands here
        return sys.modules[__name__]
    if name not in TODAY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(_types(), TODAY[name])


def configure(**_: Any) -> None:
    """`genai.configure`: keys and addresses come with the door."""


def init(*_: Any, **__: Any) -> None:
    """`vertexai.init`: project and place come with the door."""


def embed_content(
    model: str,
    content: Any,
    task_type: Any = None,
    title: str | None = None,
    output_dimensionality: int | None = None,
    **_: Any,
) -> dict[str, Any]:
    """`{"embedding": vector}`, or a list of vectors there when `content` is a list of texts."""
    from google import genai

    settings: dict[str, Any] = {
        "task_type": getattr(task_type, "name", task_type),
        "title": title,
        "output_dimensionality": output_dimensionality,
    }
    given: Any = {name: value for name, value in settings.items() if value is not None} or None
    client = genai.Client(**gemini_client_args())  # held, for one that nobody holds closes its connections
    reply = client.models.embed_content(model=model, contents=content, config=given)
    vectors = [one.values for one in reply.embeddings or ()]
    return {"embedding": vectors if isinstance(content, list | tuple) else vectors[0]}


class GenerationConfig(dict[str, Any]):
    """The settings of a generation, by keyword: `temperature`, `max_output_tokens` and their like."""

    def __init__(self, **settings: Any) -> None:
        super().__init__({name: value for name, value in settings.items() if value is not None})


class Part:
    """One piece of a content. Only its makers are used: they give the parts of the client of today."""

    @staticmethod
    def from_text(text: str) -> Any:
        """A piece of text."""
        return _types().Part.from_text(text=text)

    @staticmethod
    def from_uri(uri: str, mime_type: str) -> Any:
        """A file by its address."""
        return _types().Part.from_uri(file_uri=uri, mime_type=mime_type)

    @staticmethod
    def from_image(image: Any) -> Any:
        """A picture made by `Image`."""
        return image

    @staticmethod
    def from_data(data: bytes, mime_type: str) -> Any:
        """Bytes of a file."""
        return _types().Part.from_bytes(data=data, mime_type=mime_type)


class Image:
    """A picture. Only its makers are used: they give the parts of the client of today."""

    @staticmethod
    def load_from_file(location: str) -> Any:
        """The picture in a file, of the kind that its name says. Raises InputError for a file that names none."""
        kind = mimetypes.guess_type(location)[0]
        if kind is None:
            raise InputError(f"{location} does not say what kind of picture it is: give it a name like picture.png")
        return _types().Part.from_bytes(data=Path(location).read_bytes(), mime_type=kind)

    @staticmethod
    def from_bytes(data: bytes) -> Any:
        """The picture that `data` holds: PNG, JPEG, WebP or GIF, told by their first bytes."""
        return _types().Part.from_bytes(data=data, mime_type=_picture_kind(data))


class GenerativeModel:
    """A model by its name, with what it is told in every call."""

    def __init__(
        self,
        model_name: str,
        safety_settings: Any = None,
        generation_config: Mapping[str, Any] | None = None,
        tools: Sequence[Any] | None = None,
        tool_config: Any = None,
        system_instruction: Any = None,
    ) -> None:
        _refuse_tools({"tools": tools, "tool_config": tool_config})
        from google import genai

        self.model_name = model_name
        self._settings = dict(generation_config or {})
        self._system = system_instruction
        self._client = genai.Client(**gemini_client_args())

    def generate_content(
        self,
        contents: Any,
        *,
        generation_config: Mapping[str, Any] | None = None,
        safety_settings: Any = None,
        stream: bool = False,
        **options: Any,
    ) -> Any:
        """A reply with `text`, `candidates` and `usage_metadata`; an iterator of them when `stream` is set."""
        _refuse_tools(options)
        asked = self._asked(contents, generation_config)
        models = self._client.models
        return models.generate_content_stream(**asked) if stream else models.generate_content(**asked)

    async def generate_content_async(
        self,
        contents: Any,
        *,
        generation_config: Mapping[str, Any] | None = None,
        safety_settings: Any = None,
        stream: bool = False,
        **options: Any,
    ) -> Any:
        """The same, awaited."""
        _refuse_tools(options)
        asked, models = self._asked(contents, generation_config), self._client.aio.models
        return await (models.generate_content_stream(**asked) if stream else models.generate_content(**asked))

    def start_chat(self, history: Sequence[Any] | None = None, **_: Any) -> ChatSession:
        """A conversation that remembers its turns."""
        return ChatSession(self, history)

    def _asked(self, contents: Any, generation_config: Mapping[str, Any] | None) -> dict[str, Any]:
        settings = {**self._settings, **dict(generation_config or {})}
        if self._system is not None:
            settings["system_instruction"] = self._system
        return {"model": self.model_name, "contents": _contents(contents), "config": settings or None}


class ChatSession:
    """The turns of one conversation, in `history`."""

    def __init__(self, model: GenerativeModel, history: Sequence[Any] | None = None) -> None:
        self.model = model
        self.history: list[Any] = [_turn(one) for one in history or ()]

    def send_message(self, content: Any, *, stream: bool = False, **settings: Any) -> Any:
        """The reply to one more turn; an iterator of pieces when `stream` is set, which is remembered at its end."""
        turn = _types().Content(role="user", parts=_parts(content))
        if stream:
            return self._streamed(turn, settings)
        reply = self.model.generate_content([*self.history, turn], **settings)
        self._remember(turn, reply.text or "")
        return reply

    async def send_message_async(self, content: Any, **settings: Any) -> Any:
        """The same, awaited."""
        turn = _types().Content(role="user", parts=_parts(content))
        reply = await self.model.generate_content_async([*self.history, turn], **settings)
        self._remember(turn, reply.text or "")
        return reply

    def _streamed(self, turn: Any, settings: Mapping[str, Any]) -> Iterator[Any]:
        said = []
        for piece in self.model.generate_content([*self.history, turn], stream=True, **settings):
            said.append(piece.text or "")
            yield piece
        self._remember(turn, "".join(said))

    def _remember(self, turn: Any, said: str) -> None:
        answered = _types().Content(role="model", parts=[_types().Part.from_text(text=said)])
        self.history += [turn, answered]


def _refuse_tools(options: Mapping[str, Any]) -> None:
    if options.get("tools") or options.get("tool_config"):
        raise InputError("tools of the retired SDK are not carried over: use genai.Client and promote again")


def _contents(contents: Any) -> Any:
    if isinstance(contents, list | tuple) and any(_is_turn(one) for one in contents):
        return [_turn(one) for one in contents]
    return list(contents) if isinstance(contents, tuple) else contents


def _is_turn(one: Any) -> bool:
    return (isinstance(one, Mapping) and "parts" in one) or hasattr(one, "parts")


def _turn(one: Any) -> Any:
    """`{"role": "user", "parts": "text"}` or `["text", ...]`, as the retired SDK allowed."""
    if not isinstance(one, Mapping):
        return one
    return _types().Content(role=one.get("role") or "user", parts=_parts(one["parts"]))


def _parts(content: Any) -> list[Any]:
    items = content if isinstance(content, list | tuple) else [content]
    return [_types().Part.from_text(text=item) if isinstance(item, str) else item for item in items]


def _picture_kind(data: bytes) -> str:
    for start, kind in ((b"\x89PNG", "png"), (b"\xff\xd8", "jpeg"), (b"GIF8", "gif"), (b"RIFF", "webp")):
        if data.startswith(start):
            return f"image/{kind}"
    raise InputError("these bytes are no PNG, JPEG, WebP or GIF: give Image.from_bytes one of those")


def _types() -> Any:
    from google.genai import types

    return types
