"""Code that runs on one notebook host alone: `if "google.colab" in sys.modules:`, and calls that only sign in there."""

from __future__ import annotations

import ast

from tools.promote.clients.family import Family
from tools.promote.program import CodeCell

COLAB = Family("colab", ("google.colab",), pointless=frozenset({"authenticate_user"}))
HOST_NAMES = ("google.colab", "COLAB_RELEASE_TAG", "COLAB_GPU", "KAGGLE_KERNEL_RUN_TYPE", "DATABRICKS_RUNTIME_VERSION")


def only_on_host(cell: CodeCell, node: ast.AST) -> bool:
    """Whether a node stands where only that host comes by: under an `if` that asks, or in the `try` of an import."""
    child = node
    for above in cell.above(node):
        if isinstance(above, ast.If) and child in above.body and _asks_for_host(above.test):
            return True
        if isinstance(above, ast.Try) and child in above.body and _survives_import(above):
            return True
        child = above
    return False


def _asks_for_host(test: ast.expr) -> bool:
    texts = [node.value for node in ast.walk(test) if isinstance(node, ast.Constant)]
    return any(name in str(text) for text in texts for name in HOST_NAMES)


def _survives_import(attempt: ast.Try) -> bool:
    caught = {
        getattr(node, "id", "") for handler in attempt.handlers if handler.type for node in ast.walk(handler.type)
    }
    everything = any(handler.type is None for handler in attempt.handlers)
    return everything or bool(caught & {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"})
