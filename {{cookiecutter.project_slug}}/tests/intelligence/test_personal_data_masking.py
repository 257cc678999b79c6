"""Masking and restoring: whole texts, streams however cut, tool arguments, requests."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import InputError
from app.intelligence.messages import Message, ModelRequest, Part, Tool, ToolCall
from app.intelligence.personal_data.masking import mask, mask_json_into, mask_request
from app.intelligence.personal_data.shapes import RECOGNISERS
from app.intelligence.personal_data.vault import Vault

VALUES = [value for r in RECOGNISERS for _, value in r.must_find]
TEXTS = [text for r in RECOGNISERS for text, _ in r.must_find]
GLUE = ["", " ", ", ", "\n", "; ", "<", ">", "<EMAIL_1>", "<PHONE_2>", "&lt;IP_1&gt;", "/", "-", '"', "\\", "é", "日本"]
MIXED = st.lists(
    st.one_of(st.sampled_from(TEXTS), st.sampled_from(VALUES), st.sampled_from(GLUE), st.text(max_size=8)), max_size=8
).map("".join)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(MIXED, st.text()), max_size=3))
def test_restoring_undoes_masking(texts: list[str]) -> None:
    """Any text comes back as it was, placeholders of its own included."""
    masked = mask(texts)
    assert [masked.vault.restore(text) for text in masked.texts] == texts


@settings(max_examples=300, deadline=None)
@given(MIXED)
def test_masking_twice_changes_nothing(text: str) -> None:
    """What is masked holds nothing more to mask."""
    once = mask([text]).texts
    again = mask(once)
    assert again.texts == once
    assert len(again.vault) == 0


@settings(max_examples=200, deadline=None)
@given(MIXED, st.integers(1, 20))
def test_a_stream_is_restored_like_the_whole(text: str, size: int) -> None:
    """However a stream is cut, what is shown is the whole text restored."""
    masked = mask([text])
    said = f"{masked.texts[0]} <EMAIL_1> <EMAIL_ <<PHONE_1> {masked.texts[0]}<"
    restorer = masked.vault.restorer()
    shown = "".join(restorer.feed(said[i : i + size]) for i in range(0, len(said), size)) + restorer.flush()
    assert shown == masked.vault.restore(said)


def test_a_stream_is_held_back_for_less_than_one_placeholder() -> None:
    """Text is shown as soon as it can no longer become a placeholder."""
    restorer = mask(["anna@example.com"]).vault.restorer()
    assert restorer.feed("Hello <EM") == "Hello "
    assert restorer.feed("PTY>, ") == "<EMPTY>, "
    assert restorer.feed("<EMAIL_1") == ""
    assert restorer.feed(">!") == "anna@example.com!"


def test_the_same_value_has_the_same_placeholder() -> None:
    """Two texts of one call that name the same address name the same placeholder."""
    masked = mask(["from a@example.com to b@example.com", "b@example.com answered"])
    assert masked.texts == ("from <EMAIL_1> to <EMAIL_2>", "<EMAIL_2> answered")


def test_somebodys_own_placeholder_is_never_restored() -> None:
    """A text that holds `<EMAIL_1>` keeps it: the number is given to nobody."""
    masked = mask(["What is <EMAIL_1>?", "I am anna@example.com"])
    assert masked.texts == ("What is <EMAIL_1>?", "I am <EMAIL_2>")
    assert masked.vault.restore("<EMAIL_1> and <EMAIL_2>") == "<EMAIL_1> and anna@example.com"


def test_overlaps_leave_nothing_behind() -> None:
    """Where findings overlap, all their characters go, as the longest one."""
    masked = mask(["postgresql://app:s3cr3t@db.example.com/app"])
    assert masked.texts == ("postgresql://app:<EMAIL_1>/app",)


def test_a_vault_shows_no_value() -> None:
    """The repr of a vault, which may end in a log, names placeholders only."""
    vault = mask(["anna@example.com"]).vault
    assert repr(vault) == "Vault(<EMAIL_1>)"


def test_a_vault_refuses_to_overflow() -> None:
    """The ten-thousandth value of a kind is refused with a remedy, for its placeholder would not be known as one."""
    vault = Vault()
    for number in range(9999):
        vault.placeholder("EMAIL", f"{number}@example.com")
    with pytest.raises(InputError, match="send it in parts"):
        vault.placeholder("EMAIL", "one@example.com")


ARGUMENTS = json.dumps(
    {
        "to": "jos\u00e9@example.com",
        "note": '\n+49 30 23125 014\t"x"',
        "ssn": "536228726",
        "card": 4111111111111111,
        "n": 3,
    }
)


def test_json_arguments_stay_json() -> None:
    """Escapes, names of fields and numbers are read as JSON; restored values are escaped for it."""
    vault = Vault()
    masked = json.loads(mask_json_into(vault, ARGUMENTS))
    assert masked == {
        "to": "<EMAIL_1>",
        "note": '\n<PHONE_1>\t"x"',
        "ssn": "<US_SSN_1>",
        "card": "<CARD_1>",
        "n": 3,
    }
    assert json.loads(vault.restore_json(json.dumps(masked)))["to"] == "josé@example.com"


@pytest.mark.parametrize(
    "written", ['{"v": "<SECRET_1>"}', '{"v": "\\u003cSECRET_1\\u003e"}', '{"v": "\\u003CSECRET_1\\u003E"}']
)
@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_streamed_arguments_are_restored_escaped(written: str, size: int) -> None:
    """A value with quotes and backslashes keeps the arguments valid JSON, for providers that escape `<` too."""
    vault = Vault()
    vault.placeholder("SECRET", 'a"b\\c\n')
    restorer = vault.restorer(json_text=True)
    shown = "".join(restorer.feed(written[i : i + size]) for i in range(0, len(written), size)) + restorer.flush()
    assert json.loads(shown) == {"v": 'a"b\\c\n'}


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.one_of(MIXED, st.integers(), st.booleans()), max_size=4))
def test_json_is_restored_to_the_same_values(data: dict[str, object]) -> None:
    """Masked JSON parses, and restored it holds the same values, numbers that were masked as strings of them."""
    vault = Vault(["<EMAIL_1>", "<PHONE_2>", "<IP_1>"])
    masked = mask_json_into(vault, json.dumps(data))
    restored = json.loads(vault.restore_json(masked))
    assert {key: str(value) for key, value in restored.items()} == {key: str(value) for key, value in data.items()}


def test_parsed_json_is_restored() -> None:
    """`data` of a reply gets its values back in every string, however deep."""
    masked = mask(["anna@example.com"])
    assert masked.vault.restore_value({"a": ["x <EMAIL_1>", 1, None]}) == {"a": ["x anna@example.com", 1, None]}


@pytest.fixture
def request_with_everything() -> ModelRequest:
    """Personal data in every place a request has for text."""
    image = Part("image", image_url="https://example.com/anna@example.com.png")
    return ModelRequest(
        model="small",
        messages=(
            Message("system", "Escalate to help@example.com."),
            Message("user", (Part("text", "I am anna@example.com"), image), name="anna@example.com"),
            Message("assistant", "", (ToolCall("1", "find", '{"email": "anna@example.com"}'),)),
            Message("tool", '{"phone": "+49 30 23125 014", "mail": "anna@example.com"}', tool_call_id="1", name="find"),
            Message("user", "And <EMAIL_2>?"),
        ),
        tools=(Tool("find", "Owner: help@example.com", {"type": "object"}),),
        extra={"user": "anna@example.com", "metadata": {"ip": "203.0.113.77", "n": 1}},
    )


def test_a_request_is_masked_everywhere(request_with_everything: ModelRequest) -> None:
    """System, user, assistant and tool messages, tool calls, descriptions and extra fields; images stay."""
    masked, vault = mask_request(request_with_everything)
    system, user, assistant, tool, last = masked.messages
    assert system.content == "Escalate to <EMAIL_1>."
    assert user.content == (Part("text", "I am <EMAIL_3>"), request_with_everything.messages[1].content[1])
    assert user.name is None
    assert assistant.tool_calls[0].arguments == '{"email": "<EMAIL_3>"}'
    assert tool.content == '{"phone": "<PHONE_1>", "mail": "<EMAIL_3>"}'
    assert (tool.name, tool.tool_call_id, last.content) == ("find", "1", "And <EMAIL_2>?")
    assert masked.tools[0].description == "Owner: <EMAIL_1>"
    assert masked.extra == {"user": "<EMAIL_3>", "metadata": {"ip": "<IP_1>", "n": 1}}
    assert vault.values == {"help@example.com", "anna@example.com", "+49 30 23125 014", "203.0.113.77"}


def test_a_request_without_personal_data_is_handed_on_as_it_is() -> None:
    """Nothing is copied when there is nothing to mask."""
    request = ModelRequest("small", (Message("user", "Order 100045892, please"),), extra={"top_k": 3})
    masked, vault = mask_request(request)
    assert masked is request
    assert len(vault) == 0
