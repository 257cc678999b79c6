"""The order of the rules: each adds its edits, and a later one leaves alone what an earlier one has changed."""

from __future__ import annotations

from dataclasses import dataclass

from tools.promote.dependencies import Dependencies, lift_installs
from tools.promote.headless import check_headless
from tools.promote.notebook_file import Notebook
from tools.promote.outcome import Finding
from tools.promote.parameters import FoundParameter, lift_parameters, tagged_cell
from tools.promote.program import Program
from tools.promote.prompt_files import PromptStore
from tools.promote.prompts import Lifted, PromptLifter
from tools.promote.rewiring import rewire
from tools.promote.secrets import SecretRemover
from tools.promote.splice import Edits
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


def rewrite(
    notebook: Notebook, program: Program, store: PromptStore, step: str, name: str, cwd: str | None
) -> Rewriting:
    """Apply all rules. `name` is the notebook as reports call it, `cwd` the way from the step's folder to its own."""
    edits = Edits()
    dependencies = lift_installs(program, edits)
    clients = rewire(program, edits)
    secrets = SecretRemover(program, edits)
    secrets.run()
    prompts = PromptLifter(program, store, step, name, prompt_helper(program))
    prompts.lift(edits)
    headless = check_headless(program, edits)
    parameters = [] if tagged_cell(notebook.cells) is not None else lift_parameters(program, edits)
    imports = import_cell(
        sorted(clients.helpers | ({PROMPT} if prompts.lifted else set())),
        prompts.helper,
        sorted(clients.imports),
        needs_os=secrets.needs_os,
        cwd=cwd if uses_relative_paths(program, edits) else None,
        surrounded=clients.surrounded,
    )
    moved = [Finding("changed", "parameter", p.cell, p.line, f"{p.name}: {p.type} is a parameter") for p in parameters]
    findings = [
        *moved,
        *prompts.findings,
        *clients.findings,
        *secrets.findings,
        *dependencies.findings,
        *headless,
    ]
    return Rewriting(edits, imports, parameters, prompts.lifted, dependencies, store, findings)
