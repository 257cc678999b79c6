"""Cells of a notebook that are meant to fail: what they may raise, by their tags.

Jupyter's `raises-exception` lets a run go on behind an error. `raises:ValueError` beside it, which promote writes for
an error that the notebook's saved output shows, says which one: any other ends the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TAG = "raises-exception"
TYPE_TAG = "raises:"


def may_raise(cell: Mapping[str, Any], name: str) -> bool:
    """Whether a run goes on behind an error of the type called `name` in this cell."""
    tags = [str(tag) for tag in cell.get("metadata", {}).get("tags", [])]
    types = [tag.removeprefix(TYPE_TAG) for tag in tags if tag.startswith(TYPE_TAG)]
    return TAG in tags and (not types or name.rpartition(".")[2] in types)
