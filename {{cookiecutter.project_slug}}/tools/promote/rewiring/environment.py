"""The variables a step reads from its environment, noted in `.env.example` under a heading of their own.

The provider's keys and addresses are not among them: the door brings those.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from pathlib import Path

from tools.promote.inputs.secrets import DOOR_KEYS
from tools.promote.inputs.settings_file import holds_settings
from tools.promote.notebook.notebook_file import Notebook, source_of
from tools.promote.notebook.outcome import Finding, Refused
from tools.promote.notebook.program import Program, read_cell, spelled
from tools.promote.notebook.splice import Edits
from tools.promote.rewiring.direct_calls import ADDRESS_VARIABLE

FILE = ".env.example"
HEADING = "# What promoted notebooks read, handed on by the pipeline from `.env`; no settings of the app."
# What the pipeline or the shell sets for every step.
BROUGHT = re.compile(
    DOOR_KEYS + r"|APP_\w+|HOME|PATH|USER|PWD|PYTHONPATH|LANG|TMPDIR|SHELL|HOSTNAME|COLAB_\w+|TOKENIZERS_PARALLELISM"
)
READS = ("os.getenv", "os.environ.get", "environ.get", "getenv", "os.environ", "environ")
NAME = re.compile(r"[A-Za-z_]\w*")
VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{2,}")


def variables_of(step: Notebook, put: Iterable[str]) -> list[str]:
    """The variables a step needs, by name: those its cells read, and those the notebook had `put` for a library."""
    cells = [cell for cell in step.cells if cell["cell_type"] == "code"]
    program = Program([read_cell(index, source_of(cell), "") for index, cell in enumerate(cells)])
    needed = names_read(program) | set(put)
    return sorted(name for name in needed if NAME.fullmatch(name) and not _brought(name))


def read_from_environment(program: Program, edits: Edits) -> list[Finding]:
    """A finding for each variable the step will read, at its first place."""
    first: dict[str, Finding] = {}
    for cell in program.cells:
        for node in cell.nodes:
            name = variable_in(program, node)
            stored = isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load)
            if not NAME.fullmatch(name) or stored or _brought(name) or name in first:
                continue
            if not isinstance(node, ast.expr) or edits.replaced(cell.index, cell.span(node)):
                continue
            line = node.lineno
            reason = "the step reads it from its environment"
            first[name] = Finding(
                "kept", "setting", cell.index, line, f"variable {name}", reason, f"set {name} in .env"
            )
    return list(first.values())


def names_read(program: Program) -> set[str]:
    """The variables a notebook reads, by name, and has not set itself by then; `os.environ[k] = os.getenv(k)` reads.

    What it sets under a condition (on Colab, say) it may not have set.
    """
    read: dict[str, tuple[int, int]] = {}  # cell and line of the first place
    written: dict[str, tuple[int, int]] = {}
    for cell in program.cells:
        for node in cell.nodes:
            if not isinstance(node, ast.expr) or not NAME.fullmatch(name := variable_in(program, node)):
                continue
            stored = isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store)
            if stored and cell.statement_of(node) not in cell.tree.body:
                continue
            first, place = (written if stored else read), (cell.index, node.lineno)
            first[name] = min(place, first.get(name, place))
    return {name for name, place in read.items() if place <= written.get(name, place)}


def names_with_a_default(program: Program) -> set[str]:
    """The variables a notebook does without, because it says at every place what is meant where one is missing."""
    with_one: set[str] = set()
    without: set[str] = set()
    for cell in program.cells:
        for node in cell.nodes:
            has_default = isinstance(node, ast.Call) and len(node.args) + len(node.keywords) > 1
            (with_one if has_default else without).add(variable_in(program, node))
    return with_one - without


def env_example(project: Path, names: Iterable[str]) -> dict[Path, bytes]:
    """The file with the names in it that it does not have; nothing when there are none or there is no such file."""
    path = project / FILE
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} cannot be read ({error}): restore it from version control") from None
    new = sorted(set(names) - set(re.findall(r"^#?\s*([A-Za-z_]\w*)=", text, re.MULTILINE)))
    if not new:
        return {}
    lines = text.splitlines()
    head = [] if HEADING in lines else ["", HEADING]
    return {path: "\n".join([*lines, *head, *(f"#{name}=" for name in new), ""]).encode("utf-8")}


def variable_in(program: Program, node: ast.AST) -> str:
    """`X` for `os.environ["X"]`, `"X" in os.environ`, `os.getenv("X")`, `os.environ.get("X")`, and `read("X")` where a
    function of the notebook looks its argument up so; else empty. What a notebook reads from a `.env` file counts as
    environment."""
    if isinstance(node, ast.Subscript) and _is_environment(program, node.value):
        named = node.slice
    elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
        if not _is_environment(program, node.comparators[0]):
            return ""
        named = node.left
    elif (isinstance(node, ast.Call) and node.args and _looks_up(program, node.func)) or (
        isinstance(node, ast.Call) and node.args and _hands_to_a_lookup(program, node)
    ):
        named = node.args[0]
    else:
        return ""
    return named.value if isinstance(named, ast.Constant) and isinstance(named.value, str) else ""


def _looks_up(program: Program, function: ast.expr) -> bool:
    of_file = isinstance(function, ast.Attribute) and function.attr == "get" and holds_settings(program, function.value)
    return of_file or _called(program, function) in READS[:4]


def _hands_to_a_lookup(program: Program, call: ast.Call) -> bool:
    """Whether a call gives a name, written as variables are, to a function of the notebook that looks up its first
    argument."""
    first = call.args[0]
    if not isinstance(call.func, ast.Name) or not isinstance(first, ast.Constant):
        return False
    return VARIABLE.fullmatch(str(first.value)) is not None and any(
        _looks_its_argument_up(program, node)
        for cell in program.cells
        for node in cell.nodes
        if isinstance(node, ast.FunctionDef) and node.name == call.func.id and node.args.args
    )


def _looks_its_argument_up(program: Program, function: ast.FunctionDef) -> bool:
    name = function.args.args[0].arg
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and node.args and _looks_up(program, node.func):
            key: ast.expr = node.args[0]
        elif (
            isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and _is_environment(program, node.value)
        ):
            key = node.slice
        else:
            continue
        if isinstance(key, ast.Name) and key.id == name:
            return True
    return False


def _is_environment(program: Program, expression: ast.expr) -> bool:
    return _called(program, expression) in READS[4:] or holds_settings(program, expression)


def _called(program: Program, expression: ast.expr) -> str:
    return program.dotted(expression) or spelled(expression)


def _brought(name: str) -> bool:
    return BROUGHT.fullmatch(name) is not None or ADDRESS_VARIABLE.fullmatch(name) is not None
