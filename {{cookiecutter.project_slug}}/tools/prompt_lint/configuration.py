"""Settings from `[tool.prompt_lint]` of the pyproject.toml above the working directory.

    [tool.prompt_lint]
    exclude = ["notebooks/explore", "docs/*.py"]   # never read, also when named on the command line
    ignore = ["hardcoded_model_id"]                # rules that are off
    descriptions = true                            # report tool and schema descriptions too (information)

    [tool.prompt_lint.allow]                       # rules that are off for some paths
    provider_sdk_outside_gateway = ["tests"]

An unknown key or a wrong type is refused, so that a misspelt exclusion cannot pass for one.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEFAULT_ALLOW = {"provider_sdk_outside_gateway": ("src/app/intelligence/providers",)}


class UsageError(Exception):
    """The command line or the configuration is wrong: nothing was checked, the exit code is 2."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What to leave out. Paths are globs or folders, relative to `root`."""

    root: Path
    exclude: tuple[str, ...] = ()
    ignore: frozenset[str] = frozenset()
    descriptions: bool = False
    allow: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: DEFAULT_ALLOW)

    def excludes(self, path: Path) -> bool:
        """True when the file is not to be read."""
        return bool(self.exclude) and _matches(self._relative(path), self.exclude)

    def allowed(self, path: Path) -> frozenset[str]:
        """The rules that are off for the file."""
        relative = self._relative(path)
        return self.ignore | {rule for rule, patterns in self.allow.items() if _matches(relative, patterns)}

    def _relative(self, path: Path) -> str:
        resolved = path.resolve()
        return resolved.relative_to(self.root).as_posix() if resolved.is_relative_to(self.root) else path.as_posix()


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatch.fnmatch(path, p) or path.startswith(p.rstrip("/") + "/") or path == p for p in patterns)


def configured(folder: Path, known_rules: frozenset[str]) -> Configuration:
    """The configuration that holds in a folder. Raises UsageError when it cannot be read or is wrong."""
    folder = folder.resolve()
    for place in (folder, *folder.parents):
        file = place / "pyproject.toml"
        if file.is_file():
            table = _table(file)
            if table is not None:
                return _configuration(place, file, table, known_rules)
            return Configuration(place)
        if (place / ".git").exists():
            break
    return Configuration(folder)


def _table(file: Path) -> dict[str, Any] | None:
    try:
        text = file.read_text(encoding="utf-8")
        if "prompt_lint" not in text:
            return None
        import tomllib  # a quarter of the start-up, and most repositories configure nothing

        document = tomllib.loads(text)
    except (ValueError, OSError) as error:
        raise UsageError(f"{file}: cannot be read ({error}): mend it, or run in another folder") from error
    table = document.get("tool", {}).get("prompt_lint")
    if table is not None and not isinstance(table, dict):
        raise UsageError(f"{file}: tool.prompt_lint is no table: write [tool.prompt_lint]")
    return table


def _configuration(root: Path, file: Path, table: dict[str, Any], known_rules: frozenset[str]) -> Configuration:
    unknown = sorted(set(table) - {"exclude", "ignore", "allow", "descriptions"})
    if unknown:
        raise UsageError(
            f"{file}: unknown key tool.prompt_lint.{unknown[0]}: known are exclude, ignore, allow, descriptions"
        )
    ignore = frozenset(_strings(file, "ignore", table.get("ignore", [])))
    allow = table.get("allow", {})
    if not isinstance(allow, dict):
        raise UsageError(f"{file}: tool.prompt_lint.allow is no table: write [tool.prompt_lint.allow]")
    for rule in sorted((ignore | set(allow)) - known_rules):
        raise UsageError(f"{file}: unknown rule {rule}: known are {', '.join(sorted(known_rules))}")
    if not isinstance(table.get("descriptions", False), bool):
        raise UsageError(f"{file}: tool.prompt_lint.descriptions is neither true nor false")
    allowed = dict(DEFAULT_ALLOW)
    for rule, paths in allow.items():
        allowed[rule] = (*allowed.get(rule, ()), *_strings(file, f"allow.{rule}", paths))
    exclude = tuple(_strings(file, "exclude", table.get("exclude", [])))
    return Configuration(root, exclude, ignore, table.get("descriptions", False), allowed)


def _strings(file: Path, key: str, value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f"{file}: tool.prompt_lint.{key} is no list of strings")
    return value
