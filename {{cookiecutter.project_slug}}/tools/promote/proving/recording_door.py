"""The project's own door in a process of its own, recording what a notebook asks and is answered."""

from __future__ import annotations

import os
import re
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

START_TIMEOUT_S = 60.0
# What it says when it is open, and the empty line after the variables that point a client at it.
VARIABLE = re.compile(r"^export (\w+)=(.*)$", re.MULTILINE)
UNSET = re.compile(r"^unset (\w+)$", re.MULTILINE)
OPEN = "\n\n"


class DoorUnavailable(Exception):
    """The door did not open; the message says what it said last."""


@dataclass(frozen=True)
class Door:
    """An open door: the variables from which clients read its address and key, and those that must not be set."""

    environment: Mapping[str, str]
    unset: Sequence[str] = ()


@contextmanager
def open_door(project: Path, recording: Path) -> Iterator[Door]:
    """`app door --record`, for as long as the block lasts. Raises DoorUnavailable when it does not open."""
    log = recording.with_suffix(".log")
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(  # noqa: S603  the project's own command
            [sys.executable, "-m", "app", "door", "--record", str(recording), "--port", "0"],
            cwd=project,
            env={**os.environ, "PYTHONPATH": str(project / "src"), "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
        )
    try:
        yield _listening(process, log)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _listening(process: subprocess.Popen[bytes], log: Path) -> Door:
    """Wait for what says where the door is."""
    assert process.stdout is not None
    deadline = time.monotonic() + START_TIMEOUT_S
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0:
            if not selector.select(left):
                continue
            piece = os.read(process.stdout.fileno(), 4096)
            if not piece:
                break
            said += piece
            text = said.decode("utf-8", "replace")
            if text.endswith(OPEN):
                return Door(dict(VARIABLE.findall(text)), UNSET.findall(text))
    errors = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise DoorUnavailable(f"`app door` did not open: {errors[-1] if errors else 'it said nothing'}")
