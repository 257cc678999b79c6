"""`app prompts`: looking at the registry, locking released versions, mirroring them into MLflow."""

from __future__ import annotations

import difflib
import re
from pathlib import Path

import click

from app import bootstrap
from app.commands import tracking
from app.errors import InputError
from app.intelligence.prompts import Prompt, Registry, read_lock

NAME = re.compile(r"([a-z][a-z0-9_]*)(?:@v?([0-9]+))?")


def show_list(root: Path) -> None:
    """A table of all versions."""
    registry = Registry.open(root / "prompts")
    locked = read_lock(root / "prompts")
    for prompt in registry:
        served = "served" if prompt.version == registry.default_version(prompt.task) else ""
        state = "released" if f"{prompt.task}/v{prompt.version}" in locked else "draft"
        click.echo(f"{prompt.name:<32} {state:<9} {served:<7} {prompt.sha256[:12]}  {prompt.description}")


def show(root: Path, name: str) -> None:
    """The file of one version, under a line that names it."""
    prompt = _named(Registry.open(root / "prompts"), name)
    click.echo(f"# {prompt.name}  sha256 {prompt.sha256}")
    click.echo(_file(root, prompt.task, prompt.version).read_text(encoding="utf-8"), nl=False)


def diff(root: Path, task: str, old: int, new: int) -> None:
    """A unified diff of two versions' files; nothing when they are alike."""
    registry = Registry.open(root / "prompts")
    before, after = (
        _file(root, task, registry.get(task, version).version).read_text(encoding="utf-8").splitlines(keepends=True)
        for version in (old, new)
    )
    click.echo("".join(difflib.unified_diff(before, after, f"{task}@{old}", f"{task}@{new}")), nl=False)


def lock(root: Path) -> None:
    """Add the served version of every task to the lock; entries that are there stay."""
    registry = Registry.open(root / "prompts")
    entries = read_lock(root / "prompts")
    added = []
    for task in registry.tasks():
        prompt = registry.get(task)
        if entries.setdefault(f"{task}/v{prompt.version}", prompt.sha256) == prompt.sha256:
            added.append(prompt.name)
    text = "".join(f"{name} {sha256}\n" for name, sha256 in sorted(entries.items()))
    (root / "prompts" / "released.lock").write_text(text, encoding="utf-8")
    click.echo(f"released: {', '.join(added)}")


def publish(root: Path) -> None:
    """Mirror every version into MLflow, with the alias `production` on the served ones."""
    loaded = bootstrap.operating_settings(root)
    registry = bootstrap.registry(loaded)
    counts = tracking.publish(loaded, bootstrap.prepare_database(loaded), registry)
    click.echo(f"{counts['published']} versions published, {counts['unchanged']} were there; see them with `make ui`")


def _named(registry: Registry, name: str) -> Prompt:
    match = NAME.fullmatch(name)
    if match is None:
        raise InputError(f"{name!r} names no prompt: write TASK or TASK@VERSION")
    return registry.get(match[1], int(match[2]) if match[2] else None)


def _file(root: Path, task: str, version: int) -> Path:
    return root / "prompts" / task / f"v{version}.prompt.yml"
