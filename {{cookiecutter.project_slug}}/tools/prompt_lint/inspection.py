"""Applies the rules to files: reading, parsing, following, judging, then what people have allowed.

One file is one independent piece of work, so files go to several processes when there is enough of them to pay.
"""

from __future__ import annotations

import gc
import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tools.prompt_lint import source as reading_source
from tools.prompt_lint.assessment import assess
from tools.prompt_lint.catalogue import CODE_RULES, PROMPT_FILE_RULES, RULE_NAMES, UNPARSABLE
from tools.prompt_lint.configuration import Configuration
from tools.prompt_lint.dataflow import follow
from tools.prompt_lint.discovery import CODE, LOCK
from tools.prompt_lint.facts import Facts
from tools.prompt_lint.families import is_llm_file
from tools.prompt_lint.findings import Finding, order
from tools.prompt_lint.gathering import gather
from tools.prompt_lint.hints import interesting
from tools.prompt_lint.rules.rule import PromptFolder, Reading
from tools.prompt_lint.source import Source
from tools.prompt_lint.suppression import apply, suppressions

_WORTH_A_PROCESS = 600_000
"""Bytes of files that take longer to check than a process takes to start."""
_COLLECT_AFTER = 20_000_000
"""Characters of code after which the collector takes what reference counts did not free."""


@dataclass(slots=True)
class Outcome:
    """What came of a run: findings in order, notes for people, and how many files were looked at."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: int = 0


def inspect(files: Iterable[Path], configuration: Configuration, jobs: int = 0) -> Outcome:
    """Check files. `jobs` 0 means as many processes as pay."""
    chosen = list(files)
    code = [f for f in chosen if f.name.endswith(CODE)]
    outcome = Outcome(files=len(chosen))
    for part in _worked(code, configuration, jobs):
        outcome.findings += part.findings
        outcome.notes += part.notes
    outcome.findings += _prompt_folders([f for f in chosen if not f.name.endswith(CODE)], configuration)
    outcome.findings.sort(key=order)
    return outcome


def _worked(files: list[Path], configuration: Configuration, jobs: int) -> Iterable[Outcome]:
    sizes = {file: _size(file) for file in files}
    workers = min(jobs or _processors(), max(1, sum(sizes.values()) // _WORTH_A_PROCESS), len(files))
    if workers <= 1:
        return [_batch((files, configuration))]
    batches: list[list[Path]] = [[] for _ in range(workers * 4)]
    for place, file in enumerate(sorted(files, key=lambda f: -sizes[f])):
        batches[place % len(batches)].append(file)
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(_batch, [(batch, configuration) for batch in batches if batch]))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _batch(work: tuple[list[Path], Configuration]) -> Outcome:
    """Check files one after the other. Syntax trees are large and freed by reference count, so the collector, which
    would
    walk them again and again, only runs now and then."""
    files, configuration = work
    outcome = Outcome()
    collecting = gc.isenabled()
    parsed = 0
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for file in files:
                parsed += _inspect_file(file, configuration, outcome)
                if parsed > _COLLECT_AFTER:
                    parsed = 0
                    gc.collect()
    finally:
        if collecting:
            gc.enable()
    return outcome


def _inspect_file(file: Path, configuration: Configuration, outcome: Outcome) -> int:
    """Add what comes of one file to the outcome; returns how many characters of code were parsed."""
    name = file.as_posix()
    try:
        content = file.read_bytes()
    except OSError as error:
        outcome.findings.append(Finding(name, None, 1, 1, UNPARSABLE, "warning", f"cannot be read: {error.strerror}"))
        return 0
    if name.endswith(".ipynb"):
        source = reading_source.notebook(content, name)
    elif interesting(content):
        source = reading_source.module(content, name)
    else:
        return 0
    if source.language:
        outcome.notes.append(f"{name}: skipped: a notebook in {source.language}")
    outcome.findings += check(source, configuration)
    return sum(len(cell.code) for cell in source.cells)


def check(source: Source, configuration: Configuration) -> list[Finding]:
    """The findings of one file that is read."""
    source.parse()
    allowed = configuration.allowed(Path(source.path))
    findings: list[Finding] = []
    try:
        reading = read(source, configuration)
        for rule in CODE_RULES:
            if rule.id not in allowed:
                findings += rule.check(reading)
        reading.facts.release()
    except RecursionError:
        findings.append(_unparsable(source, None, 1, "nested too deeply to be followed"))
    findings += [_unparsable(source, t.cell, t.line, t.why) for t in source.troubles]
    return apply(source.path, findings, suppressions(source, RULE_NAMES))


def read(source: Source, configuration: Configuration) -> Reading:
    """The facts and the prompts of one parsed file. Raises RecursionError on absurdly deep code."""
    facts: Facts = gather(source.path, source.cells)
    llm_file = is_llm_file(facts, source.cells)
    follow(facts, llm_file)
    prompts = assess(facts.texts, llm_file, source.is_notebook, configuration.descriptions)
    return Reading(source, facts, prompts, llm_file)


def _unparsable(source: Source, cell: int | None, line: int, why: str) -> Finding:
    message = f"not understood and so not fully checked: {why}: correct it, or exclude the file"
    return Finding(source.path, cell, line, line, UNPARSABLE, "warning", message)


def _prompt_folders(files: list[Path], configuration: Configuration) -> list[Finding]:
    folders: dict[Path, PromptFolder] = {}
    for file in files:
        root = file.parent if file.name == LOCK else file.parent.parent
        folder = folders.setdefault(root.resolve(), PromptFolder(root.resolve(), root.as_posix()))
        folder.chosen.add(folder.root / file.relative_to(root))
    findings: list[Finding] = []
    for folder in folders.values():
        for rule in PROMPT_FILE_RULES:
            found = rule.check_folder(folder)
            findings += [f for f in found if rule.id not in configuration.allowed(Path(f.path))]
    return findings
