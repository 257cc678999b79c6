"""Showing that a step asks what its notebook asked: both are run, their requests and outputs compared.

The notebook runs once in a kernel against a recording door, the step in process against the replay. Where they differ
in what they ask and the notebook does not repeat itself either, both run once more with chance fixed. Nothing is called
proved that was not run; what hinders a run is the verdict's reason.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tools.promote.cells.installed import missing_packages
from tools.promote.functions.exporting import PACKAGE
from tools.promote.functions.function_test import function_test, function_test_path
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import read_program
from tools.promote.promotion import Promotion
from tools.promote.proving.baseline import Baseline, make_baseline
from tools.promote.proving.comparison import compare, request_difference, shows_a_door
from tools.promote.proving.placeholders import google_login, placeholders
from tools.promote.proving.recording_door import DoorUnavailable, open_door
from tools.promote.proving.runs import CannotRun, door_environment, run_again, run_original, run_step
from tools.promote.proving.versions import other_versions
from tools.promote.report import Proof
from tools.promote.rewiring.environment import names_read
from tools.promote.workspace import make_workspace

# A coin that is tossed comes up alike in two runs half the time: so many more decide that an output is steady.
RUNS_AGAIN = 4
UNSTEADY = (
    "the notebook itself asks otherwise in each run (an address, a clock, an id), so that nothing can be compared"
)


class _ShowsItsDoor(Exception):
    """The step shows a client that is pointed at the door, where the notebook's own was left as it is."""


class _AsksOtherwise(Exception):
    """Two runs of the notebook ask otherwise; the message says where."""


def prove(promotion: Promotion) -> None:
    """Run both and note the verdict in the report; a proof adds the recording and what was printed to the files.

    A verdict that stands already, of an earlier promotion of the same notebook, is not made again.
    """
    if promotion.report.proof.verdict == "proved" or not promotion.files:
        return
    _wait_for_packages(promotion)
    refused = promotion.report.hindrance
    if refused is not None:
        promotion.report.proof = Proof("not run", f"cell {refused.place}: {refused.what}: {refused.reason}")
        return
    try:
        with tempfile.TemporaryDirectory(prefix="promote-") as folder:
            _prove_in(promotion, Path(folder))
    except (CannotRun, DoorUnavailable) as why:
        promotion.report.proof = Proof("not run", " ".join(str(why).split()))


def _wait_for_packages(promotion: Promotion) -> None:
    """What the step imports and nobody has installed keeps it out of the pipeline."""
    report, place = promotion.report, promotion.place
    program = read_program(promotion.step, report.source)
    missing = missing_packages(program, place.original.parent, place.source.parent, report.dependencies)
    # Places of findings are those of the notebook.
    placed = [replace(f, cell=promotion.origins.get(f.cell, f.cell)) for f in missing]
    report.findings = sorted([*report.findings, *placed], key=lambda f: (f.cell, f.line))
    report.in_pipeline = report.in_pipeline and not missing


def _prove_in(promotion: Promotion, folder: Path) -> None:
    program = read_program(promotion.source, promotion.report.source)
    read = names_read(program)
    with google_login(program, folder) as login:
        given = {**placeholders(program, read), **login}
        for fixed in (False, True):
            kept = folder / ("fixed" if fixed else "free")
            try:
                baseline, recording, proof, replayed = _runs_compared(promotion, kept, given, read, fixed=fixed)
            except _AsksOtherwise as difference:
                if fixed:
                    raise CannotRun(f"{UNSTEADY}: {difference}") from None
            else:
                break
    note = " (the notebook ran with its clients pointed at the door)" if baseline.rewired else ""
    if others := other_versions(baseline.pins):
        note += f"; run with {others}"
    if given and proof.verdict != "not run":
        note += f"; made up for both runs: {', '.join(sorted(given))}"
    if fixed:
        note += "; run with the order of sets and chance fixed"
    if fixed and proof.verdict == "proved":
        note += (
            ", for otherwise the notebook asks otherwise in each run, and so would its test, which is left without a "
        )
        note += "recording"
    elif proof.verdict == "proved":
        note += _add_fixture(promotion, recording.read_bytes(), replayed["in_process"], proof.unsteady)
    promotion.report.proof = replace(proof, detail=proof.detail + note)


def _runs_compared(
    promotion: Promotion, folder: Path, given: Mapping[str, str], read: set[str], *, fixed: bool
) -> tuple[Baseline, Path, Proof, dict[str, Any]]:
    """The notebook as it was run, its recording, the verdict and the step's run, all in a folder to be made.

    A notebook that shows its clients is run once more with these pointed at the door, as the step's are. Raises
    CannotRun and _AsksOtherwise.
    """
    for pointed in (False, True):
        kept = folder / ("pointed" if pointed else "as-it-is")
        kept.mkdir(parents=True)
        recording = kept / "recording.json"
        baseline, run = _record(promotion, recording, kept, given, read, fixed=fixed, pointed=pointed)
        try:
            proof, replayed = _compare_runs(promotion, baseline, run, recording, kept, given, fixed=fixed)
        except _ShowsItsDoor:
            continue
        return baseline, recording, proof, replayed
    raise AssertionError("clients that are pointed at the door already are not pointed there again")


def _record(
    promotion: Promotion,
    recording: Path,
    folder: Path,
    given: Mapping[str, str],
    read: set[str],
    *,
    fixed: bool,
    pointed: bool = False,
) -> tuple[Baseline, dict[str, Any]]:
    """The notebook as it was run against the recording door, and its outputs, with the `key` of that door.

    Untouched, unless its clients are to be `pointed`, or it fails so or asks the door nothing although it has clients
    that can be pointed there: those that read no address from the environment ask their provider. Raises CannotRun when
    it fails.
    """
    place, source, name = promotion.place, promotion.source, promotion.report.source
    clients = any(f.subject == "client" and f.outcome == "changed" for f in promotion.report.findings)
    baseline = make_baseline(source, name, pointed=pointed)
    for attempt in range(2):
        workspace = make_workspace(place.project, folder / f"project-{attempt}", promotion.files)
        recording.unlink(missing_ok=True)
        last = baseline.rewired or not clients or attempt > 0
        try:
            with open_door(place.project, recording) as door:
                environment = door_environment(place.project, door, given)
                original = workspace / place.relative(place.original)
                run = run_original(baseline, original, folder, environment, read - set(environment), fixed=fixed)
                run["key"] = environment.get("APP_RUN_DOOR_KEY", "")
        except CannotRun as why:
            if last:
                asked = len(_exchanges(recording))
                raise CannotRun(f"{why}; before that {asked} requests were answered" if asked else str(why)) from None
        else:
            if last or _exchanges(recording):
                break
        baseline = make_baseline(source, name, pointed=True)
    if not recording.exists():
        recording.write_text("[]\n", encoding="utf-8")
    return baseline, run


def _exchanges(recording: Path) -> list[Any]:
    """What a door has recorded; nothing where it has not been asked."""
    found: list[Any] = json.loads(recording.read_text(encoding="utf-8")) if recording.exists() else []
    return found


def _compare_runs(
    promotion: Promotion,
    baseline: Baseline,
    run: dict[str, Any],
    recording: Path,
    folder: Path,
    given: Mapping[str, str],
    *,
    fixed: bool,
) -> tuple[Proof, dict[str, Any]]:
    """The verdict on the notebook's `run` and the step's, which is made here, and the latter.

    `given` are the placeholders among the variables of the environment. Raises _AsksOtherwise where the notebook does
    not repeat itself what the step asks otherwise, _ShowsItsDoor where they show clients that lead elsewhere.
    """
    place = promotion.place
    # Other workspaces: the step must not find what the notebook has just written.
    steps = [make_workspace(place.project, folder / name, promotion.files) for name in ("kernel", "process")]
    kernel, process = (step / place.relative(place.step_file) for step in steps)
    replayed = run_step(promotion, kernel, process, recording, folder, given, fixed=fixed)
    exchanges = _exchanges(recording)
    proof = compare(run, replayed, len(exchanges), promotion.origins)
    shows = proof.verdict == "differs" and not replayed["error"] and _same_requests(replayed)
    if shows and not baseline.rewired and shows_a_door(replayed["outputs"].values()):
        raise _ShowsItsDoor
    if proof.verdict == "differs" and not _same_requests(replayed):
        if not fixed and _leaves_to_chance(promotion):
            # A second run may be like the first by chance. What differs with chance fixed differs in truth.
            raise _AsksOtherwise(proof.detail)
        second = run_again(promotion, baseline, recording, folder / "second", given, fixed=fixed)
        if not _same_requests(second):
            runs = "its first run", "its second"
            raise _AsksOtherwise(request_difference(second["unanswered"], second["remaining"], *runs))
    again: list[dict[str, Any]] = []
    while proof.verdict == "differs" and not replayed["error"] and _same_requests(replayed) and len(again) < RUNS_AGAIN:
        once_more = run_again(promotion, baseline, recording, folder / f"again-{len(again)}", given, fixed=fixed)
        if once_more["error"]:
            break  # what it did not come to print tells nothing
        again.append(once_more)
        proof = compare(run, replayed, len(exchanges), promotion.origins, again)
    return proof, replayed


def _add_fixture(
    promotion: Promotion, recording: bytes, in_process: Mapping[str, Any], unsteady: Collection[int]
) -> str:
    """The recording and what was printed become the test's; what to say when the step does not run in process."""
    if in_process["failed"] or in_process["unanswered"] or in_process["remaining"]:
        return f"; its test is left without a recording: {in_process['failed'] or 'it asks otherwise in process'}"
    recorded, printed = promotion.place.fixtures
    code_cells = [i for i, cell in enumerate(promotion.step.cells) if cell["cell_type"] == "code"]
    steady = [promotion.origins.get(index) not in unsteady for index in code_cells]
    texts = [text if kept else None for text, kept in zip(in_process["printed"], steady, strict=True)]
    written = json.dumps(texts, indent=1, ensure_ascii=False) + "\n"
    promotion.files |= {recorded: recording, printed: written.encode("utf-8")}
    _leave_out(promotion, in_process["functions"])
    return ""


def _leave_out(promotion: Promotion, differing: Mapping[str, str]) -> None:
    """Functions of the module with which the step does not do the same have no test, and the report says why."""
    if not differing:
        return
    place, report = promotion.place, promotion.report
    kept = {name: cell for name, cell in promotion.functions.items() if name not in differing}
    tests = function_test(place.step, kept, report.pins, promotion.given) if kept else None
    promotion.files[function_test_path(place.project, place.step)] = tests
    for name, reason in differing.items():
        said = f"{name} is exported to app.{PACKAGE}.{place.step}"
        at = next(((f.cell, f.line) for f in report.findings if f.what == said), (0, 1))
        what, remedy = f"the module's {name} has no test", "compare it with the notebook's by hand before it is used"
        report.findings.append(Finding("kept", "function", *at, what, reason, remedy))
    report.findings.sort(key=lambda finding: (finding.cell, finding.line))


def _leaves_to_chance(promotion: Promotion) -> bool:
    """Whether a notebook uses a library whose chance can be fixed."""
    imported = read_program(promotion.source, promotion.report.source).names.imports.values()
    return any(path.split(".")[0] in ("random", "numpy") for path in imported)


def _same_requests(replayed: Mapping[str, Any]) -> bool:
    return not replayed["unanswered"] and not replayed["remaining"]
