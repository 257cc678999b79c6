"""OpenAI's completions, the endpoint before chat, as its own SDK sees it."""

from __future__ import annotations

from typing import Any

import openai
import pytest

from app.errors import RateLimitedError
from app.intelligence.messages import Chunk
from tests.interface.served_doors import Served, a_reply

pytestmark = pytest.mark.slow
MODEL = "model-of-the-test"


@pytest.mark.feature("I1")
def test_a_prompt_is_continued(doors: Served) -> None:
    """Text, finish reason and usage; the settings of the call arrive, the prompt as a user's message."""
    reply = doors.openai().completions.create(
        model=MODEL, prompt="How long?", max_tokens=9, temperature=0.5, top_p=0.9, stop="END", seed=7
    )

    assert (reply.object, reply.choices[0].text, reply.choices[0].finish_reason) == (
        "text_completion", "Fourteen days.", "stop",
    )  # fmt: skip
    assert reply.usage is not None
    assert (reply.usage.prompt_tokens, reply.usage.total_tokens) == (20, 25)
    asked = doors.gateway.requests[0]
    assert [(m.role, m.text) for m in asked.messages] == [("user", "How long?")]
    assert (asked.max_output_tokens, asked.temperature, asked.top_p, asked.stop, asked.seed) == (
        9,
        0.5,
        0.9,
        ("END",),
        7,
    )


@pytest.mark.feature("I1")
def test_several_prompts_are_several_calls(doors: Served) -> None:
    """A choice each, in the order of the prompts, and the usage of all."""
    doors.gateway.then = [a_reply("one"), a_reply("two")]

    reply = doors.openai().completions.create(model=MODEL, prompt=["first", "second"])

    assert [(choice.index, choice.text) for choice in reply.choices] == [(0, "one"), (1, "two")]
    assert reply.usage is not None
    assert reply.usage.prompt_tokens == 40
    assert sorted(request.messages[0].text for request in doors.gateway.requests) == ["first", "second"]


@pytest.mark.feature("I1")
@pytest.mark.feature("G10")
def test_a_stream_comes_in_pieces(doors: Served) -> None:
    """Texts, then the finish reason."""
    doors.gateway.chunks = [Chunk("Fourteen "), Chunk("days.")]

    events = list(doors.openai().completions.create(model=MODEL, prompt="How long?", stream=True))

    assert [event.choices[0].text for event in events] == ["Fourteen ", "days.", ""]
    assert [event.choices[0].finish_reason for event in events] == [None, None, "stop"]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ({"prompt": "a", "n": 2}, "one choice a prompt"),
        ({"prompt": "a", "echo": True}, "echo is not served"),
        ({"prompt": [1, 2]}, "send a text or a list of texts"),
        ({"prompt": ["a", "b"], "stream": True}, "a stream of several prompts"),
        ({"prompt": ["a"] * 65}, "send at most 64"),
    ],
)
def test_what_a_reply_could_not_carry_is_refused(sent: dict[str, Any], told: str, doors: Served) -> None:
    """Status 400, and what to do; nothing was asked."""
    with pytest.raises(openai.BadRequestError, match=told):
        doors.openai().completions.create(model=MODEL, **sent)
    assert doors.gateway.calls == 0


def test_one_failure_of_several_is_the_answer(doors: Served) -> None:
    """The client hears of the first."""
    doors.gateway.error = RateLimitedError("slow down", retry_after_s=0.01)

    with pytest.raises(openai.RateLimitError, match="slow down"):
        doors.openai().with_options(max_retries=0).completions.create(model=MODEL, prompt=["a", "b"])
