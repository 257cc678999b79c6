"""Markdown taken apart: sections with their heading path, and in each the blocks that must not be torn.

It reads the Markdown people really write: levels skipped or missing, HTML remnants, unclosed fences. Nothing is lost
but rules, comments and tags.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Literal

FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")
HEADING = re.compile(r"^ {0,3}(#{1,6})(?:[ \t]+(.*?))?(?:[ \t]+#+)?[ \t]*$")
UNDERLINE = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$")
RULE = re.compile(r"^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$")
ITEM = re.compile(r"^ {0,3}(?:[-*+]|\d{1,9}[.)])[ \t]+\S")
QUOTE = re.compile(r"^ {0,3}> ?")
CODE_SPAN = re.compile(r"(`+[^`]*`+)")
# Only tags that are markup in prose; `<name>` in a sentence is the author's own.
TAG = re.compile(
    r"</?(?:a|b|i|u|p|em|strong|span|div|font|sup|sub|small|center|table|thead|tbody|tfoot|ul|ol|details|summary|section|img)"
    r"(?:\s[^<>]*)?/?>",
    re.IGNORECASE,
)
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)

Kind = Literal["text", "list", "table", "code"]


@dataclass(frozen=True, slots=True)
class Block:
    """A run of lines of one kind."""

    kind: Kind
    text: str


@dataclass(slots=True)
class Section:
    """What stands between two headings. `heading` is the path from the outermost to its own."""

    heading: tuple[str, ...]
    blocks: list[Block] = field(default_factory=list)


def split(text: str) -> list[Section]:
    """The sections of a Markdown text in order; those without text of their own are left out,
    unless there is nothing else.
    """
    sections = [Section(())]
    path: list[tuple[int, str]] = []
    for kind, lines, level in _runs(text):
        if level:
            # A heading closes those of its own level and below, however many levels the author skipped.
            while path and path[-1][0] >= level:
                path.pop()
            if title := plain(lines[0]):
                path.append((level, title))
            sections.append(Section(tuple(title for _, title in path)))
        elif kind is not None:
            sections[-1].blocks.append(Block(kind, "\n".join(lines)))
    if any(section.blocks for section in sections) or not text.strip():
        return [section for section in sections if section.blocks]
    return [Section((), [Block("text", "\n".join(" > ".join(section.heading) for section in sections[1:]) or text)])]


def plain(heading: str) -> str:
    """A heading as it is read: links, emphasis, code marks and entities resolved."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    text = re.sub(r"(\*\*|__|\*|`)(.+?)\1", r"\2", text)
    return " ".join(html.unescape(TAG.sub("", text)).split())


def _runs(text: str) -> Iterator[tuple[Kind | None, list[str], int]]:
    """Runs of lines: (kind, lines, 0), or (None, [title], level) for a heading."""
    lines = _prepared(text)
    index = 0
    while index < len(lines):
        line = lines[index]
        heading = HEADING.match(line)
        end = index + 1
        if fence := FENCE.match(line):
            end = _fence_end(lines, index, fence[1])
            yield "code", lines[index:end], 0
        elif heading:
            yield None, [heading[2] or ""], len(heading[1])
        elif not line.strip() or RULE.match(line):
            pass
        elif end < len(lines) and UNDERLINE.match(lines[end]) and not _is_row(line) and not ITEM.match(line):
            yield None, [line.strip()], 1 if "=" in lines[end] else 2
            end += 1
        elif _is_row(line):
            end = _run_end(lines, index, _is_row)
            yield "table", [row.strip() for row in lines[index:end]], 0
        elif "|" in line and end < len(lines) and "|" in lines[end] and set(lines[end]) <= set("|-: "):
            end = _run_end(lines, index, lambda row: "|" in row)
            yield "table", [row.strip() for row in lines[index:end]], 0
        elif ITEM.match(line):
            end = _list_end(lines, index)
            yield "list", lines[index:end], 0
        else:
            end = _run_end(lines, index, _continues_text)
            yield "text", [QUOTE.sub("", part).strip() for part in lines[index:end]], 0
        index = end


def _prepared(text: str) -> list[str]:
    """Lines with HTML remnants turned into Markdown or text, code left as it is."""
    lines: list[str] = []
    fence: str | None = None
    for line in COMMENT.sub("", text).split("\n"):
        mark = FENCE.match(line)
        if mark and (fence is None or mark[1].startswith(fence)):
            fence = None if fence else mark[1]
            lines.append(line)
        elif fence or mark or ("<" not in line and "&" not in line):
            lines.append(line.rstrip() if not fence else line)
        else:
            cleaned = _without_html(line)
            # A line that was markup alone must not part the rows of a table.
            if cleaned.strip() or not line.strip():
                lines += cleaned.split("\n")
    return lines


def _without_html(line: str) -> str:
    parts = CODE_SPAN.split(line)
    for index in range(0, len(parts), 2):
        part = re.sub(r"<br\s*/?>(?!\s*$)", "\n", parts[index], flags=re.IGNORECASE)
        part = re.sub(r"<br\s*/?>|</?hr\s*/?>", "", part, flags=re.IGNORECASE)
        part = re.sub(r"</t[hd]>\s*<t[hd](?:\s[^>]*)?>", " | ", part, flags=re.IGNORECASE)
        part = re.sub(r"<tr(?:\s[^>]*)?>\s*<t[hd](?:\s[^>]*)?>", "| ", part, flags=re.IGNORECASE)
        part = re.sub(r"</t[hd]>\s*</tr>", " |", part, flags=re.IGNORECASE)
        part = re.sub(r"</?(?:t[rhd])(?:\s[^>]*)?>", " ", part, flags=re.IGNORECASE)
        part = re.sub(r"<li(?:\s[^>]*)?>", "- ", part, flags=re.IGNORECASE)
        part = re.sub(r"</(?:li|p)>", "", part, flags=re.IGNORECASE)
        parts[index] = html.unescape(TAG.sub("", part)).replace("\xa0", " ")
    return "".join(parts).rstrip()


def _is_row(line: str) -> bool:
    return line.lstrip().startswith("|")


def _continues_text(line: str) -> bool:
    starts_other = FENCE.match(line) or HEADING.match(line) or RULE.match(line) or ITEM.match(line) or _is_row(line)
    return bool(line.strip()) and not starts_other


def _run_end(lines: list[str], start: int, belongs: Callable[[str], bool]) -> int:
    end = start + 1
    while end < len(lines) and belongs(lines[end]):
        end += 1
    return end


def _fence_end(lines: list[str], start: int, mark: str) -> int:
    closing = re.compile(rf"^ {{0,3}}{re.escape(mark[0])}{{{len(mark)},}}[ \t]*$")
    for index in range(start + 1, len(lines)):
        if closing.match(lines[index]):
            return index + 1
    return len(lines)


def _list_end(lines: list[str], start: int) -> int:
    """Past the last item: items, their indented lines, and single blank lines between them."""
    end = start + 1
    while end < len(lines):
        line = lines[end]
        following = lines[end + 1] if end + 1 < len(lines) else ""
        if not line.strip():
            if not (ITEM.match(following) or following.startswith("  ")):
                break
        elif not (ITEM.match(line) or line.startswith(("  ", "\t")) or _continues_text(line)):
            break
        end += 1
    return end
