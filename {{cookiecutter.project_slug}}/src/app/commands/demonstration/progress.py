"""Telling what the demo is doing while it does it: a line when a step begins, a line with its time when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from types import TracebackType
from typing import TypeVar

import click

from app.commands.demonstration.report import Report

Value = TypeVar("Value")
Work = Callable[[], tuple[Value, str]]


class Progress:
    """Runs named steps and notes each in the report. A step's work returns its value and a few words on the outcome."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._beside = ThreadPoolExecutor(2, thread_name_prefix="demo")
        self._began = time.perf_counter()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._beside.shutdown(wait=True, cancel_futures=True)

    def say(self, line: str) -> None:
        """One indented line."""
        click.echo(f"          {line}", err=True)

    def step(self, name: str, work: Work[Value]) -> Value:
        """Do `work` now."""
        self._line(f"{name} ...")
        return self._timed(name, work)

    def background(self, name: str, work: Work[Value]) -> Future[Value]:
        """Begin `work` beside the steps that follow; `join` waits for it."""
        self._line(f"{name} ... (in the background)")
        return self._beside.submit(self._timed, name, work)

    def join(self, begun: Future[Value]) -> Value:
        """The value of background work, or what it raised."""
        return begun.result()

    @contextmanager
    def measured(self, name: str, begin: Callable[[], AbstractContextManager[Value]]) -> Iterator[Value]:
        """A step that lasts: its time is what it took to begin."""
        self._line(f"{name} ...")
        began = time.perf_counter()
        with begin() as value:
            self._done(name, "ok", time.perf_counter() - began, f"ready at {value}")
            yield value

    def _timed(self, name: str, work: Work[Value]) -> Value:
        began = time.perf_counter()
        finished = False
        try:
            value, outcome = work()
            finished = True
        finally:
            if not finished:
                self._done(name, "failed", time.perf_counter() - began, "")
        self._done(name, "ok", time.perf_counter() - began, outcome)
        return value

    def _done(self, name: str, status: str, seconds: float, outcome: str) -> None:
        self._report.step(name, status, seconds, outcome)
        self._line(f"{name}: {status}, {seconds:.1f} s{'  ' + outcome if outcome else ''}")

    def _line(self, text: str) -> None:
        click.echo(f"{time.perf_counter() - self._began:7.1f} s  {text}", err=True)
