"""`recall_at_k`: the share of the relevant sections that are among the first k passages found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Score


@dataclass(frozen=True, slots=True)
class RetrievalRecall:
    """`expected["relevant"]` lists sections as `{"document": path, "heading": last heading}`.

    Without a heading any passage of the document counts.
    """

    k: int = 5

    @property
    def name(self) -> str:
        """`recall_at_` and the depth."""
        return f"recall_at_{self.k}"

    def __call__(self, case: Case, output: Output) -> Score | None:
        """Found sections over relevant ones; None when nothing is relevant."""
        relevant = case.expected.get("relevant") or []
        if not relevant:
            return None
        missing = [section for section in relevant if not self._found(section, output)]
        reason = f"not among the first {self.k}: {_name(missing[0])}" if missing else ""
        return Score(1 - len(missing) / len(relevant), reason)

    def _found(self, section: Mapping[str, str], output: Output) -> bool:
        heading = section.get("heading")
        return any(
            source.document == section["document"]
            and (heading is None or source.heading.casefold() == heading.casefold())
            for source in output.sources[: self.k]
        )


def _name(section: Mapping[str, str]) -> str:
    return " > ".join(filter(None, (section["document"], section.get("heading"))))
