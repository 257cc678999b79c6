"""Each field that the vendors' SDKs document: served, passed on, harmless or refused, as the table says.

OpenAI's and Anthropic's SDKs ask; for SDKs that check or rename what they send, the body goes as it stands on the wire.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import anthropic
import openai
import pytest

from app.intelligence.messages import ModelRequest, TokenLogprob
from app.intelligence.wire import (
    anthropic_messages,
    cohere,
    documented,
    openai_chat,
    openai_responses,
)
from app.intelligence.wire.documented import CHAT, COHERE, GEMINI, MESSAGES, MISTRAL, OLLAMA, RESPONSES, Door, names_of
from app.intelligence.wire.reaching import left_out
from app.interface.doors.answers import LEFT_OUT_HEADER
from tests.interface.field_samples import (
    CHAT_BESIDE,
    CHAT_SAMPLES,
    CHAT_TOOL,
    COHERE_BESIDE,
    COHERE_SAMPLES,
    GEMINI_SAMPLES,
    HELLO,
    MESSAGES_BESIDE,
    MESSAGES_SAMPLES,
    MISTRAL_SAMPLES,
    OLLAMA_SAMPLES,
    RESPONSES_BESIDE,
    RESPONSES_SAMPLES,
)
from tests.interface.served_doors import Served, a_reply

# What the SDK keeps for itself: it is not sent in the body.
GEMINI_CLIENT_S = frozenset(
    ["http_options", "automatic_function_calling", "should_return_http_response", "automatic_continuation"]
)
COHERE_CLIENT_S = frozenset({"self", "request_options"})


@cache
def _openai(doors: Served) -> Any:
    """One client for all: each that is made reads certificates."""
    return doors.openai()


@cache
def _anthropic(doors: Served) -> Any:
    return doors.anthropic()


def chat(doors: Served, body: Mapping[str, Any]) -> Any:
    """OpenAI's SDK, its raw answer; a stream is read to its end."""
    answer = _openai(doors).chat.completions.with_raw_response.create(**{"model": "m", "messages": HELLO, **body})
    return _read(answer, body)


def responses(doors: Served, body: Mapping[str, Any]) -> Any:
    return _read(_openai(doors).responses.with_raw_response.create(**{"model": "m", "input": "Hello", **body}), body)


def messages(doors: Served, body: Mapping[str, Any]) -> Any:
    """What the SDK's method does not take goes along as it says that it is to go."""
    client = _anthropic(doors)
    taken = inspect.signature(client.messages.create).parameters
    rest = {name: value for name, value in body.items() if name not in taken or name == "workspace_id"}
    named = {name: value for name, value in body.items() if name not in rest}
    asked = {"model": "m", "max_tokens": 50, "messages": HELLO, **named, "extra_body": rest}
    return _read(client.messages.with_raw_response.create(**asked), body)


def by_http(path: str, minimal: Mapping[str, Any], agent: str = "test") -> Callable[[Served, Mapping[str, Any]], Any]:
    """The body as it stands on the wire, for SDKs that check or rename what they send."""
    import httpx2

    from tests.interface.served_doors import KEY

    def ask(doors: Served, body: Mapping[str, Any]) -> Any:
        whole: dict[str, Any] = dict(minimal)
        for name, value in body.items():
            holder, _, inner = name.rpartition(".")
            if holder:
                whole[holder] = {**whole.get(holder, {}), inner: value}
            else:
                whole[name] = value
        headers = {"authorization": f"Bearer {KEY}", "user-agent": agent}
        return httpx2.post(f"{doors.url}{path}", json=whole, headers=headers)

    return ask


def _read(answer: Any, body: Mapping[str, Any]) -> Any:
    if body.get("stream"):
        for _ in answer.parse():
            pass
    return answer


@dataclass(frozen=True)
class Case:
    """How a door's fields are asked for. `quiet` are those the request need not show: the answer does, or their value
    here is the only one."""

    door: Door
    ask: Callable[[Served, Mapping[str, Any]], Any]
    samples: Mapping[str, Any]
    beside: Mapping[str, Any]
    quiet: frozenset[str] = frozenset()


CASES = (
    Case(CHAT, chat, CHAT_SAMPLES, CHAT_BESIDE, frozenset({"n", "stream_options", "modalities"})),
    Case(RESPONSES, responses, RESPONSES_SAMPLES, RESPONSES_BESIDE),
    Case(MESSAGES, messages, MESSAGES_SAMPLES, MESSAGES_BESIDE),
    Case(
        COHERE,
        by_http("/v2/chat", {"model": "m", "messages": HELLO}),
        COHERE_SAMPLES,
        COHERE_BESIDE,
        frozenset({"citation_options"}),
    ),
    Case(
        MISTRAL,
        by_http("/v1/chat/completions", {"model": "m", "messages": HELLO}, agent="mistral-client-python/3.7.0"),
        MISTRAL_SAMPLES,
        {"tool_choice": {"tools": [CHAT_TOOL]}},
        frozenset({"n"}),
    ),
    Case(
        GEMINI,
        by_http("/v1beta/models/m:generateContent", {"contents": [{"parts": [{"text": "Hello"}]}]}),
        GEMINI_SAMPLES,
        {
            "toolConfig": {"tools": GEMINI_SAMPLES["tools"]},
            "generationConfig.logprobs": {"generationConfig.responseLogprobs": True},
        },
        frozenset({"generationConfig.candidateCount", "generationConfig.responseModalities"}),
    ),
    Case(
        OLLAMA,
        by_http("/api/chat", {"model": "m", "messages": HELLO, "stream": False}),
        OLLAMA_SAMPLES,
        {},
    ),
)


def every_field() -> Iterator[Any]:
    """A case and the name of one of its fields."""
    for case in CASES:
        for name in sorted(case.door.fields):
            yield pytest.param(case, name, id=f"{case.door.protocol}-{name}")


def asked_of(doors: Served, case: Case, body: Mapping[str, Any]) -> tuple[Any, list[ModelRequest]]:
    doors.gateway.reset()
    doors.gateway.reply = a_reply("[]", tokens=(TokenLogprob("[]", -0.1),))
    answer = case.ask(doors, body)
    return answer, list(doors.gateway.requests)


@pytest.mark.feature("I1")
@pytest.mark.parametrize(("case", "name"), list(every_field()))
def test_a_field_is_treated_as_the_table_says(doors: Served, case: Case, name: str) -> None:
    """Served ones change what is asked of the gateway; passed ones travel and are named, harmless ones are not; refused
    ones are an error of the vendor's that names them."""
    door, beside = case.door, case.beside.get(name, {})
    body = {**beside, name: case.samples[name]}
    if name in door.refused:
        _is_refused(doors, case, name, body)
        return
    before = asked_of(doors, case, beside)[1]
    answer, requests = asked_of(doors, case, body)
    travelled = set(names_of(requests[0].extra.get(door.protocol, {})))
    if name in door.served:
        assert name in case.quiet or [_without_extra(r) for r in requests] != [_without_extra(r) for r in before]
        assert LEFT_OUT_HEADER not in answer.headers
        return
    assert [_without_extra(r) for r in requests] == [_without_extra(r) for r in before]
    told = answer.headers.get(LEFT_OUT_HEADER, "").split(", ")
    if name in door.passed:
        assert name in travelled
        assert (name in told) != (name == "parallel_tool_calls")
        assert left_out(requests[0], door.protocol) == () or door is MISTRAL
    else:
        assert name not in told


def _is_refused(doors: Served, case: Case, name: str, body: Mapping[str, Any]) -> None:
    doors.gateway.reset()
    try:
        answer = case.ask(doors, body)
    except (openai.BadRequestError, anthropic.BadRequestError) as error:
        answer = error.response
    assert answer.status_code == 400
    told = answer.json()
    assert case.door not in (CHAT, RESPONSES, MISTRAL) or told["error"]["param"] == name
    assert f"{name} {case.door.refused[name].partition(':')[0]}" in str(told).replace("\\'", "'")
    assert doors.gateway.requests == []


def _without_extra(request: ModelRequest) -> ModelRequest:
    return replace(request, extra={})


def test_the_table_holds_every_field_of_the_sdks() -> None:
    """A field that a newer SDK documents has to be decided upon before the pin is raised."""
    from anthropic.types import message_create_params as of_anthropic
    from cohere import ClientV2
    from google.genai import types as of_google
    from mistralai.client.models import ChatCompletionRequest
    from ollama._types import ChatRequest, Options
    from openai.types.chat import completion_create_params as of_chat
    from openai.types.responses import response_create_params as of_responses

    def hints(*types: Any) -> set[str]:
        return {name for each in types for name in get_type_hints(each)}

    assert hints(of_chat.CompletionCreateParamsStreaming, of_chat.CompletionCreateParamsNonStreaming) == CHAT.fields
    assert hints(of_responses.ResponseCreateParamsStreaming) == RESPONSES.fields
    known = MESSAGES.fields - {"mcp_servers", "temperature", "top_p", "top_k", "thinking"}
    assert known <= hints(of_anthropic.MessageCreateParamsStreaming) <= MESSAGES.fields
    cohere_s = set(inspect.signature(ClientV2.chat).parameters) - COHERE_CLIENT_S
    assert cohere_s | {"stream"} == COHERE.fields
    assert set(ChatCompletionRequest.model_fields) == MISTRAL.fields
    assert {*ChatRequest.model_fields, *(f"options.{name}" for name in Options.model_fields)} == OLLAMA.fields | {
        "options"
    }
    google_s = {_camel(name) for name in set(of_google.GenerateContentConfig.model_fields) - GEMINI_CLIENT_S}
    assert google_s | {"contents"} == {name.rpartition(".")[2] for name in GEMINI.fields}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def test_what_protocols_share_reaches_the_other(doors: Served) -> None:
    """Effort, verbosity and calls side by side; what only one knows is named as left out."""
    own = {"reasoning_effort": "low", "verbosity": "low", "parallel_tool_calls": False, "logit_bias": {"1": 2}}
    told = openai_chat.decode_request({"model": "m", "messages": HELLO, "tools": [CHAT_TOOL], **own})
    sent = openai_responses.encode_request(told)
    assert (sent["reasoning"], sent["text"], sent["parallel_tool_calls"]) == (
        {"effort": "low"},
        {"verbosity": "low"},
        False,
    )
    assert left_out(told, "responses") == ("logit_bias",)
    assert anthropic_messages.encode_request(told)["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    assert left_out(told, "anthropic") == ("logit_bias", "reasoning_effort", "verbosity")

    told = openai_responses.decode_request(
        {"model": "m", "input": "x", "reasoning": {"effort": "high"}, "text": {"verbosity": "high"}, "seed": 3}
    )
    assert openai_chat.encode_request(told)["reasoning_effort"] == "high"
    assert openai_chat.encode_request(told)["verbosity"] == "high"
    assert "reasoning" not in cohere.encode_request(told)
    assert left_out(replace(told, seed=1), "cohere") == ("reasoning", "seed", "text.verbosity")
    assert left_out(replace(told, extra={}, seed=1), "anthropic") == ("seed",)


def test_a_stream_says_what_is_left_out(doors: Served) -> None:
    """Before it begins: of the provider that would be asked first. A field nobody documents is named, too."""
    body = {"logit_bias": {"1": 2}, "stream": True, "extra_body": {"min_p": 0.1}}

    assert chat(doors, body).headers[LEFT_OUT_HEADER] == "logit_bias, min_p"
    assert chat(doors, {**body, "stream": False, "n": 2}).headers[LEFT_OUT_HEADER] == "logit_bias, min_p"
    assert LEFT_OUT_HEADER not in chat(doors, {"metadata": {"a": "b"}}).headers


@pytest.mark.parametrize("kind", ["web_search", "file_search", "code_interpreter", "image_generation", "mcp"])
def test_tools_that_run_at_a_provider_are_refused_with_a_remedy(doors: Served, kind: str) -> None:
    """At OpenAI's doors; Anthropic's and Google's are refused the same way."""
    client: Any = doors.openai()
    with pytest.raises(openai.BadRequestError, match="offer a function of your own that does it") as refused:
        client.responses.create(model="m", input="x", tools=[{"type": kind}])
    assert (refused.value.param, refused.value.type) == ("tools[0].type", "invalid_request_error")

    searching = by_http("/v1/messages", {"model": "m", "max_tokens": 9, "messages": HELLO})
    answer = searching(doors, {"tools": [{"type": "web_search_20250305", "name": "web_search"}]})
    assert (answer.status_code, "function of your own" in answer.text) == (400, True)
    searching = by_http("/v1beta/models/m:generateContent", {"contents": [{"parts": [{"text": "x"}]}]})
    for tool in ("googleSearch", "codeExecution", "urlContext"):
        answer = searching(doors, {"tools": [{tool: {}}]})
        assert (answer.status_code, "send functionDeclarations" in answer.text) == (400, True)


def test_results_of_tools_find_their_call_without_an_id(doors: Served) -> None:
    """By the name of the tool, else by their order; one that answers none is an error that names the place."""
    calls = [
        {"id": id, "type": "function", "function": {"name": name, "arguments": "{}"}}
        for id, name in (("a", "one"), ("b", "two"))
    ]
    made = {"role": "assistant", "content": None, "tool_calls": calls}
    results = [{"role": "tool", "name": "two", "content": "2"}, {"role": "tool", "content": "1"}]
    client: Any = doors.openai()

    client.chat.completions.create(model="m", messages=[*HELLO, made, *results])
    asked = doors.gateway.requests[0].messages
    assert [(message.tool_call_id, message.text) for message in asked[2:]] == [("b", "2"), ("a", "1")]
    with pytest.raises(
        openai.BadRequestError, match=r"messages\[1\].tool_call_id is missing.* answers no call"
    ) as none:
        client.chat.completions.create(model="m", messages=[*HELLO, results[1]])
    assert none.value.param == "messages[1].tool_call_id"


def test_the_table_names_each_field_once() -> None:
    """A field has one treatment, and each note is about a field of its door."""
    for door in documented.DOORS:
        groups = (door.served, door.passed, door.no_effect, frozenset(door.refused))
        assert sum(map(len, groups)) == len(door.fields)
        assert set(door.notes) <= door.fields


def test_the_page_is_written_from_the_table() -> None:
    """`python -m app.interface.doors.page > docs/reference/doors.md` mends it."""
    from app.interface.doors.page import page

    found = Path(__file__).parents[2] / "docs" / "reference" / "doors.md"
    assert found.read_text(encoding="utf-8") == page()
