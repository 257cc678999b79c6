"""Verdicts on prompt versions as files, so that what CI found can be taken to where a release is decided."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from app.data.verdicts import RecordedVerdict
from app.errors import InputError

_VERDICTS = TypeAdapter(tuple[RecordedVerdict, ...])


def write(path: Path, verdicts: Sequence[RecordedVerdict]) -> None:
    """All of one run in one file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    plain = [asdict(one) | {"at": one.at.isoformat()} for one in verdicts]
    path.write_text(json.dumps(plain, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def read(path: Path) -> tuple[RecordedVerdict, ...]:
    """What `write` wrote. Raises InputError naming the file and what is wrong with it."""
    try:
        return _VERDICTS.validate_json(path.read_bytes())
    except OSError as error:
        raise InputError(
            f"{path} cannot be read ({error.strerror}): name a file that `app eval --gate` wrote"
        ) from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{path} holds no verdicts ({where + ': ' if where else ''}{first['msg']}): "
            "name a file that `app eval --gate` wrote"
        ) from None
