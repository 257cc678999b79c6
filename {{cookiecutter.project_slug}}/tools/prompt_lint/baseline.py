"""A baseline: the findings an old repository starts with, so that only new ones count.

A finding is recognised by its rule, file and text, not by its line; as many as were written down are let through.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from tools.prompt_lint.configuration import UsageError
from tools.prompt_lint.findings import Finding

_VERSION = 1


def write(file: Path, findings: list[Finding]) -> None:
    """Write all findings down as known. Raises UsageError when the file cannot be written."""
    counts = Counter(finding.fingerprint for finding in findings)
    document = {"version": _VERSION, "findings": dict(sorted(counts.items()))}
    try:
        file.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{file}: cannot be written ({error.strerror}): give another path") from error


def without_known(file: Path, findings: list[Finding]) -> list[Finding]:
    """The findings that are not in the baseline. Raises UsageError when the baseline cannot be read."""
    known = _read(file)
    fresh = []
    for finding in findings:
        if known.get(finding.fingerprint, 0) > 0:
            known[finding.fingerprint] -= 1
        else:
            fresh.append(finding)
    return fresh


def _read(file: Path) -> dict[str, int]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{file}: no baseline ({error}): write one with --write-baseline {file}") from error
    findings = document.get("findings") if isinstance(document, dict) else None
    if not isinstance(findings, dict) or document.get("version") != _VERSION:
        raise UsageError(f"{file}: no baseline of version {_VERSION}: write one with --write-baseline {file}")
    return {str(key): int(count) for key, count in findings.items() if isinstance(count, int)}
