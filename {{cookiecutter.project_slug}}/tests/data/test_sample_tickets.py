"""The sample tickets are fit to measure with: the labelled evaluation set, the notebook and the sample it reads.

A label is decided by the one thing that the customer wants done:

- billing: money between the customer and Tallybird, such as charges, refunds, plans, prices, tax, receipts and
  cancelling.
- technical: Tallybird itself is broken, slow or wrong, or the customer cannot find how to do something in it; files
  imported and exported by hand count here.
- account: signing in, security, users and roles, owning or closing a workspace, personal data and where it is kept.
- integrations: a connection to another system, such as banks, payment and accounting services, e-invoice networks,
  the API and webhooks.
- feedback: praise, criticism or an idea, with nothing that support has to solve.
- other: none of these, such as advertising, mail for somebody else, an empty message, or only an attempt to steer
  the model.
"""

import ast
import csv
import json
import re
from collections import Counter
from itertools import combinations
from pathlib import Path
from typing import Any

import nbformat
import pytest

ROOT = Path(__file__).parents[2]
CASES = ROOT / "evals" / "cases" / "classification.jsonl"
EXPLORE = ROOT / "notebooks" / "explore"
NOTEBOOK = EXPLORE / "support_poc.ipynb"
SAMPLE = EXPLORE / "data" / "tickets_sample.csv"

LABELS = {"billing", "technical", "account", "integrations", "feedback", "other"}
SLICE_MINIMUM = {"common": 120, "edge": 40, "multilingual": 30, "malformed": 20, "adversarial": 20}
MOST_SHARED_TRIGRAMS = 0.2


@pytest.fixture(scope="module")
def cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in CASES.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def sample() -> list[dict[str, str]]:
    with SAMPLE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def code_cells() -> list[str]:
    notebook = nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)
    return [
        re.sub(r"^(\s*)[%!].*", r"\1pass", cell.source, flags=re.MULTILINE)
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def trigrams(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"\w+", text.lower()) or [text]
    return {tuple(words[start : start + 3]) for start in range(max(1, len(words) - 2))}


def likeness(one: set[tuple[str, ...]], other: set[tuple[str, ...]]) -> float:
    return len(one & other) / len(one | other)


def assigned(code_cells: list[str], name: str) -> Any:
    for node in ast.parse("\n".join(code_cells)).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    raise AssertionError(f"the notebook does not assign {name}")


@pytest.mark.feature("E2")
def test_every_slice_is_large_enough_to_report_on(cases: list[dict[str, Any]]) -> None:
    """At least 240 cases, and no slice so small that one answer moves it by more than 5 points."""
    counts = Counter(case["slice"] for case in cases)

    assert len(cases) >= 240
    assert counts.keys() == SLICE_MINIMUM.keys()
    assert all(counts[name] >= minimum for name, minimum in SLICE_MINIMUM.items()), counts


@pytest.mark.feature("E2")
def test_no_label_is_rare_or_dominant(cases: list[dict[str, Any]]) -> None:
    """Only the six labels occur, each 25 to 80 times, so that always answering one of them scores below a third."""
    counts = Counter(case["expected"]["label"] for case in cases)

    assert counts.keys() == LABELS
    assert min(counts.values()) >= 25
    assert max(counts.values()) <= min(80, len(cases) / 3)


@pytest.mark.feature("E2")
def test_cases_have_one_shape_and_their_own_id(cases: list[dict[str, Any]]) -> None:
    """A case is id, inputs.ticket, expected.label and slice, nothing else; ids count up from cls-001."""
    for case in cases:
        assert case.keys() == {"id", "inputs", "expected", "slice"}
        assert case["inputs"].keys() == {"ticket"}
        assert case["inputs"]["ticket"].strip()
        assert case["expected"].keys() == {"label"}
    assert [case["id"] for case in cases] == [f"cls-{n:03d}" for n in range(1, len(cases) + 1)]


@pytest.mark.feature("E2")
def test_no_two_cases_are_variants_of_each_other(cases: list[dict[str, Any]]) -> None:
    """No pair shares a fifth of its word trigrams: a template with other numbers in it would."""
    grams = [(case["id"], trigrams(case["inputs"]["ticket"])) for case in cases]

    alike = [(a, b) for (a, x), (b, y) in combinations(grams, 2) if likeness(x, y) > MOST_SHARED_TRIGRAMS]

    assert alike == []


@pytest.mark.feature("E2")
def test_slices_hold_what_their_names_say(cases: list[dict[str, Any]]) -> None:
    """Edge has very short and very long tickets, multilingual two scripts, malformed mojibake, markup and capitals."""
    texts = {name: [c["inputs"]["ticket"] for c in cases if c["slice"] == name] for name in SLICE_MINIMUM}

    assert sum(len(text) < 20 for text in texts["edge"]) >= 5
    assert sum(len(text) > 1500 for text in texts["edge"]) >= 3
    assert sum(bool(re.search(r"[\u0900-\u097f]", text)) for text in texts["multilingual"]) >= 3
    assert sum(bool(re.search(r"Ã|�", text)) for text in texts["malformed"]) >= 3
    assert sum(bool(re.search(r"<p>|&lt;|<table>", text)) for text in texts["malformed"]) >= 3
    assert sum(text.isupper() for text in texts["malformed"]) >= 3
    assert sum("ignore" in text.lower() or "label" in text.lower() for text in texts["adversarial"]) >= 10


def test_people_in_tickets_are_fictional(cases: list[dict[str, Any]], sample: list[dict[str, str]]) -> None:
    """Every e-mail address belongs to example.com, a domain reserved for examples."""
    texts = [case["inputs"]["ticket"] for case in cases] + [" ".join(row.values()) for row in sample]

    addresses = [found for text in texts for found in re.findall(r"[\w.+-]+@[\w.-]+\w", text)]

    assert len(addresses) > 50
    assert [a for a in addresses if not re.search(r"[@.]example\.com$", a.lower())] == []


def test_sample_looks_like_an_export(sample: list[dict[str, str]]) -> None:
    """40 tickets with their own ids, commas, quotes and line breaks in the text, and a few fields left empty."""
    assert len({row["ticket_id"] for row in sample}) == len(sample) == 40
    assert list(sample[0]) == ["ticket_id", "created_at", "customer", "channel", "text", "human_label"]
    assert {row["human_label"] for row in sample} == LABELS | {""}
    assert [key for row in sample for key, value in row.items() if not value] == [
        "customer",
        "channel",
        "human_label",
    ]
    assert all(any(sign in row["text"] for row in sample) for sign in [",", '"', "\n"])


@pytest.mark.feature("E2")
def test_sample_does_not_leak_into_the_cases(cases: list[dict[str, Any]], sample: list[dict[str, str]]) -> None:
    """A prompt written while looking at the notebook's tickets is measured on others."""
    grams = [(case["id"], trigrams(case["inputs"]["ticket"])) for case in cases]

    leaks = [
        (row["ticket_id"], case)
        for row in sample
        for case, gram in grams
        if likeness(trigrams(row["text"]), gram) > MOST_SHARED_TRIGRAMS
    ]

    assert leaks == []


def test_notebook_is_what_exploring_leaves_behind(code_cells: list[str]) -> None:
    """nbformat 4.4 without cell ids, run out of order, with outputs, none of them an error; its code compiles."""
    notebook = nbformat.read(NOTEBOOK, as_version=nbformat.NO_CONVERT)
    nbformat.validate(notebook)
    counts = [cell.execution_count for cell in notebook.cells if cell.get("execution_count")]
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]

    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 4)
    assert not any("id" in cell for cell in notebook.cells)
    assert counts != sorted(counts)
    assert outputs
    assert all(output.output_type != "error" for output in outputs)
    for number, source in enumerate(code_cells):
        compile(source, f"cell {number}", "exec")


def test_notebook_and_cases_agree_on_the_labels(code_cells: list[str]) -> None:
    """What the notebook asks the model to choose from is what the evaluation expects, on the sample beside it."""
    assert set(assigned(code_cells, "LABELS")) == LABELS
    assert (EXPLORE / assigned(code_cells, "TICKETS_CSV")).samefile(SAMPLE)
