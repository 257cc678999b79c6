"""What was changed, what was refused and why, and what remains for a person: as a table, JSON and Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from tools.promote.outcome import Finding
from tools.promote.parameters import FoundParameter
from tools.promote.prompts import Lifted
from tools.promote.secrets import redact


@dataclass(frozen=True)
class Proof:
    """Whether the step asks and gives what the notebook did. `verdict`: proved, differs or not run."""

    verdict: str
    detail: str
    requests: int = 0
    outputs: int = 0
    unsteady: tuple[int, ...] = ()  # cells whose output changes from run to run


@dataclass
class Report:
    """All that is to say about one promotion."""

    step: str
    source: str
    in_pipeline: bool
    unchanged: bool = False  # every file stands as it would be written
    findings: list[Finding] = field(default_factory=list)
    prompts: list[Lifted] = field(default_factory=list)
    parameters: list[FoundParameter] = field(default_factory=list)
    dependencies: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    proof: Proof = field(default_factory=lambda: Proof("not run", "it was not asked for"))

    @property
    def pins(self) -> dict[str, int]:
        """The version of each prompt the step was promoted with."""
        return {prompt.task: prompt.version for prompt in self.prompts}

    @property
    def refused(self) -> list[Finding]:
        """The parts promote declined."""
        return [finding for finding in self.findings if finding.outcome == "refused"]

    @property
    def hindrance(self) -> Finding | None:
        """The first refused part without which the step cannot run: a model client, or a person to ask."""
        return next((finding for finding in self.refused if finding.subject in ("client", "input")), None)

    def as_json(self) -> str:
        """The report as JSON text."""
        data = {
            "step": self.step,
            "source": self.source,
            "unchanged": self.unchanged,
            "in_pipeline": self.in_pipeline,
            "proof": asdict(self.proof),
            "parameters": [
                {"name": p.name, "type": p.type, "value": p.value, "comment": p.comment, "cell": p.cell, "line": p.line}
                for p in self.parameters
            ],
            "prompts": [asdict(prompt) for prompt in self.prompts],
            "dependencies": self.dependencies,
            "findings": [asdict(finding) for finding in self.findings],
            "files": self.files,
        }
        return redact(json.dumps(data, indent=2, ensure_ascii=False)) + "\n"

    def as_table(self) -> str:
        """The report for a terminal."""
        lines = [f"promoted {self.source} to notebooks/steps/{self.step}.ipynb", ""]
        if self.unchanged:
            lines = [f"notebooks/steps/{self.step}.ipynb is up to date with {self.source}: nothing to do", ""]
        lines += _table(["cell:line", "outcome", "what"], [[f.place, f.outcome, _said(f)] for f in self.findings])
        lines.append("")
        lines.append(f"parameters    {', '.join(p.name for p in self.parameters) or 'none'}")
        lines.append(f"prompts       {', '.join(_unique([p.task for p in self.prompts])) or 'none'}")
        lines.append(f"dependencies  {', '.join(self.dependencies) or 'none'}")
        lines.append(f"pipeline      {'in notebooks/pipeline.yaml' if self.in_pipeline else self._left_out()}")
        lines.append(f"proof         {self.proof.verdict}: {self.proof.detail}")
        return redact("\n".join(lines))

    def as_markdown(self) -> str:
        """The report as a page."""
        lines = [
            f"# {self.step}",
            "",
            f"Promoted from `{self.source}`. Proof: **{self.proof.verdict}**: {self.proof.detail}.",
            "",
        ]
        lines.append(f"In the pipeline: {'yes' if self.in_pipeline else self._left_out()}.")
        for title, outcome in (("Refused", "refused"), ("Changed", "changed"), ("Kept as it was", "kept")):
            rows = [[f.place, f.subject, _said(f)] for f in self.findings if f.outcome == outcome]
            if rows:
                lines += ["", f"## {title}", "", *_markdown(["cell:line", "part", "what"], rows)]
        if self.parameters:
            rows = [[f"`{p.name}`", p.type, f"`{p.value!r}`", p.comment] for p in self.parameters]
            lines += ["", "## Parameters", "", *_markdown(["name", "type", "value", "comment"], rows)]
        if self.prompts:
            rows = [
                [f"`{p.task}`", f"v{p.version}", p.role, ", ".join(p.inputs), f"{p.cell}:{p.line}"]
                for p in self.prompts
            ]
            lines += ["", "## Prompts", "", *_markdown(["task", "version", "role", "inputs", "cell:line"], rows)]
        return redact("\n".join(lines)) + "\n"

    def _left_out(self) -> str:
        if self.proof.verdict == "differs":
            return "left out, because the step differs from the notebook"
        return "left out, because a part it needs was refused (see above)"


def _said(finding: Finding) -> str:
    parts = [finding.what, *(part for part in (finding.reason, finding.remedy) if part)]
    return "; ".join(parts)


def _unique(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))


def _table(head: list[str], rows: list[list[str]]) -> list[str]:
    if not rows:
        return []
    widths = [max(len(row[i]) for row in [head, *rows]) for i in range(len(head) - 1)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        for row in [head, *rows]
    ]


def _markdown(head: list[str], rows: list[list[str]]) -> list[str]:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"

    return [line(head), "|" + "---|" * len(head), *(line(row) for row in rows)]
