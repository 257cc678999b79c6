"""Reading the corpus: the files under one folder, in the formats of `formats.conversion`, as values.

A file that cannot be read is left out and listed with the reason, all of them in one go; the documents gate then
decides. Nothing is read of a file larger than the limit.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from app.data import language
from app.data.formats.conversion import CONVERTERS, SUFFIXES
from app.errors import InputError

MAX_BYTES = 50_000_000
WITH_FRONT_MATTER = (".md", ".markdown", ".txt")
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
                "days_old": _days_old(document.metadata),
            }
            for document in self.documents
        ]
        left_out = [
            {"id": r.path, "title": None, "characters": 0, "language": None, "version": None, "refused": r.reason}
            | {"days_old": None}
            for r in self.refused
        ]
        return sorted(kept + left_out, key=lambda row: str(row["id"]))


def load(folder: Path, tenant: str = "default", *, max_bytes: int = MAX_BYTES) -> Corpus:
    """Read every file below `folder`; names that start with a dot are not ours and skipped.

    Raises InputError, naming the remedy, for a folder that is missing.
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
        try:
            size = path.stat().st_size
            if size > max_bytes:
                raise InputError(
                    f"{name} has {size / 1e6:.0f} MB, at most {max_bytes / 1e6:.0f} are read: split it, "
                    "or raise retrieval.max_file_mb"
                )
            document = read(name, path.read_bytes(), tenant)
        except InputError as error:
            refused.append(Refusal(name, str(error)))
        except OSError as error:
            refused.append(Refusal(name, f"{name} cannot be read ({error.strerror}): make it readable"))
        else:
            if document.text.strip():
                documents.append(document)
            else:
                refused.append(Refusal(name, "empty: it holds no text"))
    return Corpus(tuple(documents), tuple(refused))


def read(name: str, content: bytes, tenant: str = "default") -> Document:
    """The document in a file's bytes, as its suffix says, as text when that says nothing.

    Raises InputError when they are not what the suffix promises or the front matter is broken.
    """
    suffix = PurePosixPath(name).suffix.lower()
    converted = CONVERTERS.get(suffix, CONVERTERS[".txt"])(name, content)
    # A NUL in a PDF's text is a glyph without a meaning, and nothing the database could keep.
    raw = converted.text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    values, text = _split_front_matter(name, raw) if suffix in WITH_FRONT_MATTER else ({}, raw)
    declared = values.pop("language", values.pop("lang", None))
    title = values.pop("title", None) or converted.title or first_heading(text) or _title_of(name)
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


def _days_old(metadata: Mapping[str, Any]) -> float | None:
    """By the first date the front matter gives; what is no date is none."""
    for key in ("date", "updated", "reviewed"):
        with contextlib.suppress(ValueError):
            found = date.fromisoformat(str(metadata[key])[:10]) if key in metadata else None
            if found is not None:
                return (datetime.now(UTC).date() - found).days
    return None


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
