"""The doors as the vendors' own SDKs see them, served over loopback with a gateway written for the test."""

from __future__ import annotations

from typing import Any

import anthropic
import httpx2
import openai
import pytest
from pydantic import BaseModel

from app.errors import (
    AppError,
    BudgetExceededError,
    CallFailedError,
    DeadlineExceededError,
    ForbiddenError,
    RateLimitedError,
    StoreUnavailableError,
)
from app.intelligence.messages import Chunk, ToolCall, ToolCallDelta
from tests.interface.served_doors import KEY, Served, a_reply

WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def ask(client: openai.OpenAI, **more: Any) -> Any:
    """The plainest chat call."""
    messages = [{"role": "user", "content": "How long do refunds take?"}]
    return client.chat.completions.create(model="gpt-4.1", messages=messages, **more)  # type: ignore[call-overload]


def tell(client: anthropic.Anthropic, **more: Any) -> Any:
    """The plainest Messages call."""
    messages = [{"role": "user", "content": "How long do refunds take?"}]
    return client.messages.create(model="claude-of-the-test", max_tokens=100, messages=messages, **more)  # type: ignore[call-overload]


@pytest.mark.feature("I1")
def test_openai_chat_reads_like_openai(doors: Served) -> None:
    """OpenAI's SDK gets text, usage with cached tokens, the model name it asked for, and the ids as headers."""
    raw = doors.openai().chat.completions.with_raw_response.create(
        model="gpt-4.1", messages=[{"role": "user", "content": "Hello"}], max_tokens=9
    )
    reply = raw.parse()

    assert reply.choices[0].message.content == "Fourteen days."
    assert (reply.model, reply.choices[0].finish_reason) == ("gpt-4.1", "stop")
    assert reply.usage is not None
    assert reply.usage.prompt_tokens_details is not None
    assert (reply.usage.total_tokens, reply.usage.prompt_tokens_details.cached_tokens) == (25, 8)
    assert (raw.headers["x-call-id"], len(raw.headers["x-trace-id"])) == ("call-1", 32)
    assert doors.gateway.requests[0].max_output_tokens == 9


@pytest.mark.feature("I1")
def test_several_choices_are_as_many_calls(doors: Served) -> None:
    """Each has a seed of its own, so that none is the other's; usage is that of all."""
    doors.gateway.then = [a_reply("One day."), a_reply("Two days."), a_reply("Three days.")]

    reply = ask(doors.openai(), n=3, seed=5)

    assert {choice.message.content for choice in reply.choices} == {"One day.", "Two days.", "Three days."}
    assert [choice.index for choice in reply.choices] == [0, 1, 2]
    assert (reply.usage.prompt_tokens, reply.usage.total_tokens) == (60, 75)
    assert sorted(asked.seed or 0 for asked in doors.gateway.requests) == [5, 6, 7]


@pytest.mark.feature("G1")
@pytest.mark.parametrize(
    ("asked", "served"),
    [("gpt-4.1-mini", "small"), ("small", "small"), ("gpt-4.1", "large"), ("embedding", "embedding")],
    ids=["alias", "own name", "default", "own name, not default"],
)
def test_a_client_s_model_name_is_mapped(doors: Served, asked: str, served: str) -> None:
    """An alias decides first, then a model of ours by its own name, then the default."""
    doors.openai().chat.completions.create(model=asked, messages=[{"role": "user", "content": "Hello"}])

    assert doors.gateway.requests[0].model == served


def test_the_task_comes_from_a_header(doors: Served) -> None:
    """A client may book its call under a task of its own; without one it is the door's."""
    ask(doors.openai())
    ask(doors.openai(), extra_headers={"x-app-task": "classify"})

    assert doors.gateway.tasks == ["door", "classify"]


@pytest.mark.feature("I1")
@pytest.mark.feature("G10")
def test_openai_stream_ends_with_usage(doors: Served) -> None:
    """Chunks come as deltas, then the finish reason, then one chunk without choices that holds the usage."""
    doors.gateway.chunks = [Chunk("Fourteen "), Chunk("days.")]

    chunks = list(ask(doors.openai(), stream=True, stream_options={"include_usage": True}))

    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(c.choices[0].delta.content or "" for c in chunks[:-1]) == "Fourteen days."
    assert chunks[-2].choices[0].finish_reason == "stop"
    assert (chunks[-1].choices, chunks[-1].usage.total_tokens) == ([], 25)


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
def test_a_stream_names_its_trace(doors: Served, path: str) -> None:
    """The headers of a stream, sent before its end is known, hold the trace id, and nobody may store it."""
    body = {"model": "m", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}], "stream": True}

    answer = httpx2.post(f"{doors.url}{path}", json=body, headers={"x-api-key": KEY})

    assert (answer.status_code, len(answer.headers["x-trace-id"])) == (200, 32)
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "private, no-store"


def test_openai_stream_without_usage_has_no_usage_chunk(doors: Served) -> None:
    """Usage is sent only to those who ask; a reply that no chunk announced, as from the cache, is said whole."""
    chunks = list(ask(doors.openai(), stream=True))

    assert all(chunk.choices and chunk.usage is None for chunk in chunks)
    assert "".join(c.choices[0].delta.content or "" for c in chunks) == "Fourteen days."


@pytest.mark.feature("I1")
def test_openai_tools_go_round(doors: Served) -> None:
    """A tool call comes back as the SDK's object, and the whole conversation can be sent again with the result."""
    client, call = doors.openai(), ToolCall("call_1", "weather", '{"city":"Oslo"}')
    doors.gateway.reply = a_reply("", tool_calls=(call,), finish_reason="tool_calls")
    tools = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]

    message = ask(client, tools=tools, tool_choice="required").choices[0].message
    result = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "4 degrees"}
    client.chat.completions.create(
        model="gpt-4.1", messages=[{"role": "user", "content": "Oslo?"}, message, result], tools=tools
    )

    assert (message.content, message.tool_calls[0].function.arguments) == (None, '{"city":"Oslo"}')
    assert doors.gateway.requests[0].tool_choice == "required"
    sent = doors.gateway.requests[1].messages
    assert sent[1].tool_calls == (call,)
    assert (sent[2].role, sent[2].tool_call_id, sent[2].text) == ("tool", "call_1", "4 degrees")


@pytest.mark.feature("I1")
def test_a_client_of_mistral_s_that_is_not_its_own_may_ask_for_any_tool(doors: Served) -> None:
    """LangChain's posts to this address and says `any` where OpenAI says `required`."""
    tools = [{"type": "function", "function": {"name": "weather", "parameters": WEATHER}}]
    ask(doors.openai(), tools=tools, tool_choice="any")
    assert doors.gateway.requests[0].tool_choice == "required"


@pytest.mark.feature("I1")
def test_openai_streamed_tool_calls_are_assembled_by_the_sdk(doors: Served) -> None:
    """Two calls in fragments become two calls in the SDK's own accumulator."""
    doors.gateway.chunks = [
        Chunk(tool_calls=(ToolCallDelta(0, "a", "weather"),)),
        Chunk(tool_calls=(ToolCallDelta(0, arguments='{"city":'), ToolCallDelta(0, arguments='"Oslo"}'))),
        Chunk(tool_calls=(ToolCallDelta(1, "b", "weather", '{"city":"Rome"}'),)),
    ]
    doors.gateway.reply = a_reply("", tool_calls=(ToolCall("a", "weather", "{}"),), finish_reason="tool_calls")

    messages: Any = [{"role": "user", "content": "Oslo and Rome?"}]
    with doors.openai().chat.completions.stream(model="gpt-4.1", messages=messages) as stream:
        final = stream.get_final_completion().choices[0]

    assert final.finish_reason == "tool_calls"
    calls = final.message.tool_calls or []
    assert [(c.id, c.function.arguments) for c in calls] == [("a", '{"city":"Oslo"}'), ("b", '{"city":"Rome"}')]


class Refund(BaseModel):
    """What the structured tests ask for."""

    days: int


@pytest.mark.feature("I1")
def test_openai_parse_gives_the_model_back(doors: Served) -> None:
    """`parse` sends its schema through and reads the text as the Pydantic model."""
    doors.gateway.reply = a_reply('{"days": 14}')

    messages: Any = [{"role": "user", "content": "How many days?"}]
    parsed = doors.openai().chat.completions.parse(model="gpt-4.1", messages=messages, response_format=Refund)

    assert parsed.choices[0].message.parsed == Refund(days=14)
    schema = doors.gateway.requests[0].output_schema
    assert schema is not None
    assert schema["required"] == ["days"]


@pytest.mark.feature("I1")
@pytest.mark.parametrize("more", [{}, {"encoding_format": "float"}], ids=["base64 by default", "float"])
def test_openai_embeddings(doors: Served, more: dict[str, Any]) -> None:
    """Vectors come back in order in both encodings, from the embedding model whatever it is called outside."""
    reply = doors.openai().embeddings.create(model="text-embedding-3-small", input=["a", "bcd"], **more)

    assert [item.embedding for item in reply.data] == [[0.5, 1.0], [0.5, 3.0]]
    assert (reply.model, reply.usage.prompt_tokens) == ("text-embedding-3-small", 2)
    assert doors.gateway.embedding_models == ["embedding"]


def test_models_are_listed_in_both_protocols(doors: Served) -> None:
    """Each SDK lists the assistant and our models in its own shape; any name is known, for any name is served."""
    names = ["assistant", "large", "small", "embedding"]

    assert [model.id for model in doors.openai().models.list()] == names
    assert [model.id for model in doors.anthropic().models.list()] == names
    assert doors.openai().models.retrieve("small").id == "small"
    assert doors.openai().models.retrieve("gpt-of-tomorrow").id == "gpt-of-tomorrow"


ERRORS: list[tuple[AppError, type[Exception], int]] = [
    (BudgetExceededError("budget of acme is used up"), openai.APIStatusError, 402),
    (ForbiddenError("not for you"), openai.PermissionDeniedError, 403),
    (CallFailedError("no model answered", 4), openai.InternalServerError, 503),
    (DeadlineExceededError("30 s are over", 4), openai.InternalServerError, 504),
]


@pytest.mark.feature("G1")
@pytest.mark.parametrize(("error", "raised", "status"), ERRORS, ids=[type(e[0]).__name__ for e in ERRORS])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_what_retrying_cannot_mend_is_tried_once(
    doors: Served, error: AppError, raised: type[Exception], status: int, stream: bool
) -> None:
    """A stock SDK raises its typed error with our message after exactly one request, streamed or not."""
    doors.gateway.error = error

    with pytest.raises(raised) as caught:
        list(ask(doors.openai(), stream=stream))

    assert isinstance(caught.value, openai.APIStatusError)
    assert (caught.value.status_code, doors.gateway.calls) == (status, 1)
    assert str(error) in caught.value.message


@pytest.mark.feature("G1")
def test_anthropic_errors_are_typed_and_tried_once(doors: Served) -> None:
    """Anthropic's SDK sees its own error types, and a used-up budget is asked for exactly once."""
    doors.gateway.error = BudgetExceededError("budget of acme is used up")

    with pytest.raises(anthropic.APIStatusError) as caught:
        tell(doors.anthropic())

    assert (caught.value.status_code, doors.gateway.calls) == (402, 1)
    assert caught.value.body == {
        "type": "error",
        "error": {"type": "billing_error", "message": "budget of acme is used up"},
    }


def test_rate_limits_name_their_delay(doors: Served) -> None:
    """A rate limit is the SDK's RateLimitError with the seconds to wait, and the SDK does try again."""
    doors.gateway.error = RateLimitedError("60 a minute are used up", retry_after_s=0.5)

    with pytest.raises(openai.RateLimitError) as caught:
        ask(doors.openai().with_options(max_retries=1))

    assert caught.value.response.headers["retry-after"] == "1"
    assert doors.gateway.calls == 2


def test_an_absent_store_may_be_tried_again(doors: Served) -> None:
    """503 leaves retrying to the client."""
    doors.gateway.error = StoreUnavailableError("the database does not answer")

    with pytest.raises(openai.InternalServerError) as caught:
        ask(doors.openai().with_options(max_retries=0))

    assert caught.value.status_code == 503
    assert "x-should-retry" not in caught.value.response.headers


def test_a_missing_key_is_each_protocol_s_own_error(doors: Served) -> None:
    """Both SDKs raise their AuthenticationError, and the gateway hears nothing."""
    with pytest.raises(openai.AuthenticationError):
        ask(doors.openai("wrong"))
    with pytest.raises(anthropic.AuthenticationError):
        tell(doors.anthropic("wrong"))

    assert doors.gateway.calls == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"messages": None}, "messages is missing"),
        ({"messages": []}, "messages is empty"),
        ({"messages": ["hello"]}, "messages[0] is 'hello'"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role is 'wizard'"),
        ({"messages": [{"role": "user", "content": 7}]}, "messages[0].content is 7"),
        ({"messages": [{"role": "user", "content": [{"type": "input_audio"}]}]}, "messages[0].content[0].type"),
        ({"n": 2, "stream": True}, "n is 2: a stream of several"),
        ({"n": 129}, "n is 129: send 1 to 128"),
        ({"n": 0}, "n is 0: send 1 to 128"),
        ({"top_logprobs": 3}, "top_logprobs is sent without logprobs"),
        ({"top_logprobs": 21, "logprobs": True}, "top_logprobs is 21"),
        ({"temperature": "hot"}, "temperature is 'hot'"),
        ({"temperature": True}, "temperature is True"),
        ({"max_tokens": 0}, "max_tokens is 0"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type is 'web_search'"),
        ({"response_format": {"type": "xml"}}, "response_format.type is 'xml'"),
        ({"stream_options": 1, "stream": True}, "stream_options is 1"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_bad_bodies_are_refused_with_the_place(doors: Served, changes: dict[str, Any], says: str) -> None:
    """A body that cannot be meant is refused in the protocol's shape, naming the field, and never retried."""
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **changes}

    answer = httpx2.post(f"{doors.url}/v1/chat/completions", json=body, headers={"authorization": f"Bearer {KEY}"})

    assert answer.status_code == 400
    assert says in answer.json()["error"]["message"]


@pytest.mark.feature("I1")
def test_an_error_in_mid_stream_reaches_the_sdk(doors: Served) -> None:
    """What fails after the first chunk is raised by the SDKs of both protocols as an error, not as a short reply."""
    doors.gateway.chunks = [Chunk("Four"), CallFailedError("the provider broke off its stream")]

    with pytest.raises(openai.APIError, match="broke off"):
        list(ask(doors.openai(), stream=True))
    with pytest.raises(anthropic.APIError, match="broke off"):
        list(tell(doors.anthropic(), stream=True))


@pytest.mark.feature("G10")
def test_a_client_that_leaves_ends_the_call(doors: Served) -> None:
    """Closing a stream in its middle closes the gateway's stream within a second."""
    doors.gateway.endless = True

    stream = ask(doors.openai(), stream=True)
    for _ in zip(range(3), stream, strict=False):
        pass
    stream.close()

    assert doors.gateway.closed.wait(1.0)


@pytest.mark.feature("G10")
def test_a_client_that_gives_up_waiting_ends_the_call(doors: Served) -> None:
    """A client that leaves before the first token is noticed too: the gateway's stream closes within a second."""
    doors.gateway.silent = True

    with pytest.raises(openai.APITimeoutError):
        ask(doors.openai().with_options(timeout=0.2, max_retries=0), stream=True)

    assert doors.gateway.closed.wait(1.0)


@pytest.mark.feature("I1")
def test_anthropic_messages_read_like_anthropic(doors: Served) -> None:
    """Anthropic's SDK gets its blocks, and usage that keeps cache reads apart; the system prompt arrives."""
    message = tell(doors.anthropic(), system="Be short.")

    assert (message.content[0].text, message.stop_reason) == ("Fourteen days.", "end_turn")
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens) == (12, 8)
    assert message.model == "claude-of-the-test"
    first = doors.gateway.requests[0].messages[0]
    assert (first.role, first.text) == ("system", "Be short.")


@pytest.mark.feature("I1")
@pytest.mark.feature("G10")
def test_anthropic_streams_text_and_tools(doors: Served) -> None:
    """`messages.stream` assembles text and tool input from the events, and the usage at the end."""
    doors.gateway.chunks = [
        Chunk("Let me "),
        Chunk("look."),
        Chunk(tool_calls=(ToolCallDelta(0, "t1", "weather"),)),
        Chunk(tool_calls=(ToolCallDelta(0, arguments='{"city": "Os'), ToolCallDelta(0, arguments='lo"}'))),
        Chunk(tool_calls=(ToolCallDelta(1, "t2", "weather", '{"city": "Rome"}'),)),
    ]
    doors.gateway.reply = a_reply(
        "Let me look.", finish_reason="tool_calls", tool_calls=(ToolCall("t1", "weather", ""),)
    )

    messages: Any = [{"role": "user", "content": "Oslo and Rome?"}]
    with doors.anthropic().messages.stream(model="claude", max_tokens=50, messages=messages) as stream:
        assert "".join(stream.text_stream) == "Let me look."
        final = stream.get_final_message()

    assert [block.input for block in final.content if block.type == "tool_use"] == [{"city": "Oslo"}, {"city": "Rome"}]
    assert (final.stop_reason, final.usage.input_tokens, final.usage.output_tokens) == ("tool_use", 12, 5)


@pytest.mark.feature("I1")
def test_anthropic_tools_and_images_arrive(doors: Served) -> None:
    """Tool definitions, tool results and images of a Messages client reach the gateway in our words."""
    turns: Any = [
        {"role": "user", "content": [{"type": "image", "source": {"type": "url", "url": "https://x.org/a.png"}}]},
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}}],
        },
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": "4 degrees"}]},
    ]
    tools: Any = [{"name": "weather", "input_schema": WEATHER}]

    doors.anthropic().messages.create(
        model="claude", max_tokens=50, messages=turns, tools=tools, tool_choice={"type": "any"}
    )

    request = doors.gateway.requests[0]
    assert (request.tools[0].name, request.tool_choice) == ("weather", "required")
    assert request.messages[0].content[0].image_url == "https://x.org/a.png"  # type: ignore[union-attr]
    assert request.messages[1].tool_calls == (ToolCall("t1", "weather", '{"city":"Oslo"}'),)
    assert (request.messages[2].role, request.messages[2].text) == ("tool", "4 degrees")


@pytest.mark.feature("I1")
def test_anthropic_parse_gives_the_model_back(doors: Served) -> None:
    """`messages.parse` sends its schema through and reads the text as the Pydantic model."""
    doors.gateway.reply = a_reply('{"days": 14}')

    messages: Any = [{"role": "user", "content": "How many days?"}]
    parsed = doors.anthropic().messages.parse(model="claude", max_tokens=50, messages=messages, output_format=Refund)

    assert parsed.parsed_output == Refund(days=14)
    assert doors.gateway.requests[0].output_schema is not None


@pytest.mark.feature("I1")
def test_anthropic_counts_tokens_by_estimate(doors: Served) -> None:
    """Nothing is asked, and the answer says that it is an estimate."""
    asked = doors.anthropic().messages.with_raw_response.count_tokens(
        model="claude", messages=[{"role": "user", "content": "How long?"}]
    )

    assert asked.parse().input_tokens > 0
    assert asked.headers["x-estimated"] == "true"
    assert doors.gateway.calls == 0


@pytest.mark.parametrize("dimensions", [1, 5])
def test_the_stand_in_has_vectors_of_any_length(doors: Served, dimensions: int) -> None:
    """It stands for models that are told one; a model of somebody's has the length it has."""
    doors.gateway.embeds = "standin-hash-2"
    ask = {"model": "text-embedding-3-small", "input": ["a"], "dimensions": dimensions}
    vector = doors.openai().embeddings.create(**ask).data[0].embedding
    assert len(vector) == dimensions
    assert sum(value * value for value in vector) == pytest.approx(1.0, abs=1e-6)
    doors.gateway.embeds = "large"
    with pytest.raises(openai.BadRequestError, match="has 2, leave the field out"):
        doors.openai().embeddings.create(**ask)
