"""The command line: `python -m tools.prompt_lint [--format text|json|github|sarif] PATHS`.

Exit code 0 when nothing is an error, 1 when something is, 2 when nothing could be checked because of how it was asked.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from tools.prompt_lint import baseline
from tools.prompt_lint.catalogue import RULE_NAMES, RULES
from tools.prompt_lint.configuration import Configuration, UsageError, configured
from tools.prompt_lint.discovery import files
from tools.prompt_lint.findings import Finding
from tools.prompt_lint.formats import WRITERS
from tools.prompt_lint.inspection import inspect


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the linter; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return _run(options)
    except UsageError as error:
        print(f"prompt-lint: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    if options.docs:
        from tools.prompt_lint.documentation import page

        sys.stdout.write(page())
        return 0
    configuration = configured(Path.cwd(), RULE_NAMES)
    if options.fix and options.write_baseline:
        raise UsageError("--fix and --write-baseline are two runs: lift first, then write down what is left")
    chosen = list(files([Path(p) for p in options.paths], configuration))
    outcome = inspect(chosen, configuration, options.jobs)
    for note in outcome.notes:
        print(f"prompt-lint: {note}", file=sys.stderr)
    findings = outcome.findings
    if options.fix:
        known = baseline.without_known(options.baseline, findings) if options.baseline else findings
        if _fixed(known, configuration):
            findings = inspect(chosen, configuration, options.jobs).findings
    if options.write_baseline:
        baseline.write(options.write_baseline, findings)
        print(f"prompt-lint: {len(findings)} findings written to {options.write_baseline}", file=sys.stderr)
        return 0
    if options.baseline:
        findings = baseline.without_known(options.baseline, findings)
    sys.stdout.write(WRITERS[options.format](findings, RULES, outcome.files))
    return 1 if any(f.severity == "error" for f in findings) else 0


def _fixed(findings: list[Finding], configuration: Configuration) -> bool:
    """Lift what can be lifted and say so on stderr; True when files were changed."""
    try:
        from tools.prompt_lint.fixing import fix
    except ImportError as error:
        missing = error.name or "tools.promote"
        raise UsageError(f"--fix needs {missing}, which is not installed here: run it inside a project") from error
    report = fix(findings, configuration, Path.cwd())
    for line in report.lines:
        print(f"prompt-lint: {line}", file=sys.stderr)
    return report.changed


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tools.prompt_lint",
        description="Find prompts, provider clients and model ids in .py and .ipynb files, and broken prompt files.",
    )
    parser.add_argument("paths", nargs="*", default=["."], metavar="PATHS", help="files or folders (default: .)")
    parser.add_argument(
        "--format", choices=sorted(WRITERS), default="text", help="how findings are written (default: text)"
    )
    parser.add_argument("--jobs", type=_jobs, default=0, metavar="N", help="processes (default: as many as pay)")
    parser.add_argument("--baseline", type=Path, metavar="FILE", help="leave out the findings that stand in FILE")
    parser.add_argument("--write-baseline", type=Path, metavar="FILE", help="write all findings to FILE and exit 0")
    parser.add_argument(
        "--fix", action="store_true", help="lift prompts of .py files into prompts/, then report the rest"
    )
    parser.add_argument("--docs", action="store_true", help="print the reference page of the rules")
    return parser


def _jobs(value: str) -> int:
    number = int(value) if value.isdecimal() else -1
    if number < 0:
        raise argparse.ArgumentTypeError(f"{value!r} is no number of processes: give 0 or more")
    return number
