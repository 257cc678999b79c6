"""Modules that lie beside a notebook, in a process that may have others of the same names: `tools` of the project, say.

While a notebook runs, its own come first, as they do in a kernel that was started in its folder. The project's `app`
and the standard library are never hidden: the notebook's imports of them would break.
"""

from __future__ import annotations

import json
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
    hidden = {name: module for name, module in sys.modules.items() if name.split(".")[0] in own}
    before = list(sys.path)
    for name in hidden:
        del sys.modules[name]
    sys.path.insert(0, HERE)
    try:
        yield
    finally:
        sys.path[:] = before
        for name in [name for name, module in sys.modules.items() if name.split(".")[0] in own or _in(folder, module)]:
            del sys.modules[name]
        sys.modules.update(hidden)


def _folder_of(notebook: Path) -> Path:
    """Where a notebook's own modules lie: a step says from the project's root what it was promoted from."""
    metadata = json.loads(notebook.read_text(encoding="utf-8")).get("metadata") or {}
    origin = (metadata.get("promoted") or {}).get("from")
    return (notebook.parents[2] / origin).parent if origin else notebook.parent


def _names_in(folder: Path) -> set[str]:
    files = {path.stem for path in folder.glob("*.py")}
    packages = {path.parent.name for path in folder.glob("*/*.py")}
    return {name for name in files | packages if name.isidentifier()} - {"app"} - sys.stdlib_module_names


def _in(folder: Path, module: ModuleType) -> bool:
    """Whether a module was loaded from the folder."""
    file = getattr(module, "__file__", None)
    return file is not None and Path(file).is_relative_to(folder)
