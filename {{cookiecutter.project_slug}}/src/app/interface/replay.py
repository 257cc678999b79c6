"""Running a promoted notebook in a test: a door that answers from a recording, and the notebook in this very process.

The replay knows the recorded requests and nothing else: an unknown one is refused, remembered in `unanswered` and never
guessed. Running in process takes a tenth of a kernel's time and has none of its isolation: it is for tests.
"""

from __future__ import annotations

import ast
import json
import os
import random
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Protocol

from app.errors import InputError, StepFailedError
from app.intelligence.wire.openai_chat_reply import encode_error
from app.interface import made_up_login
from app.interface.kept_clients import forget_kept_clients
from app.interface.no_authority import no_authority
from app.interface.own_modules import own_modules_first
from app.interface.recording import Exchange, protocol_of, query_of, read_recording, stream_bytes, stream_type_of
from app.orchestration import token_tables
from app.orchestration.notebook import NOT_TOLD
from app.orchestration.raising import may_raise

REPLAY_KEY = "replay"
# It stands in the text of a message that a notebook puts into a prompt.
RUN_ID = re.compile(r"(?:lc_)?run--[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}(?:-\d+)?")
# A UUID made by chance: LangChain gives one to each document, and notebooks put documents into prompts as they are.
RANDOM_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b")
JSON = "application/json"
# A test in which a coin is tossed would pass half the time.
SEED = 0
# Where DSPy keeps replies from one run to the next.
REPLY_CACHE = "DSPY_CACHEDIR"
# Not a status that SDKs try again.
UNKNOWN_REQUEST = 422


class OpenDoor(Protocol):
    """Where a notebook reaches a door."""

    @property
    def url(self) -> str:
        """Root URL, without `/v1`."""
        ...

    @property
    def key(self) -> str:
        """What opens it."""
        ...


@dataclass(frozen=True)
class StepRun:
    """What a notebook left behind: its variables, what it printed, the outputs of each code cell in nbformat's form."""

    namespace: Mapping[str, Any]
    text: str
    outputs: list[list[Any]]


class ReplayDoor:
    """A loopback server that answers recorded requests with recorded replies, each as often as it was recorded.

    Use it as a context manager. `unanswered` lists requests nobody recorded, `remaining` recordings nobody asked for;
    `renamed` counts the requests that were taken for recorded ones although they hold other ids of one run alone.
    """

    key = REPLAY_KEY

    def __init__(self, recording: Path) -> None:
        self.unanswered: list[dict[str, Any]] = []
        self.renamed = 0
        self.remaining: list[Exchange] = read_recording(recording)
        self.recording = recording
        self._lock = threading.Lock()
        self._written: dict[int, str] = {}
        self._recorded = tuple(self.remaining)  # kept, so that no other exchange gets the id of one that was answered

    @property
    def url(self) -> str:
        """Root URL of the running server."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> ReplayDoor:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def answer(self, address: str, body: bytes, method: str = "POST") -> tuple[int, str, bytes]:
        """Status, content type and body of the reply; the exchange is taken off `remaining`.

        An unknown request gets an error in OpenAI's form, which Anthropic's SDK shows as well.
        """
        path, _, query = address.partition("?")
        if path == made_up_login.PATH:
            return 200, JSON, json.dumps(made_up_login.TOKEN).encode()
        request: Any = query_of(query)
        if method == "POST":
            try:
                request = json.loads(body)
            except ValueError:
                request = body.decode("utf-8", "replace")
        protocol = protocol_of(path, method) or address
        found = self._take(protocol, request)
        if found is None:
            message = (
                f"no reply to this {protocol} request is left in {self.recording.name}: "
                "the notebook asks something else than was recorded; promote it again"
            )
            return UNKNOWN_REQUEST, JSON, json.dumps(encode_error("replay_error", message, "not_recorded")).encode()
        if set(found.reply) == {"stream"}:
            return 200, stream_type_of(protocol), stream_bytes(found.reply["stream"])
        return found.status, JSON, json.dumps(found.reply).encode()

    def _take(self, protocol: str, request: Any) -> Exchange | None:
        with self._lock:
            for index, exchange in enumerate(self.remaining):
                if exchange.protocol == protocol and exchange.request == request:
                    return self.remaining.pop(index)
            asked = _without_run_ids(request)
            for index, exchange in enumerate(self.remaining):
                if exchange.protocol == protocol and self._said(exchange) == asked:
                    self.renamed += 1
                    return self.remaining.pop(index)
            self.unanswered.append({"protocol": protocol, "request": request})
        return None

    def _said(self, exchange: Exchange) -> str:
        """A recorded request without run ids, written out once however many requests it is compared with."""
        said = self._written.get(id(exchange))
        if said is None:
            said = self._written[id(exchange)] = _without_run_ids(exchange.request)
        return said


def _without_run_ids(request: Any) -> str:
    """The request without the ids of one run alone: those that LangChain gives to replies, and UUIDs made by chance,
    which are told by the order in which they come. Otherwise equal requests ask the same."""
    said = RUN_ID.sub("run", json.dumps(request, sort_keys=True))
    numbers: dict[str, int] = {}
    return RANDOM_ID.sub(lambda found: f"id-{numbers.setdefault(found[0], len(numbers))}", said)


def run_step_in_process(notebook: Path, parameters: Mapping[str, Any], door: OpenDoor) -> StepRun:
    """Run a promoted notebook's cells here, in its own folder, with parameters set after its parameters cell.

    Raises InputError for a parameter it does not declare, StepFailedError naming the cell (counted from 0) that fails
    otherwise than its tags say.
    """
    from execnb.shell import CaptureShell

    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    position = _parameters_cell(cells)
    _check_declared(notebook, parameters, cells, position)
    outputs: list[list[Any]] = []
    with _surroundings(notebook.resolve().parent, door), own_modules_first(notebook.resolve()):
        shell = CaptureShell(mpl_format=None)
        if any("%store" in "".join(cell["source"]) for cell in cells):
            shell.extension_manager.load_extension("storemagic")  # a kernel has it from the beginning
        if position is None:
            shell.user_ns.update(parameters)
        for index, cell in enumerate(cells):
            if cell["cell_type"] != "code":
                continue
            outputs.append(list(shell.run("".join(cell["source"]))))
            if shell.exc is not None and not may_raise(cell, type(shell.exc).__name__):
                kind = type(shell.exc).__name__
                raise StepFailedError(f"{notebook.name} failed in cell {index}: {kind}: {shell.exc}") from shell.exc
            if index == position:
                shell.user_ns.update(parameters)
    return StepRun(shell.user_ns, _text(outputs), outputs)


def _parameters_cell(cells: list[dict[str, Any]]) -> int | None:
    tagged = (i for i, cell in enumerate(cells) if "parameters" in cell["metadata"].get("tags", []))
    return next(tagged, None)


def _check_declared(
    notebook: Path, parameters: Mapping[str, Any], cells: list[dict[str, Any]], position: int | None
) -> None:
    declared: set[str] = set()
    if position is not None:
        tree = ast.parse("".join(cells[position]["source"]))
        stored = (node for node in ast.walk(tree) if isinstance(node, ast.Name))
        declared = {node.id for node in stored if isinstance(node.ctx, ast.Store)}
    unknown = sorted(set(parameters) - declared)
    if unknown:
        known = ", ".join(sorted(declared)) or "none"
        raise InputError(f"{notebook.name} has no parameter {unknown[0]!r}: it declares {known}")


@contextmanager
def _surroundings(folder: Path, door: OpenDoor) -> Iterator[None]:
    """The notebook's folder and door for the time of the run, and chance that falls alike each time; then everything as
    it was."""
    variables = {"APP_RUN_DOOR_URL": door.url, "APP_RUN_DOOR_KEY": door.key}
    before, environment = Path.cwd(), dict(os.environ)
    token_tables.lay_out()
    chance = random.getstate()
    with made_up_login.made_up_login(door.url) as login, TemporaryDirectory(prefix="replies-") as kept:
        os.chdir(folder)
        os.environ.update(
            {**NOT_TOLD, **environment, **variables, **login, **no_authority(Path(kept)), REPLY_CACHE: kept}
        )
        _forget_replies()
        forget_kept_clients()
        random.seed(SEED)
        try:
            yield
        finally:
            random.setstate(chance)
            os.chdir(before)
            os.environ.clear()
            os.environ.update(environment)


def _forget_replies() -> None:
    """DSPy, where an earlier test has imported it, begins anew: it asks again what it has kept the replies of, and
    takes its settings from the thread of this run."""
    library, settings = sys.modules.get("dspy"), sys.modules.get("dspy.dsp.utils.settings")
    if library is None or settings is None:
        return
    library.configure_cache(enable_disk_cache=False)  # a new one on disk takes longer than most tests
    settings.__dict__.update(config_owner_thread_id=None, config_owner_async_task=None)


def _text(outputs: list[list[Any]]) -> str:
    streams = (output for cell in outputs for output in cell if output["output_type"] == "stream")
    return "".join("".join(output["text"]) for output in streams)


def _handler(door: ReplayDoor) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave in one packet: sent one by one, the second would wait 40 ms to be told of the first.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            self._answer("GET")

        def do_POST(self) -> None:
            self._answer("POST")

        def _answer(self, method: str) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, kind, payload = door.answer(self.path, body, method)
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(payload)))
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, format: str, *args: Any) -> None:
            """Tests say what went wrong; the server need not."""

    return Handler
