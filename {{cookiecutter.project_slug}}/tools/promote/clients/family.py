"""How one provider's clients are pointed at the gateway's door, or why they cannot be.

A family is data: the constructors it knows, what they lose and gain. Call sites are never touched.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

NO_DOOR_REMEDY = "use the openai or anthropic client, which the gateway serves, or keep this step out of the pipeline"
LOCAL = "the model runs inside the notebook's own process, where no gateway can stand before it"
SERVER = "serve the model by Ollama or vLLM, name the server in config/base.yaml (`ollama`, `compatible`)"
AT_THE_PROVIDER = "it runs at the provider, outside the gateway's guards and budget, and no door serves it"
FOREIGN = "no door speaks this provider's protocol"
SPREAD = re.compile(r"\*\*(\w+)\([^()]*\)")


@dataclass(frozen=True)
class Constructor:
    """One class or function that makes a client or model.

    `gains` is put after the arguments that stay; `loses` are keywords the door makes pointless; `drops` is how many
    leading positional arguments go with them; `renames` maps keywords; `defaults` are arguments the other class
    demands; `becomes` is the class made instead (`openai.OpenAI` for `AzureOpenAI`). `surrounded` says that it reads
    the environment, which is then pointed at the door. `by_model` names other ways for models a pattern matches, `note`
    is what the report adds, and `prefix` is put before a model's name that has none (`openai/` for LiteLLM). `body`:
    settings of the vendor's own, which the class made instead does not know, go into its `extra_body`. `untold` are
    keywords that change what the model is told and that the class made instead has no place for: it is refused then.
    `texts`: a text under that keyword becomes this one. `routed`: the model's name says which host is asked
    (`groq/llama3` of LiteLLM).
    """

    gains: str = ""
    loses: frozenset[str] = frozenset()
    renames: Mapping[str, str] = field(default_factory=dict)
    defaults: Mapping[str, str] = field(default_factory=dict)
    drops: int = 0
    becomes: str | None = None
    surrounded: bool = False
    by_model: tuple[tuple[str, Constructor], ...] = ()
    note: str = ""
    prefix: str = ""
    body: bool = False
    untold: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)
    routed: bool = False

    @property
    def helpers(self) -> set[str]:
        """The names of `app.orchestration.notebook` that `gains` calls."""
        return set(SPREAD.findall(self.gains))


@dataclass(frozen=True)
class Refusal:
    """Why a client cannot be pointed at the door, and what to do."""

    reason: str
    remedy: str = NO_DOOR_REMEDY


@dataclass(frozen=True)
class Family:
    """A provider's clients. `modules` are roots of import paths; names below match the last part of a path.

    `calls` are endings of call sites (`responses.create`) that no door serves although the client is pointed at it.
    `surrounded` are calls that make their client from the environment when they are given none: the value is the
    keyword that names the model, and they are served when the model is. `own_hosts` are
    keywords with which such a call names models of its own, and is refused. `pointless` are calls that only set keys
    and addresses. `moved` are names that stand in another module than the notebook imports them from.
    `hosts` are what models are named with (`mistral:large`) and what is said instead, where the library reads no
    address for that host from the environment.
    """

    name: str
    modules: tuple[str, ...]
    constructors: Mapping[str, Constructor] = field(default_factory=dict)
    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    calls: Mapping[str, Refusal] = field(default_factory=dict)
    surrounded: Mapping[str, str] = field(default_factory=dict)
    own_hosts: frozenset[str] = frozenset()
    pointless: frozenset[str] = frozenset()
    moved: Mapping[str, str] = field(default_factory=dict)
    hosts: Mapping[str, str] = field(default_factory=dict)

    def owns(self, dotted: str) -> bool:
        """Whether an import path belongs to this family."""
        return any(dotted == module or dotted.startswith(f"{module}.") for module in self.modules)


def served_as(classes: str) -> str:
    """The remedy for a model in the notebook's own process, with the classes that ask a server instead."""
    return f"{SERVER}, make it here with {classes} and promote again; or keep this step out of the pipeline"


def refusing(reason: str, remedy: str, *names: str) -> dict[str, Refusal]:
    """The same refusal under several names."""
    return dict.fromkeys(names, Refusal(reason, remedy))
