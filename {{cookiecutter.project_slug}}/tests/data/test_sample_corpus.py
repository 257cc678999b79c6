"""Checks on the sample data itself: the corpus can be read and the questions point into it.

Nothing of the application is used here, so a fault in the chunker cannot hide a fault in the labels.
"""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CORPUS = ROOT / "corpus"
QUESTIONS = ROOT / "evals" / "cases" / "rag.jsonl"
SLICES = {"common", "edge", "multilingual", "malformed", "adversarial"}

HEADING = re.compile(r"^(#{1,6}) +(.+?)\s*$")
FENCE = re.compile(r"^```")
TABLE_RULE = re.compile(r"^\|(?: *:?-+:? *\|)+\s*$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+\.md)\)")


def documents() -> dict[str, str]:
    """The text of every document by its path below the corpus, as a reader on any system sees it."""
    return {
        path.relative_to(CORPUS).as_posix(): path.read_text(encoding="utf-8") for path in sorted(CORPUS.rglob("*.md"))
    }


def cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in QUESTIONS.read_text(encoding="utf-8").splitlines()]


def sections(text: str) -> list[tuple[str, str]]:
    """Pairs of heading and the text below it up to the next heading; a # inside a code block is no heading."""
    found: list[tuple[str, list[str]]] = []
    in_code = False
    for line in text.splitlines():
        in_code ^= bool(FENCE.match(line))
        heading = None if in_code else HEADING.match(line)
        if heading:
            found.append((heading[2], []))
        elif found:
            found[-1][1].append(line)
    return [(heading, "\n".join(body)) for heading, body in found]


def labelled_sections(case: dict[str, Any], texts: dict[str, str]) -> list[str]:
    """The text of each section a case names, in lower case; KeyError when a document or heading is missing."""
    return [
        dict(sections(texts[place["document"]]))[place["heading"]].lower() for place in case["expected"]["relevant"]
    ]


def test_corpus_has_the_size_of_a_small_help_centre() -> None:
    """There are at least 35 documents, 12 of them with tables, and one table is about 40 rows long."""
    texts = documents()
    with_tables = [name for name, text in texts.items() if TABLE_RULE.search(text)]
    rows = [line for line in texts["billing/vat-rates.md"].splitlines() if line.startswith("| ")]
    assert len(texts) >= 35
    assert len(with_tables) >= 12
    assert 38 <= len(rows) <= 45


def test_every_corpus_file_is_plain_utf8_text() -> None:
    """Each file is Markdown, decodes as UTF-8, is not empty and holds no control characters."""
    for path in (path for path in CORPUS.rglob("*") if path.is_file()):
        text = path.read_bytes().decode("utf-8")
        assert path.suffix == ".md", path
        assert text.strip(), path
        assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ufffd]", text), path


def test_corpus_has_no_template_markers() -> None:
    """No document holds a sequence that a template engine would take for its own."""
    marked = [name for name, text in documents().items() if re.search(r"\{[{%#]", text)]
    assert marked == []


def test_headings_name_one_section_each() -> None:
    """Within a document no two headings are equal, so a label names exactly one section."""
    for name, text in documents().items():
        headings = Counter(heading for heading, _ in sections(text))
        assert [heading for heading, count in headings.items() if count > 1] == [], name


def test_links_between_documents_lead_somewhere() -> None:
    """Every relative link to a Markdown file has a target in the corpus."""
    for name, text in documents().items():
        for target in LINK.findall(text):
            assert (CORPUS / name).parent.joinpath(target).resolve().is_file(), f"{name} -> {target}"


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        pytest.param("billing/plans-and-prices-2024.md", rb"\*\*Superseded\.\*\*", id="superseded page"),
        pytest.param("troubleshooting/import-errors.md", rb"\r\n", id="Windows line endings"),
        pytest.param("troubleshooting/ledgerloom-sync-conflicts.md", rb"[ ]+\n", id="trailing whitespace"),
        pytest.param("troubleshooting/cannot-sign-in.md", rb"\A## ", id="no H1"),
        pytest.param("troubleshooting/invoice-email-not-delivered.md", rb"\n## [^\n]+\n\n#### ", id="H4 under H2"),
        pytest.param("troubleshooting/pdf-looks-wrong.md", rb"(?s)<br>.*&nbsp;.*<table>", id="HTML remnants"),
        pytest.param("troubleshooting/service-status.md", rb"(?s)\A.{1,400}\Z", id="very short page"),
        pytest.param("getting-started/import-customers.md", rb"\A---\ntitle: ", id="front matter"),
        pytest.param("getting-started/erste-schritte.md", "für".encode(), id="German"),
        pytest.param("integrations/cobros-con-payharbor.md", "están".encode(), id="Spanish"),
        pytest.param("policies/support-hours.md", rb"@example\.com \| \+44", id="personal data"),
        pytest.param("api/authentication.md", rb"```bash\n# ", id="comment in a code block"),
    ],
)
def test_messy_parts_survive(name: str, pattern: bytes) -> None:
    """The untidy parts that make the sample realistic have not been tidied away by a formatter."""
    assert re.search(pattern, (CORPUS / name).read_bytes()), f"{name} has lost {pattern!r}"


@pytest.mark.feature("E3")
def test_questions_are_enough_and_cover_every_slice() -> None:
    """At least 60 questions, 15 to 35 per cent unanswerable, each slice with both kinds."""
    loaded = cases()
    kinds = {(case["slice"], case["expected"]["answerable"]) for case in loaded}
    unanswerable = sum(not case["expected"]["answerable"] for case in loaded) / len(loaded)
    assert len(loaded) >= 60
    assert 0.15 <= unanswerable <= 0.35
    assert kinds == {(name, answerable) for name in SLICES for answerable in (True, False)}


@pytest.mark.feature("E3")
def test_question_ids_and_texts_are_unique() -> None:
    """No id and no question occurs twice, and every line has exactly the fields of the format."""
    loaded = cases()
    assert len({case["id"] for case in loaded}) == len(loaded)
    assert len({case["inputs"]["question"].casefold() for case in loaded}) == len(loaded)
    for case in loaded:
        assert set(case) == {"id", "inputs", "expected", "slice"}, case["id"]
        assert set(case["inputs"]) == {"question"}, case["id"]
        assert set(case["expected"]) == {"answerable", "relevant", "contains"}, case["id"]


@pytest.mark.feature("E3")
def test_every_label_names_an_existing_section() -> None:
    """Each relevant document exists and holds the heading, written exactly like that."""
    texts = documents()
    for case in cases():
        for place in case["expected"]["relevant"]:
            assert place["document"] in texts, case["id"]
            assert place["heading"] in dict(sections(texts[place["document"]])), f"{case['id']}: {place}"


@pytest.mark.feature("E3")
def test_expected_strings_stand_in_the_named_sections() -> None:
    """Whatever a right answer must hold can be read in a section named as relevant."""
    texts = documents()
    for case in cases():
        bodies = labelled_sections(case, texts)
        for expected in case["expected"]["contains"]:
            assert any(expected.lower() in body for body in bodies), f"{case['id']}: {expected!r}"


@pytest.mark.feature("E3")
def test_only_answerable_questions_carry_labels() -> None:
    """An answerable question has sections and strings, an unanswerable one has neither."""
    for case in cases():
        expected = case["expected"]
        labelled = (bool(expected["relevant"]), bool(expected["contains"]))
        assert labelled == (expected["answerable"], expected["answerable"]), case["id"]


@pytest.mark.feature("E3")
def test_questions_are_paraphrases() -> None:
    """No question repeats six words in a row of the section that answers it."""
    texts = documents()
    for case in cases():
        asked = re.findall(r"\w+", case["inputs"]["question"].lower())
        runs = {" ".join(asked[start : start + 6]) for start in range(len(asked) - 5)}
        for body in labelled_sections(case, texts):
            words = " ".join(re.findall(r"\w+", body))
            assert not [run for run in runs if run in words], case["id"]
