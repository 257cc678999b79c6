"""Finding what a notebook pickles: a step hands on JSON, Parquet or tables, which other versions can read."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import Program

WRITERS = {"pickle.dump", "pickle.dumps", "cPickle.dump", "cloudpickle.dump", "dill.dump", "joblib.dump"}


def find_pickles(program: Program) -> Iterator[Finding]:
    """A finding for each call that writes a pickle; the call stays."""
    for cell, call in program.calls():
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if program.dotted(call.func) in WRITERS or method == "to_pickle":
            reason = "a pickle is bound to the versions that wrote it and runs code when it is read"
            remedy = "write JSON or Parquet: `json.dump(...)`, `frame.to_parquet(...)`"
            yield Finding("kept", "data", cell.index, call.lineno, f"{cell.text(call.func)}(...)", reason, remedy)
