"""Clients that libraries make once and keep for the process: a step that is run in process after another one would ask
the door of that one.

A kernel has its own process and needs none of this.
"""

from __future__ import annotations

import sys


def forget_kept_clients() -> None:
    """Let libraries that an earlier run has imported make their clients anew, by the environment as it is now."""
    # Made while it is imported, and its functions hang on it; a step imports it after it has set its environment.
    sys.modules.pop("ollama", None)
    reset = getattr(sys.modules.get("openai"), "_reset_client", None)
    if reset is not None:
        reset()
    settings = getattr(sys.modules.get("llama_index.core.settings"), "Settings", None)
    if settings is not None:
        settings._llm = settings._embed_model = None
