"""Errors at the doors: what `failures` tells, in the protocol of the client, and whether trying again makes sense.

The vendors' SDKs retry 408, 409, 429 and every 5xx unless told otherwise. What the gateway has tried already, and what
cannot get better by itself, is marked as final, so that one call of a client stays one call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Literal

import orjson
from starlette.responses import Response

from app.errors import (
    AppError,
    BudgetExceededError,
    CallFailedError,
    ConfigurationError,
    InvalidReplyError,
    ProviderError,
)
from app.intelligence.wire import (
    anthropic_messages_reply,
    bedrock_reply,
    cohere_reply,
    gemini_reply,
    interactions_reply,
    ollama_reply,
    openai_chat_reply,
    voyage,
)
from app.intelligence.wire.documented import CHAT, MISTRAL, RESPONSES
from app.interface.failures import Failure, failure_of

Dialect = Literal["openai", "anthropic", "gemini", "ollama", "cohere", "bedrock", "interactions", "voyage"]

FINAL = (BudgetExceededError, CallFailedError, InvalidReplyError, ProviderError, ConfigurationError)

_ANTHROPIC_KINDS = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_GOOGLE_KINDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    402: "RESOURCE_EXHAUSTED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    413: "INVALID_ARGUMENT",
    422: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
# Protocols whose clients know no header against trying again: a failure that is final gets a status they leave alone.
_HEADLESS: tuple[Dialect, ...] = ("bedrock", "interactions")
_FINAL_STATUS = 424
# Our own status for a body that cannot be meant, and the vendors', for which their clients have an exception.
_OURS, _THEIRS = 422, 400
# Messages about a field begin with its place in the body.
_PLACE = re.compile(r"([a-z_]+)[\w.\[\]]*(?= )")
# Of its chat, of Responses, and of Mistral, whose client asks at the same place.
_OPENAI_FIELDS = CHAT.fields | RESPONSES.fields | MISTRAL.fields
# Kind and status at Amazon.
_AMAZON_KINDS = {
    400: ("ValidationException", 400),
    401: ("AccessDeniedException", 401),
    402: ("ServiceQuotaExceededException", 402),
    403: ("AccessDeniedException", 403),
    404: ("ResourceNotFoundException", 404),
    413: ("ValidationException", 400),
    422: ("ValidationException", 400),
    429: ("ThrottlingException", 429),
    503: ("ServiceUnavailableException", 503),
}
_AMAZON_FINAL = "ModelErrorException"
_AMAZON_OTHER = ("InternalServerException", 500)
# Where the doors of each protocol are; all other paths are OpenAI's.
_PLACES: tuple[tuple[re.Pattern[str], Dialect], ...] = (
    (re.compile(r"/v1/messages"), "anthropic"),
    (re.compile(r"/v1(beta)?/interactions"), "interactions"),
    (re.compile(r"/v1beta/|/v1/models/.+:"), "gemini"),
    (re.compile(r"/model/"), "bedrock"),
    (re.compile(r"/voyage/"), "voyage"),
    (re.compile(r"/api/"), "ollama"),
    (re.compile(r"/v2/|/v1/(chat|embed|generate|rerank)$"), "cohere"),
)
_BODIES: Mapping[Dialect, Callable[[str, Failure], dict[str, Any]]] = {
    "openai": lambda kind, failure: openai_chat_reply.encode_error(
        kind, failure.message, failure.code, _param_of(failure)
    ),
    "anthropic": lambda kind, failure: anthropic_messages_reply.encode_error(kind, failure.message),
    "gemini": lambda kind, failure: gemini_reply.encode_error(kind, failure.message, failure.status),
    "interactions": lambda kind, failure: interactions_reply.encode_error(kind, failure.message),
    "ollama": lambda kind, failure: ollama_reply.encode_error(failure.message),
    "bedrock": lambda kind, failure: bedrock_reply.encode_error(failure.message),
    "voyage": lambda kind, failure: voyage.encode_error(failure.message),
    "cohere": lambda kind, failure: cohere_reply.encode_error(failure.message),
}


def dialect_of(path: str) -> Dialect:
    """The protocol of the clients that ask at `path`."""
    return next((dialect for place, dialect in _PLACES if place.match(path)), "openai")


def error_kind(dialect: Dialect, error: AppError) -> str:
    """What a client of `dialect` calls this kind of error; some have no names of their own."""
    failure = failure_of(error)
    if dialect == "anthropic":
        return _ANTHROPIC_KINDS.get(failure.status, "api_error")
    if dialect == "bedrock":
        return _at_amazon(error, failure)[0]
    google_s = dialect in ("gemini", "interactions")
    return _GOOGLE_KINDS.get(failure.status, "INTERNAL") if google_s else failure.kind


def error_body(dialect: Dialect, error: AppError) -> dict[str, Any]:
    """The JSON a client of `dialect` reads."""
    return _BODIES[dialect](error_kind(dialect, error), failure_of(error))


def error_response(dialect: Dialect, error: AppError) -> Response:
    """The whole answer, with `x-should-retry: false` where it is final."""
    failure = failure_of(error)
    headers, status = dict(failure.headers), _THEIRS if failure.status == _OURS else failure.status
    if isinstance(error, FINAL):
        headers["x-should-retry"] = "false"
    if dialect == "bedrock":
        headers["x-amzn-errortype"], status = _at_amazon(error, failure)
    if dialect in _HEADLESS and _ends(error, failure):
        status = _FINAL_STATUS
    return Response(orjson.dumps(error_body(dialect, error)), status, headers, media_type="application/json")


def _param_of(failure: Failure) -> str | None:
    """The field of OpenAI's that an error is about; None when it is about none."""
    place = _PLACE.match(failure.message) if failure.kind == "invalid_request_error" else None
    return place[0] if place is not None and place[1] in _OPENAI_FIELDS else None


def _ends(error: AppError, failure: Failure) -> bool:
    return failure.status >= 500 and isinstance(error, FINAL)


def _at_amazon(error: AppError, failure: Failure) -> tuple[str, int]:
    if _ends(error, failure):
        return _AMAZON_FINAL, _FINAL_STATUS
    return _AMAZON_KINDS.get(failure.status, _AMAZON_OTHER)
