"""Writing `prompts/<task>/v<N>.prompt.yml`, `releases.yaml` and `released.lock` as the registry reads them.

A text is written so that rendering it gives back exactly the notebook's text; where that cannot be had, nothing is.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tools.promote.notebook.outcome import Refused

# The registry's own placeholder; `\{{` stands for two braces of the prompt itself.
PLACEHOLDER = re.compile(r"(?<!\\)\{\{\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*\}\}")
FILE_NAME = re.compile(r"v([1-9][0-9]*)\.prompt\.yml")
BLOCK_UNSAFE = re.compile(r"[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Hole:
    """A place in a prompt that code fills in: the input's name and the expression that gives it."""

    name: str
    expression: str


Piece = str | Hole


@dataclass(frozen=True)
class Template:
    """A prompt's text as the registry writes it, and the inputs in the order of their use."""

    text: str
    inputs: tuple[str, ...]


def template_of(pieces: Sequence[Piece]) -> Template | None:
    """The registry's template for these pieces; None when no template renders back to them exactly."""
    parts = [_escaped(piece) if isinstance(piece, str) else f"{{{{{piece.name}}}}}" for piece in pieces]
    text = "".join(parts)
    inputs = tuple(dict.fromkeys(piece.name for piece in pieces if isinstance(piece, Hole)))
    marks = {name: f"\x01{index}\x02" for index, name in enumerate(inputs)}
    wanted = "".join(piece if isinstance(piece, str) else marks[piece.name] for piece in pieces)
    if "\0" in text or set(PLACEHOLDER.findall(text)) != set(inputs) or render(text, marks) != wanted:
        return None
    return Template(text, inputs)


def render(text: str, values: Mapping[str, str]) -> str:
    """What the registry makes of a template: the same rule, kept here so that tools need nothing of the app."""
    filled = PLACEHOLDER.sub(lambda match: "\0" + match.group(1) + "\0", text).replace("\\{{", "{{")
    pieces = filled.split("\0")
    pieces[1::2] = [values[name] for name in pieces[1::2]]
    return "".join(pieces)


def prompt_file(template: Template, role: str, description: str) -> bytes:
    """The bytes of a prompt file with one message."""
    lines = [f"description: {_scalar(description)}"]
    if template.inputs:
        lines.append("inputs:")
        lines += [f"  {name}: {{type: string}}" for name in template.inputs]
    lines += ["messages:", f"  - role: {role}", f"    content: {_content(template.text)}"]
    text = "\n".join(lines)
    return (text if text.endswith("\n") else text + "\n").encode("utf-8")


class PromptStore:
    """The prompts of a project as they stand, and what is to be added."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.added: dict[Path, bytes] = {}
        self._releases = _read(directory / "releases.yaml")
        self._lock = _read(directory / "released.lock")
        self._released = _parse_releases(self._releases, directory / "releases.yaml")
        self._pointers: dict[str, int] = {}

    def versions(self, task: str) -> dict[int, dict[str, Any]]:
        """The versions of a task that stand on disk, parsed."""
        found = {}
        for path in sorted((self.directory / task).glob("*.prompt.yml")):
            match = FILE_NAME.fullmatch(path.name)
            if match:
                found[int(match.group(1))] = _parse_prompt(path)
        return found

    def taken(self, task: str) -> bool:
        """Whether a task of this name exists."""
        return task in self._released or (self.directory / task).is_dir()

    def add(self, task: str, template: Template, role: str, description: str) -> int:
        """Write the prompt as a new version of its task, or reuse the version that says the same. The version."""
        standing = self.versions(task)
        for version, data in sorted(standing.items(), reverse=True):
            if data.get("messages") == [{"role": role, "content": template.text}]:
                if task not in self._released:
                    self._pointers[task] = version
                return version
        version = max(standing, default=0) + 1
        content = prompt_file(template, role, description)
        self.added[self.directory / task / f"v{version}.prompt.yml"] = content
        self._pointers[task] = version
        self._lock = _with_line(self._lock, f"{task}/v{version} {hashlib.sha256(content).hexdigest()}")
        return version

    def files(self) -> dict[Path, bytes]:
        """Every file to write, releases and lock included."""
        if not self.added and not self._pointers:
            return {}
        releases = self._releases
        for task, version in sorted(self._pointers.items()):
            releases = _with_release(releases, task, version)
        return {
            **self.added,
            self.directory / "releases.yaml": releases.encode("utf-8"),
            self.directory / "released.lock": self._lock.encode("utf-8"),
        }


def _escaped(text: str) -> str:
    """Braces of the text's own that would read as a placeholder, or after a backslash, get a backslash."""
    text = re.sub(r"(?<=\\)\{\{", r"\\{{", text)
    return re.sub(r"(?<!\\)\{\{(?=\s*[a-zA-Z_][a-zA-Z0-9_]*\s*\}\})", r"\\{{", text)


def _content(text: str) -> str:
    """A block scalar where one can hold the text exactly and quotes would bend it, else a quoted one."""
    if any(mark in text for mark in ("\n", "\\", '"')) and not BLOCK_UNSAFE.search(text):
        stripped = text.rstrip("\n")
        chomping = {0: "-", 1: ""}.get(len(text) - len(stripped), "+")
        indicator = "2" if re.match(r"\s", text) else ""
        body = "\n".join(f"      {line}" if line else "" for line in text.removesuffix("\n").split("\n"))
        block = f"|{indicator}{chomping}\n{body}"
        if _reads_back(block, text):
            return block
    return _scalar(text)


def _reads_back(block: str, text: str) -> bool:
    whole = f"messages:\n  - role: user\n    content: {block}"
    try:
        return bool(yaml.safe_load(whole if whole.endswith("\n") else whole + "\n")["messages"][0]["content"] == text)
    except yaml.YAMLError:
        return False


def _scalar(text: str) -> str:
    return str(yaml.safe_dump(text, default_style='"', width=10**9, allow_unicode=True)).rstrip("\n")


def _read(path: Path) -> str:
    if not path.exists():
        return ""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{path} cannot be read ({error}): restore it from version control") from None


def _parse_releases(text: str, path: Path) -> dict[str, int]:
    try:
        named = yaml.safe_load(text) or {}
    except yaml.YAMLError:
        raise Refused(f"{path} is not YAML: restore it from version control") from None
    if not isinstance(named, dict):
        raise Refused(f"{path} must map tasks to versions: restore it from version control")
    return named


def _parse_prompt(path: Path) -> dict[str, Any]:
    try:
        data = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        raise Refused(f"{path} is not readable YAML: restore it from version control") from None
    return data if isinstance(data, dict) else {}


def _with_release(text: str, task: str, version: int) -> str:
    line = f"{task}: {version}"
    if re.search(rf"^{task}:", text, re.MULTILINE):
        return re.sub(rf"^{task}:[ \t]*[0-9]+", line, text, flags=re.MULTILINE)
    return _with_line(text, line)


def _with_line(text: str, line: str) -> str:
    """The text with one line more, at its place among lines that are sorted; comments stay where they are."""
    lines = text.splitlines()
    place = len(lines)
    for index, other in enumerate(lines):
        if other.strip() and not other.startswith("#") and other > line:
            place = index
            break
    return "\n".join([*lines[:place], line, *lines[place:]]) + "\n"
