"""Recording a door and playing it back to a notebook in this process."""

from __future__ import annotations

import json
import os
import random
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import anthropic
import openai
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse, StreamingResponse

from app.errors import InputError, StepFailedError
from app.interface.loopback import on_loopback
from app.interface.recording import Exchange, read_recording, record_door, write_recording
from app.interface.replay import ReplayDoor, run_step_in_process

MESSAGES: Any = [{"role": "user", "content": "hi"}]
COMPLETION = {
    "id": "c1",
    "object": "chat.completion",
    "created": 1,
    "model": "small",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
}
CHUNK = {
    "id": "c1",
    "object": "chat.completion.chunk",
    "created": 1,
    "model": "small",
    "choices": [{"index": 0, "delta": {"content": "hello"}, "finish_reason": None}],
}
NOTEBOOK = (
    "question = 'hi'",
    "from openai import OpenAI\n"
    "from app.orchestration.notebook import openai_client_args\n"
    "client = OpenAI(**openai_client_args())\n"
    "reply = client.chat.completions.create(model='small', messages=[{'role': 'user', 'content': question}])",
    "answer = reply.choices[0].message.content\nprint(answer)",
)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "poc.json"
    request = {"messages": MESSAGES, "model": "small"}
    path.write_text(json.dumps([{"protocol": "openai.chat", "request": request, "reply": COMPLETION}]))
    return path


@pytest.fixture
def notebook(tmp_path: Path) -> Callable[..., Path]:
    def write(*sources: str) -> Path:
        cells: list[dict[str, Any]] = [{"cell_type": "markdown", "metadata": {}, "source": ["# Title"]}]
        for index, source in enumerate(sources):
            tags = {"tags": ["parameters"]} if index == 0 else {}
            cells.append({"cell_type": "code", "metadata": tags, "source": source.splitlines(keepends=True)})
        path = tmp_path / "poc.ipynb"
        path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
        return path

    return write


def _door() -> FastAPI:
    door = FastAPI()

    @door.post("/v1/chat/completions", response_model=None)
    def chat(body: dict[str, Any]) -> dict[str, Any] | StreamingResponse:
        if body.get("stream"):
            events = [f"data: {json.dumps(CHUNK)}\n\n", "data: [DONE]\n\n"]
            return StreamingResponse(iter(events), media_type="text/event-stream")
        return COMPLETION

    return door


def test_a_promoted_step_runs_in_process_on_recorded_replies(recording: Path, notebook: Callable[..., Path]) -> None:
    """The notebook asks what was recorded and gives what it gave; nothing is left over."""
    with ReplayDoor(recording) as door:
        run = run_step_in_process(notebook(*NOTEBOOK), {}, door)

    assert run.namespace["answer"] == "hello"
    assert run.text == "hello\n"
    assert door.unanswered == []
    assert door.remaining == []


def test_chance_falls_alike_in_every_run(recording: Path, notebook: Callable[..., Path]) -> None:
    """A notebook that tosses a coin prints the same each time; the test's own chance is left as it was."""
    tossing = notebook("n = 9", "import random\nprint([random.random() for _ in range(n)])")
    random.seed(7)
    expected = random.Random(7).random()
    with ReplayDoor(recording) as door:
        first, second = (run_step_in_process(tossing, {}, door).text for _ in range(2))

    assert first == second
    assert random.random() == expected


@pytest.mark.parametrize(("said", "found"), [(None, "1"), ("0", "0")])
def test_no_trace_of_a_run_is_sent_to_a_vendor(
    recording: Path, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, said: str | None, found: str
) -> None:
    """OpenAI's Agents SDK would send one past every door; who wants that says so."""
    monkeypatch.delenv("OPENAI_AGENTS_DISABLE_TRACING", raising=False)
    if said is not None:
        monkeypatch.setenv("OPENAI_AGENTS_DISABLE_TRACING", said)
    asking = notebook("n = 9", "import os\nprint(os.environ['OPENAI_AGENTS_DISABLE_TRACING'])")
    with ReplayDoor(recording) as door:
        assert run_step_in_process(asking, {}, door).text.strip() == found


def test_an_unknown_request_is_refused_and_remembered(recording: Path, notebook: Callable[..., Path]) -> None:
    """Another parameter means another request: the replay does not guess, and the SDK does not try again."""
    with ReplayDoor(recording) as door, pytest.raises(StepFailedError, match=r"poc\.ipynb failed in cell 2") as failed:
        run_step_in_process(notebook(*NOTEBOOK), {"question": "other"}, door)

    assert "promote it again" in str(failed.value)
    assert [request["request"]["messages"][0]["content"] for request in door.unanswered] == ["other"]
    assert len(door.remaining) == 1


def test_a_parameter_the_notebook_does_not_declare_is_refused(recording: Path, notebook: Callable[..., Path]) -> None:
    """A test with a misspelt parameter tests nothing: it fails."""
    with ReplayDoor(recording) as door, pytest.raises(InputError, match="no parameter 'questions'"):
        run_step_in_process(notebook(*NOTEBOOK), {"questions": "other"}, door)


async def test_a_recorded_door_answers_as_before_and_keeps_every_exchange(tmp_path: Path) -> None:
    """Whole and streamed replies reach the client unchanged and can be played back to it."""
    file = tmp_path / "recordings" / "poc.json"
    async with on_loopback(record_door(_door(), file)) as url:
        client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="real-key")
        await client.chat.completions.create(model="small", messages=MESSAGES)
        stream = await client.chat.completions.create(model="small", messages=MESSAGES, stream=True)
        told = [chunk.choices[0].delta.content async for chunk in stream]
        await client.close()

    assert told == ["hello"]
    assert [exchange.protocol for exchange in read_recording(file)] == ["openai.chat", "openai.chat"]
    assert "real-key" not in file.read_text()
    with ReplayDoor(file) as door:
        again = openai.OpenAI(base_url=f"{door.url}/v1", api_key=door.key)
        played = again.chat.completions.create(model="small", messages=MESSAGES, stream=True)
        assert [chunk.choices[0].delta.content for chunk in played] == ["hello"]
        assert again.chat.completions.create(model="small", messages=MESSAGES).id == "c1"
    assert door.remaining == []


@pytest.mark.feature("N2")
async def test_lists_and_requests_at_fault_are_played_back(tmp_path: Path) -> None:
    """A list of models and an error that the request deserves are the same again; a failed key is not kept."""
    door = _door()

    @door.get("/v1/models")
    def models() -> dict[str, Any]:
        return {"object": "list", "data": [{"id": "small", "object": "model", "created": 1, "owned_by": "x"}]}

    @door.post("/v1/embeddings")
    def embeddings(body: dict[str, Any]) -> JSONResponse:
        status = 401 if body["input"] == "key" else 422
        return JSONResponse({"error": {"message": "no such length"}}, status)

    async def ask(client: openai.AsyncOpenAI) -> list[str]:
        told = [model.id async for model in client.models.list()]
        with pytest.raises(openai.UnprocessableEntityError) as failed:
            await client.embeddings.create(model="small", input="text", dimensions=3)
        return [*told, failed.value.message]

    file = tmp_path / "poc.json"
    async with on_loopback(record_door(door, file)) as url:
        client = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0)
        told = await ask(client)
        with pytest.raises(openai.AuthenticationError):
            await client.embeddings.create(model="small", input="key")
        await client.close()

    assert [(e.protocol, e.status) for e in read_recording(file)] == [
        ("models/v1/models", 200),
        ("openai.embeddings", 422),
    ]
    with ReplayDoor(file) as played:
        again = openai.AsyncOpenAI(base_url=f"{played.url}/v1", api_key="k", max_retries=0)
        assert await ask(again) == told
        await again.close()
        assert played.remaining == []


def test_an_unknown_protocol_is_no_way_around(recording: Path) -> None:
    """A request over the other door's protocol is unanswered too, after one attempt."""
    with ReplayDoor(recording) as door:
        client = anthropic.Anthropic(base_url=door.url, api_key=door.key)
        with pytest.raises(anthropic.UnprocessableEntityError):
            client.messages.create(model="small", max_tokens=5, messages=MESSAGES)

    assert [request["protocol"] for request in door.unanswered] == ["anthropic.messages"]


@pytest.mark.parametrize("text", ["{", "[1]", '[{"protocol": "x"}]'], ids=["no-json", "no-entry", "no-request"])
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, text: str) -> None:
    """The error names the file and the remedy."""
    (tmp_path / "bad.json").write_text(text)

    with pytest.raises(InputError, match=r"bad\.json is no recording.*promote the notebook again"):
        ReplayDoor(tmp_path / "bad.json")


def test_ids_that_a_library_gives_in_each_run_are_no_difference(tmp_path: Path) -> None:
    """A notebook that puts a message of LangChain into its prompt asks the same each time, but for that id."""

    def asked(run: str, text: str = "Hi") -> dict[str, object]:
        return {"messages": [{"role": "user", "content": f"[AIMessage(content='{text}', id='{run}')]"}]}

    one, other = "lc_run--019a3f5e-1c2d-7e10-8f31-0a1b2c3d4e5f-0", "lc_run--019a3f60-9abc-7d21-9e42-5f4e3d2c1b0a-0"
    plain = {"id": "019a3f5e-1c2d-7e10-8f31-0a1b2c3d4e5f"}
    recorded = [Exchange("openai.chat", request, {"text": "yes"}) for request in (plain, asked(one), asked(one))]
    write_recording(tmp_path / "ids.json", recorded)
    door = ReplayDoor(tmp_path / "ids.json")

    def status(request: object) -> int:
        return door.answer("/v1/chat/completions", json.dumps(request).encode())[0]

    assert [status(asked(other)), status(asked(other, "Ho")), status({"id": other[8:-2]})] == [200, 422, 422]
    assert [status(asked(one)), status(asked(other)), status(plain)] == [200, 422, 200]


def test_an_id_made_by_chance_is_no_difference(tmp_path: Path) -> None:
    """A document of LangChain's has another in each run; which of them are the same is still told, and all else."""

    def asked(one: str, two: str, text: str = "terns") -> dict[str, object]:
        return {"messages": [{"role": "user", "content": f"[Document(id='{one}', '{text}'), Document(id='{two}')]"}]}

    ids = [f"776670c7-e7fc-4bc5-9188-c07aa7b1000{number}" for number in range(4)]
    write_recording(tmp_path / "ids.json", [Exchange("openai.chat", asked(ids[0], ids[1]), {"text": "yes"})] * 2)
    door = ReplayDoor(tmp_path / "ids.json")

    def status(request: object) -> int:
        return door.answer("/v1/chat/completions", json.dumps(request).encode())[0]

    assert [status(asked(ids[2], ids[2])), status(asked(ids[2], ids[3], "gulls"))] == [422, 422]
    assert [status(asked(ids[2], ids[3])), status(asked(ids[0], ids[1]))] == [200, 200]
    assert door.renamed == 1


def test_a_reply_leaves_in_one_piece(recording: Path) -> None:
    """Head and body come together: in two packets each request would wait for the other side's delayed word."""
    body = json.dumps({"messages": MESSAGES, "model": "small"}).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    with (
        ReplayDoor(recording) as door,
        socket.create_connection(("127.0.0.1", int(door.url.rpartition(":")[2]))) as sent,
    ):
        sent.sendall(head + body)
        received = sent.recv(65_536)
    assert json.loads(received.partition(b"\r\n\r\n")[2]) == COMPLETION


def test_modules_beside_the_notebook_come_first_and_go_again(
    recording: Path, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A module of the same name that this process has already is set aside for the run and there again afterwards."""
    step = notebook("x = 1", "import tickets\nprint(tickets.WHOSE)")
    (step.parent / "tickets.py").write_text("WHOSE = 'the notebook'")
    other = ModuleType("tickets")
    monkeypatch.setitem(sys.modules, "tickets", other)
    path = list(sys.path)
    with ReplayDoor(recording) as door:
        run = run_step_in_process(step, {}, door)
    assert run.text == "the notebook\n"
    assert sys.modules["tickets"] is other
    assert sys.path == path


def test_a_library_that_keeps_replies_begins_anew(
    recording: Path, notebook: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what an earlier test of the same process has asked, nothing is answered from memory."""
    asked: list[dict[str, Any]] = []
    library, settings = ModuleType("dspy"), ModuleType("settings")
    library.__dict__["configure_cache"] = lambda **arguments: asked.append(arguments)
    settings.__dict__.update(config_owner_thread_id=7, config_owner_async_task=None)
    monkeypatch.setitem(sys.modules, "dspy", library)
    monkeypatch.setitem(sys.modules, "dspy.dsp.utils.settings", settings)
    with ReplayDoor(recording) as door:
        run_step_in_process(notebook("x = 1", "print(x)"), {}, door)
    assert asked == [{"enable_disk_cache": False}]
    assert settings.__dict__["config_owner_thread_id"] is None


def test_clients_read_no_authorities(recording: Path, notebook: Callable[..., Path]) -> None:
    """Making one takes no time for certificates that nobody asks for; outside the run everything is as it was."""
    before = os.environ.get("SSL_CERT_FILE")
    with ReplayDoor(recording) as door:
        cell = "import ssl\nprint(ssl.create_default_context().cert_store_stats()['x509'])"
        run = run_step_in_process(notebook("x = 1", cell), {}, door)
    assert run.text == "1\n"
    assert os.environ.get("SSL_CERT_FILE") == before
