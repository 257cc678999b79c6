"""Where an imported name stands in the packages of today; knows nothing of cells or edits."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from importlib import metadata

from tools.promote.moved import langchain_names, llama_index_names, pydantic_ai_names

OLD = "langchain"
CLASSIC = "langchain_classic"  # hands on what the community package had and has no more
LLAMA_INDEX = "llama_index"
PYDANTIC_AI = "pydantic_ai"
# A package that is kept up no more, and the one that goes on with it under the same names.
SUCCESSORS = {"nest_asyncio": "nest_asyncio2"}
# Components of Haystack before its version 3 for which a class of the project stands.
HAYSTACK_BEFORE_THREE = {
    "haystack.components.generators.OpenAIGenerator",
    "haystack.components.generators.openai.OpenAIGenerator",
}
# Where mistralai before 3.0 has its client and the classes of messages and pieces, which stand below its client since.
MISTRAL = ("mistralai", "mistralai.models")
BY_NAME = {name: module for module, names in langchain_names.NAMES.items() for name in names.split()}


@dataclass(frozen=True)
class Home:
    """The module that has the name today, and what it is called there where that changed too. `instead` says what to
    use when none has it."""

    module: str = ""
    instead: str = ""
    name: str = ""


def home(module: str, name: str) -> Home | None:
    """The home of `from module import name`; None when the import is good as it is."""
    for old, new in langchain_names.MOVED_MODULES.items():
        if _within(module, old):
            return Home(new + module.removeprefix(old))
    if f"{module}.{name}" in langchain_names.GONE_AT:
        return Home(instead=langchain_names.GONE_AT[f"{module}.{name}"])
    if _within(module, LLAMA_INDEX):
        return _llama_index(module, name)
    if _within(module, PYDANTIC_AI):
        renamed = pydantic_ai_names.RENAMED.get(f"{module}.{name}", "")
        place, _, called = renamed.rpartition(".")
        return Home(place, name=called) if renamed and has_major(*pydantic_ai_names.SINCE) else None
    if f"{module}.{name}" in HAYSTACK_BEFORE_THREE and has_major("haystack-ai", 3):
        return Home("app.orchestration.legacy_haystack")
    if module in MISTRAL and not _is_there("mistralai.models") and _is_there("mistralai.client"):
        return Home("mistralai.client" if name == "Mistral" else "mistralai.client.models")
    if _within(module, "langchain_community"):
        left = name in langchain_names.LEFT_COMMUNITY and module not in langchain_names.COMMUNITY_KEEPS
        return _by_name(name) if left else None
    if _within(module, CLASSIC):
        return _by_name(name) if name in langchain_names.LEFT_COMMUNITY else None
    if not _within(module, OLD) or _stands(module, name):
        return None
    path = module.split(".")[1:]
    if not path and name in langchain_names.MODULES:
        return Home(_same_path([name]).rpartition(".")[0])
    if path and path[0] not in langchain_names.MODULES:
        return Home(instead="what its documentation names instead")
    # Baidu's chains have classes that are called like OpenAI's.
    if (found := _by_name(name)) is not None and "ernie" not in module:
        return found
    return Home(_same_path(path))


def today(dotted: str) -> str:
    """The path of a class under its address of today: `langchain_openai.OpenAI` for `langchain.llms.OpenAI`."""
    module, _, name = dotted.rpartition(".")
    found = home(module, name) if module else None
    return f"{found.module}.{found.name or name}" if found is not None and found.module else dotted


def home_of_module(module: str) -> Home | None:
    """The home of `import module`; None when it is there still."""
    for old, new in langchain_names.MOVED_MODULES.items():
        if _within(module, old):
            return Home(new + module.removeprefix(old))
    if module in SUCCESSORS:
        return Home(SUCCESSORS[module]) if not _is_there(module) and _is_there(SUCCESSORS[module]) else None
    parent, _, name = module.rpartition(".")
    if not _within(module, OLD) or module == OLD or module in langchain_names.STANDING or _stands(parent, name):
        return None
    path = module.split(".")[1:]
    if path[0] not in langchain_names.MODULES:
        return Home(instead="what its documentation names instead")
    return Home(".".join(["langchain_classic", *path]))


def _llama_index(module: str, name: str) -> Home | None:
    """The modules listed are namespaces today, without a name of their own; their submodules are integrations."""
    core = llama_index_names.CORE.get(module)
    if core is None or (name.islower() and name not in core.split() and name not in llama_index_names.GONE):
        return None
    if name == "*" or name in core.split():
        return Home(module.replace(LLAMA_INDEX, f"{LLAMA_INDEX}.core", 1))
    integration = llama_index_names.INTEGRATIONS.get(f"{module}.{name}")
    if integration is not None:
        return Home(integration)
    instead = llama_index_names.GONE.get(name, f"the module that has {name} in its documentation")
    return Home(instead=instead)


def _by_name(name: str) -> Home | None:
    if name in langchain_names.GONE:
        return Home(instead=langchain_names.GONE[name])
    return Home(BY_NAME[name]) if name in BY_NAME else None


def _same_path(path: list[str]) -> str:
    package = "langchain_community" if path and path[0] in langchain_names.COMMUNITY else "langchain_classic"
    return ".".join([package, *path])


def _stands(module: str, name: str) -> bool:
    """Whether LangChain 1.x has the name there."""
    for standing, names in langchain_names.STANDING.items():
        if (module == standing and name in names.split()) or (not names and _within(module, standing)):
            return True
    return module == OLD and f"{OLD}.{name}" in langchain_names.STANDING


def has_major(package: str, version: int) -> bool:
    """Whether a package is there in that major version or a later one; also where it is not there at all, for then the
    latest will be."""
    try:
        return int(metadata.version(package).partition(".")[0]) >= version
    except metadata.PackageNotFoundError:
        return True


def _is_there(module: str) -> bool:
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:  # its package is not there
        return False


def _within(module: str, package: str) -> bool:
    return module == package or module.startswith(f"{package}.")
