"""Running a notebook in a kernel of its own:
`python kernel_run.py NOTEBOOK RESULT FOLDER TIMEOUT_S [fixed]`.

RESULT becomes JSON: `outputs` by cell number, `error` with cell, text and `library`, the package that raised it, when a
cell failed. A cell whose tags say what
it raises (`raises-exception`, `raises:ValueError`) fails with any other error alone. `fixed`: sets of texts have the
same order and chance falls alike in every such run.
"""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

TYPE_TAG = "raises:"
FIXED = "fixed"
SEED = 0


def main(notebook: Path, result: Path, folder: Path, timeout_s: int, *, fixed: bool) -> None:
    """Run every code cell in `folder` and write what came of it."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    document = nbformat.reads(notebook.read_text(encoding="utf-8"), as_version=4)
    chance = [_chance(document)] if fixed else []

    class Client(NotebookClient):
        async def async_execute_cell(self, cell: Any, *given: Any, **named: Any) -> Any:
            if chance:
                assert self.kc is not None
                self.kc.execute(chance.pop(), silent=True)
            done = await super().async_execute_cell(cell, *given, **named)
            for output in cell.get("outputs", []):
                if output.output_type == "error" and not _shown(cell, output.ename):
                    raise CellExecutionError("\n".join(output.traceback), output.ename, output.evalue)
            return done

    client = Client(document, timeout=timeout_s, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    error: dict[str, Any] | None = None
    try:
        client.execute()
    except CellExecutionError as failure:
        raised = re.findall(r"site-packages[/\\](\w+)", failure.traceback)
        what = f"{failure.ename}: {failure.evalue}"
        error = {"cell": _failed(document), "what": what, "library": raised[-1] if raised else ""}
    except (CellTimeoutError, DeadKernelError) as failure:
        error = {"cell": _nth(document, client.code_cells_executed), "what": " ".join(str(failure).split())[:200]}
    outputs = {
        index: cell.outputs for index, cell in enumerate(document.cells) if cell.cell_type == "code" and cell.outputs
    }
    result.write_text(json.dumps({"outputs": outputs, "error": error}), encoding="utf-8")


def _chance(document: Any) -> str:
    """What a kernel runs first: nothing is left to chance then but addresses and clocks, and no name is bound."""
    os.environ["PYTHONHASHSEED"] = str(SEED)
    lines = [f"__import__('random').seed({SEED})"]
    if any("numpy" in cell.source for cell in document.cells if cell.cell_type == "code"):
        lines.append(f"__import__('numpy').random.seed({SEED})")
    return "\n".join(lines)


def _failed(document: Any) -> int:
    """The last cell whose outputs hold an error: those before it were meant."""
    for index, cell in reversed(list(enumerate(document.cells))):
        if any(output.get("output_type") == "error" for output in cell.get("outputs", [])):
            return int(index)
    return -1


def _shown(cell: Any, name: str) -> bool:
    """Whether an error of this type may be there; a cell without a type in its tags is nbclient's matter."""
    types = [tag.removeprefix(TYPE_TAG) for tag in cell.metadata.get("tags", []) if tag.startswith(TYPE_TAG)]
    return not types or name.rpartition(".")[2] in types


def _nth(document: Any, count: int) -> int:
    """The last of so many code cells that are not empty."""
    indices = [i for i, cell in enumerate(document.cells) if cell.cell_type == "code" and cell.source.strip()]
    return indices[min(max(count, 1), len(indices)) - 1]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), fixed=FIXED in sys.argv[5:])
