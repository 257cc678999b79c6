"""One promotion from reading to the list of files to write. Nothing is written here.

Raises Refused when the notebook or the project does not allow a promotion at all.
"""

from __future__ import annotations

import keyword
from dataclasses import dataclass
from pathlib import Path

from tools.promote.cells.dependencies import requirements_file
from tools.promote.cells.own_modules import imports_own
from tools.promote.cells.pickles import find_pickles
from tools.promote.cells.shown_errors import report_errors
from tools.promote.functions.exporting import export_functions
from tools.promote.functions.function_test import function_test, function_test_path
from tools.promote.functions.step_module import module_path, module_text, refuse_written_by_hand
from tools.promote.inputs.secrets import TOKENS, redact
from tools.promote.lifting import descriptions
from tools.promote.lifting.prompt_files import PromptStore
from tools.promote.lifting.unsent import report_unsent
from tools.promote.notebook import notebook_file
from tools.promote.notebook.notebook_file import Notebook, fingerprint, source_of
from tools.promote.notebook.outcome import Finding, Refused
from tools.promote.notebook.placeholders import fill_in
from tools.promote.notebook.program import read_program
from tools.promote.notebook.words import step_name
from tools.promote.pipeline_entry import pipeline_with, pipeline_without
from tools.promote.proving.generated_test import test_file
from tools.promote.proving.placeholders import placeholders
from tools.promote.report import Proof, Report
from tools.promote.rewiring.environment import env_example, names_read, variables_of
from tools.promote.rewriting import OwnFolder, rewrite
from tools.promote.step_notebook import assemble, check_parses, relative_folder

VERSION = 1


@dataclass(frozen=True)
class Place:
    """Where everything of one promotion stands. `original` is inside the project, also when the source is not."""

    project: Path
    source: Path
    step: str

    @property
    def original(self) -> Path:
        """The notebook as the project keeps it: a source from elsewhere goes to `notebooks/explore`."""
        if self.source.is_relative_to(self.project):
            return self.source
        return self.project / "notebooks" / "explore" / self.source.name

    @property
    def step_file(self) -> Path:
        """The promoted notebook."""
        return self.project / "notebooks" / "steps" / f"{self.step}.ipynb"

    @property
    def pipeline(self) -> Path:
        """The pipeline's declaration."""
        return self.project / "notebooks" / "pipeline.yaml"

    @property
    def fixtures(self) -> tuple[Path, Path]:
        """What the generated test plays back: the recorded requests and replies, and what was printed."""
        tests = self.project / "tests" / "steps"
        return tests / f"{self.step}.recording.json", tests / f"{self.step}.printed.json"

    def relative(self, path: Path) -> str:
        """A path as it stands in reports."""
        return path.relative_to(self.project).as_posix()


@dataclass
class Promotion:
    """A notebook promoted in memory: its report, and every file to write."""

    place: Place
    source: Notebook
    step: Notebook
    origins: dict[int, int]
    report: Report
    files: dict[Path, bytes | None]  # None: the file goes
    functions: dict[str, str]  # those the step's module offers, with the ids of their cells
    given: dict[str, str]  # what its tests set in the place of keys


def locate(source: Path, project: Path, name: str | None) -> Place:
    """Check the paths. Raises Refused for a folder that is no project or a name that is none."""
    project = project.resolve()
    if not (project / "pyproject.toml").is_file() or not (project / "notebooks").is_dir():
        raise Refused(f"{project} is no project (pyproject.toml and notebooks/ are missing): name one with --project")
    source = _source_in(project, source)
    step = name or step_name(source.stem)
    if step != step_name(step):
        why = "a word of Python" if keyword.iskeyword(step) else "no snake_case word"
        raise Refused(f"step name {step!r} is {why}: use --name {step_name(step)}")
    place = Place(project, source, step)
    if source == place.step_file:
        raise Refused(f"{source.name} is a promoted step already: promote the notebook it came from")
    return place


def _source_in(project: Path, source: Path) -> Path:
    """The notebook's path: a link within the project stays one, for it is how the project knows the notebook."""
    try:
        resolved = source.resolve()
        folder = source.absolute().parent.resolve()
    except (OSError, RuntimeError):
        raise Refused(f"{source} is a link that leads back to itself: give the path of a notebook") from None
    link = folder / source.name
    return link if link.is_relative_to(project) and link.is_symlink() else resolved


def promote(place: Place) -> Promotion:
    """Promote in memory."""
    notebook = notebook_file.read(place.source)
    files = _kept_original(place, notebook)
    name = place.relative(place.original)
    sha256 = fingerprint(notebook)
    standing = _standing_step(place, name, sha256)
    notebook, placeholders = fill_in(notebook)
    promotion = _rewritten(place, notebook, name, sha256)
    gone = {(f.cell, f.line) for f in promotion.report.findings if f.subject == "secret"}
    left = [f for f in placeholders if (f.cell, f.line) not in gone]
    promotion.report.findings = sorted([*left, *promotion.report.findings], key=lambda f: (f.cell, f.line))
    promotion.files = {**files, **promotion.files}
    _compare_with(promotion, standing, sha256)
    return promotion


def _rewritten(place: Place, notebook: Notebook, name: str, sha256: str) -> Promotion:
    """The step and its files, as if nothing stood there yet."""
    program = read_program(notebook, name)
    way = relative_folder(place.original, place.step_file.parent)
    folder = OwnFolder(way, imports_own(program, place.original.parent))
    choice = descriptions.configured(place.project)
    rules = rewrite(notebook, program, PromptStore(place.project / "prompts"), place.step, name, choice, folder)
    promoted = {"from": name, "sha256": sha256, "step_sha256": "", "version": VERSION}
    assembled = assemble(notebook, program, rules.edits, rules.parameters, rules.imports, promoted)
    exported = export_functions(assembled, program, place.step)
    assembled = exported.assembled
    check_parses(assembled.notebook, name)
    promoted["step_sha256"] = fingerprint(assembled.notebook)
    requirements = requirements_file(place.project, rules.dependencies)
    left = report_unsent(assembled.notebook, assembled.origins, notebook, rules.findings)
    report = Report(
        step=place.step,
        source=name,
        in_pipeline=True,
        findings=sorted(
            [
                *rules.findings,
                *left,
                *rules.dependencies.findings,
                *exported.findings,
                *find_pickles(program),
                *report_errors(notebook),
                *_redactions(notebook),
            ],
            key=lambda f: (f.cell, f.line),
        ),
        prompts=rules.prompts,
        parameters=rules.parameters,
        dependencies=sorted(rules.dependencies.requirements.values()),
    )
    report.in_pipeline = report.hindrance is None
    given = placeholders(program, names_read(program))
    files: dict[Path, bytes | None] = {
        **rules.store.files(),
        **requirements,
        **env_example(place.project, variables_of(assembled.notebook, rules.variables)),
        place.project / "tests" / "steps" / f"test_{place.step}.py": test_file(place.step, report.pins, given),
        place.step_file: assembled.notebook.dump().encode("utf-8"),
        **_module_files(place, assembled.notebook, exported.functions, report.pins, given),
    }
    return Promotion(place, notebook, assembled.notebook, assembled.origins, report, files, exported.functions, given)


def _module_files(
    place: Place, step: Notebook, functions: dict[str, str], pins: dict[str, int], given: dict[str, str]
) -> dict[Path, bytes | None]:
    """The module of the exported functions and their tests; both go when nothing is exported any more."""
    module = module_path(place.project, place.step)
    refuse_written_by_hand(module)
    tests = function_test(place.step, functions, pins, given) if functions else None
    return {module: module_text(step, place.step), function_test_path(place.project, place.step): tests}


def finish(promotion: Promotion) -> None:
    """After the proof: the pipeline entry, and of all files only those that change something.

    The step goes into `pipeline.yaml` unless a part it cannot run without was refused, or the proof found a
    difference; an entry of an earlier promotion goes then. A recording of an earlier version goes when this one is not
    proved.
    """
    report, place = promotion.report, promotion.place
    report.in_pipeline = report.in_pipeline and report.proof.verdict != "differs"
    if report.in_pipeline:
        entry = pipeline_with(place.pipeline, place.step, report.to_give)
    else:
        entry = pipeline_without(place.pipeline, place.step, report.to_give)
    if entry is not None:
        promotion.files[place.pipeline] = entry
    if report.proof.verdict != "proved":
        promotion.files |= dict.fromkeys(place.fixtures)
    promotion.files = {path: new for path, new in promotion.files.items() if _on_disk(path) != new}
    report.files = [place.relative(path) for path in promotion.files]
    report.unchanged = not promotion.files


def _compare_with(promotion: Promotion, standing: Notebook | None, sha256: str) -> None:
    """What a standing step of the same source spares: edits by hand are kept, a proof is not repeated."""
    if standing is None or standing.data["metadata"]["promoted"]["sha256"] != sha256:
        return
    if standing.data["metadata"]["promoted"].get("step_sha256") != fingerprint(standing):
        promotion.files = {}
        promotion.report.proof = Proof("not run", "the step was edited by hand since it was promoted")
    elif all(path.exists() for path in promotion.place.fixtures):
        promotion.files |= {path: path.read_bytes() for path in promotion.place.fixtures}
        promotion.report.proof = Proof("proved", "when it was promoted; nothing changed since")


def _on_disk(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _kept_original(place: Place, notebook: Notebook) -> dict[Path, bytes]:
    """The copy of a notebook from outside, without keys; nothing when it is inside or already there."""
    if place.original == place.source:
        return {}
    text = redact(notebook.dump())
    if place.original.exists():
        if fingerprint(notebook_file.read(place.original)) == fingerprint(notebook_file.parse(text, place.source.name)):
            return {}
        raise Refused(
            f"{place.relative(place.original)} is another notebook of that name: rename yours or remove that one"
        )
    return {place.original: text.encode("utf-8")}


def _standing_step(place: Place, name: str, sha256: str) -> Notebook | None:
    """The step of that name when this notebook made it. Raises Refused when somebody else did, or changed it."""
    if not place.step_file.exists():
        return None
    step = notebook_file.read(place.step_file)
    promoted = step.data["metadata"].get("promoted")
    shown = place.relative(place.step_file)
    if not isinstance(promoted, dict) or "sha256" not in promoted:
        raise Refused(f"{shown} was made by hand: choose another name with --name")
    if promoted.get("from") != name:
        raise Refused(f"{shown} was promoted from {promoted.get('from')}: choose another name with --name")
    if promoted["sha256"] != sha256 and promoted.get("step_sha256") != fingerprint(step):
        raise Refused(f"{shown} was changed by hand since: take the changes to {name}, delete the step, promote again")
    return step


def _redactions(notebook: Notebook) -> list[Finding]:
    """Keys in comments, prose and the middle of texts: they are replaced wherever they stand."""
    findings = []
    for index, cell in enumerate(notebook.cells):
        for number, line in enumerate(source_of(cell).splitlines(), start=1):
            if TOKENS.search(line):
                reason, remedy = "a key stood here", "revoke it: it was in a notebook"
                findings.append(Finding("changed", "secret", index, number, "key not copied", reason, remedy))
    return findings
