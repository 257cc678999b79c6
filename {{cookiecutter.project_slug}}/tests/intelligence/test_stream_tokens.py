"""Tokens of a streamed reply leave the gateway with the text they make up, and with no other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.caller import Caller
from app.errors import InputError
from app.intelligence.messages import Chunk, Message, ModelReply, ModelRequest, TokenLogprob, Usage
from app.intelligence.personal_data.stream_tokens import ChunksWithTokens
from app.intelligence.personal_data.streams import RestoredChunks
from app.intelligence.personal_data.vault import Vault
from app.intelligence.providers.scripted import ScriptedProvider
from app.intelligence.reply import Reply
from tests.intelligence.conftest import Bench

Make = Callable[[ScriptedProvider], Bench]
ME = Caller(tenant="acme")
MAIL = "grace.hopper@example.com"


def asked(text: str = "Hello") -> ModelRequest:
    return ModelRequest("large", (Message("user", text),), logprobs=True, top_logprobs=1)


def said(*pieces: str) -> ModelReply:
    tokens = tuple(TokenLogprob(piece, -0.1, ((piece, -0.1),)) for piece in pieces)
    return ModelReply("".join(pieces), "big", Usage(3, 3), tokens=tokens)


async def items_of(made: Bench, request: ModelRequest) -> list[Any]:
    return [item async for item in made.gateway.chat_stream(request, ME, task="door")]


@pytest.mark.feature("I1")
async def test_every_piece_of_text_has_its_tokens(bench: Make) -> None:
    """However the guard cuts the text; the reply at the end has them all, and so has one from the cache."""
    made = bench(ScriptedProvider(said("Hel", "lo", " the", "re, it", " is fine", " to", "day.")))

    first, again = await items_of(made, asked()), await items_of(made, asked())

    for items in (first, again):
        chunks, reply = [item for item in items if isinstance(item, Chunk)], items[-1]
        assert all(chunk.text == "".join(token.token for token in chunk.tokens) for chunk in chunks)
        assert isinstance(reply, Reply)
        assert "".join(chunk.text for chunk in chunks) == reply.text == "".join(one.token for one in reply.tokens)
    assert again[-1].cached


async def test_nothing_is_told_that_nobody_asked_for(bench: Make) -> None:
    """Tokens that a provider tells all the same stay inside."""
    request = ModelRequest("large", (Message("user", "Hello"),))

    items = await items_of(bench(ScriptedProvider(said("Hel", "lo."))), request)

    assert all(item.tokens == () for item in items)


@pytest.mark.feature("I4")
async def test_what_a_guard_takes_out_does_not_leave_by_the_tokens(bench: Make) -> None:
    """The stream ends in an error that says so, and no token holds what was taken out."""
    made = bench(ScriptedProvider(said("It is fine. ", "Ask ", "grace", ".hopper@example", ".com", " for", " it.")))
    told: list[Any] = []

    async def read() -> None:
        async for item in made.gateway.chat_stream(asked(), ME, task="door"):
            told.append(item)

    with pytest.raises(InputError, match="logprobs cannot be told of this stream"):
        await read()

    assert not any("hopper" in token.token for chunk in told for token in chunk.tokens)
    assert len(made.rows) == 1


@pytest.mark.parametrize("reply", [said("Noted: ", "<EMAIL_1>", "."), ModelReply("Noted.", "big", Usage(3, 3))])
async def test_a_stream_that_cannot_have_them_is_an_error(bench: Make, reply: ModelReply) -> None:
    """Personal data was put back into its text, or the provider tells none."""
    with pytest.raises(InputError, match="its provider tells none, or its text had personal data"):
        await items_of(bench(ScriptedProvider(reply)), asked(f"I am {MAIL}."))


@given(st.lists(st.text(max_size=4), max_size=8), st.data())
def test_wherever_text_and_characters_are_cut(pieces: list[str], data: st.DataObject) -> None:
    """Text comes out whole, each chunk with the tokens it is made of, parts of characters together."""
    whole = "".join(pieces)
    encoded = whole.encode("utf-8", "surrogatepass")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(encoded)), max_size=6)))
    said_by = [encoded[a:b] for a, b in zip([0, *cuts], [*cuts, len(encoded)], strict=True)]
    tokens = [TokenLogprob("?", -1.0, part=part) for part in said_by if part]
    stream = ChunksWithTokens(RestoredChunks(Vault()), tokens)

    told = [stream.feed(Chunk(piece)) for piece in pieces]
    told += [stream.feed(Chunk(finish_reason="stop")), stream.flush()]

    chunks = [chunk for chunk in told if chunk is not None]
    assert "".join(chunk.text for chunk in chunks) == whole
    for chunk in chunks:
        assert b"".join(token.said for token in chunk.tokens) == chunk.text.encode("utf-8", "surrogatepass")
