"""Cohere's doors, version 2, as its own SDK sees them."""

from __future__ import annotations

import json
from typing import Any

import cohere
import httpx2
import pytest
from cohere.core.api_error import ApiError
from cohere.core.request_options import RequestOptions

from app.errors import BudgetExceededError, CallFailedError, ForbiddenError, RateLimitedError
from app.intelligence.messages import Chunk, ToolCall, ToolCallDelta
from tests.interface.served_doors import KEY, Served, a_reply

pytestmark = pytest.mark.slow

MODEL = "command-of-the-test"
ASKED: Any = [{"role": "user", "content": "How long?"}]
SCHEMA = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: Any = [{"type": "function", "function": {"name": "weather", "description": "Now.", "parameters": WEATHER}}]
OSLO = ToolCall("call_7", "weather", '{"city":"Oslo"}')
ONCE = RequestOptions(max_retries=0)


@pytest.mark.feature("I1")
def test_a_reply_reads_like_cohere(doors: Served) -> None:
    """Text, finish reason, usage with cached tokens and the call's id; the settings of the call arrive."""
    messages = [{"role": "system", "content": "Be short."}, *ASKED]

    reply = doors.cohere().chat(
        model=MODEL, messages=messages, max_tokens=9, temperature=0.5, p=0.75, seed=7, stop_sequences=["END"], k=3
    )

    assert (reply.message.content[0].text, reply.finish_reason) == ("Fourteen days.", "COMPLETE")  # type: ignore[index, union-attr]
    assert reply.usage is not None
    assert reply.usage.tokens is not None
    assert (reply.usage.tokens.input_tokens, reply.usage.tokens.output_tokens) == (20, 5)
    assert (reply.usage.cached_tokens, reply.id) == (8, "call-1")
    asked = doors.gateway.requests[0]
    assert [(m.role, m.text) for m in asked.messages] == [("system", "Be short."), ("user", "How long?")]
    assert (asked.model, asked.max_output_tokens, asked.temperature, asked.top_p) == ("large", 9, 0.5, 0.75)
    assert (asked.seed, asked.stop, asked.extra) == (7, ("END",), {"cohere": {"k": 3}})


@pytest.mark.feature("I1")
@pytest.mark.feature("G10")
def test_a_stream_reads_like_cohere(doors: Served) -> None:
    """The message opens, its content comes in pieces, and the end holds finish reason and usage."""
    doors.gateway.chunks = [Chunk("Fourteen\u2028"), Chunk("days.")]

    events: list[Any] = list(doors.cohere().chat_stream(model=MODEL, messages=ASKED))

    assert [event.type for event in events] == [
        "message-start",
        "content-start",
        "content-delta",
        "content-delta",
        "content-end",
        "message-end",
    ]
    assert [event.delta.message.content.text for event in events[2:4]] == ["Fourteen\u2028", "days."]
    end = events[-1].delta
    assert (end.finish_reason, end.usage.tokens.input_tokens, end.usage.cached_tokens) == ("COMPLETE", 20, 8)


@pytest.mark.feature("I1")
def test_tools_go_round(doors: Served) -> None:
    """A call comes back with its plan, and the conversation can be sent again with the result as a document."""
    doors.gateway.reply = a_reply("I will look.", tool_calls=(OSLO,), finish_reason="tool_calls")
    client = doors.cohere()

    reply = client.chat(model=MODEL, messages=ASKED, tools=TOOLS, tool_choice="REQUIRED", strict_tools=True)
    said = reply.message
    document = {"type": "document", "document": {"data": json.dumps({"degrees": 4})}}
    result = {"role": "tool", "tool_call_id": said.tool_calls[0].id, "content": [document]}  # type: ignore[index]
    client.chat(model=MODEL, messages=[*ASKED, said, result], tools=TOOLS)  # type: ignore[list-item]

    assert (reply.finish_reason, said.tool_plan) == ("TOOL_CALL", "I will look.")
    first, second = doors.gateway.requests
    assert (first.tool_choice, first.tools[0].strict, first.tools[0].parameters) == ("required", True, WEATHER)
    assert (second.messages[1].text, second.messages[1].tool_calls) == ("I will look.", (OSLO,))
    assert (second.messages[2].tool_call_id, second.messages[2].text) == ("call_7", '{"degrees": 4}')


@pytest.mark.feature("I1")
def test_streamed_calls_come_in_fragments(doors: Served) -> None:
    """Two calls after some text: each is opened, filled and closed before the next."""
    doors.gateway.chunks = [
        Chunk("Let me look."),
        Chunk(tool_calls=(ToolCallDelta(0, "a", "weather"),)),
        Chunk(tool_calls=(ToolCallDelta(0, arguments='{"city":'), ToolCallDelta(0, arguments='"Oslo"}'))),
        Chunk(tool_calls=(ToolCallDelta(1, "b", "weather", '{"city":"Rome"}'),)),
    ]
    doors.gateway.reply = a_reply("Let me look.", tool_calls=(OSLO,), finish_reason="tool_calls")

    calls: dict[int, list[str]] = {}
    kinds = []
    for event in doors.cohere().chat_stream(model=MODEL, messages=ASKED, tools=TOOLS):
        told: Any = event
        kinds.append(told.type)
        if told.type == "tool-call-start":
            call = told.delta.message.tool_calls
            calls[told.index] = [call.id, call.function.name, call.function.arguments]
        elif told.type == "tool-call-delta":
            calls[told.index][2] += told.delta.message.tool_calls.function.arguments

    assert calls == {0: ["a", "weather", '{"city":"Oslo"}'], 1: ["b", "weather", '{"city":"Rome"}']}
    assert (kinds.count("tool-call-end"), kinds.count("content-end"), kinds[-1]) == (2, 1, "message-end")


@pytest.mark.feature("I1")
def test_schemas_and_images_arrive(doors: Served) -> None:
    """A response format is passed on as a schema, pictures as URLs."""
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "https://x.org/a.png"}},
    ]
    wanted: Any = {"type": "json_object", "json_schema": SCHEMA}

    doors.cohere().chat(model=MODEL, messages=[{"role": "user", "content": content}], response_format=wanted)  # type: ignore[list-item]

    asked = doors.gateway.requests[0]
    assert asked.output_schema == SCHEMA
    assert getattr(asked.messages[0].content[1], "image_url", "") == "https://x.org/a.png"


REFUNDS: Any = [
    {"id": "terms", "data": {"title": "Refunds", "snippet": "Money comes back to your card in 14 days."}},
    "Shipping is free of charge in Norway.",
]


@pytest.mark.feature("I1")
def test_documents_are_shown_and_cited(doors: Served) -> None:
    """They stand before the question; what the reply repeats of them is cited, with its place and its source."""
    doors.gateway.reply = a_reply("It is simple: money comes back to your card in 14 days. Shipping costs nothing.")

    reply = doors.cohere().chat(model=MODEL, messages=ASKED, documents=REFUNDS)

    said = doors.gateway.requests[0].messages[0].text
    assert '<document id="terms">\ntitle: Refunds\nsnippet: Money comes' in said
    assert '<document id="doc_1">\nShipping is free' in said
    assert said.endswith("\n\nHow long?")
    (cited,) = reply.message.citations or []
    assert (cited.start, cited.end, cited.text) == (14, 54, "money comes back to your card in 14 days")
    assert [(source.type, source.id) for source in cited.sources or []] == [("document", "terms")]
    assert cited.sources[0].document["snippet"] == "Money comes back to your card in 14 days."  # type: ignore[index, union-attr]


@pytest.mark.feature("I1")
def test_citations_of_a_stream_come_before_its_end(doors: Served) -> None:
    """Made of the whole text, whatever pieces it came in; none when they are turned off."""
    doors.gateway.reply = a_reply("Shipping is free of charge in Norway.")
    doors.gateway.chunks = [Chunk("Shipping is fr"), Chunk("ee of charge in Norway.")]
    client = doors.cohere()

    events: list[Any] = list(client.chat_stream(model=MODEL, messages=ASKED, documents=REFUNDS))
    off: list[Any] = list(
        client.chat_stream(model=MODEL, messages=ASKED, documents=REFUNDS, citation_options={"mode": "OFF"})  # type: ignore[arg-type]
    )

    kinds = [event.type for event in events]
    assert kinds[-4:] == ["citation-start", "citation-end", "content-end", "message-end"]
    told = events[-4].delta.message.citations
    assert (told.text, told.sources[0].id) == ("Shipping is free of charge in Norway", "doc_1")
    assert not [event for event in off if event.type.startswith("citation")]


@pytest.mark.feature("I1")
def test_what_a_tool_gave_is_cited_as_the_tool_s(doors: Served) -> None:
    """By the id of its document, or of its call and place."""
    doors.gateway.reply = a_reply("It is four degrees in Oslo today.")
    given: Any = [{"type": "document", "document": {"data": json.dumps({"said": "four degrees in Oslo today"})}}]
    call: Any = {"id": "call_7", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    turn: Any = [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_7", "content": given},
    ]

    reply = doors.cohere().chat(model=MODEL, messages=[*ASKED, *turn], tools=TOOLS)

    (cited,) = reply.message.citations or []
    assert cited.text == "four degrees in Oslo today"
    source: Any = (cited.sources or [])[0]
    assert (source.type, source.id, source.tool_output) == ("tool", "call_7:0", {"said": cited.text})


@pytest.mark.feature("I1")
@pytest.mark.parametrize("content", ["Four degrees in Oslo.", [{"type": "text", "text": "Four degrees in Oslo."}]])
def test_a_tool_s_text_is_cited_too(doors: Served, content: Any) -> None:
    """By its call and place, with what the tool said."""
    doors.gateway.reply = a_reply("It is four degrees in Oslo today.")
    call: Any = {"id": "call_7", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    turn: Any = [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_7", "content": content},
    ]

    reply = doors.cohere().chat(model=MODEL, messages=[*ASKED, *turn], tools=TOOLS)

    (cited,) = reply.message.citations or []
    source: Any = (cited.sources or [])[0]
    assert (source.type, source.id, source.tool_output) == ("tool", "call_7:0", {"content": "Four degrees in Oslo."})


@pytest.mark.feature("I1")
def test_embeddings(doors: Served) -> None:
    """Vectors come back in order and in each wanted form, with the texts and what they cost."""
    reply = doors.cohere().v2.embed(
        model="embed-of-the-test",
        input_type="search_query",
        texts=["a", "bcd"],
        embedding_types=["float", "base64"],
    )

    assert reply.embeddings.float_ == [[0.5, 1.0], [0.5, 3.0]]
    assert reply.embeddings.base64 is not None
    assert len(reply.embeddings.base64) == 2
    assert reply.texts == ["a", "bcd"]
    assert reply.meta is not None
    assert reply.meta.billed_units is not None
    assert reply.meta.billed_units.input_tokens == 2


@pytest.mark.feature("I1")
def test_embeddings_in_bytes_and_bits(doors: Served) -> None:
    """Cohere's shorter types keep each vector's direction or signs; an unknown one is refused with those there are."""
    client = doors.cohere()
    found = client.v2.embed(
        model="embed-of-the-test",
        input_type="search_query",
        texts=["a", "bcd"],
        embedding_types=["int8", "uint8", "binary", "ubinary"],
    ).embeddings

    assert found.int8 == [[64, 127], [21, 127]]
    assert found.uint8 == [[192, 255], [149, 255]]
    assert (found.ubinary, found.binary) == ([[192], [192]], [[64], [64]])
    with pytest.raises(cohere.BadRequestError, match="use float, base64, int8"):
        client.v2.embed(model="e", input_type="search_query", texts=["a"], embedding_types=["int4"])


ERRORS: list[tuple[Any, type[ApiError], int]] = [
    (BudgetExceededError("budget of acme is used up"), ApiError, 402),
    (ForbiddenError("not for you"), cohere.ForbiddenError, 403),
    (RateLimitedError("60 a minute are used up", 0.5), cohere.TooManyRequestsError, 429),
    (CallFailedError("no model answered", 4), cohere.ServiceUnavailableError, 503),
]


@pytest.mark.feature("G1")
@pytest.mark.parametrize(("error", "raised", "status"), ERRORS, ids=[str(e[2]) for e in ERRORS])
@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
def test_errors_are_cohere_s(doors: Served, error: Any, raised: type[ApiError], status: int, stream: bool) -> None:
    """The SDK raises its typed error with our message."""
    doors.gateway.error = error
    client = doors.cohere()
    ask: Any = client.chat_stream if stream else client.chat

    with pytest.raises(raised) as caught:
        list(ask(model=MODEL, messages=ASKED, request_options=ONCE))

    assert (caught.value.status_code, caught.value.body) == (status, {"message": str(error)})


@pytest.mark.feature("G1")
def test_a_used_up_budget_is_asked_for_once(doors: Served) -> None:
    """What waiting cannot mend is not tried again by the SDK as it comes."""
    doors.gateway.error = BudgetExceededError("budget of acme is used up")

    with pytest.raises(ApiError):
        doors.cohere().chat(model=MODEL, messages=ASKED)

    assert doors.gateway.calls == 1


@pytest.mark.feature("I1")
def test_an_error_in_mid_stream_is_told_at_the_end(doors: Served) -> None:
    """Cohere's own way: the message ends with the error and the finish reason ERROR, open pieces closed."""
    doors.gateway.chunks = [Chunk("Four"), CallFailedError("the provider broke off its stream")]

    events: list[Any] = list(doors.cohere().chat_stream(model=MODEL, messages=ASKED))

    assert [event.type for event in events[-2:]] == ["content-end", "message-end"]
    assert events[-1].delta.finish_reason == "ERROR"
    assert events[-1].delta.error == "the provider broke off its stream"


@pytest.mark.feature("I1")
def test_texts_are_ranked(doors: Served) -> None:
    """By a model of ours that is named, else by the likeness of vectors; best first, `top_n` alone."""
    client = doors.cohere()

    by_model = client.rerank(model="large", query="abc", documents=["a", "abc", "xyz"], top_n=2)
    by_vectors = client.rerank(model="rerank-v3.5", query="abc", documents=["abcdefghij", "abc"])

    assert [(one.index, round(one.relevance_score, 2)) for one in by_model.results] == [(1, 1.0), (0, 0.33)]
    assert [one.index for one in by_vectors.results] == [1, 0]
    assert by_vectors.results[0].relevance_score == pytest.approx(1)
    assert doors.gateway.embedding_models == ["large", "embedding"]


@pytest.mark.feature("I1")
def test_texts_are_ranked_in_version_1(doors: Served) -> None:
    """Documents may be objects, and are given back where that is wanted."""
    documents: Any = [{"title": "T", "text": "xyz"}, {"title": "abc", "text": "abc"}]
    client = cohere.Client(KEY, base_url=doors.url)

    reply = client.rerank(
        model="large", query="abc", documents=documents, rank_fields=["title", "text"], return_documents=True
    )

    assert [one.index for one in reply.results] == [1, 0]
    assert reply.results[0].document is not None
    assert reply.results[0].document.text == "abc"
    with pytest.raises(ApiError) as raised:
        client.rerank(query="abc", documents=[{"title": "x"}], request_options=ONCE)  # type: ignore[list-item]
    assert "documents[0] has no field text" in str(raised.value.body)


def test_a_missing_key_is_cohere_s_own_error(doors: Served) -> None:
    """A wrong key is the SDK's UnauthorizedError, and the gateway hears nothing."""
    with pytest.raises(cohere.UnauthorizedError):
        doors.cohere("wrong").chat(model=MODEL, messages=ASKED)

    assert doors.gateway.calls == 0


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"messages": []}, "messages is empty"),
        ({"messages": [{"role": "wizard", "content": "x"}]}, "messages[0].role is 'wizard'"),
        ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0].tool_call_id is missing"),
        ({"messages": [{"role": "user", "content": [{"type": "audio"}]}]}, "messages[0].content[0].type is 'audio'"),
        ({"documents": [7]}, "documents[0] is 7"),
        ({"documents": ["x"], "messages": [{"role": "system", "content": "y"}]}, "no message of the user"),
        ({"logprobs": True}, "logprobs are not served"),
        ({"tool_choice": "AUTO"}, "tool_choice is 'AUTO'"),
        ({"response_format": {"type": "xml"}}, "response_format.type is 'xml'"),
        ({"max_tokens": 0}, "max_tokens is 0"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_bad_bodies_are_refused_with_the_place(doors: Served, changes: dict[str, Any], says: str) -> None:
    """A body that cannot be meant is refused in Cohere's shape, naming the field."""
    body = {"model": MODEL, "messages": ASKED, **changes}

    answer = httpx2.post(f"{doors.url}/v2/chat", json=body, headers={"authorization": f"Bearer {KEY}"})

    assert answer.status_code == 400
    assert says in answer.json()["message"]
