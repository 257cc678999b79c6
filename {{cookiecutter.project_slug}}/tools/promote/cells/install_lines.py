"""Reading one line that installs packages: which requirements it names, and what else stands on it.

`pip`, `uv`, `conda` and their kin, with options before and behind the verb, chained with `&&`, `;` and pipes.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field

PYTHON = r"(?:\{?\s*(?:sys\.executable|[\w/.]*python[\d.]*)\s*\}?\s+-m\s+)?"
INSTALL = re.compile(
    rf"^[%!]*\s*(?:sudo\s+)?{PYTHON}(?P<tool>pip3?|uv\s+pip|uv|conda|mamba)(?:\s+--?[\w-]+)*\s+"
    r"(?P<verb>install|add|uninstall|remove|update|upgrade)\b(?P<rest>.*)$",
    re.DOTALL,
)
SYSTEM = re.compile(
    r"^[%!]*\s*(?:sudo\s+)?(?:DEBIAN_FRONTEND=\w+\s+)?(?P<tool>apt-get|apt|yum|dnf|apk|brew)(?:\s+--?[\w-]+)*\s+"
    r"(?P<verb>install|add|update|upgrade)\b(?P<rest>.*)$",
    re.DOTALL,
)
REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)\s*(?P<extras>\[[\w,\s.-]*\])?\s*(?P<version>[=<>!~][^;]*)?"
    r"\s*(?P<marker>;.*)?"
)
TAKES_VALUE = {
    "-c", "--channel", "-i", "--index-url", "--extra-index-url", "--find-links", "-f", "-t", "--target", "-n", "--name",
    "-p", "--prefix", "--timeout", "--retries", "--python", "--progress-bar", "--cache-dir", "--trusted-host",
    "--proxy",
}  # fmt: skip
TAKES_FILE = {"-r", "--requirement", "-e", "--editable", "--constraint", "--file"}
OPERATOR = re.compile(r"&&|\|\||;|\||&(?!\d)")
# Behind an installation these only show something.
SHOWS = re.compile(r"^(echo|tail|head|grep|tee|cat|clear|true|wc|printf)\b")
NEVER = {"pip", "python", "install"}


@dataclass
class InstallLine:
    """What a line holds: plain requirements, what is none with the reason, system packages, commands that stay."""

    requirements: list[str] = field(default_factory=list)
    odd: list[tuple[str, str, str]] = field(default_factory=list)  # what, reason, remedy
    system: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)


def is_install(text: str) -> bool:
    """Whether a line, or the first command on it, installs packages of Python or of the system."""
    first = _commands(text)[0]
    return INSTALL.match(first) is not None or SYSTEM.match(first) is not None


def read_install(text: str, file: str) -> InstallLine:
    """Read a whole line. `file` is where requirements go, for the remedies."""
    line = InstallLine()
    for command in _commands(re.sub(r"\\\r?\n", " ", text)):
        python, system = INSTALL.match(command), SYSTEM.match(command)
        if python is not None:
            if python.group("verb") in ("install", "add"):
                _read(_words(python.group("rest")), line, file, conda=python.group("tool") in ("conda", "mamba"))
        elif system is not None:
            if system.group("verb") in ("install", "add"):
                line.system += [word for word in _words(system.group("rest")) if not word.startswith("-")]
        elif command.strip("%! ") and not SHOWS.match(command.lstrip("%! ")):
            line.rest.append(command)
    return line


def normalised(requirement: str) -> tuple[str, str] | None:
    """Name and line of a requirement as packaging writes them: `Lang_Chain [b, a] >= 1`, `lang-chain[a,b]>=1`."""
    match = REQUIREMENT.fullmatch(requirement.strip())
    if match is None:
        return None
    name = re.sub(r"[-_.]+", "-", match.group("name")).lower()
    inside = (match.group("extras") or "").strip("[]")
    extras = sorted({extra.strip() for extra in inside.split(",") if extra.strip()})
    version = re.sub(r"\s+", "", match.group("version") or "")
    if re.match(r"=[^=]", version):  # conda's `name=1.2`
        version = f"={version}"
    marker = f"; {match.group('marker')[1:].strip()}" if match.group("marker") else ""
    chosen = f"[{','.join(extras)}]" if extras else ""
    return name, f"{name}{chosen}{version}{marker}"


def _commands(text: str) -> list[str]:
    """The commands of a line, split outside quotes."""
    commands, start, quote = [], 0, ""
    position = 0
    while position < len(text):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif character == "#" and (position == 0 or text[position - 1].isspace()):
            text = text[:position]
            break
        elif (match := OPERATOR.match(text, position)) and not (match.group() == "&" and text[position - 1] == ">"):
            commands.append(text[start:position])
            position = start = match.end()
            continue
        position += 1
    commands.append(text[start:])
    return [command.strip() for command in commands if command.strip()] or [text]


def _words(rest: str) -> list[str]:
    try:
        words = shlex.split(rest, comments=True)
    except ValueError:
        words = rest.split()
    kept = []
    for word in words:
        if re.match(r"\d?>|<", word):
            break
        kept.append(word)
    return kept


def _read(words: list[str], line: InstallLine, file: str, *, conda: bool) -> None:
    left = iter(words)
    for word in left:
        if word in TAKES_VALUE:
            next(left, None)
        elif word in TAKES_FILE:
            line.odd.append(_listed(word, next(left, ""), file))
        elif word.startswith("-r") and len(word) > 2 and not word.startswith("--"):
            line.odd.append(_listed("-r", word[2:], file))
        elif not word.startswith("-") and not (word in NEVER or (conda and re.match(r"(python|pip)[=<>]", word))):
            _sort(word, line, file)


def _sort(word: str, line: InstallLine, file: str) -> None:
    if "://" in word or word.startswith("git+"):
        name = re.sub(
            r"\.git$|\.whl$|\.zip$|\.tar\.gz$", "", re.split(r"[@#]", word.split("://")[-1])[0].split("/")[-1]
        )
        egg = re.search(r"#egg=([\w.-]+)", word)
        named = egg.group(1) if egg else name or "name"
        remedy = f'add "{named} @ {word}" with a commit or version to {file} by hand'
        line.odd.append((word, "it comes from an address, which somebody has to pin", remedy))
    elif re.search(r"[{}$`]", word):
        line.odd.append((word, "it is computed when the notebook runs", f"add what it stands for to {file} by hand"))
    elif "/" in word or word.startswith(".") or word.endswith((".whl", ".gz", ".zip")):
        line.odd.append(
            (word, "it is a path of the machine it was written on", f"publish it, or add it to {file} by hand")
        )
    elif normalised(word) is None:
        line.odd.append((word, "it is no plain requirement", f"add it to {file} by hand"))
    else:
        line.requirements.append(word)


def _listed(option: str, name: str, file: str) -> tuple[str, str, str]:
    what = f"{option} {name}".strip()
    if option in ("-e", "--editable"):
        return what, "it is a path of the machine it was written on", f"publish it, or add it to {file} by hand"
    return (
        what,
        "it names a file of requirements, which may change",
        f"add the lines of {name or 'it'} to {file} by hand",
    )
