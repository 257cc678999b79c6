"""`python -m tools.feature_table [RECORD.json ...]`: docs/reference/features.md from what a test run recorded.

Without arguments it reads build/features.json, and beside it what the template's own tests proved of this version.
Several records count together: a row stands only when every test marked with it passed in all of them.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools.feature_table.table import read_records, read_rows, render

PAGE = Path("docs", "reference", "features.md")
RECORD = Path("build", "features.json")
TEMPLATE_RECORD = Path("tools", "feature_table", "template.json")


def main(arguments: list[str]) -> int:
    """Write the page; the exit code is 2 when there is no record to read."""
    paths = [Path(argument) for argument in arguments] or [RECORD, TEMPLATE_RECORD]
    missing = [path for path in paths if not path.exists()]
    if missing:
        print(f"error: {missing[0]} is not there: run `make test` first", file=sys.stderr)
        return 2
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(render(read_rows(), read_records(paths)), encoding="utf-8")
    print(f"{PAGE} written")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
