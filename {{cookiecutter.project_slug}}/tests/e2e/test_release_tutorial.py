"""docs/release-tutorial.md, run as it stands: a changed word, a verdict, a canary, a bad one that takes itself back."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

BLOCK = re.compile(r"^```(sh|sh service)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
WRITTEN = ("prompts", "config", "evals")


class Reader:
    """Somebody who types what the page says, in a project of their own. `said` is all that was printed."""

    def __init__(self, root: Path, source: Path, url: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self._root, self._service = root, None
        self._environment = os.environ | {
            "PYTHONPATH": f"{source / 'src'}{os.pathsep}{source}",
            "DATABASE_URL": url,
            "APP_SERVICE__PORT": str(self._port),
            "APP_RELEASES__EVERY_S": "0.5",
        }
        self.said = ""

    def types(self, command: str) -> None:
        """One block; it must succeed."""
        command = command.replace("traffic.py", f"traffic.py --url http://127.0.0.1:{self._port}")
        command = command.replace("--wait", "--no-mlflow")  # has tests of its own, and takes the longest here
        done = subprocess.run(
            ["bash", "-ec", command], cwd=self._root, env=self._environment, text=True, timeout=200,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        self.said += done.stdout
        assert done.returncode == 0, f"{command}\n{done.stdout}"

    def serves(self, command: str) -> None:
        """A block for another terminal, where the last one is ended first."""
        self.ends()
        with (self._root / "service.log").open("ab") as log:
            self._service = subprocess.Popen(
                ["bash", "-c", f"exec {command}"], cwd=self._root, env=self._environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + 60
        while not self._ready():
            assert time.monotonic() < deadline, (self._root / "service.log").read_text("utf-8")
            time.sleep(0.1)

    def ends(self) -> None:
        """The service is stopped, as with Ctrl-C."""
        if self._service is not None:
            self._service.send_signal(signal.SIGINT)
            self._service.wait(30)
            self._service = None

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/readyz", timeout=2) as response:
                return bool(response.status == 200)
        except OSError:
            return False


@pytest.fixture
def reader(private_root: Path, project_root: Path, database_url: str) -> Iterator[Reader]:
    """Prompts, configuration and cases are a copy."""
    for name in WRITTEN:
        (private_root / name).unlink()
        shutil.copytree(project_root / name, private_root / name)
    success = private_root / "config" / "success.yaml"  # how fast this machine is, is not the question here
    success.write_text(
        success.read_text("utf-8").replace("p95_latency_ms: {max: 4000,", "p95_latency_ms: {max: 90000,")
    )
    programs = private_root / ".venv" / "bin"
    (private_root / ".venv").unlink(missing_ok=True)
    programs.mkdir(parents=True)
    for name, words in (("app", "-m app"), ("python", "")):
        (programs / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n', encoding="utf-8")
        (programs / name).chmod(0o755)
    reader = Reader(private_root, project_root, database_url)
    yield reader
    reader.ends()


@pytest.mark.feature("P3")
@pytest.mark.feature("E7")
def test_the_tutorial_of_a_release_runs_as_it_stands(reader: Reader, project_root: Path) -> None:
    """Verdict, refusal, canary, release, rollback by itself with the number, all of it in the audit log."""
    page = (project_root / "docs" / "release-tutorial.md").read_text(encoding="utf-8")
    for kind, command in BLOCK.findall(page):
        reader.serves(command.strip()) if kind == "sh service" else reader.types(command)

    said = reader.said
    assert "verdict: no difference beyond noise" in said
    assert "answer is not released: give it a green verdict" in said
    assert said.count("evaluation gate: green") == 2
    assert "answer now serves v2=90% v3=10%" in said
    assert "answer: version 3 against 2, by canary since" in said
    history = said[said.rindex("answer now serves v3=80% v4=20%") :]
    assert re.search(
        r"rollback answer v3=100%  canary guard: version 4 is worse than 3 beyond the margin: .*cost ", history
    )
    log = re.findall(r"^\d{4}-\d\d-\d\d [\d:]+  (\w+) +answer", history, re.MULTILINE)
    assert log == ["rollback", "canary", "release", "canary"]
