"""`python -m tools.promote NOTEBOOK`: a notebook becomes a parameterised step of this project.

Exit code 0: the step was written (or shown, or is up to date), also when parts were refused and are listed in the
report; 2: the command line is wrong, or the notebook was refused with one line on stderr; then nothing was written;
130: it was interrupted, and what it had begun to write was undone.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.promote.inputs.secrets import redact
from tools.promote.notebook.outcome import Refused
from tools.promote.promotion import Promotion, finish, locate, promote
from tools.promote.proving.differences import coloured, diff_of
from tools.promote.proving.proof import prove
from tools.promote.report_forms import ENDINGS, FORMATS, shown
from tools.promote.write import recover, write_all


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; the exit code."""
    arguments = _parser().parse_args(argv)
    try:
        place = locate(arguments.notebook, arguments.project, arguments.name)
        if recover(place.project):
            print("promote: an earlier run was cut off; what it had begun to write was undone", file=sys.stderr)
        promotion = promote(place)
        if not arguments.dry_run and not arguments.no_prove:
            prove(promotion)
        finish(promotion)
        diff = diff_of(promotion) if arguments.dry_run else None
        if diff is None:
            _write(promotion)
        _report(promotion, arguments, diff)
    except Refused as refusal:
        why = redact(str(refusal))
        print(f"promote: {why}", file=sys.stderr)
        if arguments.format == "json":
            print(json.dumps({"refused": why}, ensure_ascii=False))
        return 2
    except KeyboardInterrupt:
        print("promote: interrupted; nothing was changed", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read the output has seen enough; what was to be written is
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _write(promotion: Promotion) -> None:
    """The files of the promotion with its report beside them."""
    place = promotion.place
    if promotion.files:
        page = place.project / "build" / "promote" / f"{place.step}.md"
        text = shown(promotion.report, "markdown")
        write_all(place.project, {**promotion.files, page: text.encode("utf-8")})


def _report(promotion: Promotion, arguments: argparse.Namespace, diff: str | None) -> None:
    """The report where it was asked for: in files, else on stdout, there after the diff of a dry run."""
    if arguments.report is not None:
        _put(arguments.report, promotion.report.as_json())
    if arguments.output is not None:
        form = arguments.format or ENDINGS.get(arguments.output.suffix.lower(), "table")
        _put(arguments.output, shown(promotion.report, form, diff))
        if arguments.format in (None, "table") and diff is not None:
            print(coloured(diff, sys.stdout), end="")
        return
    form = arguments.format or "table"
    if diff and form == "table":
        print(coloured(diff, sys.stdout))
    print(shown(promotion.report, form, diff), end="")


def _put(path: Path, text: str) -> None:
    target = path.resolve()
    write_all(target.parent, {target: text.encode("utf-8")})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.promote", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("notebook", type=Path, metavar="NOTEBOOK")
    parser.add_argument("--project", type=Path, default=Path(), metavar="DIR", help="the project (default: here)")
    parser.add_argument("--name", metavar="STEP", help="the step's name (default: from the file's name)")
    parser.add_argument("--dry-run", action="store_true", help="show what would change as a diff, write nothing")
    parser.add_argument("--format", choices=FORMATS, help="the report's form (default: table, or by FILE's ending)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the report there, not to the terminal")
    parser.add_argument("--report", type=Path, metavar="FILE.json", help="write the report as JSON there too")
    parser.add_argument("--no-prove", action="store_true", help="do not run the notebook and the step to compare them")
    return parser


if __name__ == "__main__":
    sys.exit(main())
