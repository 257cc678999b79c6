"""Data gates: rows checked against a suite of expectations, before anything is written or measured with them.

A suite is a YAML file in the words of Great Expectations, which is imported when the first gate runs and never by the
service. A gate without rows is red: nothing checked is nothing known.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app import yaml_file
from app.data import gate_pages, profile
from app.data.leakage import Shown
from app.errors import ConfigurationError, GateFailedError, InputError
from app.observability.evaluation.json_lines import numbered_lines

if TYPE_CHECKING:
    from pandas import DataFrame

# A failing expectation names this many rows and counts the rest.
NAMED_ROWS = 20
# Above this many rows only samples of the failing ones are kept.
COMPLETE_UP_TO = 10_000


@dataclass(frozen=True, slots=True)
class GateReport:
    """The outcome of a gate. `failures` and `warnings` hold lines of the form `row id: column: what is wrong`."""

    gate: str
    rows: int
    expectations: int
    failures: tuple[str, ...]
    warnings: tuple[str, ...]
    report: Path | None

    @property
    def success(self) -> bool:
        return not self.failures

    def raise_if_failed(self) -> None:
        """Raise GateFailedError when the gate is red; its message names the first row, its `failures` all of them."""
        if self.failures:
            more = f" (and {len(self.failures) - 1} more)" if len(self.failures) > 1 else ""
            raise GateFailedError(
                f"data gate {self.gate!r} is red: {self.failures[0]}{more}; correct the data, run again",
                self.failures,
            )


def run_gate(
    name: str,
    rows: Sequence[Mapping[str, Any]] | DataFrame,
    *,
    gates_dir: Path,
    report_dir: Path | None = None,
) -> GateReport:
    """Check rows, each with a column `id`, against `gates_dir/<name>.yml`.

    With `report_dir` a page is left in `report_dir/<name>/index.html`, which needs no network. Raises
    ConfigurationError when the suite is missing or not understood.
    """
    import pandas

    suite = read_suite(gates_dir / f"{name}.yml")
    frame = rows if isinstance(rows, pandas.DataFrame) else pandas.DataFrame([dict(row) for row in rows])
    if frame.empty:
        failure = "no rows: there is nothing to check; look at the step before this gate"
        return GateReport(name, 0, len(suite["expectations"]), (failure,), (), None)
    site = report_dir / name if report_dir else None
    suite, unprofiled = _with_profile(suite, profile.read(gates_dir, name))
    results = _validate(name, suite, frame, site)
    failures = [line for result in results for line in _lines(result) if not _warns(result)]
    warnings = [line for result in results for line in _lines(result) if _warns(result)]
    warnings += [f"all rows: {column}: no profile to compare with: run `app gate --profile`" for column in unprofiled]
    report = gate_pages.write(site, name, len(frame), [_outcome(result) for result in results]) if site else None
    return GateReport(name, len(frame), len(results), tuple(failures), tuple(warnings), report)


def read_suite(path: Path) -> dict[str, Any]:
    """A suite file: `expectations`, a list of `type`, `kwargs`, `description` and, for warnings, `severity`."""
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in path.parent.glob("*.yml"))) or "none"
        raise ConfigurationError(f"data gate {path.stem!r} has no suite {path}: known gates are {known}")
    suite, _ = yaml_file.read(path)
    if not isinstance(suite, dict) or not isinstance(suite.get("expectations"), list) or not suite["expectations"]:
        raise ConfigurationError(f"{path} holds no list `expectations`: a gate that checks nothing is no gate")
    return suite


def _with_profile(suite: Mapping[str, Any], stored: Mapping[str, Any] | None) -> tuple[dict[str, Any], list[str]]:
    """The suite with what its comparisons of distributions are against, and the columns nothing is known of."""
    kept, unprofiled = [], []
    for expectation in suite["expectations"]:
        column = expectation.get("kwargs", {}).get("column")
        if expectation.get("type") != profile.SHIFT:
            kept.append(expectation)
        elif stored is None or column not in stored:
            unprofiled.append(column)
        else:
            kept.append({**expectation, "kwargs": {**expectation["kwargs"], "partition_object": stored[column]}})
    return {**suite, "expectations": kept}, unprofiled


def case_rows(path: Path, shown: Shown | None = None) -> list[dict[str, Any]]:
    """The rows of an evaluation suite (one JSON object a line) as the gate `cases` wants them.

    `leaked_from` names where the model is shown the case, `days_old` how old it is where it says so by `at`.
    Raises InputError with the line number for what is no case.
    """
    rows = []
    for number, line in numbered_lines(path, remedy="a suite of evals/suites.yaml has its cases there"):
        try:
            case = json.loads(line)
            inputs, expected = case["inputs"], case["expected"]
            rows.append(
                {
                    "id": case.get("id"),
                    "input": "\n".join(str(value) for value in inputs.values()).strip(),
                    "label": expected.get("label"),
                    "expectations": len(expected),
                    "slice": case.get("slice"),
                    "leaked_from": shown.source(" ".join(map(str, inputs.values()))) if shown else None,
                    "days_old": days_since(case.get("at")),
                }
            )
        except json.JSONDecodeError as error:
            raise InputError(f"{path}:{number}: not JSON ({error}): one object a line is expected") from None
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            what = f"no {error}" if isinstance(error, KeyError) else str(error)
            raise InputError(f"{path}:{number} is no case ({what}): give it id, inputs, expected and slice") from None
    return rows


def days_since(moment: object) -> float | None:
    """Days from a date or time to now, negative for one to come; None for none. Raises ValueError for no date."""
    if moment is None:
        return None
    then = datetime.fromisoformat(str(moment))
    return (datetime.now(UTC) - (then if then.tzinfo else then.replace(tzinfo=UTC))).total_seconds() / 86_400


def _validate(name: str, suite: Mapping[str, Any], frame: DataFrame, site: Path | None) -> list[Any]:
    """Run the suite in a context that leaves nothing behind but the report."""
    import great_expectations as gx
    from great_expectations.checkpoint import UpdateDataDocsAction
    from great_expectations.data_context.types.base import ProgressBarsConfig

    for logger in ("great_expectations", "great_expectations.data_context.types.base"):
        logging.getLogger(logger).setLevel(logging.CRITICAL)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    try:
        expectations = context.suites.add(gx.ExpectationSuite(name=name, expectations=list(suite["expectations"])))
    except ValueError as error:
        raise ConfigurationError(
            f"data gate {name!r} is not understood ({' '.join(str(error).split())}): correct its suite"
        ) from None
    _check_complete(name, suite, expectations)
    actions = []
    if site is not None:
        context.add_data_docs_site("local", _site(site))
        actions = [UpdateDataDocsAction(name="report", site_names=["local"])]
    batch = (
        context.data_sources.add_pandas("rows").add_dataframe_asset(name).add_batch_definition_whole_dataframe("all")
    )
    definition = gx.ValidationDefinition(name=name, data=batch, suite=expectations)
    detail = "COMPLETE" if len(frame) <= COMPLETE_UP_TO else "SUMMARY"
    checkpoint = gx.Checkpoint(
        name=name,
        validation_definitions=[context.validation_definitions.add(definition)],
        actions=actions,
        result_format={"result_format": detail, "unexpected_index_column_names": ["id"]},
    )
    run = context.checkpoints.add(checkpoint).run(batch_parameters={"dataframe": frame})
    return [result for validation in run.run_results.values() for result in validation.results]


def _check_complete(name: str, suite: Mapping[str, Any], understood: Any) -> None:
    """The library logs what it does not understand and goes on without it; a gate must not."""
    lost = Counter(str(wanted.get("type")) for wanted in suite["expectations"])
    lost.subtract(Counter(expectation.expectation_type for expectation in understood.expectations))
    missing = sorted(kind for kind, count in lost.items() if count > 0)
    if missing:
        raise ConfigurationError(
            f"data gate {name!r} has an expectation that is not understood, {missing[0]}: correct its type or kwargs"
        )


def _site(folder: Path) -> dict[str, Any]:
    return {
        "class_name": "SiteBuilder",
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(folder.absolute())},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }


def _warns(result: Any) -> bool:
    return str(getattr(result.expectation_config, "severity", "critical")).lower().endswith("warning")


def _lines(result: Any) -> Iterator[str]:
    """The lines of one expectation: none when it holds, one for each row it names, one in all when it names none."""
    if result.success:
        return
    config = result.expectation_config
    column = config.kwargs.get("column", "table")
    what = config.description or config.type.removeprefix("expect_").replace("_", " ")
    broken = _exception(result.exception_info)
    rows = result.result.get("unexpected_index_list") or result.result.get("partial_unexpected_index_list") or []
    if broken:
        yield f"all rows: {column}: cannot be checked ({broken})"
    elif not rows:
        yield f"all rows: {column}: {what}, found {_short(result.result.get('observed_value'))}"
    for row in rows[:NAMED_ROWS]:
        yield f"{row.get('id')}: {column}: {what}, found {_short(row.get(column))}"
    count = max(len(rows), int(result.result.get("unexpected_count") or 0))
    if count > NAMED_ROWS and rows:
        yield f"{count - NAMED_ROWS} more rows: {column}: {what}"


def _outcome(result: Any) -> gate_pages.Outcome:
    config = result.expectation_config
    state = "green" if result.success else "warning" if _warns(result) else "red"
    expected = config.description or config.type.removeprefix("expect_").replace("_", " ")
    return gate_pages.Outcome(str(config.kwargs.get("column", "table")), str(expected), state, list(_lines(result)))


def _exception(info: Mapping[str, Any] | None) -> str:
    """The message of an expectation that could not run; a missing column comes keyed by metric, not flat."""
    for entry in [info or {}, *(v for v in (info or {}).values() if isinstance(v, dict))]:
        if entry.get("raised_exception"):
            return " ".join(str(entry.get("exception_message")).split())[:200]
    return ""


def _short(value: Any) -> str:
    if value is None or value != value:
        return "nothing"
    item = getattr(value, "item", None)
    return repr(item() if callable(item) else value)[:160]
