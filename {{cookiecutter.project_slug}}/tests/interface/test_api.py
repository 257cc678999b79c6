"""The HTTP service as its clients see it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pytest
from starlette.routing import Route

from app.errors import CallFailedError, NotFoundError, RateLimitedError, StoreUnavailableError
from app.interface.api import create_app
from app.interface.doors.routes import doors_router
from app.interface.loopback import on_loopback
from app.settings import Settings
from tests.interface.conftest import Client, services_with
from tests.interface.fakes import ANSWER, TRACE, FakeAssistant, FakeGateway

QUESTION: Any = [{"role": "user", "content": "How long do refunds take?"}]
BODY = {"model": "assistant", "messages": QUESTION}
LoadSettings = Callable[..., Settings]


@pytest.mark.feature("I1")
async def test_the_assistant_answers_in_openais_form_with_citations_beside(serve: Client, settings: Settings) -> None:
    """Text, usage and finish reason are where OpenAI's clients look; citations and trace id are extra keys."""
    async with serve(settings) as client:
        response = await client.post("/v1/chat/completions", json=BODY)

    body = response.json()
    assert response.status_code == 200
    assert body["choices"][0]["message"]["content"] == ANSWER.text
    assert body["usage"]["total_tokens"] == 15
    assert body["citations"][0]["document_id"] == "billing/refunds.md"
    assert body["abstained"] is False
    assert body["trace_id"] == TRACE


@pytest.mark.feature("I1")
async def test_the_official_client_reads_whole_and_streamed_answers(settings: Settings) -> None:
    """The openai SDK, over a socket: same text both ways, usage and citations with the last chunks."""
    app = create_app(settings, lambda: nullcontext(services_with(settings)))
    async with on_loopback(app, lifespan=True) as url, openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="x") as client:
        whole = await client.chat.completions.create(model="assistant", messages=QUESTION)
        stream = await client.chat.completions.create(
            model="assistant", messages=QUESTION, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]

    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content == ANSWER.text
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.total_tokens == 15
    told = [chunk.model_extra for chunk in chunks if chunk.model_extra and "citations" in chunk.model_extra]
    assert told[0]["citations"][0]["marker"] == 1
    assert told[0]["trace_id"] == TRACE


@pytest.mark.feature("I1")
async def test_any_other_model_goes_through_the_door(serve: Client, settings: Settings) -> None:
    """A model of ours, or a name a client is used to, reaches the gateway with the caller and the task it names."""
    gateway = FakeGateway()
    headers = {"x-app-task": "classify", "x-user-id": "ada"}
    async with serve(settings, gateway=gateway) as client:
        response = await client.post("/v1/chat/completions", json=BODY | {"model": "gpt-4o-mini"}, headers=headers)

    request, caller, task = gateway.requests[0]
    assert response.json()["choices"][0]["message"]["content"] == QUESTION[0]["content"]
    assert (request.model, caller.user, task) == ("small", "ada", "classify")


async def test_the_question_is_the_last_message_and_the_session_a_header(serve: Client, settings: Settings) -> None:
    """Earlier questions of the request travel along for follow-ups; the session id names the conversation."""
    assistant = FakeAssistant()
    messages = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "a"},
        {"role": "user", "content": [{"type": "text", "text": " second "}]},
    ]
    async with serve(settings, assistant=assistant) as client:
        await client.post("/v1/chat/completions", json=BODY | {"messages": messages}, headers={"x-session-id": "s-1"})

    question, caller, earlier = assistant.asked[0]
    assert (question, earlier, caller.session) == ("second", ["first"], "s-1")


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(
    ("error", "status"),
    [
        (CallFailedError("every model failed: try later", 3), 503),
        (NotFoundError("session 's' does not exist"), 404),
        (RateLimitedError("session 's' is answering", 1.0), 429),
        (StoreUnavailableError("the database does not answer"), 503),
        (RuntimeError("secret detail"), 500),
    ],
    ids=["models", "session", "busy", "database", "fault"],
)
async def test_a_failure_is_told_in_openais_form(
    serve: Client, settings: Settings, error: Exception, status: int, streamed: bool
) -> None:
    """Status and message fit the error, streams included when nothing was sent yet; a fault tells no details."""
    async with serve(settings, assistant=FakeAssistant(error=error)) as client:
        response = await client.post("/v1/chat/completions", json=BODY | {"stream": streamed})

    assert response.status_code == status
    message = response.json()["error"]["message"]
    assert message == str(error) if status != 500 else "secret" not in message
    assert len(response.headers["x-trace-id"]) == 32


async def test_a_stream_that_breaks_says_so(settings: Settings) -> None:
    """What was verified has been sent; then the official client raises the error instead of taking it for the end."""
    assistant = FakeAssistant(error=CallFailedError("the model went away: try again", 1), after=1)
    app = create_app(settings, lambda: nullcontext(services_with(settings, assistant=assistant)))
    heard: list[str | None] = []
    async with on_loopback(app, lifespan=True) as url, openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="x") as client:
        stream = await client.chat.completions.create(model="assistant", messages=QUESTION, stream=True)
        heard.append((await anext(stream)).choices[0].delta.content)
        heard.append((await anext(stream)).choices[0].delta.content)
        with pytest.raises(openai.APIError, match="the model went away"):
            await anext(stream)

    assert heard == ["", "Refunds take 14 days [1]. "]


@pytest.mark.reliability("crossed cache")
@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/v1/chat/completions", 405), ("POST", "/v1/models", 405)],
)
async def test_every_response_has_trace_and_security_headers(
    serve: Client, settings: Settings, method: str, path: str, status: int
) -> None:
    """Also where nothing is served: one error form, an id to ask about, nothing cached, nothing framed."""
    async with serve(settings) as client:
        response = await client.request(method, path, json={} if method == "POST" else None)

    assert response.status_code == status
    assert response.json()["error"]["code"] == "not_served"
    assert len(response.headers["x-trace-id"]) == 32
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "private, no-store"


async def test_the_callers_trace_goes_on(serve: Client, settings: Settings) -> None:
    """A `traceparent` header decides the trace id that comes back."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with serve(settings) as client:
        response = await client.post(
            "/v1/chat/completions", json=BODY, headers={"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
        )

    assert response.headers["x-trace-id"] == trace


@pytest.mark.feature("I1")
def test_importing_the_service_is_cheap(project_root: Path) -> None:
    """The hot path imports none of the heavy libraries; they come when first used, or never."""
    heavy = ("mlflow", "great_expectations", "papermill", "pandas", "langgraph", "dbos", "openai", "anthropic")
    code = (
        "import sys, app.interface.api, app.orchestration.graph, app.interface.readiness\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=project_root,
        env={"PYTHONPATH": "src", "PATH": ""},
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.strip() == "[]"


async def test_each_request_is_one_line_of_the_log(serve: Client, settings: Settings, logged: list[Any]) -> None:
    """Method, path, status and who it was; the question is not in it, and health checks are not logged."""
    async with serve(settings) as client:
        await client.post("/v1/chat/completions", json=BODY, headers={"x-user-id": "ada", "x-session-id": "s"})
        await client.get("/healthz")

    told = {key: logged[0][key] for key in ("event", "method", "path", "status", "user", "session")}
    assert told == {
        "event": "request",
        "method": "POST",
        "path": "/v1/chat/completions",
        "status": 200,
        "user": "ada",
        "session": "s",
    }
    assert len(logged) == 1
    assert "refunds" not in str(logged)


async def test_an_answer_without_support_is_marked(serve: Client, settings: Settings) -> None:
    """Clients can tell an abstention from an answer without reading it."""
    abstention = replace(ANSWER, text="I could not find this.", citations=(), abstained=True, route="other")
    async with serve(settings, assistant=FakeAssistant(abstention)) as client:
        body = (await client.post("/v1/chat/completions", json=BODY)).json()

    assert (body["abstained"], body["citations"], body["route"]) == (True, [], "other")


@pytest.mark.feature("I1")
async def test_every_path_that_is_served_is_described(serve: Client, settings: Settings) -> None:
    """`/openapi.json`, which the answer to an unknown path names, lists all doors with method, summary and key."""
    served = {route.path.replace(":path}", "}") for route in doors_router().routes if isinstance(route, Route)}

    async with serve(settings) as client:
        document = (await client.get("/openapi.json")).json()
        unknown = (await client.get("/no/such/path")).json()

    assert set(document["paths"]) == served | {"/healthz", "/readyz"}
    assert "/openapi.json" in unknown["error"]["message"]
    for path in served:
        for operation in document["paths"][path].values():
            assert operation["security"] == [{"bearer": []}, {"key": []}]
            assert " " in operation["summary"]
    assert document["paths"]["/v1/chat/completions"]["post"]["requestBody"]["required"]
    assert document["paths"]["/v1/models/{name}"]["get"]["parameters"][0]["name"] == "name"
