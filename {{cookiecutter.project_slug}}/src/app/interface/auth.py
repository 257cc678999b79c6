"""Who is calling: an API key becomes a Caller. Everything but the health checks needs one, unknown paths included.

Keys are compared by their SHA-256 in constant time, all of them, so that time tells nothing. Open access exists in
development alone.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.caller import Caller
from app.errors import ConfigurationError, InputError, UnauthenticatedError
from app.settings import ApiKey, Auth, Settings

OPEN_PATHS = frozenset({"/healthz", "/readyz"})
NAME = re.compile(r"[A-Za-z0-9@._:-]{1,128}")
# Where other vendors' clients show their key; Amazon's sign with theirs and show the session's token beside it.
KEY_HEADERS = ("x-api-key", "x-goog-api-key", "x-amz-security-token")
REMEDY = "send a key as `Authorization: Bearer KEY` or `x-api-key: KEY`"


class Authenticated:
    """ASGI middleware that puts `caller` into the request's state or refuses the request."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        if settings.auth.mode == "open" and settings.environment != "dev":
            raise ConfigurationError(f"auth.mode is open in {settings.environment}: set it to api_key")
        self._app = app
        self._auth = settings.auth

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request as its caller."""
        if scope["type"] == "http" and scope["path"] not in OPEN_PATHS:
            scope.setdefault("state", {})["caller"] = authenticate(Headers(scope=scope), self._auth)
        await self._app(scope, receive, send)


def authenticate(headers: Mapping[str, str], auth: Auth) -> Caller:
    """The caller a request's headers prove. Raises UnauthenticatedError; InputError for a malformed session or user.

    `x-session-id` names the conversation. `x-user-id` names the user where the key itself names none.
    """
    session = _named(headers, "x-session-id")
    user = _named(headers, "x-user-id")
    if auth.mode == "open":
        return Caller(user=user or "anonymous", session=session)
    key = _matching(_presented(headers), auth.keys)
    return Caller(
        tenant=key.tenant,
        user=key.user or user or key.name,
        session=session,
        role=key.role,
        groups=frozenset(key.groups),
    )


def _presented(headers: Mapping[str, str]) -> str:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    for name in KEY_HEADERS:
        if headers.get(name):
            return headers[name]
    raise UnauthenticatedError(f"no API key came with the request: {REMEDY}")


def _matching(presented: str, keys: tuple[ApiKey, ...]) -> ApiKey:
    digest = hashlib.sha256(presented.encode("utf-8", "surrogateescape")).hexdigest()
    found = [key for key in keys if hmac.compare_digest(key.sha256, digest)]
    if not found:
        raise UnauthenticatedError(f"the API key is not known here: {REMEDY}")
    return found[0]


def _named(headers: Mapping[str, str], name: str) -> str | None:
    value = headers.get(name)
    if value is not None and not NAME.fullmatch(value):
        raise InputError(f"header {name} must be 1 to 128 letters, digits or @._:-")
    return value
