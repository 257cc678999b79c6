"""What was changed, what was refused and why, and what remains for a person; how it is shown is `report_forms`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from tools.promote.inputs.parameters import GIVE_IT, FoundParameter
from tools.promote.inputs.secrets import redact
from tools.promote.lifting.prompts import Lifted
from tools.promote.notebook.outcome import Finding


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
    def remaining(self) -> list[Finding]:
        """What a person has to do: every part that was refused, and what was changed but needs a value or a key."""
        return [f for f in self.findings if f.outcome == "refused" or (f.outcome == "changed" and f.remedy)]

    @property
    def to_give(self) -> dict[str, Any]:
        """The parameters that somebody has to give a value, with the one they have."""
        return {p.name: p.value for p in self.parameters if p.remedy == GIVE_IT}

    @property
    def hindrance(self) -> Finding | None:
        """The first refused part without which the step cannot run: a client, a person to ask, an import."""
        hindering = ("client", "input", "package", "import")
        return next((finding for finding in self.refused if finding.subject in hindering), None)

    @property
    def left_out(self) -> str:
        """Why the step is not in the pipeline; empty when it is."""
        if self.in_pipeline:
            return ""
        if self.proof.verdict == "differs":
            return "the step differs from the notebook"
        hindrance = self.hindrance
        return f"{hindrance.what} in {hindrance.place} was refused" if hindrance else "a part it needs was refused"

    def as_data(self) -> dict[str, Any]:
        """The report as JSON values."""
        return {
            "step": self.step,
            "source": self.source,
            "unchanged": self.unchanged,
            "in_pipeline": self.in_pipeline,
            "left_out": self.left_out,
            "proof": asdict(self.proof),
            "parameters": [
                {"name": p.name, "type": p.type, "value": p.value, "comment": p.comment, "cell": p.cell, "line": p.line}
                for p in self.parameters
            ],
            "prompts": [asdict(prompt) for prompt in self.prompts],
            "dependencies": self.dependencies,
            "findings": [asdict(finding) for finding in self.findings],
            "remaining": [asdict(finding) for finding in self.remaining],
            "files": self.files,
        }

    def as_json(self) -> str:
        """The report as JSON text, without keys."""
        return redact(json.dumps(self.as_data(), indent=2, ensure_ascii=False)) + "\n"
