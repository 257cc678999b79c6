"""The module `openai` as the client: its settings become the door's; for functions of before 1.0 ours stand in."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.promote.clients import openai
from tools.promote.notebook.program import CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits, removal
from tools.promote.rewiring.rewired import Rewired

LEGACY_MODULE = "app.orchestration.legacy_openai"
OLD_ADDRESS = "api_base"  # of openai before 1.0; today's module has no such name


def rewire(program: Program, edits: Edits, rewired: Rewired) -> None:
    """`openai.api_key = ...` becomes the door's key and address; `openai.ChatCompletion.create` a function of ours."""
    alias = next((name for name, path in program.names.imports.items() if path == "openai"), None)
    _legacy_functions(program, edits, rewired)
    if alias is None:
        return
    used = any(_is_module_call(program.dotted(call.func) or "") for _, call in program.calls())
    settings = list(_module_settings(program, alias))
    read = _address_is_read(program, alias)
    if not used:
        for cell, statement, name in settings:
            if read and name == OLD_ADDRESS:
                _to_the_door(cell, statement, alias, edits, rewired)
            elif edits.add(removal(cell, statement)):
                rewired.changed(cell, statement.lineno, f"{alias}.{name} removed", "the clients bring the door's")
        return
    rewired.helpers.add(openai.HELPER)
    address = f'{alias}.base_url = {openai.HELPER}()["base_url"] + "/"'
    key = f'{alias}.api_key = {openai.HELPER}()["api_key"]'
    placed = False
    for cell, statement, name in settings:
        if name == "api_key" and not placed:
            indent = " " * statement.col_offset
            placed = edits.add(Edit(cell.index, cell.span(statement), f"{key}\n{indent}{address}"))
        elif read and name == OLD_ADDRESS:
            _to_the_door(cell, statement, alias, edits, rewired)
            continue
        else:
            edits.add(removal(cell, statement))
        rewired.changed(cell, statement.lineno, f"{alias}.{name} is the gateway's door")
    if not placed:
        _after_import(program, alias, f"\n{key}\n{address}", edits, rewired)


def _address_is_read(program: Program, alias: str) -> bool:
    """Whether the notebook reads `openai.api_base`, which the module has only where somebody has set it."""
    return any(
        isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Load)
        and node.attr == OLD_ADDRESS
        and isinstance(node.value, ast.Name)
        and node.value.id == alias
        for cell in program.cells
        for node in cell.nodes
    )


def _to_the_door(cell: CodeCell, statement: ast.Assign, alias: str, edits: Edits, rewired: Rewired) -> None:
    """`openai.api_base = ...` becomes the door's address, for what reads it."""
    rewired.helpers.add(openai.HELPER)
    if edits.add(Edit(cell.index, cell.span(statement), f'{alias}.{OLD_ADDRESS} = {openai.HELPER}()["base_url"]')):
        rewired.changed(cell, statement.lineno, f"{alias}.{OLD_ADDRESS} is the gateway's door")


def _is_module_call(dotted: str) -> bool:
    return dotted.startswith(("openai.chat.", "openai.responses.", "openai.embeddings.", "openai.completions."))


def _after_import(program: Program, alias: str, text: str, edits: Edits, rewired: Rewired) -> None:
    for cell in program.cells:
        for node in cell.tree.body:
            if isinstance(node, ast.Import) and any(a.name == "openai" for a in node.names):
                end = cell.span(node).end
                edits.add(Edit(cell.index, Span(end, end), text))
                rewired.changed(cell, node.lineno, f"the module {alias} goes through the gateway's door")
                return


def _legacy_functions(program: Program, edits: Edits, rewired: Rewired) -> None:
    """`openai.ChatCompletion.create(...)`, a function of ours that asks through the door and answers as it did."""
    for cell, call in program.calls():
        dotted = program.dotted(call.func) or ""
        ours = openai.LEGACY.get(".".join(dotted.split(".")[-2:])) if dotted.startswith("openai.") else None
        if ours is None or not edits.add(Edit(cell.index, cell.span(call.func), ours)):
            continue
        rewired.imports.add(f"from {LEGACY_MODULE} import {ours}")
        what = f"{cell.text(call.func)}(...) goes through the gateway's door"
        rewired.changed(
            cell, call.lineno, what, "it belongs to openai before 1.0; a function of the project stands for it"
        )


def _module_settings(program: Program, alias: str) -> Iterator[tuple[CodeCell, ast.Assign, str]]:
    for cell in program.cells:
        for node in cell.nodes:
            if not isinstance(node, ast.Assign) or len(node.targets) != 1:
                continue
            target = node.targets[0]
            if (
                isinstance(target, ast.Attribute)
                and isinstance(target.value, ast.Name)
                and target.value.id == alias
                and target.attr in openai.SETTINGS
            ):
                yield cell, node, target.attr
