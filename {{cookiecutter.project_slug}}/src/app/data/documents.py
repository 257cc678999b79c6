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

from app.data import front_matter, group_rules, language
from app.data.formats.conversion import CONVERTERS, SUFFIXES
from app.data.group_rules import GroupRules
from app.errors import InputError

MAX_BYTES = 50_000_000
WITH_FRONT_MATTER = (".md", ".markdown", ".txt")
# What no text is made of and a terminal would obey; a NUL in a PDF is a glyph without a meaning.
CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160))) | {11: "\n", 12: "\n"}
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
TOP_HEADING = re.compile(r"^ {0,3}# +(.+?)(?: +#+)? *$")


@dataclass(frozen=True, slots=True)
class Document:
    """One text. `id` is its path below the corpus; `version` the hash of the file as it lies on the disk.

    `text` is Markdown without front matter and with `\\n` line ends. `language` names a text search configuration.
    `groups` are the caller groups that may read it; empty means everybody of the tenant, None that neither the file nor
    a rule says anything: then it is open when it is new, and what was permitted before stays.
    """

    tenant: str
    id: str
    title: str
    text: str
    version: str
    language: str = language.UNKNOWN
    groups: tuple[str, ...] | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A file that was left out, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a folder held, in the order of the paths. `idle_rules` are patterns of `.groups.yml` that close nothing."""

    documents: tuple[Document, ...]
    refused: tuple[Refusal, ...]
    idle_rules: tuple[str, ...] = ()

    def remarks(self) -> list[str]:
        """What somebody should know of the load, a line each."""
        return [f"left out {refusal.path}: {refusal.reason}" for refusal in self.refused] + [
            f"{group_rules.FILE}: no file fits the pattern {pattern!r}, so it closes nothing"
            for pattern in self.idle_rules
        ]

    def rows(self) -> list[dict[str, Any]]:
        """One row a file for the documents gate, the refused ones with no characters and their reason."""
        kept = [
            {
                "id": document.id,
                "title": document.title,
                "characters": len(document.text.strip()),
                "language": document.metadata.get("language", document.language),
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

    Raises InputError, naming the remedy, for a folder that is missing, or rules for groups that cannot be read.
    """
    if not folder.is_dir():
        raise InputError(f"corpus folder {folder} does not exist: create it, or set retrieval.corpus")
    rules = group_rules.load(folder)
    documents: list[Document] = []
    refused: list[Refusal] = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in name.split("/")):
            continue
        if not _is_text(name):
            refused.append(Refusal(ascii(name), "its name is not UTF-8: rename it"))
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
            document = read(name, path.read_bytes(), tenant, rules)
        except InputError as error:
            refused.append(Refusal(name, str(error).removeprefix(f"{name} ")))
        except OSError as error:
            refused.append(Refusal(name, f"cannot be read ({error.strerror}): make it readable"))
        else:
            if document.text.strip():
                documents.append(document)
            else:
                refused.append(Refusal(name, "empty: it holds no text"))
    idle = rules.idle([*(document.id for document in documents), *(refusal.path for refusal in refused)])
    return Corpus(tuple(documents), tuple(refused), tuple(idle))


def read(name: str, content: bytes, tenant: str = "default", rules: GroupRules | None = None) -> Document:
    """The document in a file's bytes, as its suffix says, as text when that says nothing.

    Raises InputError when they are not what the suffix promises or the front matter is broken.
    """
    suffix = PurePosixPath(name).suffix.lower()
    converted = CONVERTERS.get(suffix, CONVERTERS[".txt"])(name, content)
    raw = converted.text.replace("\r\n", "\n").replace("\r", "\n").translate(CONTROLS)
    values, text = front_matter.split(name, raw) if suffix in WITH_FRONT_MATTER else ({}, raw)
    declared = values.pop("language", values.pop("lang", None))
    title = values.pop("title", None) or converted.title or first_heading(text) or _title_of(name)
    groups, version = None, hashlib.sha256(content)
    if "groups" in values:
        groups = front_matter.groups_in(f"{name} has the groups", values.pop("groups"))
    elif rules is not None and (groups := rules.of(name)) is not None:
        # Another rule is another version, as another line of front matter would be.
        version.update("\0".join(("", *groups)).encode())
    searched, known = _language(name, declared, converted.language, text)
    return Document(
        tenant=tenant,
        id=name,
        title=str(title).strip().translate(CONTROLS),
        text=text,
        version=version.hexdigest(),
        language=searched,
        groups=groups,
        metadata=_metadata(name, values) | ({"language": known} if known else {}),
    )


def _is_text(name: str) -> bool:
    try:
        return "\n" not in name and bool(name.encode())
    except UnicodeEncodeError:
        return False


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


def _language(name: str, declared: Any, hint: str | None, text: str) -> tuple[str, str | None]:
    """The search configuration; and the code of a language that is known and has none."""
    if declared is None:
        found = language.detect(text)
        # Many a page says `lang="en"` whatever it is in: the text itself goes before.
        code = language.code(hint) if hint and found == (language.UNKNOWN, None) else None
        return language.of(code) if code else found
    code = language.code(str(declared))
    if code is None:
        raise InputError(f"{name} declares the unknown language {str(declared)!r}: use a code such as en or de")
    return language.of(code)


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
