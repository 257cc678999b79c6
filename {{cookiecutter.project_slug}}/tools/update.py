"""`python -m tools.update`: a later version of the template is merged into this project, the team's files left alone.

cruft renders both versions of the template and applies the difference by a three-way merge. It reports success where
it left conflicts; this does not. What the team owns (`[tool.update] yours` in pyproject.toml) stays as committed; files
the template adds there arrive.

Exit code 0: merged, or there was nothing newer; 1: merged with conflicts, which are listed; 2: nothing was done, and
why.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

RECORD = Path(".cruft.json")
MARKER = "<<<<<<< "
# What git says of a file whose change could be applied nowhere, such as the removal of one that the team has changed.
FAILED = re.compile(r"^error: patch failed: (.+):\d+$", re.MULTILINE)


class UpdateError(Exception):
    """Nothing was done; the message says why and what to do."""


@dataclass(frozen=True)
class Outcome:
    """What an update left. Paths are relative to the project."""

    merged: tuple[str, ...]
    kept: tuple[str, ...]  # the team's own, which the template changed too
    conflicts: tuple[str, ...]


def update(root: Path, cruft: Sequence[str], checkout: str | None = None) -> Outcome:
    """Merge the newest version of the template, or `checkout` of it, into the clean repository at `root`.

    `cruft` is the command to run it by. Raises UpdateError before anything was changed.
    """
    _ready(root)
    yours = tuple(_configured(root))
    command = [*cruft, "update", "--skip-apply-ask", *(["--checkout", checkout] if checkout else [])]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
    except OSError as error:
        raise UpdateError(f"cruft cannot be run ({error}): make runs it from the project's environment") from None
    entries = _changed(root)
    if done.returncode != 0 and not entries:
        said = " ".join((done.stderr or done.stdout).split()[-60:])
        raise UpdateError(f"cruft could not fetch or render the template: {said}")
    failed = _failed(root, done.stdout + done.stderr)
    waiting = {path for state, path in entries if _waits(root, state, path)} | set(failed)
    if done.returncode != 0:
        waiting.add(str(RECORD))
    touched = tuple(dict.fromkeys([*(path for _, path in entries), *failed]))
    kept = tuple(path for path in touched if _is_own(path, yours) and _committed(root, path))
    if kept:
        _git(root, "restore", "--source=HEAD", "--staged", "--worktree", "--", *kept)
    rest = [path for path in touched if path not in kept]
    return Outcome(
        merged=tuple(path for path in rest if path not in waiting),
        kept=kept,
        conflicts=tuple(path for path in rest if path in waiting),
    )


def _ready(root: Path) -> None:
    try:
        record = json.loads((root / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UpdateError(f"{RECORD} cannot be read ({error}): it names the template and the version baked") from None
    if not record.get("commit"):
        raise UpdateError(
            f"{RECORD} names no commit, because the template was not under version control when this was baked: "
            "fill in the commit it was made from"
        )
    if _changed(root):
        raise UpdateError("the working tree is not clean: commit or stash your changes, then update")


def _changed(root: Path) -> list[tuple[str, str]]:
    """State and path of what differs from the last commit, also where the project is a folder of a repository."""
    prefix = _git(root, "rev-parse", "--show-prefix").strip()
    said = _git(root, "status", "--porcelain=v1", "--no-renames", "-z", "--untracked-files=all", "--", ".")
    return [(entry[:2], entry[3:].removeprefix(prefix)) for entry in said.split("\0") if entry]


def _failed(root: Path, said: str) -> list[str]:
    prefix = _git(root, "rev-parse", "--show-prefix").strip()
    return [path.removeprefix(prefix) for path in FAILED.findall(said)]


def _configured(root: Path) -> list[str]:
    tools = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8")).get("tool", {})
    yours = tools.get("update", {}).get("yours", [])
    if not isinstance(yours, list) or not all(isinstance(path, str) for path in yours):
        raise UpdateError("[tool.update] yours in pyproject.toml must be a list of paths")
    return yours


def _is_own(path: str, yours: Sequence[str]) -> bool:
    return any(PurePosixPath(path).is_relative_to(own) for own in yours)


def _committed(root: Path, path: str) -> bool:
    return _run(root, "cat-file", "-e", f"HEAD:./{path}").returncode == 0


def _waits(root: Path, state: str, path: str) -> bool:
    """Whether a changed file waits for a person: unmerged, rejected, or with markers in it."""
    if "U" in state or state in ("AA", "DD") or path.endswith(".rej"):
        return True
    try:
        return any(line.startswith(MARKER) for line in (root / path).read_text(encoding="utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        return False


def _git(root: Path, *arguments: str) -> str:
    done = _run(root, *arguments)
    if done.returncode != 0:
        raise UpdateError(f"git {arguments[0]}: {done.stderr.strip()}")
    return done.stdout


def _run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    git = shutil.which("git")
    if git is None:
        raise UpdateError("git is not installed: install it, it merges the versions")
    return subprocess.run([git, *arguments], cwd=root, capture_output=True, text=True, check=False)  # noqa: S603


def tell(outcome: Outcome) -> str:
    """The outcome for a terminal."""
    lines = []
    for title, paths in (
        ("merged", outcome.merged),
        ("left as yours, though the template changed them too", outcome.kept),
        ("CONFLICTS, to be mended by hand", outcome.conflicts),
    ):
        if paths:
            lines += [f"{title}:", *(f"  {path}" for path in paths)]
    if outcome.conflicts:
        lines.append("Mend these, run `make test`, and commit. To go back: git reset --hard")
    elif outcome.merged:
        lines.append("Look at `git diff HEAD`, run `make test`, and commit. To go back: git reset --hard")
    else:
        lines.append("There is nothing newer.")
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.update", description=__doc__.split("\n\n")[0])
    parser.add_argument("--checkout", help="a branch, tag or commit of the template (default: its newest)")
    given = parser.parse_args(arguments)
    try:
        outcome = update(Path.cwd(), [str(Path(sys.executable).with_name("cruft"))], given.checkout)
    except UpdateError as error:
        print(f"not updated: {error}", file=sys.stderr)
        return 2
    print(tell(outcome))
    return 1 if outcome.conflicts else 0


if __name__ == "__main__":
    sys.exit(main())
