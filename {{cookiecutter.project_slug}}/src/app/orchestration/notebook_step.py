"""One promoted notebook as a pipeline step: a fresh kernel, checked parameters, the gateway's door in its environment.

The kernel starts in the notebook's own folder, so relative paths mean what they meant when it was written. It sees what
`.env` holds besides the settings, for its own services, and no provider key: models are reached through the door alone.
What the notebook wants to hand on it writes below `APP_RUN_OUTPUT` as JSON, Parquet or text; pickled files are refused.
"""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

import app
from app.configuration import WELL_KNOWN
from app.errors import ConfigurationError, StepFailedError
from app.orchestration import token_tables
from app.orchestration.notebook import NOT_TOLD
from app.orchestration.raising import may_raise
from app.orchestration.step import StepContext

KERNEL = "python3"
ENGINE = "app-door"
START_TIMEOUT_S = 60
# What the kernel itself would print of its transport and shutdown; what cells print is in the notebook.
QUIET_KERNEL = "--IPKernelApp.log_level=50"
PICKLED = frozenset({".pkl", ".pickle", ".joblib", ".dill"})
TYPES: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "str": (str,),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}


@dataclass(frozen=True, slots=True)
class NotebookOutput:
    """What a notebook step leaves: the executed notebook, its parameters, the files it wrote; paths from the root."""

    notebook: str
    parameters: dict[str, Any]
    files: list[str]


def check_parameters(notebook: Path, parameters: Mapping[str, Any], place: str) -> None:
    """Refuse a missing notebook and parameters it does not declare. Raises ConfigurationError naming `place`."""
    if not notebook.is_file():
        raise ConfigurationError(f"{place}: notebook {notebook} does not exist: promote it or remove the step")
    try:
        declared = _declared(notebook)
    except (ValueError, KeyError, TypeError, SyntaxError) as error:
        raise ConfigurationError(
            f"{place}: notebook {notebook} cannot be read ({_one_line(error)}): promote it again"
        ) from None
    for name, value in parameters.items():
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise ConfigurationError(
                f"{place}: notebook {notebook.name} has no parameter {name!r}: it declares {known}"
            )
        expected = declared[name]
        if not _fits(value, expected):
            raise ConfigurationError(
                f"{place}: parameter {name!r} of {notebook.name} must be {expected}, found {value!r}"
            )


def _declared(notebook: Path) -> dict[str, str]:
    """The parameters of the cell tagged `parameters` with their annotations, `list` for `list[str]`."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    tagged = next((cell for cell in cells if "parameters" in cell["metadata"].get("tags", [])), None)
    declared: dict[str, str] = {}
    for node in ast.walk(ast.parse("".join(tagged["source"]) if tagged else "")):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            declared[node.target.id] = ast.unparse(node.annotation)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            declared.setdefault(node.id, "")
    return declared


def run_notebook(notebook: Path, parameters: Mapping[str, Any], context: StepContext) -> NotebookOutput:
    """Execute a notebook; blocks until it is done. The executed one is kept beside `context.folder`, also on failure.

    Raises StepFailedError, one line with notebook, cell (counted from 0) and error.
    """
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    root = context.settings.root
    executed = context.folder.with_suffix(".ipynb")
    context.folder.mkdir(parents=True, exist_ok=True)
    _register_engine()
    token_tables.lay_out()
    try:
        document = papermill.execute_notebook(
            str(notebook),
            str(executed),
            parameters=dict(parameters),
            engine_name=ENGINE,
            kernel_name=KERNEL,
            request_save_on_cell_execute=False,
            progress_bar=False,
            start_timeout=START_TIMEOUT_S,
            kernel_env=_environment(context),
            kernel_cwd=str(notebook.parent),
        )
    except PapermillExecutionError as error:
        cell = _source_index(error.cell_index, executed)
        raise StepFailedError(
            f"notebook {_shown(notebook, root)} failed in cell {cell}: {_one_line(f'{error.ename}: {error.evalue}')}; "
            f"see {_shown(executed, root)}"
        ) from None
    except DeadKernelError:
        raise StepFailedError(
            f"notebook {_shown(notebook, root)}: its kernel died (often memory or a crash in native code): "
            "run it in Jupyter to see where"
        ) from None
    except NoSuchKernel:
        raise StepFailedError(
            f"notebook {_shown(notebook, root)}: kernel {KERNEL!r} is not installed: install ipykernel"
        ) from None
    _check_complete(document, notebook, root)
    return NotebookOutput(_shown(executed, root), dict(parameters), _files(context.folder, root))


def _register_engine() -> None:
    """A papermill engine that starts the kernel with our environment; this process's own stays as it is."""
    import nbformat
    from nbclient.exceptions import CellExecutionError
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine, papermill_engines

    class DoorClient(PapermillNotebookClient):  # type: ignore[misc, unused-ignore]
        """Goes on behind an error that a cell's tags name, and keeps it as what it is: text on the cell's stderr.

        papermill itself takes every output of that kind for a failure, whatever the tags say.
        """

        def execute_cell(self, cell: Any, *given: Any, **named: Any) -> Any:
            done = super().execute_cell(cell, *given, **named)
            for index, output in enumerate(cell.get("outputs", [])):
                if output.output_type != "error":
                    continue
                if not may_raise(cell, output.ename):
                    raise CellExecutionError("\n".join(output.traceback), output.ename, output.evalue)
                text = "\n".join([*output.traceback, f"meant to be raised here: {output.ename}\n"])
                cell.outputs[index] = nbformat.v4.new_output("stream", name="stderr", text=text)
            return done

    class DoorEngine(NBClientEngine):  # type: ignore[misc, unused-ignore]
        @classmethod
        def execute_managed_notebook(  # type: ignore[override, unused-ignore]
            cls, nb_man: Any, kernel_name: str, *, kernel_env: Any, kernel_cwd: str, start_timeout: int, **_: Any
        ) -> Any:
            client = DoorClient(
                nb_man,
                kernel_name=kernel_name,
                startup_timeout=start_timeout,
                timeout=None,
                extra_arguments=[QUIET_KERNEL],
            )
            return client.execute(env=kernel_env, cwd=kernel_cwd)

    papermill_engines.register(ENGINE, DoorEngine)


def _environment(context: StepContext) -> dict[str, str]:
    keys = {f"{provider.upper()}_API_KEY" for provider in context.settings.providers}
    noted = {name: value for name, value in dotenv_values(context.settings.root / ".env").items() if value}
    ours = {name for name in noted if name in WELL_KNOWN or name.startswith("APP_")}
    known = {name: value for name, value in noted.items() if name not in ours} | os.environ
    inherited = {name: value for name, value in known.items() if name not in keys}
    source = Path(app.__path__[0]).resolve().parent
    given = filter(None, inherited.get("PYTHONPATH", "").split(os.pathsep))
    # Packages of the project's root (`tools`, `evals`) would hide a notebook's own modules of these names.
    roots = {source.parent, context.settings.root.resolve()}
    paths = [str(source), *(path for path in given if Path(path).resolve() not in roots)]
    return {
        **NOT_TOLD,
        **inherited,
        "PYTHONPATH": os.pathsep.join(paths),
        "APP_RUN_DOOR_URL": context.door.url,
        "APP_RUN_DOOR_KEY": context.door.key,
        "APP_RUN_PROMPTS": json.dumps(dict(context.prompt_versions)),
        "APP_RUN_OUTPUT": str(context.folder),
    }


def _check_complete(document: Any, notebook: Path, root: Path) -> None:
    """`sys.exit(0)` in a cell ends a run without an error; the cells after it never ran, so it is one."""
    for index, cell in enumerate(document.cells):
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("status") == "pending":
            raise StepFailedError(
                f"notebook {_shown(notebook, root)} stopped before cell {index}: "
                "a cell ended the kernel; remove the exit call"
            )


def _files(folder: Path, root: Path) -> list[str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    for path in files:
        if path.suffix.lower() in PICKLED:
            raise StepFailedError(
                f"{_shown(path, root)} is pickled: hand results on as JSON or Parquet (pickle runs code when read)"
            )
    return [_shown(path, root) for path in files]


def _source_index(index: int, executed: Path) -> int:
    """The failing cell's index in the source: papermill adds one with the parameters, and a banner at 0."""
    cells = json.loads(executed.read_text(encoding="utf-8"))["cells"]
    tags = [cell["metadata"].get("tags", []) for cell in cells]
    injected = next((i - 1 for i, found in enumerate(tags) if "injected-parameters" in found), None)
    return index - int(injected is not None and injected < index)


def _fits(value: Any, expected: str) -> bool:
    """Whether a value fits an annotation; one that says nothing we know fits everything."""
    kinds = [kind.partition("[")[0].strip() for kind in expected.split("|")]
    if any(kind not in TYPES and kind != "None" for kind in kinds):
        return True
    if value is None or isinstance(value, bool):
        return ("None" if value is None else "bool") in kinds
    return any(isinstance(value, TYPES[kind]) for kind in kinds if kind in TYPES)


def _shown(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def _one_line(error: object) -> str:
    return " ".join(str(error).split())
