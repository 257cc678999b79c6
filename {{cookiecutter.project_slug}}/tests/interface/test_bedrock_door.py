"""Amazon Bedrock's Converse, as Amazon's own SDK sees it."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from botocore.exceptions import ClientError, EventStreamError

from app.errors import AppError, BudgetExceededError, CallFailedError, ForbiddenError, RateLimitedError
from app.intelligence.messages import Chunk, ToolCall, ToolCallDelta
from tests.interface.served_doors import KEY, Served, a_reply

pytestmark = pytest.mark.slow

MODEL = "anthropic.claude-of-the-test-v1:0"
ASKED: Any = [{"role": "user", "content": [{"text": "How long?"}]}]
SCHEMA = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
WEATHER = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOLS: Any = [{"toolSpec": {"name": "weather", "description": "Now.", "inputSchema": {"json": WEATHER}}}]
OSLO = ToolCall("call_7", "weather", '{"city":"Oslo"}')
PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.feature("I1")
def test_a_reply_reads_like_bedrock(doors: Served) -> None:
    """Text, stop reason, usage without the cached tokens, time and the request's id; the call's settings arrive."""
    reply = doors.bedrock().converse(
        modelId=MODEL,
        system=[{"text": "Be short."}],
        messages=ASKED,
        inferenceConfig={"maxTokens": 9, "temperature": 0.5, "topP": 0.75, "stopSequences": ["END"]},
        additionalModelRequestFields={"top_k": 3},
    )

    assert reply["output"]["message"] == {"role": "assistant", "content": [{"text": "Fourteen days."}]}
    assert reply["stopReason"] == "end_turn"
    assert {name: reply["usage"][name] for name in ("inputTokens", "outputTokens", "cacheReadInputTokens")} == {
        "inputTokens": 12,
        "outputTokens": 5,
        "cacheReadInputTokens": 8,
    }
    assert reply["usage"]["totalTokens"] == 25
    assert reply["metrics"]["latencyMs"] >= 0
    assert reply["ResponseMetadata"]["RequestId"]
    asked = doors.gateway.requests[0]
    assert [(m.role, m.text) for m in asked.messages] == [("system", "Be short."), ("user", "How long?")]
    assert (asked.model, asked.max_output_tokens, asked.temperature, asked.top_p) == ("large", 9, 0.5, 0.75)
    assert (asked.stop, asked.extra) == (("END",), {"anthropic": {"top_k": 3}})


@pytest.mark.feature("I1")
@pytest.mark.feature("G10")
def test_a_stream_reads_like_bedrock(doors: Served) -> None:
    """Amazon's own parser takes every frame: the message opens, its text comes in pieces, usage comes last."""
    doors.gateway.chunks = [Chunk("Fourteen\u2028"), Chunk("days.")]

    events = list(doors.bedrock().converse_stream(modelId=MODEL, messages=ASKED)["stream"])

    assert [next(iter(event)) for event in events] == [
        "messageStart",
        "contentBlockDelta",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    assert [event["contentBlockDelta"]["delta"]["text"] for event in events[1:3]] == ["Fourteen\u2028", "days."]
    assert events[4]["messageStop"] == {"stopReason": "end_turn"}
    assert events[5]["metadata"]["usage"]["totalTokens"] == 25


@pytest.mark.feature("I1")
def test_tools_go_round(doors: Served) -> None:
    """A call comes back after its text, and the conversation can be sent again with the result as JSON."""
    doors.gateway.reply = a_reply("I will look.", tool_calls=(OSLO,), finish_reason="tool_calls")
    client = doors.bedrock()
    config: Any = {"tools": TOOLS, "toolChoice": {"any": {}}}

    reply = client.converse(modelId=MODEL, messages=ASKED, toolConfig=config)
    said = reply["output"]["message"]
    result = {"toolUseId": "call_7", "content": [{"json": {"degrees": 4}}], "status": "success"}
    answered = {"role": "user", "content": [{"toolResult": result}, {"text": "And now?"}]}
    client.converse(modelId=MODEL, messages=[*ASKED, said, answered], toolConfig={"tools": TOOLS})

    assert reply["stopReason"] == "tool_use"
    assert said["content"][1] == {"toolUse": {"toolUseId": "call_7", "name": "weather", "input": {"city": "Oslo"}}}
    first, second = doors.gateway.requests
    assert (first.tool_choice, first.tools[0].description, first.tools[0].parameters) == ("required", "Now.", WEATHER)
    assert (second.messages[1].text, second.messages[1].tool_calls) == ("I will look.", (OSLO,))
    assert (second.messages[2].tool_call_id, second.messages[2].text) == ("call_7", '{"degrees":4}')
    assert second.messages[3].text == "And now?"


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
    events = list(doors.bedrock().converse_stream(modelId=MODEL, messages=ASKED, toolConfig={"tools": TOOLS})["stream"])
    for event in events:
        if "contentBlockStart" in event:
            use = event["contentBlockStart"]["start"]["toolUse"]
            calls[event["contentBlockStart"]["contentBlockIndex"]] = [use["toolUseId"], use["name"], ""]
        elif "toolUse" in event.get("contentBlockDelta", {}).get("delta", {}):
            told = event["contentBlockDelta"]
            calls[told["contentBlockIndex"]][2] += told["delta"]["toolUse"]["input"]

    assert calls == {1: ["a", "weather", '{"city":"Oslo"}'], 2: ["b", "weather", '{"city":"Rome"}']}
    assert sum("contentBlockStop" in event for event in events) == 3
    assert events[-2]["messageStop"]["stopReason"] == "tool_use"


@pytest.mark.feature("I1")
def test_schemas_images_and_cache_points_arrive(doors: Served) -> None:
    """A schema given as text, a picture's bytes, and a mark on the text before a cache point."""
    pieces = [{"text": "What is this?"}, {"image": {"format": "png", "source": {"bytes": PNG}}}]
    wanted = {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(SCHEMA), "name": "days"}}}

    doors.bedrock().converse(
        modelId=MODEL,
        system=[{"text": "A long rule."}, {"cachePoint": {"type": "default"}}],
        messages=[{"role": "user", "content": pieces}],
        outputConfig={"textFormat": wanted},
    )

    asked = doors.gateway.requests[0]
    assert asked.output_schema == SCHEMA
    assert getattr(asked.messages[1].content[1], "image_url", "") == "data:image/png;base64,iVBORw0KGgo="
    assert getattr(asked.messages[0].content[0], "mark", None) == {"type": "ephemeral"}


@pytest.mark.feature("I1")
def test_thoughts_of_earlier_turns_are_left_out(doors: Served) -> None:
    """They are the provider's own; text and the rest of the turn stay."""
    thought = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}}
    said = {"role": "assistant", "content": [thought, {"text": "Fourteen."}]}

    doors.bedrock().converse(modelId=MODEL, messages=[*ASKED, said, *ASKED])

    assert [m.text for m in doors.gateway.requests[0].messages] == ["How long?", "Fourteen.", "How long?"]


@pytest.mark.feature("G7")
@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (BudgetExceededError("the day's money is used up"), "ServiceQuotaExceededException", 402),
        (CallFailedError("no model answered"), "ModelErrorException", 424),
        (ForbiddenError("not for this key"), "AccessDeniedException", 403),
    ],
    ids=["budget", "failed", "forbidden"],
)
@pytest.mark.parametrize("streamed", [False, True])
def test_final_errors_are_amazons_and_not_tried_again(
    doors: Served, error: AppError, code: str, status: int, streamed: bool
) -> None:
    """The SDK raises its own error with our words, after exactly one call."""
    doors.gateway.error = error
    client = doors.bedrock()
    ask = client.converse_stream if streamed else client.converse

    with pytest.raises(ClientError) as raised:
        ask(modelId=MODEL, messages=ASKED)

    assert raised.value.response["Error"] == {"Code": code, "Message": str(error)}
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert doors.gateway.calls == 1


@pytest.mark.feature("G8")
def test_a_full_house_is_throttling_and_tried_again(doors: Served) -> None:
    """The SDK knows the kind by its own class."""
    doors.gateway.error = RateLimitedError("too many calls", retry_after_s=0.01)
    client = doors.bedrock()

    with pytest.raises(client.exceptions.ThrottlingException, match="too many calls"):
        client.converse(modelId=MODEL, messages=ASKED)

    assert doors.gateway.calls > 1


@pytest.mark.feature("I1")
def test_an_error_in_mid_stream_is_told_at_the_end(doors: Served) -> None:
    """What has come is there, then the SDK raises the error of the stream."""
    doors.gateway.chunks = [Chunk("Four"), CallFailedError("the provider broke off its stream")]
    events = iter(doors.bedrock().converse_stream(modelId=MODEL, messages=ASKED)["stream"])

    seen = [next(iter(next(events))) for _ in range(2)]
    with pytest.raises(EventStreamError, match="the provider broke off its stream") as raised:
        next(events)

    assert raised.value.response["Error"]["Code"] == "modelStreamErrorException"
    assert seen == ["messageStart", "contentBlockDelta"]


@pytest.mark.feature("I1")
def test_a_wrong_key_is_denied(doors: Served) -> None:
    """The gateway hears nothing."""
    client = doors.bedrock("wrong")

    with pytest.raises(client.exceptions.AccessDeniedException, match="the API key is not known here"):
        client.converse(modelId=MODEL, messages=ASKED)

    assert doors.gateway.calls == 0


def test_a_bearer_token_opens_it_too(doors: Served) -> None:
    """As Amazon's clients send it where the address is of HTTPS."""
    address, key = f"{doors.url}/model/large/converse", {"authorization": f"Bearer {KEY}"}

    assert httpx2.post(address, json={"messages": ASKED}, headers=key).status_code == 200


DOCUMENT = {"document": {"format": "pdf", "name": "a", "source": {"bytes": "AA=="}}}


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"messages": []}, "messages is empty"),
        ({"messages": [{"role": "wizard", "content": []}]}, "messages[0].role is 'wizard'"),
        ({"messages": [{"role": "user", "content": [DOCUMENT]}]}, "messages[0].content[0] holds ['document']"),
        (
            {"messages": [{"role": "user", "content": [{"image": {"format": "png", "source": {"s3Location": {}}}}]}]},
            "messages[0].content[0].image.source has no bytes",
        ),
        ({"guardrailConfig": {"guardrailIdentifier": "g"}}, "guardrailConfig is not served"),
        ({"toolConfig": {"tools": [{"systemTool": {"name": "s"}}]}}, "toolConfig.tools[0] holds ['systemTool']"),
        ({"toolConfig": {"toolChoice": {"some": {}}}}, "toolConfig.toolChoice is {'some': {}}"),
        ({"inferenceConfig": {"maxTokens": 0}}, "maxTokens is 0"),
        ({"outputConfig": {"textFormat": {"type": "xml"}}}, "outputConfig.textFormat.type is 'xml'"),
    ],
    ids=lambda value: None if isinstance(value, str) else "-".join(value),
)
def test_bad_bodies_are_refused_with_the_place(doors: Served, changes: dict[str, Any], says: str) -> None:
    """A body that cannot be meant is refused in Amazon's shape, naming the field."""
    body = {"messages": ASKED, **changes}

    answer = httpx2.post(f"{doors.url}/model/large/converse", json=body, headers={"authorization": f"Bearer {KEY}"})

    assert (answer.status_code, answer.headers["x-amzn-errortype"]) == (400, "ValidationException")
    assert says in answer.json()["message"]
