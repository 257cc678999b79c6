"""Settings of a vendor's own at the calls, once OpenAI's client stands for the vendor's: they go into `extra_body`.

`client.chat.completions.create(top_k=40)` ends in a TypeError in OpenAI's SDK; the request that is sent is the same.
"""

from __future__ import annotations

import ast

from tools.promote.clients.openai import COMPATIBLE
from tools.promote.moved.sampling import move_into_body
from tools.promote.notebook.program import Program
from tools.promote.notebook.splice import Edits
from tools.promote.rewiring.constructors import vendor_settings
from tools.promote.rewiring.rewired import Rewired

REASON = "OpenAI's client takes it as a part of the body alone; the request that is sent is the same"


def move(program: Program, edits: Edits, rewired: Rewired) -> None:
    """Every call for completions of a notebook that had a client of such a vendor."""
    if not any(family.owns(path) for family in COMPATIBLE for path in program.names.imports.values()):
        return
    for cell, call in program.calls():
        given = vendor_settings(call)
        if given and ast.unparse(call.func).endswith("completions.create") and move_into_body(cell, call, given, edits):
            names = ", ".join(str(keyword.arg) for keyword in given)
            rewired.changed(cell, given[0].value.lineno, f"{names} sent in extra_body", REASON)
