"""Finds the files to read below the paths given: .py, .ipynb and prompt files.

It ignores version control's opinion and skips what nobody wrote by hand: virtual environments, node_modules, builds,
checkpoints, caches, hidden folders.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from tools.prompt_lint.configuration import Configuration, UsageError

_SKIPPED = frozenset(
    {
        ".git", ".hg", ".svn", ".venv", "venv", "env", "node_modules", "build", "dist", ".ipynb_checkpoints",
        "__pycache__",
        "site-packages", ".tox", ".nox", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".eggs", ".data", ".cache",
        "mlruns", "__pypackages__",
    }
)  # fmt: skip
CODE = (".py", ".ipynb")
PROMPT_FILE = (".prompt.yml", ".prompt.yaml")
LOCK = "released.lock"


def files(paths: list[Path], configuration: Configuration) -> Iterator[Path]:
    """Every file to check, once, in a stable order. Raises UsageError for a path that does not exist."""
    seen: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found = _below(path)
        elif path.exists():
            found = iter([path] if wanted(path.name) else [])
        else:
            raise UsageError(f"{path}: no such file or folder: check the path")
        for file in found:
            if file not in seen and not configuration.excludes(file):
                seen.add(file)
                yield file


def wanted(name: str) -> bool:
    """True for a file name the linter has rules for."""
    return name.endswith(CODE) or name.endswith(PROMPT_FILE) or name == LOCK


def _below(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f not in _SKIPPED and not _is_environment(place, f))
        for name in sorted(names):
            if wanted(name):
                yield Path(place, name)


def _is_environment(place: str, folder: str) -> bool:
    return Path(place, folder, "pyvenv.cfg").exists()
