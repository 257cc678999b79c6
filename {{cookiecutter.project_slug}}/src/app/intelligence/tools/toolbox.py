"""The tools of the project, and who may use which: what no rule allows does not exist for a model.

A tool's code says what it does; `tools` in the configuration says who may have it, whether a person must approve, and
which addresses it may be given. The caller's role decides, never what a model or a document says.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from app.caller import Caller
from app.errors import ConfigurationError, ForbiddenError, InputError, InvalidReplyError
from app.intelligence.messages import Tool, ToolCall
from app.intelligence.structured import fitting, parse, schema_of
from app.settings import ToolRule

ADDRESS = re.compile(
    r"(?:[a-zA-Z][a-zA-Z0-9+.-]*:)?//[^\s\"'<>()\[\]{}\\^`|]+|\bdata:[\w/+.-]+[;,]|\bjavascript:", re.IGNORECASE
)

Run = Callable[[Any, Caller], Awaitable[str]]


@dataclass(frozen=True)
class ToolSpec:
    """One tool. `run(arguments, caller)` gets an instance of `arguments` and gives text for the model."""

    name: str
    description: str
    arguments: type[BaseModel]
    run: Run

    @cached_property
    def schema(self) -> Mapping[str, Any]:
        """The JSON Schema of the arguments."""
        return schema_of(self.arguments)


class Toolbox:
    """The tools that rules allow. Raises ConfigurationError for a rule without a tool."""

    def __init__(self, specs: Sequence[ToolSpec], rules: Mapping[str, ToolRule]) -> None:
        self._specs = {spec.name: spec for spec in specs}
        if unknown := sorted(set(rules) - set(self._specs)):
            known = ", ".join(sorted(self._specs)) or "none"
            raise ConfigurationError(f"tools.{unknown[0]}: there is no such tool: the project has {known}")
        self._rules = dict(rules)

    def offered(self, caller: Caller) -> tuple[Tool, ...]:
        """The definitions a model is shown for this caller."""
        return tuple(
            Tool(name, spec.description, spec.schema)
            for name, spec in self._specs.items()
            if name in self._rules and _has(self._rules[name], caller)
        )

    def rule(self, name: str) -> ToolRule:
        """The rule of a tool that is allowed to somebody."""
        return self._rules[name]

    def spec(self, name: str) -> ToolSpec:
        """The tool."""
        return self._specs[name]

    def checked(self, call: ToolCall, caller: Caller) -> BaseModel:
        """The call's arguments. Raises ForbiddenError for a tool or address the caller has no right to, InputError for
        arguments that do not fit."""
        rule = self._rules.get(call.name)
        if rule is None or not _has(rule, caller):
            raise ForbiddenError(f"role {caller.role!r} has no tool {call.name!r}")
        try:
            arguments = fitting(
                parse(call.arguments or "{}", self._specs[call.name].schema), self._specs[call.name].arguments
            )
        except InvalidReplyError as fault:
            raise InputError(f"the arguments of {call.name} do not fit: {fault}") from None
        for address in addresses(arguments.model_dump(mode="json")):
            if not is_allowed(address, rule.urls):
                raise ForbiddenError(f"{call.name} may not be given the address {address[:200]!r}")
        return arguments

    def needs_approval(self, name: str, *, tainted: bool) -> bool:
        """Whether a person decides. `tainted`: the conversation holds text from outside."""
        approval = self._rules[name].approval
        return approval == "always" or (approval == "tainted" and tainted)


def addresses(value: Any) -> list[str]:
    """Everything in a JSON value that a browser or a client would go to."""
    if isinstance(value, str):
        return ADDRESS.findall(value)
    if isinstance(value, Mapping):
        return [found for key, item in value.items() for found in (*addresses(key), *addresses(item))]
    return [found for item in value for found in addresses(item)] if isinstance(value, list | tuple) else []


def is_allowed(address: str, patterns: Sequence[str]) -> bool:
    """Whether an address is one of `https://host/path*` patterns: same scheme and host, path by shell pattern.

    User information, a backslash or a port that the pattern does not name make it another place.
    """
    if "\\" in address:
        return False
    try:
        asked = urlsplit(address)
        port = asked.port
    except ValueError:
        return False
    if asked.username is not None or asked.password is not None or ".." in asked.path:
        return False
    for pattern in patterns:
        wanted = urlsplit(pattern)
        same = (asked.scheme.lower(), (asked.hostname or ""), port) == (wanted.scheme, wanted.hostname, wanted.port)
        if same and fnmatchcase(asked.path or "/", wanted.path or "/"):
            return True
    return False


def _has(rule: ToolRule, caller: Caller) -> bool:
    return "*" in rule.roles or caller.role in rule.roles
