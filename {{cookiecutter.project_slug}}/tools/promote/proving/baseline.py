"""The notebook as it runs for the comparison: without its install lines and without pictures that a public service
draws, with the imports that its packages have today, else untouched wherever that is possible.

A notebook that brings keys or addresses of its own would call a provider: its clients are pointed at the door first.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from tools.promote.cells.dependencies import lift_installs
from tools.promote.cells.drawn_graphs import print_drawn_graphs
from tools.promote.cells.host_library import check_host_library
from tools.promote.cells.pages import leave_pages_closed
from tools.promote.cells.written_folders import folders_to_make
from tools.promote.clients import FAMILIES
from tools.promote.inputs.asked import QuestionRule
from tools.promote.inputs.secrets import SecretRemover, is_environ
from tools.promote.inputs.settings_file import add_environment
from tools.promote.moved.agent_calls import move_agent_calls
from tools.promote.moved.blocking_runs import await_runs
from tools.promote.moved.calls import move_calls
from tools.promote.moved.imports import move_imports
from tools.promote.moved.sampling import send_sampling
from tools.promote.notebook.notebook_file import Notebook
from tools.promote.notebook.program import Program, read_program
from tools.promote.notebook.splice import Edits
from tools.promote.proving.versions import pins_of
from tools.promote.rewiring import bedrock
from tools.promote.rewiring.rewire import rewire
from tools.promote.step_notebook import PROMPT, assemble, import_cell


@dataclass(frozen=True)
class Baseline:
    """The notebook to run, the numbers its cells have in the original, whether its clients were rewired, and the
    versions of packages that it asks for."""

    notebook: Notebook
    origins: dict[int, int]
    rewired: bool
    pins: tuple[str, ...] = ()


def make_baseline(notebook: Notebook, name: str, *, pointed: bool = False) -> Baseline:
    """What is run as the original. `pointed`: its clients are pointed at the door, also where it brings no address."""
    program = read_program(notebook, name)
    edits = Edits()
    dependencies = lift_installs(program, edits)
    pins = pins_of(dependencies.requirements.values())
    clients = rewire(program, edits) if pointed or _brings_address(program) else None
    move_imports(program, edits, dependencies, clients.exchanged if clients is not None else ())
    move_calls(program, edits)
    move_agent_calls(program, edits)
    await_runs(program, edits)
    send_sampling(program, edits)
    secrets = SecretRemover(program, edits)
    if clients is not None:
        secrets.run()
    from_file = bool(add_environment(program, edits))
    asked = QuestionRule(program, edits).run()
    drawn: set[str] = set()
    print_drawn_graphs(program, edits, drawn, dependencies)
    leave_pages_closed(program, edits)
    check_host_library(program, edits)
    helpers = sorted(clients.helpers) if clients is not None else []
    extra = sorted(drawn | (clients.imports if clients is not None else set()))
    surrounded = clients is not None and clients.surrounded
    imports = import_cell(
        helpers,
        PROMPT,
        extra,
        needs_os=secrets.needs_os or asked.needs_os or from_file,
        cwd=None,
        surrounded=surrounded,
        folders=folders_to_make(program)[0],
    )
    assembled = assemble(notebook, program, edits, asked.parameters, imports, {})
    return Baseline(assembled.notebook, assembled.origins, clients is not None, pins)


def _brings_address(program: Program) -> bool:
    """Whether the notebook sets a key or an address itself, in a constructor, a module or the environment."""
    for _, call in program.calls():
        if bedrock.service_of(program, call) == bedrock.RUNTIME:
            return True
        dotted = program.dotted(call.func)
        if dotted is None:
            continue
        for family in FAMILIES:
            constructor = family.constructors.get(dotted.rpartition(".")[2]) if family.owns(dotted) else None
            if constructor is not None and (
                constructor.becomes
                or call.args[: constructor.drops]
                or any(k.arg is None or k.arg in constructor.loses for k in call.keywords)
            ):
                return True
    stores = (n for cell in program.cells for n in cell.nodes if isinstance(n, ast.Subscript | ast.Attribute))
    return any(isinstance(node.ctx, ast.Store) and _is_setting(node) for node in stores)


def _is_setting(node: ast.Subscript | ast.Attribute) -> bool:
    """`os.environ[...]` or `openai.api_key`."""
    if isinstance(node, ast.Subscript):
        return is_environ(node.value)
    return node.attr in ("api_key", "api_base", "base_url")
