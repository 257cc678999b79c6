"""`app gate`: the data gates over what is under version control: the corpus and the evaluation cases."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from app import bootstrap
from app.caller import Caller
from app.commands.at_database import with_pool
from app.commands.evaluation.suite_files import suite_files
from app.data import profile
from app.data.documents import load
from app.data.leakage import Shown
from app.data.quality import GateReport, case_rows, read_suite, run_gate
from app.data.samples import call_rows
from app.errors import GateFailedError
from app.settings import Settings

GATES = "data_gates"
REPORTS = Path("build") / "data_gates"


def run(root: Path, *, production: bool = False, keep_profile: bool = False) -> None:
    """One line a gate, then what failed. Raises GateFailedError when any is red.

    `production` adds a sample of the last day's calls; `keep_profile` first makes what there is now the profile that
    distributions are compared with.
    """
    loaded = bootstrap.operating_settings(root)
    reports = [_documents(loaded)]
    shown = Shown({p.relative_to(root).as_posix(): p.read_text("utf-8") for p in (root / "prompts").rglob("*.yml")})
    reports += [_cases(root, name, shown) for name in suite_files(root)]
    if production or keep_profile:
        reports += [_calls(loaded, keep_profile)]
    width = max(len(report.gate) for report in reports)
    for report in reports:
        state = "green" if report.success else "red"
        page = f"  {report.report.relative_to(root)}" if report.report else ""
        click.echo(f"{state:<6} {report.gate:<{width}} {report.rows} rows, {report.expectations} expectations{page}")
        for warning in report.warnings:
            click.echo(f"       warning: {warning}")
    failures = [failure for report in reports for failure in report.failures]
    if failures:
        count = "1 finding" if len(failures) == 1 else f"{len(failures)} findings"
        raise GateFailedError(f"{count} in the data gates: correct the data", failures)


def _documents(loaded: Settings) -> GateReport:
    root, retrieval = loaded.root, loaded.retrieval
    corpus = load(root / retrieval.corpus, max_bytes=round(retrieval.max_file_mb * 1_000_000))
    return run_gate("documents", corpus.rows(), gates_dir=root / GATES, report_dir=root / REPORTS)


def _calls(loaded: Settings, keep_profile: bool) -> GateReport:
    """The gate over production, or over what is there to make a profile of."""
    url, gates = bootstrap.prepare_database(loaded), loaded.root / GATES
    rows = with_pool(url, lambda pool: call_rows(pool, Caller().tenant))
    if keep_profile:
        file = profile.write(gates, "calls", read_suite(gates / "calls.yml"), rows)
        click.echo(f"profile {file.relative_to(loaded.root) if file else 'not needed'}: look at it and commit it")
    return run_gate("calls", rows, gates_dir=gates, report_dir=loaded.root / REPORTS)


def _cases(root: Path, suite: str, shown: Shown) -> GateReport:
    rows = case_rows(root / "evals" / "cases" / f"{suite}.jsonl", shown)
    report = run_gate("cases", rows, gates_dir=root / GATES, report_dir=root / REPORTS / suite)
    return replace(report, gate=f"cases of {suite}")
