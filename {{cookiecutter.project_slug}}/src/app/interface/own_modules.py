"""Modules that lie beside a notebook, in a process that may have others of the same names: `tools` of the project, say.

While a notebook runs, its own come first, as they do in a kernel that was started in its folder. The project's `app`
and the standard library are never hidden: the notebook's imports of them would break.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

HERE = ""  # in `sys.path`: whatever folder is the current one


@contextmanager
def own_modules_first(notebook: Path) -> Iterator[None]:
    """Imports find what lies beside the notebook, or beside the one it was promoted from, while the block lasts."""
    folder = _folder_of(notebook)
    own = _names_in(folder)
    hidden = {name: sys.modules.pop(name) for name in _named(own)}
    known, before = set(sys.modules), list(sys.path)
    sys.path.insert(0, HERE)
    try:
        yield
    finally:
        sys.path[:] = before
        inside = os.path.join(folder, "")  # noqa: PTH118  compared with a path a module: as texts
        # Frameworks load thousands of modules, once: only those of this run are looked at.
        new = [name for name in sys.modules.keys() - known if _in(inside, sys.modules[name])]
        for name in {*new, *_named(own)}:
            del sys.modules[name]
        sys.modules.update(hidden)


def _named(own: set[str]) -> list[str]:
    """Loaded modules of these names, with those inside them."""
    if own.isdisjoint(sys.modules):
        return []
    return [name for name in sys.modules if name.partition(".")[0] in own]


def _folder_of(notebook: Path) -> Path:
    """Where a notebook's own modules lie: a step says from the project's root what it was promoted from."""
    metadata = json.loads(notebook.read_text(encoding="utf-8")).get("metadata") or {}
    origin = (metadata.get("promoted") or {}).get("from")
    return (notebook.parents[2] / origin).parent if origin else notebook.parent


def _names_in(folder: Path) -> set[str]:
    files = {path.stem for path in folder.glob("*.py")}
    packages = {path.parent.name for path in folder.glob("*/*.py")}
    return {name for name in files | packages if name.isidentifier()} - {"app"} - sys.stdlib_module_names


def _in(inside: str, module: ModuleType) -> bool:
    """Whether a module was loaded from the folder, whose path ends with a separator."""
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and file.startswith(inside)
