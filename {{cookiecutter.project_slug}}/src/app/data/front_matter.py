"""The YAML between two rules at the head of a Markdown or text file.

Plain values only. What would grow when it is written out, nest without end or hold what the database cannot keep is
refused in one line: one such file must not stop the reading of all others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from app.errors import InputError
from app.yaml_file import why

FOUND = re.compile(r"\A---[ \t]*\n(.*?)\n?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
KEY = re.compile(r"\A[\w-]+ *:")
# What no text column takes: NUL, and halves of characters.
UNKEEPABLE = re.compile("[\0\ud800-\udfff]")


def split(name: str, text: str) -> tuple[dict[str, Any], str]:
    """The values at the head and the text after them; no values where the text begins otherwise. Raises InputError."""
    found = FOUND.match(text)
    # A text may begin with a rule and have another further down; only what begins with a key is front matter.
    if not found or not KEY.match(found[1]):
        return {}, text
    values = parsed(f"{name} has front matter", found[1])
    return (values, text[found.end() :]) if isinstance(values, dict) else ({}, text)


def parsed(subject: str, source: str) -> Any:
    """The values of a YAML text. Raises InputError, which begins with `subject`, for what is no plain YAML."""
    try:
        if "*" in source and any(isinstance(token, yaml.AliasToken) for token in yaml.scan(source)):
            raise InputError(f"{subject} that refers to itself (`*name`): write the value out")
        values = yaml.safe_load(source)
        broken = UNKEEPABLE.search("".join(_texts(values)))
    except RecursionError:
        raise InputError(f"{subject} that nests too deep: mend it") from None
    except (yaml.YAMLError, ValueError) as error:
        # A day that does not exist is a ValueError of the parser.
        raise InputError(f"{subject} that is not YAML ({why(error)}): mend it") from None
    if broken:
        raise InputError(f"{subject} with the character U+{ord(broken[0]):04X}: remove it")
    return values


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, entry in value.items():
            yield from (*_texts(key), *_texts(entry))
    elif isinstance(value, list | tuple | set):
        for entry in value:
            yield from _texts(entry)
    elif isinstance(value, str):
        yield value


def groups_in(subject: str, value: Any) -> tuple[str, ...]:
    """Names of caller groups, given as one or as a list; an empty list is the whole tenant. Raises InputError."""
    listed = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str | int) and not isinstance(one, bool) and str(one).strip() for one in listed):
        raise InputError(f"{subject} {value!r}: write names, as in [staff, board], or [] for the whole tenant")
    return tuple(dict.fromkeys(str(group) for group in listed))
