"""Cohere's doors, version 1, as its own SDK sees them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import cohere
import pytest
from cohere.core.api_error import ApiError
from cohere.core.request_options import RequestOptions

from app.errors import CallFailedError
from app.intelligence.messages import Chunk, TokenLogprob, ToolCall
from tests.interface.served_doors import KEY, Served, a_reply

pytestmark = pytest.mark.slow
ONCE = RequestOptions(max_retries=0)
WEATHER: Any = {
    "name": "weather",
    "description": "Now.",
    "parameter_definitions": {"city": {"type": "str", "description": "Where.", "required": True}},
}


def _client(doors: Served) -> cohere.Client:
    return cohere.Client(KEY, base_url=doors.url)


@pytest.mark.feature("I1")
def test_a_reply_reads_like_cohere(doors: Served) -> None:
    """Text, finish reason and tokens; preamble and history arrive as messages."""
    history: Any = [{"role": "USER", "message": "Hello."}, {"role": "CHATBOT", "message": "Hi."}]

    reply = _client(doors).chat(
        message="How long?", preamble="Be short.", chat_history=history, temperature=0.5, max_tokens=9, p=0.9, seed=7
    )

    assert (reply.text, reply.finish_reason) == ("Fourteen days.", "COMPLETE")
    assert [(turn.role, turn.message) for turn in reply.chat_history or []][2:] == [  # type: ignore[union-attr]
        ("USER", "How long?"), ("CHATBOT", "Fourteen days."),
    ]  # fmt: skip
    assert reply.meta is not None
    assert reply.meta.tokens is not None
    assert (reply.meta.tokens.input_tokens, reply.meta.tokens.output_tokens) == (20, 5)
    asked = doors.gateway.requests[0]
    assert [(m.role, m.text) for m in asked.messages] == [
        ("system", "Be short."), ("user", "Hello."), ("assistant", "Hi."), ("user", "How long?"),
    ]  # fmt: skip
    assert (asked.max_output_tokens, asked.temperature, asked.top_p, asked.seed) == (9, 0.5, 0.9, 7)


@pytest.mark.feature("I1")
@pytest.mark.feature("G10")
def test_a_stream_reads_like_cohere(doors: Served) -> None:
    """It starts, its text comes in pieces, and the end holds the whole reply."""
    doors.gateway.chunks = [Chunk("Fourteen\u2028"), Chunk("days.")]

    events: list[Any] = list(_client(doors).chat_stream(message="How long?"))

    assert [event.event_type for event in events] == [
        "stream-start", "text-generation", "text-generation", "stream-end",
    ]  # fmt: skip
    assert [event.text for event in events[1:3]] == ["Fourteen\u2028", "days."]
    assert (events[-1].finish_reason, events[-1].response.text) == ("COMPLETE", "Fourteen days.")


@pytest.mark.feature("I1")
def test_tools_go_round(doors: Served) -> None:
    """Flat parameters become a schema; results come back as the calls they answer and what they gave."""
    doors.gateway.reply = a_reply(
        "", tool_calls=(ToolCall("c", "weather", '{"city":"Oslo"}'),), finish_reason="tool_calls"
    )
    client = _client(doors)

    reply = client.chat(message="How warm?", tools=[WEATHER])
    assert reply.tool_calls is not None
    call = reply.tool_calls[0]
    client.chat(message="", tools=[WEATHER], tool_results=[{"call": call, "outputs": [{"degrees": 4}]}])  # type: ignore[list-item]

    assert (call.name, call.parameters) == ("weather", {"city": "Oslo"})
    first, second = doors.gateway.requests
    assert first.tools[0].parameters == {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Where."}},
        "required": ["city"],
    }
    assistant, result = second.messages
    assert (assistant.tool_calls[0].name, json.loads(assistant.tool_calls[0].arguments)) == (
        "weather",
        {"city": "Oslo"},
    )
    assert (result.role, json.loads(result.text)) == ("tool", [{"degrees": 4}])
    assert result.tool_call_id == assistant.tool_calls[0].id


@pytest.mark.feature("I1")
def test_embeddings_read_like_cohere(doors: Served) -> None:
    """Plain lists, and by type when types are asked for."""
    client = _client(doors)

    plain: Any = client.embed(texts=["a", "bb"], model="e", input_type="search_query")
    typed: Any = client.embed(texts=["a"], model="e", input_type="search_query", embedding_types=["float"])

    assert plain.embeddings == [[0.5, 1.0], [0.5, 2.0]]
    assert typed.embeddings.float_ == [[0.5, 1.0]]


@pytest.mark.feature("I1")
def test_generate_reads_like_cohere(doors: Served) -> None:
    """Whole and streamed; the prompt arrives as a user's message."""
    reply = _client(doors).generate(prompt="How long?", max_tokens=9)
    doors.gateway.chunks = [Chunk("Fourteen "), Chunk("days.")]
    events: list[Any] = list(_client(doors).generate_stream(prompt="How long?"))

    assert (reply.generations[0].text, reply.generations[0].finish_reason) == ("Fourteen days.", "COMPLETE")
    assert [event.text for event in events[:2]] == ["Fourteen ", "days."]
    assert events[-1].response.generations[0].text == "Fourteen days."
    assert [(m.role, m.text) for m in doors.gateway.requests[0].messages] == [("user", "How long?")]


DOCUMENTS: Any = [
    {"title": "Refunds", "snippet": "Money comes back to your card in 14 days.", "_excludes": ["url"], "url": "x.org"},
    {"id": "ship", "text": "Shipping is free of charge in Norway."},
]


@pytest.mark.feature("I1")
def test_documents_are_shown_and_cited(doors: Served) -> None:
    """The reply names the ids it rests on and gives their documents; fields that are excluded are not shown."""
    doors.gateway.reply = a_reply("Soon. Your money comes back to your card in 14 days.")

    reply = _client(doors).chat(message="How long?", documents=DOCUMENTS)

    said = doors.gateway.requests[0].messages[0].text
    assert "snippet: Money comes back" in said
    assert "x.org" not in said
    (cited,) = reply.citations or []
    assert (cited.text, cited.document_ids) == ("money comes back to your card in 14 days", ["doc_0"])
    assert cited.text == reply.text[cited.start : cited.end]
    (document,) = reply.documents or []
    assert dict(document)["id"] == "doc_0"


@pytest.mark.feature("I1")
def test_a_stream_s_citations_come_before_its_end(doors: Served) -> None:
    """And once more with the whole reply."""
    doors.gateway.reply = a_reply("Shipping is free of charge in Norway.")
    doors.gateway.chunks = [Chunk("Shipping is free of charge in Norway.")]

    events: list[Any] = list(_client(doors).chat_stream(message="How much?", documents=DOCUMENTS))

    assert [event.event_type for event in events[-2:]] == ["citation-generation", "stream-end"]
    assert events[-2].citations[0].document_ids == ["ship"]
    assert events[-1].response.citations == events[-2].citations


@pytest.mark.feature("I1")
def test_what_tools_gave_is_cited(doors: Served) -> None:
    """By the tool's name and the numbers of its result and output, in this turn and in earlier ones."""
    doors.gateway.reply = a_reply("Four degrees in Oslo today. It rains all day in Bergen.")
    earlier: Any = [
        {"call": {"name": "weather", "parameters": {}}, "outputs": [{"said": "It rains all day in Bergen"}]}
    ]
    now: Any = [{"call": {"name": "heat", "parameters": {}}, "outputs": [{}, {"said": "four degrees in Oslo"}]}]

    reply = _client(doors).chat(
        message="", tools=[WEATHER], chat_history=[{"role": "TOOL", "tool_results": earlier}], tool_results=now
    )

    cited = [(each.text, each.document_ids) for each in reply.citations or []]
    assert cited == [("Four degrees in Oslo", ["heat:1:1"]), ("It rains all day in Bergen", ["weather:0:0"])]
    assert [dict(document)["id"] for document in reply.documents or []] == ["heat:1:1", "weather:0:0"]


@pytest.mark.feature("I1")
def test_a_search_query_is_the_message_itself(doors: Served) -> None:
    """No model is asked for it, whole or streamed."""
    client = _client(doors)

    reply = client.chat(message="How long do refunds take?", search_queries_only=True)
    events: list[Any] = list(client.chat_stream(message="How long?", search_queries_only=True))

    assert [query.text for query in reply.search_queries or []] == ["How long do refunds take?"]
    assert [event.event_type for event in events] == ["search-queries-generation", "stream-end"]
    assert doors.gateway.calls == 0


def test_likelihoods_of_a_generation_are_those_of_its_tokens(doors: Served) -> None:
    """The mean and one a token, where they are asked for; those of the prompt are refused, and any in a stream."""
    tokens = (TokenLogprob("Fourteen", -0.2), TokenLogprob(" days.", -0.4))
    doors.gateway.reply = replace(a_reply("Fourteen days."), tokens=tokens)
    client = _client(doors)

    (told,) = client.generate(prompt="How long?", return_likelihoods="GENERATION").generations
    doors.gateway.reply = a_reply()
    (plain,) = client.generate(prompt="How long?").generations

    assert told.likelihood == pytest.approx(-0.3)
    assert [(each.token, each.likelihood) for each in told.token_likelihoods or []] == [
        ("Fourteen", -0.2), (" days.", -0.4),
    ]  # fmt: skip
    assert plain.token_likelihoods is None
    assert [asked.logprobs for asked in doors.gateway.requests] == [True, False]
    with pytest.raises(ApiError) as raised:
        client.generate(prompt="a", return_likelihoods="ALL", request_options=ONCE)
    assert "GENERATION and NONE are served" in str(raised.value.body)
    with pytest.raises(ApiError) as raised:
        list(client.generate_stream(prompt="a", return_likelihoods="GENERATION", request_options=ONCE))
    assert "not served in a stream" in str(raised.value.body)


def test_several_generations_are_as_many_calls(doors: Served) -> None:
    """Whole they come together, with a seed each; more than 128, and several in a stream, are refused."""
    doors.gateway.then = [a_reply("One."), a_reply("Two.")]

    reply = _client(doors).generate(prompt="a", num_generations=2, request_options=ONCE)

    assert {generation.text for generation in reply.generations} == {"One.", "Two."}
    assert sorted(asked.seed or 0 for asked in doors.gateway.requests) == [0, 1]
    with pytest.raises(ApiError) as raised:
        _client(doors).generate(prompt="a", num_generations=129, request_options=ONCE)
    assert "send 1 to 128" in str(raised.value.body)
    with pytest.raises(ApiError) as raised:
        list(_client(doors).generate_stream(prompt="a", num_generations=2, request_options=ONCE))
    assert "a stream of several" in str(raised.value.body)


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"connectors": [{"id": "web-search"}]}, "connectors is not served"),
        ({"chat_history": [{"role": "NOBODY", "message": "a"}]}, "role is 'NOBODY'"),
    ],
)
def test_what_nobody_else_could_be_given_is_refused(sent: dict[str, Any], told: str, doors: Served) -> None:
    """Status 400, and what to do."""
    with pytest.raises(ApiError) as raised:
        _client(doors).chat(message="a", request_options=ONCE, **sent)
    assert raised.value.status_code == 400
    assert told in str(raised.value.body)


def test_a_failure_is_told_as_cohere_tells_it(doors: Served) -> None:
    """Status and message."""
    doors.gateway.error = CallFailedError("nobody answers")
    with pytest.raises(ApiError) as raised:
        _client(doors).chat(message="a", request_options=ONCE)
    assert "nobody answers" in raised.value.body["message"]
