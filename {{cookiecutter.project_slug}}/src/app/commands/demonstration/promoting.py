"""The demo's promotions: every exploratory notebook becomes a step, by the same command a person types."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from app.commands.demonstration.report import Report
from app.errors import StepFailedError

REFUSED = 2


def notebooks(root: Path) -> list[Path]:
    """The exploratory notebooks, by name."""
    return sorted((root / "notebooks" / "explore").glob("*.ipynb"))


def promote(root: Path, notebook: Path, report: Report) -> tuple[None, str]:
    """Run `tools.promote`. A refused notebook is part of the report and stops nothing."""
    file = root / "build" / "promote" / f"{notebook.stem}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tools.promote", str(notebook), "--project", str(root), "--report", str(file)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode == REFUSED:
        reason = (done.stderr or done.stdout).strip().splitlines()[-1]
        report.promoted.append({"notebook": notebook.name, "status": "refused", "reason": reason})
        return None, f"refused: {reason}"
    if done.returncode != 0:
        raise StepFailedError(f"promote ended with {done.returncode}: {done.stderr.strip() or done.stdout.strip()}")
    found = json.loads(file.read_text(encoding="utf-8"))
    report.promoted.append({"notebook": notebook.name, **found})
    return None, f"proof {found['proof']['verdict']}: {found['proof']['detail']}"
