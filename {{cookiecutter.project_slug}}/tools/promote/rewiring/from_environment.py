"""Clients that no constructor in the notebook makes: subclasses, libraries, modules and look-ups find the door in the
environment.
"""

from __future__ import annotations

import ast
import re

from tools.promote.clients import FAMILIES, by_environment, llama_index_defaults
from tools.promote.inputs.questions import ENVIRONMENT_READERS
from tools.promote.inputs.secrets import DOOR_KEYS, is_environ
from tools.promote.inputs.settings_file import holds_settings
from tools.promote.notebook.program import CodeCell, Program, spelled
from tools.promote.rewiring.environment import variable_in
from tools.promote.rewiring.rewired import ENVIRONMENT, Rewired, matching

# What is asked about a class makes nothing of it.
ABOUT_TYPES = ("isinstance", "issubclass", "cast", "typing.cast", "help", "print", "type", "dir", "id", "display")


def surround(program: Program, rewired: Rewired) -> None:
    """Note everything of a notebook that takes its client from the environment without naming one."""
    _subclasses(program, rewired)
    _libraries(program, rewired)
    _handed_on(program, rewired)
    _llama_index(program, rewired)
    _looked_up_keys(program, rewired)
    _keys_of_a_file(program, rewired)


def _subclasses(program: Program, rewired: Rewired) -> None:
    """Classes of the notebook that extend a client: the address they do not name is read from the environment."""
    for cell in program.cells:
        for node in cell.nodes:
            for base in node.bases if isinstance(node, ast.ClassDef) else ():
                dotted = program.dotted(base) or ""
                if any(family.owns(dotted) and matching(family.constructors, dotted) for family in FAMILIES):
                    rewired.surrounded = True
                    assert isinstance(node, ast.ClassDef)
                    rewired.changed(cell, node.lineno, f"class {node.name} {ENVIRONMENT}")


def _libraries(program: Program, rewired: Rewired) -> None:
    """Libraries that make clients of their own, out of reach: they find the door in the environment."""
    seen: set[str] = set()
    for cell in program.cells:
        for node in cell.nodes:
            for library in by_environment.asking(node) - seen:
                assert isinstance(node, ast.stmt)
                seen.add(library)
                rewired.surrounded = True
                rewired.changed(cell, node.lineno, f"{library} {ENVIRONMENT}", "it makes its own clients, out of reach")


def _handed_on(program: Program, rewired: Rewired) -> None:
    """A module, function or class that is handed on and called by another name: `completion = litellm.completion`."""
    for cell in program.cells:
        for node in cell.nodes:
            if not isinstance(node, ast.Name | ast.Attribute) or not isinstance(node.ctx, ast.Load):
                continue
            dotted = program.dotted(node)
            if dotted is not None and _is_handed_on(cell, node) and _makes_a_client(dotted):
                rewired.surrounded = True
                rewired.changed(cell, node.lineno, f"{cell.text(node)} {ENVIRONMENT}")


def _is_handed_on(cell: CodeCell, node: ast.expr) -> bool:
    """Whether it is a value here: assigned, given to a call, put into a dictionary, returned; not a type."""
    above = cell.parents.get(node)
    if isinstance(above, ast.Call):
        return above.func is not node and spelled(above.func) not in ABOUT_TYPES
    if isinstance(above, ast.Assign | ast.AnnAssign):
        return above.value is node
    if isinstance(above, ast.Dict):
        return node in above.values
    return isinstance(above, ast.keyword | ast.Return)


def _makes_a_client(dotted: str) -> bool:
    for family in FAMILIES:
        if family.surrounded and dotted in family.modules:
            return True
        made = matching(family.constructors, dotted) if family.owns(dotted) else None
        if made is not None and made.becomes is None:
            return True
        if family.owns(dotted) and matching(family.surrounded, dotted) is not None:
            return True
    return False


def _llama_index(program: Program, rewired: Rewired) -> None:
    """Engines, retrievers and evaluators that make OpenAI's clients where the notebook makes no model at all."""
    if any(finding.outcome == "changed" for finding in rewired.findings) or _sets_models(program):
        return
    for cell, call in program.calls():
        if llama_index_defaults.makes_its_own(program.dotted(call.func) or ""):
            rewired.surrounded = True
            rewired.changed(cell, call.lineno, f"{cell.text(call.func)}(...) {ENVIRONMENT}")


def _sets_models(program: Program) -> bool:
    """`Settings.llm = ...`: what makes no model of its own has that one."""
    return any(
        isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and node.attr in ("llm", "embed_model")
        for cell in program.cells
        for node in cell.nodes
    )


def _looked_up_keys(program: Program, rewired: Rewired) -> None:
    """`os.getenv(name)` of a function that looks whether a key is there: the door's keys are, by their names."""
    nodes = [(cell, node) for cell in program.cells for node in cell.nodes]
    texts = (node.value for _, node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str))
    if not any(re.fullmatch(DOOR_KEYS, text) for text in texts):
        return
    for cell, node in nodes:
        if isinstance(node, ast.Call) and node.args and spelled(node.func) in ENVIRONMENT_READERS:
            name: ast.expr = node.args[0]
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and is_environ(node.value):
            name = node.slice
        else:
            continue
        if not isinstance(name, ast.Constant):
            rewired.surrounded = True
            what = f"the key that {cell.text(node)} looks up is the door's"
            rewired.changed(cell, node.lineno, what, "the notebook asks by name whether it is there")


def _keys_of_a_file(program: Program, rewired: Rewired) -> None:
    """`dotenv_values(".env")["OPENAI_API_KEY"]`: a step has no such file, and the door's key is in the environment."""
    for cell in program.cells:
        for node in cell.nodes:
            if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load):
                settings: ast.expr = node.value
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
                settings = node.func.value
            else:
                continue
            name = variable_in(program, node)
            if holds_settings(program, settings) and re.fullmatch(DOOR_KEYS, name):
                rewired.surrounded = True
                rewired.changed(cell, node.lineno, f"{name} is the door's", "the notebook reads it from a file")
