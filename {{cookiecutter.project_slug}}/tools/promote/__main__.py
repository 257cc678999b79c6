"""`python -m tools.promote NOTEBOOK`: a notebook becomes a parameterised step of this project.

Exit code 0: the step was written, also when parts were refused and are listed in the report; 2: the notebook was
refused with one line on stderr, and nothing was written.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.promote.outcome import Refused
from tools.promote.promotion import Promotion, finish, locate, promote
from tools.promote.proof import prove
from tools.promote.secrets import redact
from tools.promote.write import write_all


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        place = locate(arguments.notebook, arguments.project, arguments.name)
        promotion = promote(place)
        if not arguments.dry_run and not arguments.no_prove:
            prove(promotion)
        finish(promotion)
        if arguments.dry_run:
            print(_diff(promotion), end="")
            return 0
        _write(promotion, arguments.report)
    except Refused as refusal:
        print(f"promote: {redact(str(refusal))}", file=sys.stderr)
        return 2
    print(promotion.report.as_table())
    return 0


def _write(promotion: Promotion, report: Path | None) -> None:
    """The files of the promotion with its report beside them, then the report that was asked for."""
    place = promotion.place
    if promotion.files:
        page = place.project / "build" / "promote" / f"{place.step}.md"
        write_all(place.project, {**promotion.files, page: promotion.report.as_markdown().encode("utf-8")})
    if report is not None:
        target = report.resolve()
        write_all(target.parent, {target: promotion.report.as_json().encode("utf-8")})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools.promote", description=__doc__)
    parser.add_argument("notebook", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--project", type=Path, default=Path(), metavar="DIR", help="the project (default: here)")
    parser.add_argument("--name", metavar="STEP", help="the step's name (default: from the file's name)")
    parser.add_argument("--dry-run", action="store_true", help="show what would change, write nothing")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="write the report there too")
    parser.add_argument("--no-prove", action="store_true", help="do not run the notebook and the step to compare them")
    return parser


def _diff(promotion: Promotion) -> str:
    """Unified diff over the code of the cells, then every file that would be written."""
    old, new = promotion.source.code_text(), promotion.step.code_text()
    name, step = promotion.report.source, promotion.place.relative(promotion.place.step_file)
    lines = [*difflib.unified_diff(old, new, name, step)] if promotion.place.step_file in promotion.files else []
    for path, content in promotion.files.items():
        if content is None or path in (promotion.place.step_file, promotion.place.original):
            continue
        before = path.read_text(encoding="utf-8").splitlines(keepends=True) if path.exists() else []
        after = content.decode("utf-8").splitlines(keepends=True)
        shown = promotion.place.relative(path)
        lines += difflib.unified_diff(before, after, shown if before else "/dev/null", shown)
    return redact("".join(line if line.endswith("\n") else line + "\n" for line in lines))


if __name__ == "__main__":
    sys.exit(main())
