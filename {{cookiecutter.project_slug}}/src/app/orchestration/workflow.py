"""The durable run of an ordered list of steps: a DBOS workflow whose id is the hash of everything it is made of.

Each step's result is stored before the next begins. A killed process goes on at the step that was interrupted; a run
that failed goes on at the step that failed; one that succeeded is not run again. Only this process's own workflow is
ever recovered: the executor's name carries the id, so nothing left over from other inputs starts by itself.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from app.errors import StepFailedError

SCHEMA = "dbos"
NAME = "pipeline"
POLL_S = 0.1
# DBOS tries again at the latest after 90 seconds: what comes later is another outage.
LONGEST_BACKOFF_S = 120.0
UNFINISHED = ("PENDING", "ENQUEUED", "DELAYED")
# Every pipeline step is two stored operations: its work and its report to the tracker.
OPERATIONS_A_STEP = 2

Results = dict[str, Any]
Work = Callable[[str, Results], dict[str, Any]]
Report = Callable[[str, dict[str, Any]], str | None]


class Workflow:
    """One workflow of this process; made by `opened`. All values that pass through it are JSON."""

    def __init__(self, dbos: Any, workflow_id: str, steps: Sequence[str], work: Work, report: Report) -> None:
        self.id = workflow_id
        self._dbos = dbos
        self._steps = list(steps)

        @dbos.workflow(name=NAME)  # type: ignore[untyped-decorator, unused-ignore]
        def run(names: list[str]) -> Results:
            results: Results = {}
            for name in names:
                result = dbos.run_step({"name": name}, work, name, results)
                warning = dbos.run_step({"name": f"{name}/report"}, report, name, result)
                results[name] = {**result, "warning": warning}
            return results

        self._function = run

    def finish(self, missing: Callable[[Results], str | None], *, again: bool = False) -> Results:
        """Start, continue or fetch the run; blocks until it ends and returns the results by step.

        `missing(results)` names the first step whose files are gone: a finished run is redone from there.
        `again` redoes a finished run from its first step. Raises StepFailedError when a step raised.
        """
        self._abandon_others()
        latest = self._dbos.list_workflows(workflow_id_prefix=self.id, sort_desc=True, limit=1)
        if not latest:
            return self._start()
        workflow_id, status = latest[0].workflow_id, latest[0].status
        if status in UNFINISHED:
            return self._result(workflow_id)
        if again:
            return self._redo(workflow_id, 0)
        if status != "SUCCESS":
            return self._redo(workflow_id, self._finished(workflow_id))
        results = self._result(workflow_id)
        gone = missing(results)
        return results if gone is None else self._redo(workflow_id, self._steps.index(gone) * OPERATIONS_A_STEP)

    def _start(self) -> Results:
        from dbos import SetWorkflowID

        with SetWorkflowID(self.id):
            handle = self._dbos.start_workflow(self._function, self._steps)
        return self._result(handle.workflow_id)

    def _redo(self, workflow_id: str, kept: int) -> Results:
        """Run under the next id (`<id>.2`, `<id>.3`, ...) with the first `kept` operations taken over as they are."""
        from dbos import SetWorkflowID

        _, _, number = workflow_id.partition(".")
        with SetWorkflowID(f"{self.id}.{int(number or 1) + 1}"):
            handle = self._dbos.fork_workflow(workflow_id, kept + 1, application_version=self.id)
        return self._result(handle.workflow_id)

    def _result(self, workflow_id: str) -> Results:
        from dbos import PortableWorkflowError

        handle = self._dbos.retrieve_workflow(workflow_id)
        try:
            results: Results = handle.get_result(polling_interval_sec=POLL_S)
        except PortableWorkflowError as error:
            raise StepFailedError(f"{error.name}: {error.message}") from None
        return results

    def _finished(self, workflow_id: str) -> int:
        return sum(step["error"] is None for step in self._dbos.list_workflow_steps(workflow_id))

    def _abandon_others(self) -> None:
        """Cancel what a killed process left of other inputs; nothing would ever continue it."""
        for left in self._dbos.list_workflows(name=NAME, status=list(UNFINISHED), load_input=False):
            if left.workflow_id.partition(".")[0] != self.id:
                self._dbos.cancel_workflow(left.workflow_id)


class _Telling(logging.Filter):
    """Of what DBOS logs only this is told, once an outage: it retries for as long as the database is away."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self._say = say
        self._last = float("-inf")

    def filter(self, record: logging.LogRecord) -> bool:
        if record.getMessage().startswith("Database connection"):
            if time.monotonic() - self._last > LONGEST_BACKOFF_S:
                self._say("the database is away: the run waits until it is back")
            self._last = time.monotonic()
        return record.levelno >= logging.CRITICAL


@contextmanager
def opened(
    database_url: str,
    workflow_id: str,
    steps: Sequence[str],
    work: Work,
    report: Report,
    say: Callable[[str], None],
) -> Iterator[Workflow]:
    """DBOS with one registered workflow, launched on the schema `dbos`; shut down at the end.

    `work(step, earlier results)` does a step, `report(step, result)` tells the tracker and returns a warning or None.
    `say` hears that the database is away. One process can have one open. What a run is made of is its version, so
    recovery never mixes two.
    """
    from dbos import DBOS, DBOSPortableJSONSerializer

    DBOS.destroy(destroy_registry=True)
    DBOS(
        config={
            "name": "app",
            "system_database_url": database_url,
            "dbos_system_schema": SCHEMA,
            "executor_id": f"{NAME}-{workflow_id}",
            "application_version": workflow_id,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "WARNING",
            "console_log_level": "CRITICAL",
        }
    )
    workflow = Workflow(DBOS, workflow_id, steps, work, report)
    telling = _Telling(say)
    logging.getLogger("dbos").addFilter(telling)
    try:
        DBOS.launch()
        yield workflow
    finally:
        DBOS.destroy(destroy_registry=True)
        logging.getLogger("dbos").removeFilter(telling)
