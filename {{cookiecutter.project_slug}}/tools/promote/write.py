"""Writing all files of a promotion or none of them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tools.promote.outcome import Refused


def write_all(project: Path, files: Mapping[Path, bytes | None]) -> None:
    """Put every file in its place, remove those that are None. Raises Refused, all as it was, when that fails."""
    try:
        staging = Path(tempfile.mkdtemp(prefix=".promote-", dir=project))
    except OSError as error:
        raise Refused(f"{project} cannot be written to ({error.strerror}): make it writable") from None
    made: list[Path] = []
    done: list[tuple[Path, Path | None]] = []
    try:
        for number, content in enumerate(files.values()):
            (staging / f"{number}.new").write_bytes(content or b"")
        for number, (path, content) in enumerate(files.items()):
            made += _make_folders(path.parent)
            old = staging / f"{number}.old"
            standing = path.exists()
            if standing:
                shutil.copy2(path, old)
            done.append((path, old if standing else None))
            if content is not None:
                (staging / f"{number}.new").replace(path)
            elif standing:
                path.unlink()
    except OSError as error:
        _undo(done, made)
        where = error.filename2 or error.filename or project
        raise Refused(f"{where} cannot be written ({error.strerror}): make it writable; nothing was changed") from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _make_folders(folder: Path) -> list[Path]:
    """Make a folder and those above it; the ones that were made, outermost first."""
    missing: list[Path] = []
    while not folder.exists():
        missing.insert(0, folder)
        folder = folder.parent
    for path in missing:
        path.mkdir()
    return missing


def _undo(done: list[tuple[Path, Path | None]], made: list[Path]) -> None:
    for path, old in reversed(done):
        if old is not None and old.exists():
            old.replace(path)
        elif old is None and path.is_file():
            path.unlink()
    for folder in reversed(made):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
