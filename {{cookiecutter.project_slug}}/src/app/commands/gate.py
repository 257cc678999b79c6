"""`app gate`: the data gates over what is under version control: the corpus and the evaluation cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from app import bootstrap
from app.commands.evaluate import suite_files
from app.data.documents import load
from app.data.quality import GateReport, case_rows, run_gate
from app.errors import GateFailedError

GATES = "data_gates"
REPORTS = Path("build") / "data_gates"


def run(root: Path) -> None:
    """One line a gate, then what failed. Raises GateFailedError when any is red."""
    loaded = bootstrap.settings(root)
    reports = [_documents(root, root / loaded.retrieval.corpus)]
    reports += [_cases(root, name) for name in suite_files(root)]
    for report in reports:
        state = "green" if report.success else "red"
        click.echo(f"{state:<6} {report.gate:<10} {report.rows} rows, {report.expectations} expectations")
        for warning in report.warnings:
            click.echo(f"       warning: {warning}")
    failures = [failure for report in reports for failure in report.failures]
    if failures:
        raise GateFailedError(f"{len(failures)} findings in the data gates: correct the data", failures)


def _documents(root: Path, corpus: Path) -> GateReport:
    return run_gate("documents", load(corpus).rows(), gates_dir=root / GATES, report_dir=root / REPORTS)


def _cases(root: Path, suite: str) -> GateReport:
    rows = case_rows(root / "evals" / "cases" / f"{suite}.jsonl")
    report = run_gate("cases", rows, gates_dir=root / GATES, report_dir=root / REPORTS / suite)
    return replace(report, gate=f"cases of {suite}")
