"""The prompt registry: versioned files under review, immutable once released, rendered by substitution alone.

A value put into a prompt is never read as a template, and a template has no logic: `{{name}}` is all there is.
Write `\\{{` where the prompt itself needs two braces before a word.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from app import yaml_file
from app.errors import ConfigurationError, InputError, NotFoundError
from app.intelligence.messages import Message

PLACEHOLDER = re.compile(r"(?<!\\)\{\{\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*\}\}")
TASK_NAME = re.compile(r"[a-z][a-z0-9_]*")
FILE_NAME = re.compile(r"v([1-9][0-9]*)\.prompt\.yml")
FIELDS = {"description", "inputs", "messages", "output_schema", "parameters"}
PARAMETERS = {"temperature", "max_output_tokens", "top_p", "stop", "seed"}
# A message with less text of its own than this could have been written by anybody.
TELLING_CHARS = 16
ROLES = ("system", "user", "assistant")


@dataclass(frozen=True)
class Prompt:
    """One version of one task's prompt. `sha256` is that of the file's bytes."""

    task: str
    version: int
    sha256: str
    description: str
    inputs: Mapping[str, Mapping[str, Any]]
    messages: tuple[Message, ...]
    output_schema: Mapping[str, Any] | None
    parameters: Mapping[str, Any]

    @property
    def name(self) -> str:
        """`task@version`, as it stands in logs and reports."""
        return f"{self.task}@{self.version}"

    def render(self, inputs: Mapping[str, str]) -> tuple[Message, ...]:
        """The messages with every placeholder replaced. Raises InputError for missing or undeclared inputs."""
        missing = sorted(set(self.inputs) - set(inputs))
        if missing:
            raise InputError(f"prompt {self.name} needs input {missing[0]!r}: pass it")
        extra = sorted(set(inputs) - set(self.inputs))
        if extra:
            declared = ", ".join(self.inputs) or "none"
            raise InputError(f"prompt {self.name} declares no input {extra[0]!r}: it has {declared}")
        return tuple(Message(m.role, _substitute(m.text, inputs)) for m in self.messages)

    @cached_property
    def stable(self) -> tuple[Message, ...]:
        """The messages before the first one with an input: what every call of this version begins with."""
        return tuple(takewhile(lambda message: PLACEHOLDER.search(message.text) is None, self.messages))

    @cached_property
    def _own_texts(self) -> tuple[tuple[str, ...], ...]:
        """Of each telling message what stands between its placeholders."""
        return tuple(_own_text(m.text) for m in self.messages if len(PLACEHOLDER.sub("", m.text)) >= TELLING_CHARS)

    def wrote(self, text: str) -> bool:
        """Whether this text is one of the prompt's messages with some values filled in; one pass over the text."""
        return any(_fits(own, text) for own in self._own_texts)


class Registry:
    """All prompts of a project, read once. `Registry.open` checks every file and the lock."""

    def __init__(self, prompts: Mapping[str, Mapping[int, Prompt]], defaults: Mapping[str, int]) -> None:
        self._prompts = prompts
        self._defaults = defaults

    @classmethod
    def open(cls, directory: Path) -> Registry:
        """Read `directory`. Raises ConfigurationError naming the file when one is wrong or a released one changed."""
        if not directory.is_dir():
            raise ConfigurationError(f"{directory} is not there: prompts live in prompts/<task>/v1.prompt.yml")
        prompts: dict[str, dict[int, Prompt]] = {}
        for path in sorted(directory.glob("*/*.prompt.yml")):
            prompt = read_prompt(path)
            prompts.setdefault(prompt.task, {})[prompt.version] = prompt
        _check_lock(directory, prompts)
        return cls(prompts, _read_defaults(directory / "releases.yaml", prompts))

    def get(self, task: str, version: int | None = None) -> Prompt:
        """A task's prompt; without a version the one that `releases.yaml` names."""
        if task not in self._prompts:
            known = ", ".join(sorted(self._prompts)) or "none"
            raise NotFoundError(f"no prompt for task {task!r}: add prompts/{task}/v1.prompt.yml (there are: {known})")
        wanted = self._defaults[task] if version is None else version
        if wanted not in self._prompts[task]:
            known = ", ".join(f"v{number}" for number in sorted(self._prompts[task]))
            raise NotFoundError(f"prompt {task!r} has no version {wanted}: it has {known}")
        return self._prompts[task][wanted]

    def default_version(self, task: str) -> int:
        """The version `releases.yaml` names for a task."""
        return self.get(task).version

    def tasks(self) -> list[str]:
        """Names of all tasks, sorted."""
        return sorted(self._prompts)

    def versions(self, task: str) -> list[int]:
        """Version numbers of one task, ascending."""
        self.get(task)
        return sorted(self._prompts[task])

    def __iter__(self) -> Iterator[Prompt]:
        for task in self.tasks():
            for version in self.versions(task):
                yield self._prompts[task][version]

    def recognise(self, messages: Sequence[Message]) -> list[Prompt]:
        """The prompts that wrote these messages, so that calls through a door keep their version.

        A later version wins when several could have written the same text.
        """
        found: dict[str, Prompt] = {}
        for message in messages:
            text = message.text
            writers = [p for p in self if text and p.wrote(text)]
            for prompt in writers:
                found[prompt.task] = prompt
        return list(found.values())


def read_prompt(path: Path) -> Prompt:
    """Read and check one file `<task>/v<N>.prompt.yml`. Raises ConfigurationError with file and reason."""
    match = FILE_NAME.fullmatch(path.name)
    if match is None or TASK_NAME.fullmatch(path.parent.name) is None:
        raise ConfigurationError(
            f"{path} is misnamed: prompts are prompts/<task>/v<number>.prompt.yml, task in snake_case"
        )
    try:
        raw = path.read_bytes()
        data = yaml.load(raw, Loader=yaml_file.LOADER)  # noqa: S506
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigurationError(f"{path} is not YAML: {yaml_file.why(error)}") from None
    _check_shape(path, data)
    messages = tuple(Message(m["role"], m["content"]) for m in data["messages"])
    inputs = {name: dict(spec or {}) for name, spec in (data.get("inputs") or {}).items()}
    _check_inputs(path, messages, inputs)
    return Prompt(
        task=path.parent.name,
        version=int(match.group(1)),
        sha256=hashlib.sha256(raw).hexdigest(),
        description=data.get("description", ""),
        inputs=inputs,
        messages=messages,
        output_schema=data.get("output_schema"),
        parameters=data.get("parameters") or {},
    )


def placeholders(text: str) -> list[str]:
    """Names of the placeholders in a template text, in order of first use."""
    return list(dict.fromkeys(PLACEHOLDER.findall(text)))


def read_lock(directory: Path) -> dict[str, str]:
    """Released prompts of `released.lock`: `{"answer/v1": sha256}`."""
    path = directory / "released.lock"
    if not path.exists():
        return {}
    entries = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split()
        if len(fields) != 2:
            raise ConfigurationError(f"{path}:{number}: expected `task/vN sha256`, found {line!r}")
        entries[fields[0]] = fields[1]
    return entries


def _substitute(template: str, inputs: Mapping[str, str]) -> str:
    filled = PLACEHOLDER.sub(lambda match: "\0" + match.group(1) + "\0", template).replace("\\{{", "{{")
    pieces = filled.split("\0")
    pieces[1::2] = [str(inputs[name]) for name in pieces[1::2]]
    return "".join(pieces)


def _own_text(template: str) -> tuple[str, ...]:
    return tuple(part.replace("\\{{", "{{") for part in PLACEHOLDER.split(template)[::2])


def _fits(own: tuple[str, ...], text: str) -> bool:
    """Whether the pieces come in this order, the first at the start and the last at the end, anything between."""
    first, *between = own
    if not between:
        return text == first
    last = between.pop()
    place, end = len(first), len(text) - len(last)
    if not (text.startswith(first) and text.endswith(last) and place <= end):
        return False
    for piece in between:
        found = text.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


def _check_shape(path: Path, data: Any) -> None:
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path} must hold a mapping with `messages`")
    unknown = sorted(set(data) - FIELDS)
    if unknown:
        raise ConfigurationError(f"{path}: unknown field {unknown[0]!r}: allowed are {', '.join(sorted(FIELDS))}")
    messages = data.get("messages")
    if not isinstance(messages, list) or not messages:
        raise ConfigurationError(f"{path}: `messages` must be a list of at least one {{role, content}}")
    for message in messages:
        if not isinstance(message, dict) or set(message) != {"role", "content"} or message["role"] not in ROLES:
            raise ConfigurationError(f"{path}: each message is {{role: {'|'.join(ROLES)}, content: text}}")
        if not isinstance(message["content"], str) or "\0" in message["content"]:
            raise ConfigurationError(f"{path}: message content must be text: quote it")
    strange = sorted(set(data.get("parameters") or {}) - PARAMETERS)
    if strange:
        raise ConfigurationError(
            f"{path}: unknown parameter {strange[0]!r}: allowed are {', '.join(sorted(PARAMETERS))}"
        )


def _check_inputs(path: Path, messages: Sequence[Message], inputs: Mapping[str, Any]) -> None:
    used = {name for message in messages for name in placeholders(message.text)}
    undeclared = sorted(used - set(inputs))
    if undeclared:
        raise ConfigurationError(f"{path}: {{{{{undeclared[0]}}}}} is not declared: add it under `inputs`")
    unused = sorted(set(inputs) - used)
    if unused:
        raise ConfigurationError(f"{path}: input {unused[0]!r} is declared and never used: remove it or use it")


def _check_lock(directory: Path, prompts: Mapping[str, Mapping[int, Prompt]]) -> None:
    for entry, sha256 in read_lock(directory).items():
        task, _, version = entry.partition("/v")
        prompt = prompts.get(task, {}).get(int(version)) if version.isdigit() else None
        if prompt is None:
            raise ConfigurationError(
                f"prompts/{entry}.prompt.yml is released and gone: restore it from version control"
            )
        if prompt.sha256 != sha256:
            raise ConfigurationError(
                f"prompts/{entry}.prompt.yml is released and was changed: undo it and add a new version instead"
            )


def _read_defaults(path: Path, prompts: Mapping[str, Mapping[int, Prompt]]) -> dict[str, int]:
    values, _ = yaml_file.read(path)
    named = {} if values is None else values
    if not isinstance(named, dict):
        raise ConfigurationError(f"{path} must name each task's version, as in `answer: 2`")
    for task, version in named.items():
        if not isinstance(version, int) or version not in prompts.get(task, {}):
            raise ConfigurationError(f"{path}: {task}: {version} names a version that is not there")
    silent = sorted(set(prompts) - set(named))
    if silent:
        raise ConfigurationError(f"{path}: no version named for task {silent[0]!r}: add `{silent[0]}: <number>`")
    return dict(named)
