"""How one provider's clients are pointed at the gateway's door, or why they cannot be.

A family is data: the constructors it knows, what they lose and gain. Call sites are never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NO_DOOR_REMEDY = "use the openai or anthropic client, which the gateway serves, or keep this step out of the pipeline"


@dataclass(frozen=True)
class Constructor:
    """One class or function that makes a client or model.

    `gains` is put after the arguments that stay; `loses` are keywords the door makes pointless; `renames` maps
    keywords; `becomes` is the class made instead (`openai.OpenAI` for `AzureOpenAI`).
    """

    gains: str
    helper: str
    loses: frozenset[str] = frozenset()
    renames: Mapping[str, str] = field(default_factory=dict)
    becomes: str | None = None


@dataclass(frozen=True)
class Refusal:
    """Why a client cannot be pointed at the door, and what to do."""

    reason: str
    remedy: str = NO_DOOR_REMEDY


@dataclass(frozen=True)
class Family:
    """A provider's clients. `modules` are roots of import paths; names below match the last part of a path.

    `calls` are endings of call sites (`responses.create`) that no door serves although the client is pointed at it.
    """

    name: str
    modules: tuple[str, ...]
    constructors: Mapping[str, Constructor] = field(default_factory=dict)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    calls: Mapping[str, Refusal] = field(default_factory=dict)

    def owns(self, dotted: str) -> bool:
        """Whether an import path belongs to this family."""
        return any(dotted == module or dotted.startswith(f"{module}.") for module in self.modules)
