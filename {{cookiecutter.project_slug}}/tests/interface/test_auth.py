"""Who may call."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from app.errors import ConfigurationError
from app.interface.api import create_app
from app.settings import Settings
from tests.interface.conftest import Client
from tests.interface.fakes import FakeAssistant

LoadSettings = Callable[..., Settings]
KEY = "key-of-acme-0123456789abcdef"
OTHER = "key-of-globex-0123456789abcdef"
BODY = {"model": "assistant", "messages": [{"role": "user", "content": "hi"}]}
ROUTES = [
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/messages"),
    ("POST", "/v1/embeddings"),
    ("GET", "/v1/models"),
    ("GET", "/openapi.json"),
    ("GET", "/no/such/path"),
]
WRONG: dict[str, Any] = {
    "none": {},
    "empty": {"authorization": "Bearer "},
    "garbage": {"authorization": "Bearer garbage"},
    "basic": {"authorization": "Basic a2V5OmtleQ=="},
    "hash": {"x-api-key": hashlib.sha256(KEY.encode()).hexdigest()},
    "prefix": {"x-api-key": KEY[:-1]},
    "case": {"x-api-key": KEY.upper()},
    "alg-none": {"authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9."},
    "sql": {"x-api-key": "' OR '1'='1' --"},
    "bytes": {"x-api-key": "ключ".encode()},
}


@pytest.fixture
def closed(load_settings: LoadSettings) -> Settings:
    """Settings with two keys."""
    keys = [
        {"name": "acme", "sha256": hashlib.sha256(KEY.encode()).hexdigest(), "tenant": "acme", "groups": ["staff"]},
        {"name": "globex", "sha256": hashlib.sha256(OTHER.encode()).hexdigest(), "tenant": "globex", "user": "bot"},
    ]
    return load_settings(APP_AUTH=json.dumps({"mode": "api_key", "keys": keys}))


@pytest.mark.feature("I1")
@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("headers", WRONG.values(), ids=WRONG.keys())
async def test_without_a_valid_key_there_is_nothing(
    serve: Client, closed: Settings, method: str, path: str, headers: Any
) -> None:
    """Every path but the health checks, unknown ones included: 401 and nothing else."""
    async with serve(closed) as client:
        response = await client.request(method, path, headers=headers, content=b"{" if method == "POST" else None)

    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert "x-api-key" in response.json()["error"]["message"]


@pytest.mark.feature("I1")
@pytest.mark.parametrize(
    "headers", [{"authorization": f"Bearer {KEY}"}, {"authorization": f"bearer  {KEY}"}, {"x-api-key": KEY}]
)
async def test_a_key_is_its_caller(serve: Client, closed: Settings, headers: dict[str, str]) -> None:
    """Both headers carry it; tenant and groups come from the key, the user from a header where the key names none."""
    assistant = FakeAssistant()
    async with serve(closed, assistant=assistant) as client:
        response = await client.post("/v1/chat/completions", json=BODY, headers={**headers, "x-user-id": "ada"})

    caller = assistant.asked[0][1]
    assert response.status_code == 200
    assert (caller.tenant, caller.user, caller.groups) == ("acme", "ada", frozenset({"staff"}))


async def test_a_key_that_names_its_user_cannot_be_another(serve: Client, closed: Settings) -> None:
    """`x-user-id` does not override the key, and no header names a tenant."""
    assistant = FakeAssistant()
    headers = {"x-api-key": OTHER, "x-user-id": "admin", "x-tenant": "acme"}
    async with serve(closed, assistant=assistant) as client:
        await client.post("/v1/chat/completions", json=BODY, headers=headers)

    assert (assistant.asked[0][1].tenant, assistant.asked[0][1].user) == ("globex", "bot")


async def test_health_needs_no_key(serve: Client, closed: Settings) -> None:
    """Load balancers have none."""
    async with serve(closed) as client:
        statuses = [(await client.get(path)).status_code for path in ("/healthz", "/readyz")]

    assert statuses == [200, 200]


@pytest.mark.parametrize("value", ["a b", "x" * 129, "x\ty", "<b>"], ids=["space", "long", "tab", "markup"])
async def test_a_malformed_session_is_refused(serve: Client, settings: Settings, value: str) -> None:
    """Session names are short and plain, so that they can stand in logs and keys."""
    async with serve(settings) as client:
        response = await client.post("/v1/chat/completions", json=BODY, headers={"x-session-id": value})

    assert response.status_code == 400


@pytest.mark.reliability("auth")
@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_open_access_is_refused_outside_development(load_settings: LoadSettings, environment: str) -> None:
    """The service does not come up."""
    settings = load_settings(APP_ENVIRONMENT=environment, APP_AUTH__MODE="open")

    with pytest.raises(ConfigurationError, match=f"auth.mode is open in {environment}"):
        create_app(settings, None).build_middleware_stack()  # type: ignore[arg-type]
