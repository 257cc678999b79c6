"""The annotation of a parameter: what its author or its form says, else the type of its value.

Annotations stay within what stands before any import: `int`, `float`, `str`, `bool`, `list`, `dict`, each `| None`.
"""

from __future__ import annotations

import ast
import re
from typing import Any

FLOATS = re.compile(r"(?i)temperature|top_p|penalty|threshold|ratio|alpha|_rate$|_s$|seconds")
PLAIN = {
    "int": "int", "float": "float", "str": "str", "bool": "bool", "list": "list", "dict": "dict", "List": "list",
    "Sequence": "list", "Iterable": "list", "Dict": "dict", "Mapping": "dict",
}  # fmt: skip
FITS: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "str": (str,),
    "bool": (bool,),
    "list": (list,),
    "dict": (dict,),
}


def type_of(name: str, value: Any, annotation: ast.expr | None, form_type: str) -> str:
    """The annotation; empty for None without an annotation, which may become anything."""
    said = _plain(annotation) or form_type
    base = said.removesuffix(" | None")
    if value is None:
        return f"{base} | None" if base else ""
    if said and fits(value, base):
        return said
    if type(value) is int and FLOATS.search(name):
        return "float"
    return type(value).__name__


def choices_of(annotation: ast.expr | None) -> list[object]:
    """The values a `Literal[...]` allows."""
    if not isinstance(annotation, ast.Subscript) or _last(annotation.value) != "Literal":
        return []
    inner = annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]
    return [item.value for item in inner if isinstance(item, ast.Constant)]


def fits(value: Any, kind: str) -> bool:
    """Whether a value may be given for a type; a truth value is no number."""
    if isinstance(value, bool) and kind != "bool":
        return False
    return isinstance(value, FITS.get(kind, ()))


def _plain(annotation: ast.expr | None) -> str:
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        try:
            annotation = ast.parse(annotation.value, mode="eval").body
        except SyntaxError:
            return ""
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        sides = [annotation.left, annotation.right]
        left = [side for side in sides if not (isinstance(side, ast.Constant) and side.value is None)]
        inner = _plain(left[0]) if len(left) == 1 else ""
        return f"{inner} | None" if inner else ""
    if isinstance(annotation, ast.Subscript):
        inner = _plain(annotation.slice)
        if _last(annotation.value) == "Optional":
            return f"{inner} | None" if inner else ""
        if _last(annotation.value) == "Literal":
            kinds = {type(choice).__name__ for choice in choices_of(annotation)}
            return PLAIN.get(kinds.pop(), "") if len(kinds) == 1 else ""
        return _plain(annotation.value)
    return PLAIN.get(_last(annotation), "") if annotation is not None else ""


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
