"""What a person at a terminal is told of an evaluation: progress with live cost, a table, a comparison."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import click

from app.observability.evaluation.comparison import Comparison, compare
from app.observability.evaluation.precision import precision
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.runner import Progress

SHOWN = 10
ANSWER = 70


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
    if found.unstable:
        lines.append(f"  unstable over {found.repeats} repeats: {_some(found.unstable)}")
    if found.not_run:
        lines.append(
            f"  stopped: {found.stopped}; not run: {len(found.not_run)} cases ({_some(found.not_run)}). "
            "Run again with a higher --max-usd: what was answered is kept"
        )
    return "\n".join(lines)


def compared(new: SuiteResult, old: SuiteResult) -> str:
    """Two results over the same cases, paired, with the flipped cases and both answers."""
    lines = [f"{new.suite}: {new.label} against {old.label}"]
    for name, comparison in comparisons(new, old):
        lines.append(f"  {name:<26} {told(comparison)}")
        lines += [f"    {line}" for line in flips(new, old, comparison)]
    return "\n".join(lines)


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
    lines = [
        f"{'lost' if flip.change < 0 else 'won '} {flip.case}: {_line(answers[0][flip.case])} "
        f"-> {_line(answers[1][flip.case])}"
        for flip in comparison.flips[:SHOWN]
    ]
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


def _scores(found: SuiteResult, scorer: str) -> dict[str, float]:
    return {case.id: round(s.value, 4) for case in found.counted if (s := case.scores.get(scorer)) is not None}


def _line(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= ANSWER else line[: ANSWER - 1] + "…")


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (f" and {len(names) - SHOWN} more" if len(names) > SHOWN else "")
