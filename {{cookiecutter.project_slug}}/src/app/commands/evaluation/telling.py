"""What a person at a terminal is told of an evaluation: progress with live cost, a table, a comparison."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import click

from app.observability.evaluation.comparison import Comparison, compare
from app.observability.evaluation.conclusion import conclude
from app.observability.evaluation.precision import precision
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.runner import Progress

SHOWN = 10
ANSWER = 70
# Words shown before the first one in which two answers differ.
BEFORE = 3


def table(found: SuiteResult) -> str:
    """One suite as a few aligned lines."""
    held = len(found.cases) - len(found.counted)
    more = f"  {held} in quarantine" if held else ""
    more += f"  {found.repeats} repeats" if found.repeats > 1 else ""
    lines = [
        f"{found.suite}  {found.label}  {len(found.cases)} cases  {len(found.errors)} errors  "
        f"{found.seconds:.1f} s  {found.spent_usd:.4f} USD{more}"
    ]
    for name, measured in found.metrics.items():
        value = "not measured" if measured.value is None else f"{measured.value:.4g}"
        sure = ""
        if measured.value is not None and measured.scorer is not None:
            width = precision(measured.value, measured.n)
            sure = f" [{width.low:.2f}, {width.high:.2f}]"
        slices = "  ".join(f"{key} {number:.2f}" for key, number in sorted(measured.by_slice.items()))
        lines.append(f"  {name:<26} {value:>8}{sure:<14}   {slices}".rstrip())
    lines += [f"  {len(names)} errors: {reason} ({_some(names)})" for reason, names in _reasons(found)]
    if found.unstable:
        lines.append(f"  unstable over {found.repeats} repeats: {_some(found.unstable)}")
    if found.not_run:
        lines.append(
            f"  stopped: {found.stopped}; not run: {len(found.not_run)} cases ({_some(found.not_run)}). "
            "Run again with a higher --max-usd: what was answered is kept"
        )
    return "\n".join(lines)


def compared(new: SuiteResult, old: SuiteResult, alpha: float) -> str:
    """Two results over the same cases, paired, with the flipped cases and both answers; what it comes to, last."""
    lines = [f"{new.suite}: {new.label} against {old.label}"]
    found = comparisons(new, old)
    for name, comparison in found:
        lines.append(f"  {name:<26} {told(comparison)}")
        lines += [f"    {line}" for line in flips(new, old, comparison)]
    lines += [f"  {name:<26} {line}" for name, line in circumstances(new, old)]
    return "\n".join([*lines, f"  verdict: {conclude(found, alpha).told}"])


def circumstances(new: SuiteResult, old: SuiteResult) -> list[tuple[str, str]]:
    """Metrics that average no scores, such as cost and latency, where both measured them: before, after, change."""
    found = []
    for name, measured in new.metrics.items():
        before = other.value if (other := old.metrics.get(name)) else None
        if measured.scorer is None and measured.value is not None and before is not None:
            change = f" ({measured.value / before - 1:+.0%})" if before else ""
            found.append((name, f"{before:.4g} -> {measured.value:.4g}{change}"))
    return found


def comparisons(new: SuiteResult, old: SuiteResult) -> list[tuple[str, Comparison]]:
    """The metrics that average scores, compared case by case; those in quarantine left out."""
    found = []
    for name, measured in new.metrics.items():
        if measured.scorer is not None:
            before, after = _scores(old, measured.scorer), _scores(new, measured.scorer)
            if (comparison := compare(before, after)) is not None:
                found.append((name, comparison))
    return found


def told(one: Comparison) -> str:
    """Before, after, the change with its interval, and how likely noise alone would lose as much."""
    return (
        f"{one.before:.4f} -> {one.after:.4f} ({one.change:+.4f}, 95% interval {one.low:+.4f} to {one.high:+.4f}; "
        f"{len(one.flips)} of {one.n} cases changed, p of a loss {one.p_loss:.3g})"
    )


def flips(new: SuiteResult, old: SuiteResult, comparison: Comparison) -> list[str]:
    """The first cases that changed, each with both answers."""
    answers = [{c.id: c.output.text if c.output else c.error or "" for c in run.cases} for run in (old, new)]
    lines = []
    for flip in comparison.flips[:SHOWN]:
        before, after = _where_they_differ(answers[0][flip.case], answers[1][flip.case])
        lines.append(f"{'lost' if flip.change < 0 else 'won '} {flip.case}: {before} -> {after}")
    if len(comparison.flips) > SHOWN:
        lines.append(f"and {len(comparison.flips) - SHOWN} more")
    return lines


def progress() -> Callable[[Progress], None] | None:
    """A line that is written over and over, at a terminal; None where nobody would see it."""
    if not sys.stderr.isatty():
        return None
    state: dict[str, Progress] = {}

    def show(latest: Progress) -> None:
        state[latest.suite] = latest
        done, total = sum(p.done for p in state.values()), sum(p.total for p in state.values())
        errors, reused = sum(p.errors for p in state.values()), sum(p.reused for p in state.values())
        cost = sum(p.cost_usd for p in state.values())
        end = "\n" if done == total else ""
        click.echo(f"\r{done}/{total}, {reused} reused, {errors} errors, {cost:.4f} USD{end}", err=True, nl=False)

    return show


def _reasons(found: SuiteResult) -> list[tuple[str, list[str]]]:
    """Why cases ended in an error, the most frequent reason first, each with its cases."""
    cases: dict[str, list[str]] = {}
    for case in found.errors:
        cases.setdefault(" ".join((case.error or "").split()), []).append(case.id)
    return sorted(cases.items(), key=lambda one: -len(one[1]))[:SHOWN]


def _scores(found: SuiteResult, scorer: str) -> dict[str, float]:
    return {case.id: round(s.value, 4) for case in found.counted if (s := case.scores.get(scorer)) is not None}


def _where_they_differ(before: str, after: str) -> tuple[str, str]:
    """Both texts on one line each, from a little before the first word that is not the same."""
    old, new = before.split(), after.split()
    same = next((at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    start = max(0, same - BEFORE)
    return _line(old[start:], cut=start > 0), _line(new[start:], cut=start > 0)


def _line(words: Sequence[str], *, cut: bool) -> str:
    line = ("… " if cut else "") + " ".join(words)
    return repr(line if len(line) <= ANSWER else line[: ANSWER - 1] + "…")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
