"""Writing all files of a promotion or none of them, also when the process is killed in the middle.

Everything new is staged first, with copies of what stands there and a journal of what is to be done. What fails is
undone at once; what was cut off is undone by `recover` before the next promotion. A file that somebody changed since
is left as it is.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from tools.promote.notebook.outcome import Refused

PREFIX = ".promote-"
JOURNAL = "journal.json"
LOCK = "lock"


@dataclass(frozen=True)
class Change:
    """One file: its path, the number of its staged copies, what it will hold (a digest; empty: it goes)."""

    path: str
    number: int
    existed: bool
    digest: str


def write_all(project: Path, files: Mapping[Path, bytes | None]) -> None:
    """Put every file in its place, remove those that are None. Raises Refused, all as it was, when that fails."""
    with _staged(project) as staging:
        try:
            changes = _stage(staging, files)
            folders = _missing_folders(files)
            _note(staging, changes, folders)
            _apply(staging, changes, folders)
        except BaseException as error:
            _undo(staging)
            if not isinstance(error, OSError):
                raise
            where = error.filename2 or error.filename or project
            raise Refused(
                f"{where} cannot be written ({error.strerror}): make it writable; nothing was changed"
            ) from None
        (staging / JOURNAL).unlink()


def recover(project: Path) -> bool:
    """Undo what a run that was killed had begun. Whether there was one. Raises Refused when that cannot be done."""
    found = False
    for staging in sorted(project.glob(f"{PREFIX}*")):
        try:
            with (staging / LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                found = (staging / JOURNAL).exists() or found
                _undo(staging)
                shutil.rmtree(staging)
        except BlockingIOError:
            raise Refused(f"another promotion is writing into {project}: wait until it is done") from None
        except FileNotFoundError:
            continue
        except OSError as error:
            raise Refused(f"{staging} cannot be cleared ({error.strerror}): make it writable") from None
    return found


@contextmanager
def _staged(project: Path) -> Iterator[Path]:
    """A folder for this run, locked as long as the process lives."""
    try:
        staging = Path(tempfile.mkdtemp(prefix=PREFIX, dir=project))
    except OSError as error:
        raise Refused(f"{project} cannot be written to ({error.strerror}): make it writable") from None
    try:
        with (staging / LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _stage(staging: Path, files: Mapping[Path, bytes | None]) -> list[Change]:
    """Copies of what is to come and of what stands."""
    changes = []
    for number, (path, content) in enumerate(files.items()):
        existed = path.exists()
        if content is not None:
            (staging / f"{number}.new").write_bytes(content)
        if existed:
            shutil.copy2(path, staging / f"{number}.old")
        changes.append(Change(str(path.absolute()), number, existed, "" if content is None else _digest(content)))
    return changes


def _missing_folders(files: Mapping[Path, bytes | None]) -> list[str]:
    """The folders to make, outermost first."""
    missing: dict[str, None] = {}
    for path, content in files.items():
        above = [folder for folder in path.absolute().parents if not folder.exists()] if content is not None else []
        missing |= dict.fromkeys(str(folder) for folder in reversed(above))
    return list(missing)


def _note(staging: Path, changes: list[Change], folders: list[str]) -> None:
    with (staging / JOURNAL).open("w", encoding="utf-8") as journal:
        json.dump({"changes": [asdict(change) for change in changes], "folders": folders}, journal)
        journal.flush()
        os.fsync(journal.fileno())


def _apply(staging: Path, changes: list[Change], folders: list[str]) -> None:
    for folder in folders:
        Path(folder).mkdir(exist_ok=True)
    for change in changes:
        path = Path(change.path)
        if change.digest:
            (staging / f"{change.number}.new").replace(path)
        elif change.existed:
            path.unlink()


def _undo(staging: Path) -> None:
    """Give back what the journal says; a file that is not what the run wrote is somebody's own and stays."""
    try:
        journal = json.loads((staging / JOURNAL).read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return  # nothing had been changed yet
    for change in reversed([Change(**entry) for entry in journal["changes"]]):
        path, old = Path(change.path), staging / f"{change.number}.old"
        ours = _digest(path.read_bytes()) == change.digest if path.is_file() else not change.digest
        if ours and change.existed and old.exists():
            old.replace(path)
        elif ours and not change.existed:
            path.unlink(missing_ok=True)
    for folder in reversed(journal["folders"]):
        if Path(folder).is_dir() and not any(Path(folder).iterdir()):
            Path(folder).rmdir()
    (staging / JOURNAL).unlink()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
