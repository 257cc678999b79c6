"""Packages a step imports that are not there: it would fail in its pipeline, so it waits for them.

Asked only where the project's own packages are at hand; elsewhere nothing can be said.
"""

from __future__ import annotations

import importlib.util
import re
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

from tools.promote.cells.dependencies import FILE
from tools.promote.cells.own_modules import imported_roots, lies_in
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import Program

SUBJECT = "package"
NOT_INSTALLED = "its package is not installed"
ROOT = Path(__file__).resolve().parents[3]


def missing_packages(program: Program, folder: Path, source: Path, requirements: list[str]) -> list[Finding]:
    """A finding for each module that cannot be imported, where it is imported first.

    `folder` is where the notebook runs, whose own modules count as installed, and `source` where it came from;
    `requirements` are those it names itself.
    """
    findings: dict[str, Finding] = {}
    for cell in program.cells:
        for line, root in imported_roots(cell):
            obstacle = None if root in findings else _obstacle(root, folder, source, requirements)
            if obstacle is not None:
                findings[root] = Finding("refused", SUBJECT, cell.index, line, f"import {root}", *obstacle)
    return list(findings.values())


def _obstacle(root: str, folder: Path, source: Path, requirements: list[str]) -> tuple[str, str] | None:
    """Why a module cannot be imported, and what to do; None when it can."""
    if lies_in(folder, root):
        if root != "app":
            return None
        return "the project's own package has this name, and the step needs that one", "rename the notebook's module"
    if root in sys.stdlib_module_names or root in ("google", "app"):
        return None
    if (found := _found(root)) and not _of_this_project(found):
        return None
    if lies_in(source, root):
        return f"its file lies in {source} and was not copied along", f"copy it to {folder.name}/, then promote again"
    if found:
        reason = "the project has another module of this name, and the notebook's own did not come with it"
        return reason, f"copy it to {folder.name}/, then promote again"
    if _named(root, requirements):
        return NOT_INSTALLED, "run `make lock`, which pins it, then promote again"
    return NOT_INSTALLED, f"add its package to {FILE}, run `make lock`, then promote again"


def _found(root: str) -> ModuleSpec | None:
    try:
        return importlib.util.find_spec(root)
    except (ImportError, ValueError):
        return None


def _of_this_project(found: ModuleSpec) -> bool:
    """Whether a module is one of the project's own, which no notebook was written for."""
    places = [found.origin, *(found.submodule_search_locations or ())]
    return any(place is not None and Path(place).parent == ROOT for place in places)


def _named(root: str, requirements: list[str]) -> bool:
    """Whether some requirement is called like the module: `langchain-openai>=1` for `langchain_openai`."""
    names = {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", text)[0]).lower() for text in requirements}
    plain = root.replace("_", "-").lower()
    return any(name == plain or name.startswith(f"{plain}-") or name.endswith(f"-{plain}") for name in names)
