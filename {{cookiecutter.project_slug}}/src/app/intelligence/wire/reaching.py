"""Which fields of a client's own protocol reach a provider, and under what name where it speaks another.

OpenAI's two protocols, Mistral's and Anthropic's share some that matter to the reply. What only moves cost, speed or
bookkeeping goes to a provider of the same protocol alone: another server might refuse a field it does not know.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.intelligence.messages import ModelRequest
from app.intelligence.wire.documented import BY_PROTOCOL, names_of

# Protocols in the configuration that are written as another is.
_WRITTEN_AS = {"compatible": "openai", "litellm": "openai"}
# Of Mistral's fields those that OpenAI's chat has, too.
_MISTRAL_S = ("frequency_penalty", "parallel_tool_calls", "presence_penalty", "reasoning_effort")
# Providers that have no seed.
_SEEDLESS = ("anthropic", "responses")


def for_chat(extra: Mapping[str, Any]) -> dict[str, Any]:
    """The fields for a provider of OpenAI's chat."""
    if "openai" in extra:
        return dict(extra["openai"])
    found = {name: value for name, value in extra.get("mistral", {}).items() if name in _MISTRAL_S}
    told = extra.get("responses", {})
    several, effort = told.get("parallel_tool_calls"), _in(told, "reasoning", "effort")
    verbosity = _in(told, "text", "verbosity")
    if extra.get("anthropic", {}).get("disable_parallel_tool_use") is not None:
        found["parallel_tool_calls"] = not extra["anthropic"]["disable_parallel_tool_use"]
    return found | _given(parallel_tool_calls=several, reasoning_effort=effort, verbosity=verbosity)


def for_responses(extra: Mapping[str, Any]) -> dict[str, Any]:
    """The fields for a provider of OpenAI's Responses."""
    if "responses" in extra:
        return dict(extra["responses"])
    told = for_chat(extra)
    effort, verbosity = told.get("reasoning_effort"), told.get("verbosity")
    return _given(
        parallel_tool_calls=told.get("parallel_tool_calls"),
        reasoning=None if effort is None else {"effort": effort},
        text=None if verbosity is None else {"verbosity": verbosity},
    )


def one_tool_at_a_time(extra: Mapping[str, Any]) -> bool | None:
    """Whether calls side by side are forbidden, for a provider of Anthropic's; None: not said."""
    said: bool | None = extra.get("anthropic", {}).get("disable_parallel_tool_use")
    several = for_chat(extra).get("parallel_tool_calls")
    return said if said is not None or several is None else not several


def left_out(request: ModelRequest, protocol: str) -> tuple[str, ...]:
    """The fields of a request that a provider of this protocol is not sent and whose lack may change the reply, by the
    names its client gave them."""
    spoken = _WRITTEN_AS.get(protocol, protocol)
    lost = [name for door, fields in request.extra.items() for name in _lost(door, fields, spoken)]
    if request.seed is not None and spoken in _SEEDLESS:
        lost.append("seed")
    return tuple(sorted(lost))


def _lost(door: str, fields: Mapping[str, Any], spoken: str) -> list[str]:
    if door == spoken:
        return []
    reaching = set[str]()
    if spoken == "openai":
        reaching = {*for_chat({door: fields}), "reasoning", "text.verbosity", "disable_parallel_tool_use"}
    elif spoken == "responses":
        reaching = {*for_responses({door: fields}), "reasoning_effort", "verbosity", "disable_parallel_tool_use"}
    elif spoken in ("anthropic", "offline"):
        reaching = {"parallel_tool_calls", "disable_parallel_tool_use"}
    known = BY_PROTOCOL.get(door)
    harmless = known.no_effect if known else frozenset[str]()
    # How a schema is called and how strictly it is held is OpenAI's alone.
    harmless |= {"response_format", "text.format", "include"}
    return [name for name in names_of(fields) if name not in reaching and name not in harmless]


def _in(values: Mapping[str, Any], key: str, inner: str) -> Any:
    found = values.get(key)
    return found.get(inner) if isinstance(found, Mapping) else None


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
