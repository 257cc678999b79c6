"""Reads what the rules need of `prompts/<task>/v<N>.prompt.yml` and `prompts/released.lock`, without a YAML library.

It knows exactly the two things asked for: the keys of the top-level `inputs:` block and the `{{name}}` placeholders of
the messages. Everything else of YAML is the registry's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

# A backslash before the braces says that they are the prompt's own.
_PLACEHOLDER = re.compile(r"(?<!\\)\{\{\s*([A-Za-z_]\w*)\s*\}\}")
_TOP = re.compile(r"^([A-Za-z_]\w*)\s*:(.*)$")
_KEY = re.compile(r"^(\s+)([A-Za-z_]\w*|\"[^\"]+\"|'[^']+')\s*:")
_FLOW_KEY = re.compile(r"[{,]\s*[\"']?([A-Za-z_]\w*)[\"']?\s*:")
_LOCKED = re.compile(r"^(\S+)\s+([0-9a-f]{64})$")


@dataclass(frozen=True, slots=True)
class Placeholder:
    """One `{{name}}` and its 1-based line."""

    name: str
    line: int


def declared_inputs(text: str) -> frozenset[str]:
    """The keys below the top-level `inputs:`, in block or flow style."""
    names: set[str] = set()
    inside, indent = False, ""
    flow = ""
    for line in text.splitlines():
        top = _TOP.match(line)
        if top:
            inside, indent = top[1] == "inputs", ""
            flow = top[2].split(" #")[0] if inside else ""
        elif inside and flow.strip().startswith("{"):
            flow += line
        if inside and flow.strip().startswith("{"):
            names.update(_outer_keys(flow))
            continue
        key = _KEY.match(line) if inside and not top else None
        if key:
            indent = indent or key[1]
            if key[1] == indent:
                names.add(key[2].strip("\"'"))
    return frozenset(names)


def _outer_keys(flow: str) -> set[str]:
    """The keys at the first level of a flow mapping."""
    depth, kept = 0, []
    for character in flow:
        depth += character in "{["
        if depth <= 1:
            kept.append(character)
        depth -= character in "}]"
        if depth == 1 and character in "}]":
            kept.append(" ")
    return set(_FLOW_KEY.findall("".join(kept)))


def placeholders(text: str) -> list[Placeholder]:
    """Every placeholder of the messages, in order; the other top-level keys are prose about the prompt."""
    found = []
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        top = _TOP.match(line)
        if top:
            inside = top[1] == "messages"
        if inside:
            found += [Placeholder(match[1], number) for match in _PLACEHOLDER.finditer(line)]
    return found


def message_lines(text: str) -> list[tuple[int, str]]:
    """The lines of the messages with their 1-based numbers."""
    lines = []
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        top = _TOP.match(line)
        if top:
            inside = top[1] == "messages"
        if inside:
            lines.append((number, line))
    return lines


@dataclass(frozen=True, slots=True)
class Locked:
    """One line of the lock: the version's name (`task/vN`), its hash, the 1-based line. `sha256` is empty when the line
    cannot be read."""

    version: str
    sha256: str
    line: int


def locked(lock: Path) -> list[Locked]:
    """The lines of a lock file. Raises OSError or UnicodeDecodeError when it cannot be read."""
    entries = []
    for number, line in enumerate(lock.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if line and not line.startswith("#"):
            match = _LOCKED.match(line)
            entries.append(Locked(match[1], match[2], number) if match else Locked(line, "", number))
    return entries
