"""An evaluation as Markdown for a merge request: the verdict first, then what moved, then every number."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from app.commands.evaluation.telling import ANSWER, circumstances, comparisons, told
from app.observability.evaluation.conclusion import conclude
from app.observability.evaluation.precision import precision
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.verdict import Flipped, Verdict

# A comment holds 65,536 characters; a reader holds fewer.
FLIPS = 30
MARK = "<!-- evaluation -->"


def page(
    results: Sequence[SuiteResult],
    verdict: Verdict | None,
    others: Sequence[SuiteResult] = (),
    *,
    provider: str,
    alpha: float = 0.05,
) -> str:
    """`verdict` is there after `--gate`; `others` are what results were compared with, one for each or none."""
    lines = [MARK, f"## Evaluation: {verdict.status if verdict else 'no gate was asked for'}", ""]
    if provider == "offline":
        lines += ["> Answered by the offline stand-in: this proves the machinery, not a model.", ""]
    if verdict is not None:
        lines += [f"- **red:** {_cell(reason)}" for reason in verdict.reasons]
        lines += [f"- {_cell(note)}" for note in verdict.notes]
        lines += [""] * bool(verdict.reasons or verdict.notes)
        lines += _flipped(verdict.flipped, results)
    for new, old in zip(results, others, strict=False):
        lines += [f"### {new.suite}: `{new.label}` against `{old.label}`", ""]
        found = comparisons(new, old)
        lines += [f"**{conclude(found, alpha).told}**", ""]
        lines += [f"- {name}: {told(comparison)}" for name, comparison in found]
        lines += [f"- {name}: {line}" for name, line in circumstances(new, old)] + [""]
    lines += ["| suite | version | metric | value | 95% interval | cases |", "| --- | --- | --- | --- | --- | --- |"]
    for result in results:
        lines += _metrics(result)
    spent = sum(result.spent_usd for result in results)
    seconds = max((result.seconds for result in results), default=0.0)
    lines += ["", f"{sum(len(r.cases) for r in results)} cases, {seconds:.1f} s, {spent:.4f} USD."]
    for result in results:
        if result.not_run:
            lines.append(f"{result.suite}: {len(result.not_run)} cases were not run: {result.stopped}.")
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    """To a file, its folder made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _metrics(result: SuiteResult) -> list[str]:
    lines = []
    for name, measured in result.metrics.items():
        value = "not measured" if measured.value is None else f"{measured.value:.4g}"
        interval = ""
        if measured.value is not None and measured.scorer is not None:
            width = precision(measured.value, measured.n)
            interval = f"{width.low:.3f} to {width.high:.3f}"
        lines.append(f"| {result.suite} | {result.label} | {name} | {value} | {interval} | {measured.n} |")
    return lines


def _flipped(flips: Sequence[Flipped], results: Sequence[SuiteResult]) -> list[str]:
    if not flips:
        return []
    cases = {(result.suite, case.id): case for result in results for case in result.cases}
    lines = [
        f"<details><summary>{len(flips)} scores changed since the baseline</summary>",
        "",
        "| case | metric | before | after | answer | why |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for flip in flips[:FLIPS]:
        case = cases.get((flip.suite, flip.case))
        answer = case.output.text if case and case.output else ""
        why = next((s.reason for s in case.scores.values() if s and s.reason), "") if case else ""
        lines.append(
            f"| {flip.case} | {flip.metric} | {flip.before:.3g} | {flip.after:.3g} "
            f"| {_cell(answer[:ANSWER])} | {_cell(why[:ANSWER])} |"
        )
    if len(flips) > FLIPS:
        lines.append(f"| and {len(flips) - FLIPS} more | | | | | |")
    return [*lines, "", "</details>", ""]


def _cell(text: str) -> str:
    """One line that no answer can break out of: no bar, no tag, no mention."""
    line = " ".join(text.split())
    for bad, good in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("|", "&#124;"), ("@", "&#64;"), ("`", "&#96;")):
        line = line.replace(bad, good)
    return line.replace("[", "&#91;").replace("](", "&#93;(")
