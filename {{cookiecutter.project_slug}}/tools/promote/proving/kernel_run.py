"""Running a notebook in a kernel of its own:
`python kernel_run.py NOTEBOOK RESULT FOLDER TIMEOUT_S`.

RESULT becomes JSON: `outputs` by cell number, `error` with cell and text when a cell failed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any


def main(notebook: Path, result: Path, folder: Path, timeout_s: int) -> None:
    """Run every code cell in `folder` and write what came of it."""
    import nbformat
    from nbclient import NotebookClient
    from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

    document = nbformat.reads(notebook.read_text(encoding="utf-8"), as_version=4)
    client = NotebookClient(
        document, timeout=timeout_s, kernel_name="python3", resources={"metadata": {"path": str(folder)}}
    )
    error: dict[str, Any] | None = None
    try:
        client.execute()
    except CellExecutionError as failure:
        error = {"cell": _failed(document), "what": f"{failure.ename}: {failure.evalue}"}
    except (CellTimeoutError, DeadKernelError) as failure:
        error = {"cell": _nth(document, client.code_cells_executed), "what": " ".join(str(failure).split())[:200]}
    outputs = {
        index: cell.outputs for index, cell in enumerate(document.cells) if cell.cell_type == "code" and cell.outputs
    }
    result.write_text(json.dumps({"outputs": outputs, "error": error}), encoding="utf-8")


def _failed(document: Any) -> int:
    """The cell whose outputs hold the error."""
    for index, cell in enumerate(document.cells):
        if any(output.get("output_type") == "error" for output in cell.get("outputs", [])):
            return index
    return -1


def _nth(document: Any, count: int) -> int:
    """The last of so many code cells that are not empty."""
    indices = [i for i, cell in enumerate(document.cells) if cell.cell_type == "code" and cell.source.strip()]
    return indices[min(max(count, 1), len(indices)) - 1]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
