"""LlamaIndex's embeddings by a text: `embed_model="local:BAAI/bge-small-en-v1.5"` runs in the notebook's process."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tools.promote.clients.family import LOCAL, Refusal
from tools.promote.notebook.program import CodeCell, Program
from tools.promote.rewiring.rewired import Rewired

NAMED = "embed_model"
REMEDY = 'use embed_model=OpenAIEmbedding(model="text-embedding-3-small") and promote again'


def refuse(program: Program, rewired: Rewired) -> None:
    """Refuse every embedding model of LlamaIndex that is named by `local` or `local:...`."""
    if not any(path.split(".")[0] == "llama_index" for path in program.names.imports.values()):
        return
    for cell in program.cells:
        for line, value in _named(cell):
            model = program.constant(value)
            if model is not None and model.partition(":")[0] == "local":
                rewired.refuse(cell, line, f"{NAMED}={model!r}", Refusal(LOCAL, REMEDY))


def _named(cell: CodeCell) -> Iterator[tuple[int, ast.expr]]:
    """Line and value of each keyword and each attribute of that name: `Settings.embed_model = ...` too."""
    for node in cell.nodes:
        if isinstance(node, ast.keyword) and node.arg == NAMED:
            yield node.value.lineno, node.value
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute) and target.attr == NAMED:
                    yield node.lineno, node.value
