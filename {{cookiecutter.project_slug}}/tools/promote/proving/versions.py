"""Which libraries a run met, in which versions, and which the notebook was written for: what its own error is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from importlib import metadata

from tools.promote.cells.dependencies import FILE

PINNED = re.compile(r"(?P<name>[A-Za-z0-9][\w.-]*)\s*(?:\[[^\]]*\])?\s*(?P<version>(?:==|<|~=)[^;]*)")
# The module an error is about, by what Python says of it.
ABOUT = (
    re.compile(r"ImportError: cannot import name '\w+' from '(\w+)"),
    re.compile(r"AttributeError: (?:partially initialized )?module '(\w+)[\w.]*' has no attribute"),
)
# Errors that another version of the library that raises them may not have; what a service says is none of them.
OF_A_VERSION = re.compile(r"(?:\w+\.)*(?:TypeError|AttributeError|ImportError|NotImplementedError|PydanticUserError):")
# What a library says that lacks a package it needs for this alone.
ASKED_FOR = re.compile(
    r"(?:ImportError|ModuleNotFoundError)\b.*?\bpip install (?:-\S+ )*[\"'`]*(?P<package>[\w.-]+(?:\[[\w,.-]+\])?)",
    re.DOTALL,
)
ABSENT = re.compile(r"ModuleNotFoundError: No module named '(\w+)")
MANY = 3  # as many versions as a verdict names


def pins_of(requirements: Iterable[str]) -> tuple[str, ...]:
    """Those that ask for one version, or for none above one."""
    return tuple(text for text in requirements if PINNED.match(text))


def other_versions(pins: Sequence[str]) -> str:
    """`langchain 1.4.7, where it asks for langchain==0.1.0`, for packages that are there in another version."""
    said = []
    for pin in pins:
        found = PINNED.match(pin)
        assert found is not None
        installed = _version(found["name"])
        if installed is not None and not _fits(installed, found["version"]):
            said.append(f"{found['name']} {installed}, where it asks for {pin}")
    return "; ".join(said[:MANY]) + (f"; {len(said) - MANY} more" if len(said) > MANY else "")


def advice(error: str, library: str, pins: Sequence[str]) -> str:
    """What to do about an error of the notebook's own; empty when it is about no library.

    `library` is the top package that raised it, as far as the traceback tells.
    """
    if absent := ABSENT.search(error):
        if _distribution(absent[1]) is None:
            return f"add the package of {absent[1]} to {FILE}, run `make lock`, and promote again"
        library = absent[1]
    elif (lacking := ASKED_FOR.match(error)) and ("[" in lacking["package"] or _version(lacking["package"]) is None):
        return f"add {lacking['package']} to {FILE}, run `make lock`, and promote again"
    raised = library if OF_A_VERSION.match(error) or ABSENT.search(error) else ""
    about = next((found[1] for rule in ABOUT if (found := rule.search(error))), raised)
    package = _distribution(about) if about else None
    if package is None:
        return ""
    asked = next((pin for pin in pins if _same(pin, package)), "")
    wanted = f"it asks for {asked}" if asked else "it may have been written for another version"
    return (
        f"{package} {_version(package)} is installed, and {wanted}: change the cell, or ask for that version in {FILE} "
        "and run `make lock`, then promote again"
    )


def _distribution(module: str) -> str | None:
    """The package that brings a module; the shortest name where several share it."""
    found = metadata.packages_distributions().get(module, [])
    return min(found, key=len) if found else None


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _fits(installed: str, wanted: str) -> bool:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(wanted.strip()).contains(installed, prereleases=True)
    except InvalidSpecifier:
        return True  # what cannot be read says nothing


def _same(pin: str, package: str) -> bool:
    found = PINNED.match(pin)
    return found is not None and _plain(found["name"]) == _plain(package)


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
