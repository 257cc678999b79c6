"""Pointing model clients at the gateway's door: the constructor's arguments change, call sites never do.

What no door can serve is reported as refused with its place, and left as it is.
"""

from __future__ import annotations

import ast

from tools.promote.cells import written_files
from tools.promote.clients import FAMILIES, google, mistral, unknown
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.notebook.splice import Edits
from tools.promote.rewiring import (
    autogen_lists,
    bedrock,
    direct_calls,
    from_environment,
    hugging_face_chat,
    init_chat_model,
    interactions,
    local_names,
    moved_names,
    openai_module,
    pointing,
    retired_google,
    retired_mistral,
    strands_agent,
    unused_imports,
    vendor_arguments,
)
from tools.promote.rewiring.rewired import Rewired, matching


def rewire(program: Program, edits: Edits) -> Rewired:
    """Swap the constructors of a notebook. The edits are added to `edits`."""
    rewired = Rewired()
    direct_calls.remove_settings(program, edits, rewired)
    stood_in = [google.LEGACY] if retired_google.stand_in(program, edits, rewired) else []
    stood_in += [mistral.FAMILY] if retired_mistral.stand_in(program, edits, rewired) else []
    autogen = autogen_lists.is_imported(program)
    for cell, call in program.calls():
        dotted = program.dotted(call.func)
        if autogen and autogen_lists.point(program, cell, call, edits, rewired):
            continue
        if dotted is not None and not any(family.owns(dotted) for family in stood_in):
            _constructor(program, cell, call, dotted, edits, rewired)
        direct_calls.report(program, cell, call, rewired)
        interactions.check(program, cell, call, rewired)
        bedrock.rewire(program, cell, call, edits, rewired)
    from_environment.surround(program, rewired)
    local_names.refuse(program, rewired)
    written_files.surround(program, rewired)
    openai_module.rewire(program, edits, rewired)
    vendor_arguments.move(program, edits, rewired)
    if mistral.FAMILY not in stood_in:
        moved_names.move(program, edits)
    unused_imports.remove(program, rewired, edits)
    return rewired


def _constructor(program: Program, cell: CodeCell, call: ast.Call, dotted: str, edits: Edits, rewired: Rewired) -> None:
    name = cell.text(call.func)
    if call in rewired.within:
        return
    if dotted.endswith(init_chat_model.NAME):
        init_chat_model.point(program, cell, call, edits, rewired)
        return
    if hugging_face_chat.point(program, cell, call, dotted, edits, rewired):
        return
    if strands_agent.point(program, cell, call, dotted, edits, rewired):
        return
    for family in FAMILIES:
        if not family.owns(dotted):
            continue
        constructor = matching(family.constructors, dotted)
        refusal = matching(family.refusals, dotted)
        model = matching(family.surrounded, dotted)
        if constructor is not None:
            pointing.point(program, cell, call, constructor, edits, rewired)
        elif refusal is not None:
            rewired.refuse(cell, call.lineno, f"{name}(...)", refusal)
        elif model is not None:
            pointing.surround(program, cell, call, family, model, edits, rewired)
        else:
            continue
        return
    unlisted = unknown.refusal_of(dotted)
    if unlisted is not None:
        rewired.refuse(cell, call.lineno, f"{name}(...)", unlisted)
