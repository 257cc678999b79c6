"""Findings as text for people, JSON lines for programs, GitHub annotations, and SARIF 2.1.0."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence

from tools.prompt_lint.findings import SEVERITIES, Finding, Severity
from tools.prompt_lint.rules.rule import Rule

_GITHUB: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "notice"}
_SARIF: dict[Severity, str] = {"error": "error", "warning": "warning", "info": "note"}

Writer = Callable[[Sequence[Finding], Sequence[Rule], int], str]


def text(findings: Sequence[Finding], rules: Sequence[Rule], files: int) -> str:
    """One line a finding, then a line with the counts."""
    lines = [f"{_place(f)}: {f.severity}: {f.message} [{f.rule}]" for f in findings]
    counts = Counter(f.severity for f in findings)
    said = ", ".join(f"{counts[s]} {_plural(s, counts[s])}" for s in SEVERITIES if counts[s])
    lines.append(f"{said or 'nothing found'} in {files} {'file' if files == 1 else 'files'}")
    return "\n".join(lines) + "\n"


def json_lines(findings: Sequence[Finding], rules: Sequence[Rule], files: int) -> str:
    """One JSON object a line: path, cell, line, end_line, rule, severity, message."""
    return "".join(json.dumps(f.as_json(), ensure_ascii=False) + "\n" for f in findings)


def github(findings: Sequence[Finding], rules: Sequence[Rule], files: int) -> str:
    """Workflow commands. A notebook's lines are not the file's, so there the place stands in the message."""
    lines = []
    for f in findings:
        where = f"file={_property(f.path)}"
        message = f.message
        if f.cell is None:
            where += f",line={f.line},endLine={f.end_line}"
        else:
            message = f"cell {f.cell}, line {f.line}: {message}"
        lines.append(f"::{_GITHUB[f.severity]} {where},title={_property(f.rule)}::{_data(message)}\n")
    return "".join(lines)


def sarif(findings: Sequence[Finding], rules: Sequence[Rule], files: int) -> str:
    """One SARIF run. A notebook's cell is a logical location."""
    driver = {
        "name": "prompt-lint",
        "rules": [{"id": r.id, "defaultConfiguration": {"level": _SARIF[r.severity]}} for r in rules],
    }
    run = {"tool": {"driver": driver}, "results": [_sarif_result(f) for f in findings]}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, ensure_ascii=False, indent=1) + "\n"


def _sarif_result(f: Finding) -> dict[str, object]:
    physical: dict[str, object] = {"artifactLocation": {"uri": f.path}}
    location: dict[str, object] = {"physicalLocation": physical}
    message = f.message
    if f.cell is None:
        physical["region"] = {"startLine": f.line, "endLine": f.end_line}
    else:
        message = f"cell {f.cell}, line {f.line}: {message}"
        location["logicalLocations"] = [{"name": f"cell {f.cell}", "kind": "member"}]
    return {
        "ruleId": f.rule,
        "level": _SARIF[f.severity],
        "message": {"text": message},
        "locations": [location],
        "partialFingerprints": {"promptLint/v1": f.fingerprint},
    }


def _place(f: Finding) -> str:
    return f"{f.path}:{f.line}" if f.cell is None else f"{f.path}:cell {f.cell}:{f.line}"


def _plural(severity: Severity, count: int) -> str:
    return severity if count == 1 or severity == "info" else severity + "s"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


WRITERS: dict[str, Writer] = {"text": text, "json": json_lines, "github": github, "sarif": sarif}
