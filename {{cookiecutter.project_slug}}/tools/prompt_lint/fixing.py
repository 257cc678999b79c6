"""`--fix`: prompts of .py files go to `prompts/<task>/v<N>.prompt.yml`, and a call of `prompt` stands in their place.

All files of a run are written or none. What stays where it is gets a line with the reason; a notebook is promoted, not
fixed. Outside of a project nothing is written: there is no registry that could read the files.
"""

from __future__ import annotations

import ast
import warnings
from collections import defaultdict
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path

from tools.promote.lifting.prompt_files import PromptStore
from tools.promote.notebook.outcome import Refused
from tools.promote.step_notebook import HELPERS
from tools.promote.write import write_all
from tools.prompt_lint.assessment import Prompt
from tools.prompt_lint.configuration import Configuration, UsageError
from tools.prompt_lint.faithful import is_faithful
from tools.prompt_lint.findings import Finding
from tools.prompt_lint.inspection import read
from tools.prompt_lint.lifting import FileLifter, Names, Place
from tools.prompt_lint.source import Source, module

RULE = "hardcoded_prompt"
_BOM = b"\xef\xbb\xbf"
_HELPER_FILE = Path("src", *HELPERS.split(".")).with_suffix(".py")
_APPLICATION = Path("src/app")
_MAY_IMPORT_IT = frozenset({"orchestration", "interface", "commands", "bootstrap.py", "cli.py"})
"""What stands above the module that holds `prompt`, in the order of the layers."""


@dataclass(slots=True)
class Report:
    """What was done and what was not, a line each; `changed` when files were written."""

    lines: list[str] = field(default_factory=list)
    changed: bool = False


def fix(findings: Iterable[Finding], configuration: Configuration, start: Path) -> Report:
    """Lift the prompts among the findings that are errors. Raises UsageError outside of a project, or when the files
    cannot be written; then nothing was."""
    project = _project(start)
    try:
        run = _Run(project, configuration)
        for path, found in _by_file(findings).items():
            run.file(path, found)
        if run.written:
            write_all(project, {**run.names.store.files(), **run.written})
            run.report.changed = True
    except Refused as error:
        raise UsageError(f"--fix: {error}") from error
    return run.report


class _Run:
    """One run over the files of a project; it only collects, `fix` writes."""

    def __init__(self, project: Path, configuration: Configuration) -> None:
        self.report = Report()
        self.written: dict[Path, bytes | None] = {}
        self.names = Names(PromptStore(project / "prompts"))
        self._project = project
        self._configuration = configuration

    def file(self, path: Path, findings: list[Finding]) -> None:
        """Lift what can be lifted of one file; a line of the report for each finding."""
        if path.suffix == ".ipynb":
            what = f"{len(findings)} {'prompt' if len(findings) == 1 else 'prompts'} in a notebook"
            self.report.lines.append(f"{path}: {what}: run `python -m tools.promote {path}`")
            return
        reason = self._lifted(path, findings)
        if reason:
            self.report.lines += [f"{path}:{f.line}: not lifted: {reason}" for f in findings]

    def _lifted(self, path: Path, findings: list[Finding]) -> str:
        """Lift from one file; why nothing of it can be lifted, or an empty string."""
        if not path.resolve().is_relative_to(self._project):
            return f"the file is outside of {self._project}"
        at_import, forbidden = _place_in_application(path.resolve().relative_to(self._project))
        if forbidden:
            return forbidden
        content = path.read_bytes()
        source = module(content, path.as_posix())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source.parse()
        code = source.cells[0].code if source.cells else ""
        bom = _BOM if content.startswith(_BOM) else b""
        if bom + code.encode("utf-8", "replace") != content:
            return "the file is not UTF-8: save it as UTF-8 and run again"
        tree = source.cells[0].tree
        if tree is None or source.troubles or not _parses(code):
            return "the file does not parse completely: correct it and run again"
        name = path.resolve().relative_to(self._project).as_posix()
        trial = deepcopy(self.names)
        lifter = FileLifter(code, tree, name, path.stem, at_import)
        text, places = lifter.lift(self._prompts(source, findings), trial)
        count = sum(not place.reason for place in places)
        if count and not is_faithful(tree, text, count):
            return "the rewritten file would say something else: move the text by hand"
        self.report.lines += [_line(path, place) for place in places]
        if count:
            self.names = trial
            self.written[path.resolve()] = bom + text.encode("utf-8")
        return ""

    def _prompts(self, source: Source, findings: list[Finding]) -> list[Prompt]:
        """The prompts that the findings are about: what a person has allowed is not among them."""
        wanted = {(f.line, f.end_line, f.text) for f in findings}
        found = read(source, self._configuration).prompts
        return [p for p in found if (p.text.line, p.text.end_line, p.text.literal) in wanted]


def _by_file(findings: Iterable[Finding]) -> dict[Path, list[Finding]]:
    files: dict[Path, list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.rule == RULE and finding.severity == "error":
            files[Path(finding.path)].append(finding)
    return files


def _project(start: Path) -> Path:
    for folder in (start.resolve(), *start.resolve().parents):
        if (folder / "pyproject.toml").is_file():
            for part in (Path("prompts"), _HELPER_FILE):
                if not (folder / part).exists():
                    raise UsageError(f"--fix needs {part}, which {folder} does not have: run it in a baked project")
            return folder
    raise UsageError(f"--fix needs a project, and no pyproject.toml stands at or above {start}: run it inside one")


def _parses(code: str) -> bool:
    """False for what only the linter's leniency reads, such as an f-string of a newer Python."""
    try:
        ast.parse(code)
    except (SyntaxError, ValueError):
        return False
    return True


def _place_in_application(relative: Path) -> tuple[str, str]:
    """For a file of the application: why what is evaluated at import stays, and why everything does."""
    if not relative.is_relative_to(_APPLICATION):
        return "", ""
    layer = relative.parts[len(_APPLICATION.parts)]
    if layer not in _MAY_IMPORT_IT:
        return "", f"{_APPLICATION / layer} may not import {HELPERS}: take the prompt from the registry it is given"
    return "it is evaluated when the application is imported: move it into the function that uses it", ""


def _line(path: Path, place: Place) -> str:
    if place.reason:
        return f"{path}:{place.line}: not lifted: {place.reason}"
    return f"{path}:{place.line}: lifted to prompts/{place.task}/v{place.version}.prompt.yml"
