"""What stands in a promoted step for clients that exist no more, over the doors as a step reaches them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from app.errors import InputError
from app.intelligence.messages import Chunk
from app.orchestration import gemini_model, legacy_mistral, legacy_openai
from app.orchestration.notebook import bedrock_client_args, client_args, gemini_client_args
from tests.interface.served_doors import KEY, Served, a_reply, served_doors

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running() -> Iterator[Served]:
    """One server for all."""
    with served_doors() as served:
        yield served


@pytest.fixture
def door(running: Served, monkeypatch: pytest.MonkeyPatch) -> Served:
    """The door a step is given."""
    running.gateway.reset()
    monkeypatch.setenv("APP_RUN_DOOR_URL", running.url)
    monkeypatch.setenv("APP_RUN_DOOR_KEY", KEY)
    return running


@pytest.mark.feature("N1")
def test_the_old_chat_function_is_read_both_ways(door: Served) -> None:
    """By subscript and by attribute, whole and as a stream; `engine` names the model, a key of its own is dropped."""
    reply = legacy_openai.chat_completion_create(
        engine="model", api_key="theirs", messages=[{"role": "user", "content": "How long?"}]
    )
    assert reply["choices"][0]["message"]["content"] == "Fourteen days."
    assert reply.choices[0].message.content == "Fourteen days."
    with pytest.raises(AttributeError):
        _ = reply.nothing

    door.gateway.chunks = [Chunk("Fourteen "), Chunk("days.")]
    pieces = legacy_openai.chat_completion_create(
        model="m", stream=True, messages=[{"role": "user", "content": "How long?"}]
    )
    assert "".join(p["choices"][0]["delta"].get("content", "") for p in pieces) == "Fourteen days."


@pytest.mark.feature("N1")
def test_the_other_old_functions(door: Served) -> None:
    """Completion, embedding, and the awaited ones."""
    assert legacy_openai.completion_create(model="m", prompt="a").choices[0].text == "Fourteen days."
    assert legacy_openai.embedding_create(model="m", input="ab")["data"][0]["embedding"] == [0.5, 2.0]
    awaited = asyncio.run(legacy_openai.chat_completion_acreate(model="m", messages=[{"role": "user", "content": "a"}]))
    assert awaited.choices[0].message.content == "Fourteen days."


@pytest.mark.feature("N1")
def test_the_retired_model_of_google(door: Served) -> None:
    """Settings and instruction arrive; a conversation sends its turns again."""
    gemini_model.configure(api_key="theirs")
    model = gemini_model.GenerativeModel("gemini-pro", system_instruction="Be short.", generation_config={"seed": 7})
    door.gateway.then = [a_reply("one"), a_reply("two")]
    chat = model.start_chat(history=[{"role": "user", "parts": "Hello."}, {"role": "model", "parts": ["Hi."]}])

    first = chat.send_message("How long?", generation_config=gemini_model.GenerationConfig(temperature=0.5))
    second = chat.send_message("And then?")

    assert (first.text, second.text) == ("one", "two")
    asked = door.gateway.requests[1]
    assert [(m.role, m.text) for m in asked.messages] == [
        ("system", "Be short."), ("user", "Hello."), ("assistant", "Hi."), ("user", "How long?"),
        ("assistant", "one"), ("user", "And then?"),
    ]  # fmt: skip
    assert (door.gateway.requests[0].temperature, asked.temperature, asked.seed) == (0.5, None, 7)


@pytest.mark.feature("N1")
def test_the_retired_model_streams(door: Served) -> None:
    """Pieces as they come; the conversation remembers them when they are over."""
    door.gateway.chunks = [Chunk("Fourteen "), Chunk("days.")]
    chat = gemini_model.GenerativeModel("gemini-pro").start_chat()

    pieces = [piece.text for piece in chat.send_message("How long?", stream=True) if piece.text]

    assert pieces == ["Fourteen ", "days."]
    assert [turn.parts[0].text for turn in chat.history] == ["How long?", "Fourteen days."]


@pytest.mark.feature("N1")
def test_the_retired_embedding_of_google(door: Served) -> None:
    """One vector for a text, a list of them for a list."""
    one = gemini_model.embed_content(model="models/e", content="ab", task_type="retrieval_document", title="t")
    several = gemini_model.embed_content(model="models/e", content=["ab", "c"])
    assert one == {"embedding": [0.5, 2.0]}
    assert [len(vector) for vector in several["embedding"]] == [2, 2]


@pytest.mark.feature("N1")
def test_the_first_client_of_mistral(door: Served) -> None:
    """Whole, in pieces, awaited, and embeddings; what was not set is not sent."""
    client = legacy_mistral.MistralClient(api_key="theirs")
    turns = [legacy_mistral.ChatMessage(role="user", content="How long?")]
    assert turns[0].content == "How long?"
    assert client.chat(model="m", messages=turns, temperature=None).choices[0].message.content == "Fourteen days."
    assert door.gateway.requests[-1].temperature is None
    assert client.embeddings(model="m", input=["ab"]).data[0].embedding == [0.5, 2.0]
    awaited = asyncio.run(legacy_mistral.MistralAsyncClient().chat(model="m", messages=turns))
    assert awaited.choices[0].message.content == "Fourteen days."

    door.gateway.chunks = [Chunk("Fourteen "), Chunk("days.")]
    pieces = client.chat_stream(model="m", messages=turns)
    assert "".join(piece.choices[0].delta.content or "" for piece in pieces) == "Fourteen days."


def test_tools_of_the_retired_model_are_refused(door: Served) -> None:
    """Rather than left out, also when one call alone has them; nothing is asked."""
    with pytest.raises(InputError, match="tools of the retired SDK"):
        gemini_model.GenerativeModel("gemini-pro", tools=[object()])
    model = gemini_model.GenerativeModel("gemini-pro")
    with pytest.raises(InputError, match="tools of the retired SDK"):
        model.generate_content("How warm?", tools=[object()])
    with pytest.raises(InputError, match="tools of the retired SDK"):
        asyncio.run(model.generate_content_async("How warm?", tools=[object()]))
    with pytest.raises(InputError, match="tools of the retired SDK"):
        model.start_chat().send_message("How warm?", tools=[object()])
    assert door.gateway.calls == 0


def test_what_the_retired_sdks_name_beside_the_model(door: Served, tmp_path: Path) -> None:
    """Safety settings are taken and not passed on; a turn and a picture reach the model as they are."""
    from google.genai import types

    settings = {gemini_model.HarmCategory.HARM_CATEGORY_HATE_SPEECH: gemini_model.HarmBlockThreshold.BLOCK_NONE}
    setting = gemini_model.SafetySetting(category="HARM_CATEGORY_HARASSMENT", threshold="BLOCK_ONLY_HIGH")
    assert isinstance(setting, types.SafetySetting)
    model = gemini_model.types.GenerativeModel("gemini-pro", safety_settings=settings)
    (tmp_path / "a.png").write_bytes(b"\x89PNG")
    picture = gemini_model.Image.load_from_file(str(tmp_path / "a.png"))
    assert picture == gemini_model.Part.from_image(gemini_model.Image.from_bytes(b"\x89PNG"))
    turn = gemini_model.Content(role="user", parts=[gemini_model.Part.from_text("How long?")])
    reply = model.generate_content([turn], safety_settings=[setting])
    assert isinstance(reply, gemini_model.GenerationResponse)
    assert reply.text == "Fourteen days."
    with pytest.raises(InputError, match=r"picture\.png"):
        gemini_model.Image.load_from_file("picture")
    with pytest.raises(InputError, match="no PNG"):
        gemini_model.Image.from_bytes(b"BM")
    with pytest.raises(AttributeError, match="upload_file"):
        _ = gemini_model.upload_file


# In a process of its own, because some clients read the environment while they are imported.
EVERY_CLIENT = """
import json
from app.orchestration.notebook import use_door_environment
use_door_environment()
import anthropic, cohere, ollama, openai
from google import genai
user = [{"role": "user", "content": "How long?"}]
gemini = genai.Client()
print(json.dumps([
    openai.OpenAI().chat.completions.create(model="m", messages=user).choices[0].message.content,
    anthropic.Anthropic().messages.create(model="m", max_tokens=9, messages=user).content[0].text,
    cohere.ClientV2().chat(model="m", messages=user).message.content[0].text,
    ollama.Client().chat(model="m", messages=user).message.content,
    gemini.models.generate_content(model="m", contents="How long?").text,
]))
"""


@pytest.mark.feature("N1")
def test_the_environment_reaches_every_vendor_s_client(door: Served) -> None:
    """Each is made without an argument, as a framework makes it, also where Vertex AI was asked for."""
    env = {**os.environ, "GOOGLE_GENAI_USE_VERTEXAI": "true", "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", EVERY_CLIENT], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    assert json.loads(done.stdout) == ["Fourteen days."] * 5


@pytest.mark.feature("N1")
def test_amazon_s_client_asks_the_door(door: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where a bearer token stands in the environment, which it would send to nothing but HTTPS."""
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "of a person")
    client = boto3.client("bedrock-runtime", **bedrock_client_args())
    reply = client.converse(modelId="m", messages=[{"role": "user", "content": [{"text": "How long?"}]}])
    assert reply["output"]["message"]["content"] == [{"text": "Fourteen days."}]


def test_arguments_have_the_names_a_class_gives_them(door: Served) -> None:
    """Address and key; the address alone; a protocol no door speaks."""
    assert client_args("openai", "api_base", "api_key") == {"api_base": f"{door.url}/v1", "api_key": KEY}
    assert client_args("ollama", "base_url") == {"base_url": door.url}
    assert gemini_client_args() == {"vertexai": False, "api_key": KEY, "http_options": {"base_url": door.url}}
    with pytest.raises(InputError, match="no door speaks 'replicate'"):
        client_args("replicate", "url")
