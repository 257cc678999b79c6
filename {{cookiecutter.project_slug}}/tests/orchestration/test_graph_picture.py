"""Pictures of graphs that are made on this machine."""

from __future__ import annotations

import builtins
import io
from pathlib import Path
from typing import Any

import pytest

from app.errors import ConfigurationError
from app.orchestration.graph_picture import graph_picture

pytestmark = pytest.mark.feature("N1")


class Graph:
    """A graph as LangGraph's `get_graph()` gives it, as far as the picture asks."""

    def __init__(self, nodes: int) -> None:
        self.nodes = nodes

    def draw_mermaid(self) -> str:
        return "graph TD;\n" + "".join(f"    node_{i} --> node_{i + 1};\n" for i in range(self.nodes))


def test_a_picture_holds_the_whole_text_and_repeats_itself(tmp_path: Path) -> None:
    """A larger graph has a larger picture; options of the service are taken; the file is the same picture."""
    image = pytest.importorskip("PIL.Image")
    file = tmp_path / "graph.png"
    small = graph_picture(Graph(2))
    large = graph_picture(Graph(9), output_file_path=str(file), max_retries=5)
    assert file.read_bytes() == large == graph_picture(Graph(9))
    sizes = [image.open(io.BytesIO(png)).size for png in (small, large)]
    assert sizes[1][1] > 2 * sizes[0][1]
    darkest, lightest = image.open(io.BytesIO(large)).getextrema()
    assert darkest < 64 < lightest == 255


def test_without_pillow_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package belongs to the notebooks, not to the service."""
    load = builtins.__import__

    def missing(name: str, *given: Any, **named: Any) -> Any:
        if name == "PIL":
            raise ImportError(name)
        return load(name, *given, **named)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(ConfigurationError, match=r"add it to requirements-notebooks\.in"):
        graph_picture(Graph(1))
