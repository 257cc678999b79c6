"""Synthetic cases mirror the sample, keep what is expected, say where they come from and are never held out."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from app.errors import InputError
from app.observability.evaluation.case import Case, load_cases
from app.observability.evaluation.synthesis import KINDS, as_line, by_rule, longest, sample

pytestmark = pytest.mark.feature("E10")

TEXT = "Please tell me why the invoice for our yearly plan was charged twice in March, and when the money comes back."


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_changes_the_text_and_nothing_else(kind: str) -> None:
    """The same seed gives the same case; another one may not."""
    case = Case("cls-1", {"ticket": TEXT, "channel": "mail"}, {"label": "billing"}, "edge", split="dev")
    made = by_rule(case, kind, 1)
    assert made is not None
    assert made == by_rule(case, kind, 1)
    assert made.inputs["ticket"] != TEXT
    assert (made.inputs["channel"], made.expected, made.slice) == ("mail", {"label": "billing"}, "edge")
    assert (made.id, made.origin, made.made_from) == (f"syn-cls-1-{kind}", "synthetic", f"cls-1 {kind}")
    assert not made.held_out


def test_the_sample_mirrors_the_slices_and_leaves_out_what_is_held_out(project_root: Path) -> None:
    """Of the project's own cases: about as many of each slice as its share."""
    cases = load_cases(project_root / "evals" / "cases" / "classification.jsonl")
    found = sample(cases, 60, 1)
    assert not any(case.held_out for case in found)
    assert 55 <= len(found) <= 60
    shares, whole = Counter(case.slice for case in found), Counter(case.slice for case in cases if not case.held_out)
    assert all(abs(shares[name] / len(found) - count / whole.total()) < 0.05 for name, count in whole.items())


def test_the_split_is_the_same_for_ever_and_about_two_in_five_are_held_out() -> None:
    """By the id, unless the case says."""
    cases = [Case(f"c-{number}", {"q": "x"}) for number in range(1000)]
    assert 340 < sum(case.held_out for case in cases) < 460
    assert [case.held_out for case in cases[:8]] == [Case(f"c-{n}", {"q": "y"}).held_out for n in range(8)]
    assert Case("c", {"q": "x"}, split="held_out").held_out
    assert not Case("c", {"q": "x"}, split="dev").held_out


def test_a_synthetic_case_that_is_held_out_is_refused(tmp_path: Path) -> None:
    """And one that does not say what it was made from."""
    path = tmp_path / "cases.jsonl"
    line = '{"id": "s", "inputs": {"q": "x"}, "origin": "synthetic", "made_from": "%s", "split": "%s"}'
    for made_from, split in (("c", "held_out"), ("", "dev")):
        path.write_text(line % (made_from, split))
        with pytest.raises(InputError, match="a synthetic case says what it was made from, and is never held out"):
            load_cases(path)
    path.write_text(line % ("c", "dev"))
    assert load_cases(path)[0].origin == "synthetic"
    path.write_text('{"id": "s", "inputs": {"q": "x"}, "origin": "dream"}')
    with pytest.raises(InputError, match="'origin' is 'dream': use person, production, synthetic"):
        load_cases(path)


def test_a_case_survives_the_file(tmp_path: Path) -> None:
    """Written and read back."""
    import json

    made = by_rule(Case("c", {"q": TEXT}, {"label": "x"}, split="dev"), "shouted", 1)
    assert made is not None
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps(as_line(made)))
    assert load_cases(path) == [made]
    assert longest({"a": "short", "b": "longer text", "n": 3}) == "b"
