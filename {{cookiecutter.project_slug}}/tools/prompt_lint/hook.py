#!/usr/bin/env python3
"""The linter as a pre-commit hook of another repository: it finds its own package and runs the command line.

It is read by whatever Python the machine calls `python3`, so it says which one is needed before anything newer is
imported.
"""

import sys
from pathlib import Path

NEEDED = (3, 11)


def main() -> int:
    """Run the linter on the files that pre-commit names; returns the exit code."""
    if sys.version_info < NEEDED:
        found = ".".join(map(str, sys.version_info[:3]))
        sys.stderr.write(f"prompt-lint: Python 3.11 or newer is needed, and python3 is {found}: put it first in PATH\n")
        return 2
    sys.dont_write_bytecode = True  # the clone belongs to pre-commit
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    from tools.prompt_lint.command import main as lint

    return lint()


if __name__ == "__main__":
    sys.exit(main())
