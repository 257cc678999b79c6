"""Clients that no constructor in the notebook makes: subclasses, libraries, modules and look-ups find the door in the
environment.
"""

from __future__ import annotations

import ast
import re

from tools.promote.clients import FAMILIES, by_environment
from tools.promote.inputs.questions import ENVIRONMENT_READERS
from tools.promote.inputs.secrets import DOOR_KEYS, is_environ
from tools.promote.notebook.program import Program, spelled
from tools.promote.rewiring.rewired import ENVIRONMENT, Rewired, matching


def surround(program: Program, rewired: Rewired) -> None:
    """Note everything of a notebook that takes its client from the environment without naming one."""
    _subclasses(program, rewired)
    _libraries(program, rewired)
    _handed_modules(program, rewired)
    _looked_up_keys(program, rewired)


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


def _handed_modules(program: Program, rewired: Rewired) -> None:
    """A module that stands in for its client, `client = ollama`: what it is asked then comes from its own client."""
    for cell in program.cells:
        for node in cell.nodes:
            if not isinstance(node, ast.Name) or isinstance(cell.parents.get(node), ast.Attribute):
                continue
            dotted = program.dotted(node) if isinstance(node.ctx, ast.Load) else None
            if any(family.surrounded and dotted in family.modules for family in FAMILIES):
                rewired.surrounded = True
                rewired.changed(cell, node.lineno, f"{node.id} {ENVIRONMENT}")


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
