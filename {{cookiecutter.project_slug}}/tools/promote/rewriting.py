"""The order of the rules: each adds its edits, and a later one leaves alone what an earlier one has changed."""

from __future__ import annotations

from dataclasses import dataclass

from tools.promote.cells.dependencies import Dependencies, lift_installs
from tools.promote.cells.drawn_graphs import print_drawn_graphs
from tools.promote.cells.headless import check_headless
from tools.promote.cells.host_library import check_host_library
from tools.promote.cells.pages import leave_pages_closed
from tools.promote.cells.written_files import report_written
from tools.promote.cells.written_folders import folders_to_make
from tools.promote.inputs.argument_parser import lift_arguments
from tools.promote.inputs.asked import QuestionRule
from tools.promote.inputs.parameters import FoundParameter, left_fields, lift_parameters, tagged_cell
from tools.promote.inputs.secrets import SecretRemover
from tools.promote.inputs.settings_file import add_environment
from tools.promote.lifting.descriptions import Choice, report_descriptions, to_lift
from tools.promote.lifting.few_shot import ExampleLifter
from tools.promote.lifting.prompt_files import PromptStore
from tools.promote.lifting.prompts import Lifted, PromptLifter
from tools.promote.moved.agent_calls import move_agent_calls
from tools.promote.moved.blocking_runs import await_runs
from tools.promote.moved.calls import move_calls
from tools.promote.moved.imports import move_imports, require
from tools.promote.moved.sampling import send_sampling
from tools.promote.notebook.headings import headings_of
from tools.promote.notebook.notebook_file import Notebook
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import Program
from tools.promote.notebook.splice import Edits
from tools.promote.rewiring.environment import read_from_environment
from tools.promote.rewiring.rewire import rewire
from tools.promote.step_notebook import PROMPT, import_cell, prompt_helper, uses_relative_paths


@dataclass(frozen=True)
class Rewriting:
    """Everything the rules make of one notebook. `imports` is the text of the import cell."""

    edits: Edits
    imports: str
    parameters: list[FoundParameter]
    prompts: list[Lifted]
    dependencies: Dependencies
    store: PromptStore
    findings: list[Finding]
    variables: set[str]  # of the environment, which the notebook set and the step finds there


@dataclass(frozen=True)
class OwnFolder:
    """The folder of the notebook: the way there from the step's, None when it is the same, and whether the notebook
    imports modules that lie in it."""

    way: str | None
    imported: bool


def rewrite(
    notebook: Notebook, program: Program, store: PromptStore, step: str, name: str, choice: Choice, folder: OwnFolder
) -> Rewriting:
    """Apply all rules.

    `name` is the notebook as reports call it, `choice` what becomes of descriptions of tools, `folder` the notebook's.
    """
    edits = Edits()
    dependencies = lift_installs(program, edits)
    clients = rewire(program, edits)
    for module, (cell, line) in clients.packages.items():
        require(dependencies, cell, line, module)
    moved = move_imports(program, edits, dependencies, clients.exchanged)
    moved += [*move_calls(program, edits), *await_runs(program, edits)]
    if of_agents := move_agent_calls(program, edits):
        dependencies.loosen(("pydantic-ai",))
    sampling = send_sampling(program, edits)
    secrets = SecretRemover(program, edits, clients.exchanged)
    secrets.run()
    settings = add_environment(program, edits)
    prompts = PromptLifter(program, store, step, name, prompt_helper(program), headings_of(notebook))
    examples = ExampleLifter(program, prompts)
    examples.lift(edits)
    prompts.lift(edits, to_lift(program, choice))
    stays = report_descriptions(program, edits)
    arguments = lift_arguments(program, edits)
    asked = QuestionRule(program, edits).run()
    drawn = print_drawn_graphs(program, edits, clients.imports, dependencies)
    pages = leave_pages_closed(program, edits)
    if any(finding.subject == "argument" for finding in pages):
        dependencies.loosen(("gradio",))
    drawn += pages
    headless = [*drawn, *check_host_library(program, edits), *check_headless(program, edits)]
    tagged = tagged_cell(notebook.cells)
    literal = lift_parameters(program, edits) if tagged is None else []
    parameters = sorted([*arguments.parameters, *asked.parameters, *literal], key=lambda p: (p.cell, p.line))
    left = left_fields(program, parameters) if tagged is None else []
    left += read_from_environment(program, edits)
    folders, made = folders_to_make(program)
    imports = import_cell(
        sorted(clients.helpers | examples.helpers | ({PROMPT} if prompts.called else set())),
        prompts.helper,
        sorted(clients.imports | arguments.imports),
        needs_os=secrets.needs_os or asked.needs_os or arguments.needs_os or bool(settings),
        cwd=folder.way if folder.imported or uses_relative_paths(program, edits) else None,
        surrounded=clients.surrounded,
        folders=folders,
    )
    named = {(parameter.cell, parameter.line) for parameter in parameters}
    findings = [
        *(parameter.finding for parameter in parameters),
        *left,
        *arguments.findings,
        *asked.findings,
        *(f for f in prompts.findings if f.outcome != "kept" or (f.cell, f.line) not in named),
        *stays,
        *clients.findings,
        *moved,
        *of_agents,
        *sampling,
        *secrets.findings,
        *settings,
        *headless,
        *report_written(program, edits),
        *made,
    ]
    variables = secrets.variables | clients.variables
    return Rewriting(edits, imports, parameters, prompts.lifted, dependencies, store, findings, variables)
