"""A report as a table for the terminal, as JSON for programs, as a Markdown page for a review."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

from tools.promote.inputs.secrets import redact
from tools.promote.notebook.outcome import Finding
from tools.promote.report import Report

FORMATS = ("table", "json", "markdown")
ENDINGS = {".json": "json", ".md": "markdown", ".markdown": "markdown"}
SECTIONS = (("Refused", "refused"), ("Changed", "changed"), ("Kept as it was", "kept"))


def shown(report: Report, form: str, diff: str | None = None) -> str:
    """The report in one of FORMATS; `diff` is given when nothing is written."""
    makers: Mapping[str, Callable[[Report, str | None], str]] = {
        "table": table,
        "json": as_json,
        "markdown": markdown,
    }
    return makers[form](report, diff)


def as_json(report: Report, diff: str | None = None) -> str:
    """JSON text; with a diff under `diff` when nothing was written."""
    if diff is None:
        return report.as_json()
    return redact(json.dumps({**report.as_data(), "diff": diff}, indent=2, ensure_ascii=False)) + "\n"


def table(report: Report, diff: str | None = None) -> str:
    """Text for a terminal: every finding on a line, then what came of it, then what is left to do."""
    target = f"notebooks/steps/{report.step}.ipynb"
    head = f"promoted {report.source} to {target}"
    if diff is not None:
        head = f"{report.source} would be promoted to {target}; nothing was written"
    elif report.unchanged:
        head = f"{target} is up to date with {report.source}: nothing to do"
    lines = [*_columns(["cell:line", "outcome", "what"], [[f.place, f.outcome, _said(f)] for f in report.findings]), ""]
    parameters = ", ".join(f"{p.name}: {p.type}" for p in report.parameters)
    prompts = ", ".join(dict.fromkeys(f"{p.task} v{p.version}" for p in report.prompts))
    for name, value in (
        ("parameters", parameters or "none"),
        ("prompts", prompts or "none"),
        ("dependencies", ", ".join(report.dependencies) or "none"),
        ("files", ", ".join(report.files) or "none"),
        ("pipeline", _pipeline(report)),
        ("proof", f"{report.proof.verdict}: {report.proof.detail}"),
    ):
        lines.append(f"{name:13} {value}")
    lines.append(f"{'left to do':13} {len(report.remaining) or 'nothing'}")
    lines += [f"  {f.place}  {f.what}: {f.remedy or f.reason}" for f in report.remaining]
    return redact("\n".join([head, "", *lines])) + "\n"


def markdown(report: Report, diff: str | None = None) -> str:
    """A page with a section for each outcome, then parameters, prompts, dependencies and files."""
    proof = f"Proof: **{report.proof.verdict}**: {report.proof.detail}."
    lines = [f"# {report.step}", "", f"Promoted from `{report.source}`. {proof}", ""]
    lines.append(f"In the pipeline: {'yes' if report.in_pipeline else f'left out, because {report.left_out}'}.")
    if report.remaining:
        rows = [[f.place, f.what, f.remedy or f.reason] for f in report.remaining]
        lines += ["", "## Left to do", "", *_rows(["cell:line", "part", "what to do"], rows)]
    for title, outcome in SECTIONS:
        rows = [[f.place, f.subject, _said(f)] for f in report.findings if f.outcome == outcome]
        if rows:
            lines += ["", f"## {title}", "", *_rows(["cell:line", "part", "what"], rows)]
    if report.parameters:
        rows = [[f"`{p.name}`", f"`{p.type}`", f"`{p.value!r}`", p.comment] for p in report.parameters]
        lines += ["", "## Parameters", "", *_rows(["name", "type", "value", "comment"], rows)]
    if report.prompts:
        rows = [
            [f"`{p.task}`", f"v{p.version}", p.role, ", ".join(p.inputs), f"{p.cell}:{p.line}"] for p in report.prompts
        ]
        lines += ["", "## Prompts", "", *_rows(["task", "version", "role", "inputs", "cell:line"], rows)]
    for title, names in (("Dependencies", report.dependencies), ("Files", report.files)):
        if names:
            lines += ["", f"## {title}", "", *(f"- `{name}`" for name in names)]
    if diff:
        lines += ["", "## What would change", "", "````diff", diff.rstrip("\n"), "````"]
    return redact("\n".join(lines)) + "\n"


def _pipeline(report: Report) -> str:
    return "in notebooks/pipeline.yaml" if report.in_pipeline else f"left out, because {report.left_out} (see above)"


def _said(finding: Finding) -> str:
    return "; ".join(part for part in (finding.what, finding.reason, finding.remedy) if part)


def _columns(head: list[str], rows: Sequence[list[str]]) -> list[str]:
    if not rows:
        return ["nothing was found to change"]
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head) - 1)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in [head, *rows]
    ]


def _rows(head: list[str], rows: Sequence[list[str]]) -> list[str]:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"

    return [line(head), "|" + "---|" * len(head), *(line(row) for row in rows)]
