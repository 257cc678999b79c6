"""A token of a reply and how likely it was, as OpenAI's chat and Responses write it.

A token may be a part of a character; then its `token` is the bytes spelled out, and only `bytes` says what it adds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.intelligence.messages import TokenLogprob


def encode_token(each: TokenLogprob, *, with_bytes: bool = True) -> dict[str, Any]:
    """One token with those beside it; the events of Responses have no bytes."""
    encoded = {"token": each.token, "logprob": each.logprob}
    beside = [{"token": token, "logprob": logprob} for token, logprob in each.top]
    if with_bytes:
        encoded["bytes"] = list(each.said)
        beside = [{**one, "bytes": list(str(one["token"]).encode("utf-8", "surrogatepass"))} for one in beside]
    return {**encoded, "top_logprobs": beside}


def decode_token(token: Mapping[str, Any]) -> TokenLogprob:
    """What a provider says of one token. Raises KeyError, TypeError, ValueError or AttributeError."""
    name = str(token.get("token") or "")
    said = bytes(token.get("bytes") or ())
    return TokenLogprob(
        name,
        float(token["logprob"]),
        tuple((str(top.get("token") or ""), float(top["logprob"])) for top in token.get("top_logprobs") or ()),
        b"" if said == name.encode("utf-8", "surrogatepass") else said,
    )


def by_character(tokens: Sequence[TokenLogprob]) -> Iterator[tuple[str, Sequence[TokenLogprob]]]:
    """Text and its tokens, one token at a time, but for those that only together make up a character."""
    begun = 0
    for end in range(1, len(tokens) + 1):
        said = b"".join(each.said for each in tokens[begun:end])
        try:
            text = said.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            continue
        yield text, tokens[begun:end]
        begun = end
