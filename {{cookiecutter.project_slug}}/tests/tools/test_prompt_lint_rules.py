"""Every rule reports its own `must_fire` cases and keeps silent on its `must_not_fire` cases."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from tools.prompt_lint.catalogue import RULE_NAMES, RULES
from tools.prompt_lint.configuration import Configuration
from tools.prompt_lint.discovery import files
from tools.prompt_lint.documentation import page
from tools.prompt_lint.findings import Finding
from tools.prompt_lint.inspection import inspect
from tools.prompt_lint.rules.rule import Case, Rule

PROJECT = Path(__file__).parents[2]
FIRING = [pytest.param(rule, case, id=f"{rule.id}: {case.title}") for rule in RULES for case in rule.must_fire]
SILENT = [pytest.param(rule, case, id=f"{rule.id}: {case.title}") for rule in RULES for case in rule.must_not_fire]


def notebook(cells: Sequence[str]) -> str:
    """A minimal nbformat 4 notebook with these code cells."""
    made = [{"cell_type": "code", "source": c.splitlines(keepends=True), "metadata": {}, "outputs": []} for c in cells]
    return json.dumps({"cells": made, "metadata": {}, "nbformat": 4, "nbformat_minor": 4})


def findings_of(case: Case, folder: Path) -> list[Finding]:
    for name, content in case.files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else notebook(content), encoding="utf-8")
    configuration = Configuration(folder)
    return inspect(files([folder], configuration), configuration, jobs=1).findings


@pytest.mark.feature("N6")
@pytest.mark.parametrize(("rule", "case"), FIRING)
def test_reports_what_it_must(rule: Rule, case: Case, tmp_path: Path) -> None:
    """A case that must fire gives a finding of the rule, with the severity the case names."""
    found = [f for f in findings_of(case, tmp_path) if f.rule == rule.id]
    assert found
    assert case.severity is None or case.severity in {f.severity for f in found}


@pytest.mark.feature("N6")
@pytest.mark.parametrize(("rule", "case"), SILENT)
def test_keeps_silent_where_it_must(rule: Rule, case: Case, tmp_path: Path) -> None:
    """A case that must not fire gives no finding of the rule."""
    assert [f.message for f in findings_of(case, tmp_path) if f.rule == rule.id] == []


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_rule_explains_itself(rule: Rule) -> None:
    """A rule opens with the change it asks for and has cases of both kinds."""
    said = (type(rule).__doc__ or "").strip()
    assert said.startswith("Before")
    assert "After" in said
    assert rule.must_fire
    assert rule.must_not_fire
    assert rule.id in RULE_NAMES


def test_reference_page_is_the_rules_own() -> None:
    """docs/reference/prompt-lint.md is what `--docs` prints; when not, run it again."""
    assert (PROJECT / "docs/reference/prompt-lint.md").read_text(encoding="utf-8") == page()


@pytest.mark.feature("P1")
def test_a_released_version_is_immutable(tmp_path: Path) -> None:
    """One changed byte of a released prompt is an error at that file; the message says to make a new version."""
    rule = next(r for r in RULES if r.id == "released_prompt_changed")
    found = findings_of(rule.must_fire[0], tmp_path)
    assert [(f.severity, Path(f.path).name) for f in found if f.rule == rule.id] == [("error", "v1.prompt.yml")]
    assert "new version" in found[0].message
