"""Reading the corpus: Markdown and text files under one folder, as values.

A file that is not text stops the load, because nobody can say what it should have held. An empty or foreign file is
left out and listed with the reason; the documents gate then decides.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from app.data import language
from app.errors import InputError

SUFFIXES = (".md", ".markdown", ".txt")
FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n?(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
KEY = re.compile(r"\A[\w-]+ *:")
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
TOP_HEADING = re.compile(r"^ {0,3}# +(.+?)(?: +#+)? *$")


@dataclass(frozen=True, slots=True)
class Document:
    """One text. `id` is its path below the corpus; `version` the hash of the file as it lies on the disk.

    `text` is Markdown without front matter and with `\\n` line ends. `language` names a text search configuration.
    `groups` are the caller groups that may read it; empty means everybody of the tenant.
    """

    tenant: str
    id: str
    title: str
    text: str
    version: str
    language: str = language.UNKNOWN
    groups: tuple[str, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was left out, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a folder held, in the order of the paths."""

    documents: tuple[Document, ...]
    refused: tuple[Refusal, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row a file for the documents gate, the refused ones with no characters and their reason."""
        kept = [
            {
                "id": document.id,
                "title": document.title,
                "characters": len(document.text.strip()),
                "language": document.language,
                "version": document.version,
                "refused": None,
            }
            for document in self.documents
        ]
        left_out = [
            {"id": r.path, "title": None, "characters": 0, "language": None, "version": None, "refused": r.reason}
            for r in self.refused
        ]
        return sorted(kept + left_out, key=lambda row: str(row["id"]))


def load(folder: Path, tenant: str = "default") -> Corpus:
    """Read every file below `folder`; names that start with a dot are not ours and skipped.

    Raises InputError, naming file and remedy, for a folder that is missing and a file that is not UTF-8 text.
    """
    if not folder.is_dir():
        raise InputError(f"corpus folder {folder} does not exist: create it, or set retrieval.corpus")
    documents: list[Document] = []
    refused: list[Refusal] = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in name.split("/")):
            continue
        if path.suffix.lower() not in SUFFIXES:
            refused.append(Refusal(name, f"{path.suffix or 'no'} suffix: only {', '.join(SUFFIXES)} are read"))
            continue
        document = read(name, path.read_bytes(), tenant)
        if document.text.strip():
            documents.append(document)
        else:
            refused.append(Refusal(name, "empty: it holds no text"))
    return Corpus(tuple(documents), tuple(refused))


def read(name: str, content: bytes, tenant: str = "default") -> Document:
    """The document in a file's bytes. Raises InputError when they are not UTF-8 text or its front matter is broken."""
    raw = _decode(name, content)
    values, text = _split_front_matter(name, raw.replace("\r\n", "\n").replace("\r", "\n"))
    declared = values.pop("language", values.pop("lang", None))
    title = values.pop("title", None) or first_heading(text) or _title_of(name)
    groups = values.pop("groups", None) or ()
    return Document(
        tenant=tenant,
        id=name,
        title=str(title).strip(),
        text=text,
        version=hashlib.sha256(content).hexdigest(),
        language=_language(name, declared, text),
        groups=tuple(str(group) for group in ([groups] if isinstance(groups, str) else groups)),
        metadata=_metadata(name, values),
    )


def first_heading(text: str) -> str | None:
    """The first `# heading` outside code."""
    fence: str | None = None
    for line in text.split("\n"):
        mark = FENCE.match(line)
        if mark and (fence is None or mark[1].startswith(fence)):
            fence = None if fence else mark[1]
        elif fence is None and (heading := TOP_HEADING.match(line)):
            return heading[1].strip()
    return None


def _decode(name: str, content: bytes) -> str:
    nul = content.find(b"\0")
    if nul >= 0:
        raise InputError(f"{name} is not a text file (NUL byte at offset {nul}): remove it or save it as UTF-8 text")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"{name} is not UTF-8 (byte 0x{content[error.start]:02x} at offset {error.start}): save it as UTF-8"
        ) from None


def _split_front_matter(name: str, text: str) -> tuple[dict[str, Any], str]:
    found = FRONT_MATTER.match(text)
    # A text may begin with a rule and have another further down; only what begins with a key is front matter.
    if not found or not KEY.match(found[1]):
        return {}, text
    try:
        values = yaml.safe_load(found[1])
    except yaml.YAMLError as error:
        raise InputError(
            f"{name} has front matter that is not YAML ({' '.join(str(error).split())}): mend it"
        ) from None
    return (values, text[found.end() :]) if isinstance(values, dict) else ({}, text)


def _language(name: str, declared: Any, text: str) -> str:
    if declared is None:
        return language.detect(text)
    known = language.configuration(str(declared))
    if known is None:
        raise InputError(f"{name} declares the unknown language {str(declared)!r}: use a code such as en or de")
    return known


def _metadata(name: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Front matter as filterable strings and lists of strings, and the folder the file lies in."""
    folder = name.rpartition("/")[0]
    kept: dict[str, Any] = {"folder": folder} if folder else {}
    for key, value in values.items():
        listed = isinstance(value, Iterable) and not isinstance(value, str | Mapping)
        kept[str(key)] = [str(entry) for entry in value] if listed else str(value)
    return kept


def _title_of(name: str) -> str:
    stem = name.rpartition("/")[2].rpartition(".")[0]
    return re.sub(r"[-_\s]+", " ", stem).strip().capitalize()
