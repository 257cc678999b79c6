"""Rows on disk between the moment they are accepted and the moment the database has them.

An outbox is a directory of append-only segments, one JSON object a line. A segment belongs to the process that
holds its file lock; the kernel drops the lock when the process dies, so anyone may then adopt what it left.
An accepted row survives the death of the process at once, and of the machine once `sync` has run.
"""

from __future__ import annotations

import fcntl
import logging
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

_log = logging.getLogger(__name__)
_BATCH_BYTES = 1_000_000


class Segment:
    """One locked file. Lines are appended whole or not at all."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self.path, self._descriptor = path, descriptor
        self.size = os.fstat(descriptor).st_size

    @classmethod
    def create(cls, directory: Path) -> Segment:
        """A new empty segment. It gets its final name only once it is locked, so no one adopts it unlocked."""
        hidden = directory / f".{uuid4().hex}.new"
        descriptor = os.open(hidden, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        path = hidden.rename(directory / f"{uuid4().hex}.jsonl")
        return cls(path, descriptor)

    @classmethod
    def adopt(cls, path: Path) -> Segment | None:
        """The segment at `path` if its owner is gone, else None."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if os.fstat(descriptor).st_nlink == 0:
            os.close(descriptor)
            return None
        return cls(path, descriptor)

    def append(self, line: bytes) -> None:
        """Write one line, newline included. Raises OSError, with nothing written, when the disk refuses."""
        try:
            if os.write(self._descriptor, line) != len(line):
                raise OSError("the disk is full")
        except OSError:
            os.ftruncate(self._descriptor, self.size)
            raise
        self.size += len(line)

    def batches(self) -> Iterator[list[bytes]]:
        """The complete lines in order, about a megabyte at a time. A torn last line was never accepted."""
        with self.path.open("rb") as file:
            while lines := file.readlines(_BATCH_BYTES):
                whole = [line for line in lines if line.endswith(b"\n") and line.strip(b"\0\n")]
                if len(whole) < len(lines):
                    _log.warning("outbox %s ends in an incomplete row: left out", self.path.name)
                if whole:
                    yield whole

    def sync(self) -> None:
        """Make the lines survive a power failure."""
        os.fsync(self._descriptor)

    def remove(self) -> None:
        """Delete the file and let go of its lock."""
        self.path.unlink(missing_ok=True)
        os.close(self._descriptor)

    def release(self) -> None:
        """Let go of the lock, leaving the file to whoever adopts it."""
        os.close(self._descriptor)


class Outbox:
    """The segments of this process: one being written, the sealed ones being delivered. Threads may append."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._active: Segment | None = None
        self._lock = threading.Lock()
        self.sealed: list[Segment] = []

    @property
    def size(self) -> int:
        """Bytes accepted and not delivered."""
        return sum(segment.size for segment in self._held())

    def append(self, line: bytes) -> None:
        """Accept one line: when this returns, a killed process does not lose it."""
        with self._lock:
            if self._active is None:
                self._directory.mkdir(parents=True, exist_ok=True)
                self._active = Segment.create(self._directory)
            self._active.append(line)

    def seal(self) -> None:
        """Close the segment being written, if it holds anything, for delivery."""
        with self._lock:
            if self._active is not None and self._active.size:
                self.sealed.append(self._active)
                self._active = None

    def adopt(self) -> int:
        """Take over what dead processes left; returns how many segments."""
        before = len(self.sealed)
        for path in sorted(self._directory.glob("*.jsonl")):
            if segment := Segment.adopt(path):
                self.sealed.append(segment)
        return len(self.sealed) - before

    def sync(self) -> None:
        """Make everything accepted so far survive a power failure."""
        with self._lock:
            for segment in self._held():
                segment.sync()

    def delivered(self, segment: Segment) -> None:
        """Forget a segment whose rows are all in the database."""
        self.sealed.remove(segment)
        segment.remove()

    def reject(self, line: bytes) -> Path:
        """Put a row that the database will never take where a person can look at it."""
        path = self._directory / "rejected.txt"
        with path.open("ab") as file:
            file.write(line)
        return path

    def close(self) -> int:
        """Let go of all files; returns the bytes left for the next process."""
        with self._lock:
            held = self._held()
            self.sealed, self._active = [], None
        for segment in held:
            if segment.size:
                segment.release()
            else:
                segment.remove()
        return sum(segment.size for segment in held)

    def _held(self) -> list[Segment]:
        return [*self.sealed, self._active] if self._active else list(self.sealed)
