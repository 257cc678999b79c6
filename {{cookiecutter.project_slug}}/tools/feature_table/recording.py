"""Pytest plugin: a run writes to build/features.json which marked tests passed and failed, by row of the feature table.

`{"T1": {"passed": [test ids], "failed": [test ids]}}`. With xdist the controlling process writes, for all workers.
A skipped test proves nothing and spoils nothing.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

PROPERTY = "feature"
OUTCOMES = pytest.StashKey[dict[str, dict[str, bool]]]()


def pytest_configure(config: pytest.Config) -> None:
    """Start with nothing proved."""
    config.stash[OUTCOMES] = {}
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(_Recorder(config.stash[OUTCOMES]))


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Send the marks along with the reports, which travel between processes where items do not."""
    for item in items:
        for mark in item.iter_markers("feature"):
            item.user_properties += [(PROPERTY, row) for row in mark.args]


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write what was seen; a run without marked tests leaves the file alone."""
    outcomes = session.config.stash[OUTCOMES]
    if not outcomes:
        return
    rows = {
        row: {
            "passed": sorted(test for test, good in tests.items() if good),
            "failed": sorted(test for test, good in tests.items() if not good),
        }
        for row, tests in sorted(outcomes.items())
    }
    path = session.config.rootpath / "build" / "features.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


class _Recorder:
    """Takes the reports of all processes. A test is good when its call passed and nothing around it failed."""

    def __init__(self, outcomes: dict[str, dict[str, bool]]) -> None:
        self.outcomes = outcomes

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note one phase of one test."""
        if report.skipped or (report.when != "call" and report.passed):
            return
        for name, row in report.user_properties:
            if name == PROPERTY:
                tests = self.outcomes.setdefault(str(row), {})
                tests[report.nodeid] = report.passed and tests.get(report.nodeid, True)
