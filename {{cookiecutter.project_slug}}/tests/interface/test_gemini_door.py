"""Gemini's doors as Google's own SDK sees them."""

from __future__ import annotations

import base64
from typing import Any

import httpx2
import pytest
from google.genai import errors, types
from pydantic import BaseModel

from app.errors import BudgetExceededError, CallFailedError, ForbiddenError, RateLimitedError
from app.intelligence.messages import Chunk, ToolCall, ToolCallDelta
from tests.interface.served_doors import KEY, Served, a_reply

pytestmark = pytest.mark.slow

MODEL = "a-model-of-google-s"
PICTURE = b"\x89PNG\r\n\x1a\nand more"
OSLO = ToolCall("call_7", "weather", '{"city":"Oslo"}')


class Refund(BaseModel):
    """What the structured tests ask for."""

    days: int
    note: str | None = None
    steps: list[str] = []


def weather(city: str) -> str:
    """The weather in a city."""
    return f"4 degrees in {city}"


@pytest.mark.feature("I1")
def test_a_reply_reads_like_gemini(doors: Served) -> None:
    """Text, finish reason, the model's name, usage with cached tokens; the settings of the call arrive."""
    config = types.GenerateContentConfig(
        system_instruction="Be short.",
        max_output_tokens=9,
        temperature=0.5,
        top_p=0.75,
        seed=7,
        stop_sequences=["END"],
    )

    reply = doors.gemini().models.generate_content(model=MODEL, contents="How long?", config=config)

    assert (reply.text, reply.model_version) == ("Fourteen days.", MODEL)
    assert reply.candidates is not None
    assert reply.candidates[0].finish_reason == types.FinishReason.STOP
    usage = reply.usage_metadata
    assert usage is not None
    assert (usage.prompt_token_count, usage.candidates_token_count, usage.total_token_count) == (20, 5, 25)
    assert usage.cached_content_token_count == 8
    asked = doors.gateway.requests[0]
    assert [(m.role, m.text) for m in asked.messages] == [("system", "Be short."), ("user", "How long?")]
    assert (asked.model, asked.max_output_tokens, asked.temperature, asked.top_p) == ("large", 9, 0.5, 0.75)
    assert (asked.seed, asked.stop, asked.stream) == (7, ("END",), False)


@pytest.mark.feature("I1")
@pytest.mark.parametrize("model", ["meta/llama-4-maverick", "publishers/google/models/gemini", "tuned/e/1"])
def test_a_model_s_name_may_be_a_path(doors: Served, model: str) -> None:
    """Names of Vertex AI: of other makers' models, of tuned ones, of whole resources; errors keep Google's form."""
    client = doors.gemini()

    assert client.models.generate_content(model=model, contents="How long?").text == "Fourteen days."
    doors.gateway.error = BudgetExceededError("spent")
    with pytest.raises(errors.ClientError, match="spent"):
        client.models.generate_content(model=model, contents="How long?")


@pytest.mark.feature("I1")
@pytest.mark.feature("G10")
def test_a_stream_reads_like_gemini(doors: Served) -> None:
    """Pieces come one by one, finish reason and usage with the last."""
    doors.gateway.chunks = [Chunk("Fourteen "), Chunk("days.\u2028")]

    chunks = list(doors.gemini().models.generate_content_stream(model=MODEL, contents="How long?"))

    assert [chunk.text or "" for chunk in chunks][:2] == ["Fourteen ", "days.\u2028"]
    assert chunks[0].candidates[0].finish_reason is None  # type: ignore[index]
    assert chunks[-1].candidates[0].finish_reason == types.FinishReason.STOP  # type: ignore[index]
    assert chunks[-1].usage_metadata.total_token_count == 25  # type: ignore[union-attr]
    assert doors.gateway.requests[0].stream


@pytest.mark.feature("I1")
async def test_the_async_client_reads_the_same(doors: Served) -> None:
    """The SDK's asynchronous half, which has a transport and a reader of streams of its own."""
    doors.gateway.chunks = [Chunk("Fourteen "), Chunk("days.")]
    async with doors.gemini().aio as client:
        whole = await client.models.generate_content(model=MODEL, contents="How long?")
        stream = await client.models.generate_content_stream(model=MODEL, contents="How long?")
        pieces = [chunk.text or "" async for chunk in stream]

    assert (whole.text, "".join(pieces)) == ("Fourteen days.", "Fourteen days.")


@pytest.mark.feature("I1")
def test_a_chat_keeps_its_turns(doors: Served) -> None:
    """The SDK's own chat sends every earlier turn again, streamed or not."""
    chat = doors.gemini().chats.create(model=MODEL)
    chat.send_message("How long?")
    list(chat.send_message_stream("Sure?"))

    roles = [(message.role, message.text) for message in doors.gateway.requests[1].messages]
    assert roles == [("user", "How long?"), ("assistant", "Fourteen days."), ("user", "Sure?")]


@pytest.mark.feature("I1")
def test_tools_go_round(doors: Served) -> None:
    """A call is the SDK's object; sent back with its result, both belong together even when the id is left out."""
    doors.gateway.reply = a_reply("", tool_calls=(OSLO,), finish_reason="tool_calls")
    tool = types.Tool(function_declarations=[types.FunctionDeclaration.from_callable_with_api_option(callable=weather)])
    calling = types.FunctionCallingConfig(mode=types.FunctionCallingConfigMode.ANY, allowed_function_names=["weather"])
    config = types.GenerateContentConfig(tools=[tool], tool_config=types.ToolConfig(function_calling_config=calling))

    reply = doors.gemini().models.generate_content(model=MODEL, contents="Oslo?", config=config)
    call = reply.function_calls[0]  # type: ignore[index]
    result = types.Part.from_function_response(name="weather", response={"result": "4 degrees"})
    contents: Any = [
        types.UserContent("Oslo?"),
        reply.candidates[0].content,  # type: ignore[index]
        types.Content(role="user", parts=[result]),
    ]
    doors.gemini().models.generate_content(model=MODEL, contents=contents, config=config)

    assert (call.id, call.name, call.args) == ("call_7", "weather", {"city": "Oslo"})
    first, second = doors.gateway.requests
    assert (first.tool_choice, first.tools[0].name) == ("weather", "weather")
    assert first.tools[0].parameters["properties"]["city"]["type"] == "string"
    assert second.messages[1].tool_calls == (OSLO,)
    assert (second.messages[2].role, second.messages[2].tool_call_id) == ("tool", "call_7")
    assert second.messages[2].text == "4 degrees"


@pytest.mark.feature("I1")
def test_the_sdk_calls_python_functions_by_itself(doors: Served) -> None:
    """Automatic function calling runs the function, sends its result and stops at the text that follows."""
    doors.gateway.then = [a_reply("", tool_calls=(OSLO,), finish_reason="tool_calls"), a_reply("4 degrees.")]
    config = types.GenerateContentConfig(tools=[weather])

    reply = doors.gemini().models.generate_content(model=MODEL, contents="Oslo?", config=config)

    assert reply.text == "4 degrees."
    assert doors.gateway.requests[1].messages[2].text == "4 degrees in Oslo"


@pytest.mark.feature("I1")
def test_streamed_calls_come_whole(doors: Served) -> None:
    """Calls that arrive in fragments reach the client each in one piece."""
    calls = (ToolCall("a", "weather", '{"city":"Oslo"}'), ToolCall("b", "weather", '{"city":"Rome"}'))
    doors.gateway.chunks = [
        Chunk(tool_calls=(ToolCallDelta(0, "a", "weather"), ToolCallDelta(0, arguments='{"city":"Oslo"}'))),
        Chunk(tool_calls=(ToolCallDelta(1, "b", "weather", '{"city":"Rome"}'),)),
    ]
    doors.gateway.reply = a_reply("", tool_calls=calls, finish_reason="tool_calls")

    chunks = list(doors.gemini().models.generate_content_stream(model=MODEL, contents="Oslo and Rome?"))

    found = [call for chunk in chunks for call in chunk.function_calls or []]
    assert [(call.id, call.args) for call in found] == [("a", {"city": "Oslo"}), ("b", {"city": "Rome"})]


@pytest.mark.feature("I1")
@pytest.mark.parametrize("field", ["response_schema", "response_json_schema"])
def test_a_schema_gives_the_model_back(doors: Served, field: str) -> None:
    """A Pydantic model goes through as JSON Schema in both ways the SDK has, and comes back parsed."""
    doors.gateway.reply = a_reply('{"days": 14}')
    given: Any = Refund if field == "response_schema" else Refund.model_json_schema()
    config = types.GenerateContentConfig(response_mime_type="application/json", **{field: given})

    reply = doors.gemini().models.generate_content(model=MODEL, contents="How many days?", config=config)

    assert reply.parsed in (Refund(days=14), {"days": 14})
    schema = doors.gateway.requests[0].output_schema
    assert schema is not None
    assert (schema["type"], schema["properties"]["days"]["type"]) == ("object", "integer")
    assert "days" in schema["required"]
    assert "STRING" not in str(schema)


@pytest.mark.feature("I1")
def test_images_arrive(doors: Served) -> None:
    """Bytes and addresses of pictures reach the gateway as URLs, between the texts they stand between."""
    contents: Any = [
        "What is this?",
        types.Part.from_bytes(data=PICTURE, mime_type="image/png"),
        types.Part.from_uri(file_uri="https://x.org/a.jpg", mime_type="image/jpeg"),
    ]

    doors.gemini().models.generate_content(model=MODEL, contents=contents)

    parts = doors.gateway.requests[0].messages[0].content
    inline = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
    assert [getattr(part, "text", "") or getattr(part, "image_url", "") for part in parts] == [
        "What is this?",
        inline,
        "https://x.org/a.jpg",
    ]


@pytest.mark.feature("I1")
@pytest.mark.parametrize(
    ("finish", "told"), [("length", "MAX_TOKENS"), ("content_filter", "SAFETY")], ids=["length", "withheld"]
)
def test_finish_reasons_are_gemini_s(doors: Served, finish: Any, told: str) -> None:
    """A reply cut at its limit or withheld says so in Gemini's words."""
    doors.gateway.reply = a_reply(finish_reason=finish)

    reply = doors.gemini().models.generate_content(model=MODEL, contents="How long?")

    assert reply.candidates[0].finish_reason == types.FinishReason[told]  # type: ignore[index]


@pytest.mark.feature("I1")
@pytest.mark.parametrize("texts", [["a"], ["a", "bcd"]], ids=["one", "several"])
def test_embeddings(doors: Served, texts: list[str]) -> None:
    """Vectors come back in order from the embedding model, whatever it is called outside."""
    reply = doors.gemini().models.embed_content(model="gemini-embedding-001", contents=texts)  # type: ignore[arg-type]

    assert [item.values for item in reply.embeddings or []] == [[0.5, float(len(text))] for text in texts]
    assert doors.gateway.embedding_models == ["embedding"]


def test_one_text_is_embedded_by_its_own_method(doors: Served) -> None:
    """`embedContent`, which only plain HTTP clients use, answers with the one vector."""
    address = f"{doors.url}/v1beta/models/gemini-embedding:embedContent"
    body = {"content": {"parts": [{"text": "abc"}]}}

    answer = httpx2.post(address, json=body, headers={"x-goog-api-key": KEY})

    assert answer.json()["embedding"] == {"values": [0.5, 3.0]}


def test_models_are_listed(doors: Served) -> None:
    """The SDK lists the assistant and our models, finds one, and any other, for any name is served."""
    client = doors.gemini()

    names = [model.name for model in client.models.list()]

    assert names == ["models/assistant", "models/large", "models/small", "models/embedding"]
    assert client.models.get(model="small").name == "models/small"
    assert client.models.get(model="gemini-of-tomorrow").name == "models/gemini-of-tomorrow"


ERRORS: list[tuple[Any, type[errors.APIError], int, str]] = [
    (BudgetExceededError("budget of acme is used up"), errors.ClientError, 402, "RESOURCE_EXHAUSTED"),
    (ForbiddenError("not for you"), errors.ClientError, 403, "PERMISSION_DENIED"),
    (RateLimitedError("60 a minute are used up", 0.5), errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
    (CallFailedError("no model answered", 4), errors.ServerError, 503, "UNAVAILABLE"),
]


@pytest.mark.feature("G1")
@pytest.mark.parametrize(("error", "raised", "code", "status"), ERRORS, ids=[str(e[2]) for e in ERRORS])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_errors_are_google_s_and_tried_once(
    doors: Served, error: Any, raised: type[errors.APIError], code: int, status: str, stream: bool
) -> None:
    """The SDK raises its own error with Google's status and our message, after one request."""
    doors.gateway.error = error
    models = doors.gemini().models
    ask: Any = models.generate_content_stream if stream else models.generate_content

    with pytest.raises(raised) as caught:
        list(ask(model=MODEL, contents="How long?"))

    assert (caught.value.code, caught.value.status, caught.value.message) == (code, status, str(error))
    assert doors.gateway.calls == 1


@pytest.mark.feature("I1")
def test_an_error_in_mid_stream_reaches_the_sdk(doors: Served) -> None:
    """What fails after the first chunk is raised as an error, not taken for a short reply."""
    doors.gateway.chunks = [Chunk("Four"), CallFailedError("the provider broke off its stream")]

    with pytest.raises(errors.ServerError, match="broke off") as caught:
        list(doors.gemini().models.generate_content_stream(model=MODEL, contents="How long?"))

    assert caught.value.code == 503


def test_a_missing_key_is_google_s_own_error(doors: Served) -> None:
    """A wrong key is UNAUTHENTICATED, and the gateway hears nothing."""
    with pytest.raises(errors.ClientError) as caught:
        doors.gemini("wrong").models.generate_content(model=MODEL, contents="How long?")

    assert (caught.value.code, caught.value.status, doors.gateway.calls) == (401, "UNAUTHENTICATED", 0)


SAID = [{"role": "user", "parts": [{"text": "x"}]}]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"contents": None}, "contents is missing"),
        ({"contents": []}, "contents is empty"),
        ({"contents": [{"role": "wizard", "parts": []}]}, "contents[0].role is 'wizard'"),
        ({"contents": [{"parts": [{"executableCode": {}}]}]}, "contents[0].parts[0] is executableCode"),
        ({"contents": [{"parts": [{"functionResponse": {"name": "f"}}]}]}, "answers no call of f"),
        ({"contents": [{"parts": [{"fileData": {"fileUri": "gs://x"}}]}]}, "fileData.fileUri is 'gs://x'"),
        ({"generationConfig": {"candidateCount": 2}}, "candidateCount is 2"),
        ({"generationConfig": {"responseModalities": ["AUDIO"]}}, "responseModalities is ['AUDIO']"),
        ({"generationConfig": {"responseMimeType": "text/x.enum"}}, "responseMimeType is 'text/x.enum'"),
        ({"generationConfig": {"temperature": "hot"}}, "temperature is 'hot'"),
        ({"tools": [{"googleSearch": {}}]}, "tools[0].googleSearch runs on the provider's side"),
        ({"cachedContent": "cachedContents/1"}, "cachedContent is kept by another provider"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_bad_bodies_are_refused_with_the_place(doors: Served, changes: dict[str, Any], says: str) -> None:
    """A body that cannot be meant is refused in Google's shape, naming the field."""
    address = f"{doors.url}/v1beta/models/m:generateContent"

    answer = httpx2.post(address, json={"contents": SAID, **changes}, headers={"x-goog-api-key": KEY})

    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert says in answer.json()["error"]["message"]


@pytest.mark.feature("I1")
def test_tokens_are_counted_by_estimate(doors: Served) -> None:
    """Nothing is asked; longer texts have more."""
    client = doors.gemini()

    short = client.models.count_tokens(model="gemini", contents="How long?")
    long = client.models.count_tokens(model="gemini", contents="How long? " * 50)

    assert 0 < (short.total_tokens or 0) < (long.total_tokens or 0)
    assert doors.gateway.calls == 0
