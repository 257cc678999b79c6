"""Errors at the doors: what `failures` tells, in the protocol of the client, and whether trying again makes sense.

The vendors' SDKs retry 408, 409, 429 and every 5xx unless told otherwise. What the gateway has tried already, and what
cannot get better by itself, is marked as final, so that one call of a client stays one call.
"""

from __future__ import annotations

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
from app.intelligence.wire import anthropic_messages_reply, openai_chat_reply
from app.interface.failures import failure_of

Dialect = Literal["openai", "anthropic"]

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


def error_kind(dialect: Dialect, error: AppError) -> str:
    """What a client of `dialect` calls this kind of error."""
    failure = failure_of(error)
    return failure.kind if dialect == "openai" else _ANTHROPIC_KINDS.get(failure.status, "api_error")


def error_body(dialect: Dialect, error: AppError) -> dict[str, Any]:
    """The JSON a client of `dialect` reads."""
    failure = failure_of(error)
    if dialect == "anthropic":
        return anthropic_messages_reply.encode_error(error_kind(dialect, error), failure.message)
    return openai_chat_reply.encode_error(failure.kind, failure.message, failure.code)


def error_response(dialect: Dialect, error: AppError) -> Response:
    """The whole answer, with `x-should-retry: false` where it is final."""
    failure = failure_of(error)
    headers = dict(failure.headers)
    if isinstance(error, FINAL):
        headers["x-should-retry"] = "false"
    return Response(orjson.dumps(error_body(dialect, error)), failure.status, headers, media_type="application/json")
