"""From an error to what a client is told: status, headers, kind, code and message, in OpenAI's words.

Statuses are chosen so that a stock SDK does the right thing: what cannot succeed unchanged gets one it does not retry.
How each protocol writes it down is decided in `door_errors`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse

from app import errors
from app.intelligence.wire.openai_chat_reply import encode_error


@dataclass(frozen=True, slots=True)
class Failure:
    """What a client is told. `kind` and `code` are OpenAI's `type` and `code`."""

    status: int
    kind: str
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)


class RequestRefusedError(errors.InputError):
    """The HTTP request itself is refused: its size, form or place. `status` says so, `code` names the rule."""

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


# The first class that fits counts: subclasses stand before their parents.
RULES: tuple[tuple[type[errors.AppError], int, str, str], ...] = (
    (errors.NotFoundError, 404, "invalid_request_error", "not_found"),
    (errors.InputError, 422, "invalid_request_error", "invalid_input"),
    (errors.UnauthenticatedError, 401, "authentication_error", "invalid_api_key"),
    (errors.ForbiddenError, 403, "permission_error", "forbidden"),
    (errors.BudgetExceededError, 402, "insufficient_quota", "budget_exceeded"),
    (errors.RateLimitedError, 429, "rate_limit_error", "rate_limited"),
    (errors.RefusedError, 403, "permission_error", "refused"),
    (errors.DeadlineExceededError, 504, "api_error", "deadline_exceeded"),
    (errors.CallFailedError, 503, "api_error", "model_unavailable"),
    (errors.InvalidReplyError, 502, "api_error", "invalid_reply"),
    (errors.ProviderError, 502, "api_error", "provider_failed"),
    (errors.StoreUnavailableError, 503, "api_error", "database_unavailable"),
)
INTERNAL = "something went wrong on our side: try again, and name the x-trace-id of this response if it stays"


def failure_of(error: BaseException) -> Failure:
    """How an error is told. One that nobody foresaw says nothing about the inside."""
    if isinstance(error, RequestRefusedError):
        kind = "invalid_request_error" if error.status < 500 else "api_error"
        return Failure(error.status, kind, error.code, str(error), {"retry-after": "1"} if error.status == 503 else {})
    if isinstance(error, HTTPException):
        return Failure(error.status_code, "invalid_request_error", "not_served", _not_served(error))
    for rule, status, kind, code in RULES:
        if isinstance(error, rule):
            return Failure(status, kind, code, str(error), _headers(error))
    return Failure(500, "api_error", "internal_error", INTERNAL)


def failure_response(error: BaseException) -> JSONResponse:
    """The whole response, in OpenAI's form."""
    failure = failure_of(error)
    body = encode_error(failure.kind, failure.message, failure.code)
    return JSONResponse(body, failure.status, dict(failure.headers))


def _headers(error: errors.AppError) -> dict[str, str]:
    if isinstance(error, errors.UnauthenticatedError):
        return {"www-authenticate": "Bearer"}
    if isinstance(error, errors.RateLimitedError):
        return {"retry-after": str(max(1, math.ceil(error.retry_after_s)))}
    return {}


def _not_served(error: HTTPException) -> str:
    if error.status_code == 404:
        return "nothing is served at this path: /openapi.json lists them"
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "another method")
        return f"this method is not served at this path: use {allowed}"
    return str(error.detail)
