"""Tables of tokens for OpenAI's tokenizer without network: `tiktoken` loads them when a text is first counted.

Other libraries bring the tables along, in the form of its cache. They are laid into the cache, once; nothing else is.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import shutil
import tempfile
from pathlib import Path

# Packages that bring tables, and where in them.
BRINGING = (("litellm", "litellm_core_utils/tokenizers"), ("llama_index", "core/_static/tiktoken_cache"))
# A table is named after its address, by a SHA-1.
TABLE = re.compile(r"[0-9a-f]{40}")
CACHES = ("TIKTOKEN_CACHE_DIR", "DATA_GYM_CACHE_DIR")


def lay_out() -> None:
    """Put the tables that installed packages bring into the cache of `tiktoken`, where they are not there yet.

    Does nothing where keeping is switched off (an empty variable) or the folder cannot be written.
    """
    cache = next((os.environ[name] for name in CACHES if name in os.environ), None)
    folder = Path(tempfile.gettempdir()) / "data-gym-cache" if cache is None else Path(cache)
    if cache == "":
        return
    with contextlib.suppress(OSError):
        for table in _tables():
            if not (folder / table.name).exists():
                folder.mkdir(parents=True, exist_ok=True)
                with tempfile.NamedTemporaryFile(dir=folder, delete=False) as new, table.open("rb") as brought:
                    shutil.copyfileobj(brought, new)
                Path(new.name).replace(folder / table.name)  # whole or not at all


def _tables() -> list[Path]:
    found = []
    for package, inside in BRINGING:
        spec = importlib.util.find_spec(package)
        for place in (spec.submodule_search_locations or ()) if spec is not None else ():
            folder = Path(place) / inside
            found += [table for table in sorted(folder.glob("*")) if TABLE.fullmatch(table.name)]
    return found
