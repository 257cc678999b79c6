"""A throw-away copy of a project, so that running a notebook changes nothing in the real one."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

COPIED = ("notebooks", "prompts")
LEFT_OUT = {".git", ".data", "build", ".venv", "tests"}
LARGE_BYTES = 20_000_000


def make_workspace(project: Path, target: Path, files: Mapping[Path, bytes | None]) -> Path:
    """The project in `target` as it would be with `files` written: notebooks and prompts copied, the rest linked."""
    target.mkdir(parents=True)
    for entry in project.iterdir():
        if entry.name in COPIED:
            shutil.copytree(entry, target / entry.name, copy_function=_copy)
        elif entry.name not in LEFT_OUT and not entry.name.startswith(".promote-"):
            (target / entry.name).symlink_to(entry)
    for path, content in files.items():
        relative = path.relative_to(project)
        if relative.parts[0] in COPIED and content is not None:
            (target / relative).parent.mkdir(parents=True, exist_ok=True)
            (target / relative).write_bytes(content)
    return target


def _copy(source: str, target: str) -> str:
    """Large data is linked: nobody copies gigabytes to run a notebook."""
    if Path(source).stat().st_size > LARGE_BYTES:
        Path(target).symlink_to(source)
        return target
    return shutil.copyfile(source, target)
