"""The evaluation gate: results, criteria and baselines in, one verdict out. It reads no file and calls no model.

What cannot be judged is red: no cases, too few, errors, a score that is missing, a baseline that is missing or
describes other cases. A loss against the baseline is red only beyond noise. Cases in quarantine count for nothing, and
what an uncalibrated judge says is a note.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime

from app.observability.evaluation import quarantine as quarantines
from app.observability.evaluation.baseline import Baseline
from app.observability.evaluation.comparison import Comparison, compare
from app.observability.evaluation.measured import Measured
from app.observability.evaluation.precision import cases_needed, precision
from app.observability.evaluation.quarantine import Quarantine
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.success import Success, SuiteCriteria
from app.observability.evaluation.verdict import Flipped, Verdict

_NAMED = 5


def judge(
    results: Sequence[SuiteResult],
    success: Success,
    baselines: Mapping[str, Baseline],
    *,
    required: Collection[str] | None = None,
    quarantine: Quarantine | None = None,
    today: date | None = None,
    unsure: Mapping[str, str] | None = None,
) -> Verdict:
    """Judge `results` by the criteria and, paired case by case, by `baselines` (suite name to baseline).

    `required` are the suites that must be there, all of the criteria when None. A result without criteria is red.
    `unsure` maps scorers to why what they say may not block: metrics over their scores are noted, never red.
    """
    judgement = _Judgement(success, quarantine or {}, today or datetime.now(UTC).date(), unsure or {})
    by_suite = {result.suite: result for result in results}
    for name in sorted(set(success.suites if required is None else required) - set(by_suite)):
        judgement.red(f"{name}: was not run")
    if len(by_suite) != len(results):
        judgement.red("a suite is given twice: judge one result of each")
    for name, result in by_suite.items():
        criteria = success.suites.get(name)
        if criteria is None:
            judgement.red(f"{name}: has no criteria: add suites.{name} to config/success.yaml")
            continue
        judgement.quarantined(result)
        judgement.completeness(result, criteria)
        judgement.criteria(result, criteria)
        judgement.service(result)
        judgement.regression(result, baselines.get(name))
    return judgement.verdict(by_suite)


class _Judgement:
    """Findings as they are gathered; one method for each thing that is checked."""

    def __init__(self, success: Success, quarantine: Quarantine, today: date, unsure: Mapping[str, str]) -> None:
        self._success = success
        self._quarantine = quarantine
        self._today = today
        self._unsure = unsure
        self._reasons: list[str] = []
        self._notes: list[str] = []
        self._flipped: list[Flipped] = []

    def red(self, reason: str) -> None:
        self._reasons.append(reason)

    def verdict(self, results: Mapping[str, SuiteResult]) -> Verdict:
        return Verdict(
            status="red" if self._reasons or not results else "green",
            reasons=tuple(self._reasons) or (() if results else ("nothing was evaluated",)),
            notes=tuple(self._notes),
            flipped=tuple(self._flipped),
            metrics={
                suite: {name: measured.value for name, measured in result.metrics.items()}
                for suite, result in results.items()
            },
        )

    def quarantined(self, result: SuiteResult) -> None:
        """The quarantine itself is in order; who is in it is told."""
        held = self._quarantine.get(result.suite, {})
        known = {case.id for case in result.cases} | set(result.not_run)
        for fault in quarantines.faults(result.suite, held, known, self._today):
            self.red(fault)
        for name, entry in sorted(held.items()):
            self._notes.append(
                f"{result.suite}: {name} is in quarantine until {entry.until} ({entry.owner}): {entry.reason}"
            )

    def completeness(self, result: SuiteResult, criteria: SuiteCriteria) -> None:
        """Enough cases, none of them errored, not all answered alike."""
        counted = result.counted
        count = len(counted)
        if result.not_run:
            self.red(
                f"{result.suite}: {len(result.not_run)} cases were not run ({_some(result.not_run)}): {result.stopped}"
            )
        if count < criteria.min_cases:
            self.red(f"{result.suite}: {count} cases ran, at least {criteria.min_cases} are required")
        if result.errors:
            named = ", ".join(f"{case.id} ({case.error})" for case in result.errors[:_NAMED])
            self.red(f"{result.suite}: {len(result.errors)} of {count} cases errored: {named}")
        answers = {case.output.text for case in counted if case.output}
        expectations = {repr(sorted(case.expected.items())) for case in counted}
        if count > 1 and len(answers) == 1 and len(expectations) > 1:
            self.red(f"{result.suite}: every case got the same answer {answers.pop()[:60]!r}")

    def criteria(self, result: SuiteResult, criteria: SuiteCriteria) -> None:
        """Each metric and slice within its bound."""
        for name, bound in criteria.metrics.items():
            value = self._value(result, name)
            if value is not None and (fault := bound.violated_by(value)):
                self._found(result, name, f"{result.suite}: {name} {fault}")
        for name, widest in criteria.half_width.items():
            self._wide_enough(result, name, widest)
        for name, slices in criteria.slices.items():
            by_slice = measured.by_slice if (measured := result.metrics.get(name)) else {}
            for slice_name, bound in slices.items():
                if slice_name not in by_slice:
                    self.red(f"{result.suite}: {name} has no case in slice {slice_name!r}")
                elif fault := bound.violated_by(by_slice[slice_name]):
                    self._found(result, name, f"{result.suite}: {name} of slice {slice_name!r} {fault}")

    def _wide_enough(self, result: SuiteResult, name: str, widest: float) -> None:
        """There are enough cases for the interval that is asked for."""
        measured = result.metrics.get(name)
        if measured is None or measured.value is None:
            self._value(result, name)
            return
        found = precision(measured.value, measured.n)
        if found.half_width > widest:
            self.red(
                f"{result.suite}: too small to tell: {name} {found.value:.4g} rests on {found.n} cases, 95% interval "
                f"{found.low:.3f} to {found.high:.3f}, wider than plus or minus {widest:g}: about "
                f"{cases_needed(found.value, widest)} cases are needed"
            )

    def _found(self, result: SuiteResult, metric: str, fault: str) -> None:
        """A fault by the scores of a metric: red, or a note where its scorer may not block."""
        why = self._unsure.get(str(measured.scorer)) if (measured := result.metrics.get(metric)) else None
        if why is None:
            self.red(fault)
        else:
            self._notes.append(f"{fault}: does not block, {why}")

    def service(self, result: SuiteResult) -> None:
        """The numbers of the service that this suite measures."""
        for name, criterion in self._success.service.items():
            if criterion.measured_by != result.suite:
                continue
            measured = result.metrics.get(name)
            if measured is not None and measured.value is None and measured.reused:
                self._notes.append(f"{result.suite}: {name} was not measured, every reply was reused")
                continue
            value = self._value(result, name)
            if value is not None and (fault := criterion.violated_by(value)):
                self.red(f"{result.suite}: {name} {fault}")

    def regression(self, result: SuiteResult, baseline: Baseline | None) -> None:
        """No loss beyond noise against the approved scores, and the same cases as then."""
        if baseline is None:
            self.red(
                f"{result.suite}: there is no baseline to compare with: approve one with "
                "`app eval --update-baseline` and commit it"
            )
            return
        self._same_cases(result, baseline)
        for name, measured in result.metrics.items():
            if measured.scorer is not None:
                self._compare(result, baseline, name, measured)

    def _same_cases(self, result: SuiteResult, baseline: Baseline) -> None:
        now = {case.id: case.digest for case in result.cases}
        gone = sorted(baseline.cases.keys() - now.keys() - set(result.not_run))
        edited = sorted(name for name, case in baseline.cases.items() if now.get(name, case.digest) != case.digest)
        for word, names in (("missing", gone), ("edited", edited)):
            if names:
                self.red(
                    f"{result.suite}: {len(names)} cases of the baseline are {word} ({_some(names)}): "
                    "restore them, or approve the change with `app eval --update-baseline`"
                )
        if added := sorted(now.keys() - baseline.cases.keys()):
            self._notes.append(f"{result.suite}: {len(added)} cases are new and have no baseline ({_some(added)})")

    def _compare(self, result: SuiteResult, baseline: Baseline, metric: str, measured: Measured) -> None:
        scorer = str(measured.scorer)
        same = {case.id for case in result.counted if _digest(baseline, case.id) == case.digest}
        before = {name: case.scores[scorer] for name, case in baseline.cases.items() if scorer in case.scores}
        after = {case.id: score.value for case in result.counted if (score := case.scores.get(scorer)) is not None}
        lost = sorted((before.keys() - after.keys()) & same)
        if lost:
            self._notes.append(f"{result.suite}: {metric} no longer scores {len(lost)} cases ({_some(lost)})")
        comparison = compare(
            {name: value for name, value in before.items() if name in same},
            {name: round(value, 4) for name, value in after.items() if name in same},
        )
        if comparison is None:
            self._found(result, metric, f"{result.suite}: {metric} shares no scored case with the baseline")
            return
        self._flipped += [
            Flipped(result.suite, metric, flip.case, flip.before, flip.after) for flip in comparison.flips
        ]
        self._judge_change(result, metric, comparison)

    def _judge_change(self, result: SuiteResult, metric: str, comparison: Comparison) -> None:
        said = (
            f"{result.suite}: {metric} went from {comparison.before:.4f} to {comparison.after:.4f} "
            f"({comparison.change:+.4f}, 95% interval {comparison.low:+.4f} to {comparison.high:+.4f}, "
            f"{len(comparison.flips)} of {comparison.n} cases changed, p {comparison.p_loss:.3g})"
        )
        if comparison.change < 0 and comparison.p_loss < self._success.regression.alpha:
            losses = [flip.case for flip in comparison.flips if flip.change < 0]
            self._found(result, metric, f"{said}: a regression beyond noise, lost {_some(losses)}")
        elif comparison.flips:
            self._notes.append(f"{said}: {'within noise' if comparison.change < 0 else 'no regression'}")

    def _value(self, result: SuiteResult, metric: str) -> float | None:
        """The metric's value; red when the suite does not measure it or measured nothing."""
        measured = result.metrics.get(metric)
        if measured is None:
            self.red(f"{result.suite}: {metric} is required and the suite does not measure it")
            return None
        if measured.value is None:
            self.red(f"{result.suite}: {metric} is required and no case has a score for it")
        return measured.value


def _digest(baseline: Baseline, case: str) -> str | None:
    known = baseline.cases.get(case)
    return None if known is None else known.digest


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
