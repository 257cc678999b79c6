"""A picture of a graph without network: its Mermaid text, line by line, as a PNG.

Stands for `draw_mermaid_png` of LangGraph in promoted notebooks, which has a public service draw and fails without it.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Protocol

from app.errors import ConfigurationError

MARGIN = 12  # pixels around the text


class Drawn(Protocol):
    """What LangGraph's `get_graph()` gives."""

    def draw_mermaid(self) -> str:
        """The graph as text."""


def graph_picture(graph: Drawn, output_file_path: str | None = None, **_how: object) -> bytes:
    """The PNG, also written to `output_file_path` where one is given; how the service should draw says nothing here.

    Raises ConfigurationError where Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError:
        raise ConfigurationError(
            "a picture of a graph needs the package pillow: add it to requirements-notebooks.in and run `make lock`, "
            "or write the text of draw_mermaid() to a file instead"
        ) from None
    text = graph.draw_mermaid()
    _, _, width, height = ImageDraw.Draw(Image.new("L", (1, 1))).multiline_textbbox((MARGIN, MARGIN), text)
    picture = Image.new("L", (int(width) + MARGIN, int(height) + MARGIN), color=255)
    ImageDraw.Draw(picture).multiline_text((MARGIN, MARGIN), text, fill=0)
    written = io.BytesIO()
    picture.save(written, format="PNG")
    if output_file_path is not None:
        Path(output_file_path).write_bytes(written.getvalue())
    return written.getvalue()
