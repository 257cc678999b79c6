"""Several replies to one question, for protocols in which a client asks for so many: as many calls of ours.

A stream of several is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from app.errors import InputError
from app.intelligence.messages import ModelRequest
from app.intelligence.wire.fields import Kind, optional

# What OpenAI documents.
MOST = 128


def decode_each(
    body: Mapping[str, Any], field: str, decode: Callable[[Mapping[str, Any]], ModelRequest]
) -> tuple[ModelRequest, ...]:
    """A client's body, a request for each reply that `field` asks for; each has a seed of its own, for they are to
    differ. `decode` reads the body without that field.

    Raises InputError naming the field that is wrong.
    """
    count = optional(body, field, Kind.WHOLE)
    if count is not None and not 1 <= count <= MOST:
        raise InputError(f"{field} is {count}: send 1 to {MOST}")
    request = decode({name: value for name, value in body.items() if name != field})
    if count is None or count == 1:
        return (request,)
    if request.stream:
        raise InputError(f"{field} is {count}: a stream of several is not served here, send no stream or {field} = 1")
    return tuple(replace(request, seed=(request.seed or 0) + index) for index in range(count))
