"""Clients that libraries make once and keep for the process: a step that is run in process after another one would ask
the door of that one.

A kernel has its own process and needs none of this.
"""

from __future__ import annotations

import importlib
import sys


def forget_kept_clients() -> None:
    """Let libraries that an earlier run has imported make their clients anew, by the environment as it is now."""
    if "ollama" in sys.modules:
        importlib.reload(sys.modules["ollama"])  # made while it is imported, and its functions hang on it
    reset = getattr(sys.modules.get("openai"), "_reset_client", None)
    if reset is not None:
        reset()
    settings = getattr(sys.modules.get("llama_index.core.settings"), "Settings", None)
    if settings is not None:
        settings._llm = settings._embed_model = None
