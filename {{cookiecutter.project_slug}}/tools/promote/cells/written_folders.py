"""Folders that a notebook writes files into and makes nowhere: they stood beside it where it was written.

A step has a folder of its own to stand in, so it makes them first, and so does the notebook it is compared with.
"""

from __future__ import annotations

import ast
from pathlib import PurePosixPath

from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import Program

MAKERS = {"makedirs", "mkdir", "TemporaryDirectory", "mkdtemp", "copytree"}
# Calls that write to the path they are given first, and keywords that name one.
WRITERS = {
    "to_csv",
    "to_json",
    "to_parquet",
    "to_excel",
    "to_pickle",
    "savefig",
    "imwrite",
    "write_image",
    "write_html",
}
KEYWORDS = {"output_file_path", "output_path", "save_path"}
REASON = "the notebook writes into it and makes it nowhere"


def folders_to_make(program: Program) -> tuple[list[str], list[Finding]]:
    """The folders, by the paths the notebook uses, and a finding each; none where it makes folders itself or asks a
    shell."""
    found: dict[str, Finding] = {}
    for cell in program.cells:
        if any("mkdir" in magic.text for magic in cell.masked.magics):
            return [], []
    for cell, call in program.calls():
        if _name(call) in MAKERS:
            return [], []
        folder = _folder(_path(call))
        if folder and folder not in found:
            what = f"folder {folder} is made before the first cell"
            found[folder] = Finding("changed", "file", cell.index, call.lineno, what, REASON)
    return sorted(found), list(found.values())


def _path(call: ast.Call) -> str:
    """The text of the path a call writes to; empty when it writes none, or one that is not written out."""
    name = _name(call)
    path: ast.expr | None = next((k.value for k in call.keywords if k.arg in KEYWORDS), None)
    if name == "open" and isinstance(call.func, ast.Name) and _writes(call):
        path = call.args[0] if call.args else None
    elif name in WRITERS and call.args:
        path = call.args[0]
    elif name in ("write_text", "write_bytes") and isinstance(call.func, ast.Attribute):
        made = call.func.value
        path = made.args[0] if isinstance(made, ast.Call) and _name(made) == "Path" and made.args else None
    return path.value if isinstance(path, ast.Constant) and isinstance(path.value, str) else ""


def _folder(path: str) -> str:
    """`output` for `output/graph.png`; empty for a file beside the notebook, an address, and an absolute path."""
    if "/" not in path or "://" in path or path.startswith(("/", "~")) or "\\" in path:
        return ""
    folder = PurePosixPath(path).parent.as_posix()
    return "" if set(folder.split("/")) <= {".", ".."} else folder


def _writes(call: ast.Call) -> bool:
    mode = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "mode"), None)
    return isinstance(mode, ast.Constant) and any(letter in str(mode.value) for letter in "wax")


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
