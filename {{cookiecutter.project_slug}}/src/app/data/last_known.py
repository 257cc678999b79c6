"""A small state of the database kept on disk too, for a start while the database is away.

It is replaced whole or not at all. What cannot be read counts as absent and is reported: it is a copy, never the truth.
"""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

log = logging.getLogger(__name__)


def read(path: Path) -> Any:
    """What was last written, None when nothing was or it is damaged."""
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        log.warning("the last known state in %s cannot be read (%s): started without it", path, error)
        return None


def write(path: Path, value: Any) -> None:
    """Keep a JSON value; several processes may write the same file. A disk that takes nothing is reported, no more."""
    part = path.with_name(f"{path.name}.{uuid4().hex}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS))
        part.replace(path)
    except OSError as error:
        log.warning("the last known state cannot be kept in %s (%s): make it writable", path, error.strerror)
        with contextlib.suppress(OSError):
            part.unlink()
