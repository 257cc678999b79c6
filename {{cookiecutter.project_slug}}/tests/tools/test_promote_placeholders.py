"""Places an author left for everybody's own value, in notebooks that are otherwise sound."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.tools.notebooks.projects import make_project, promote_cells
from tools.promote.notebook.older_fstrings import older
from tools.promote.notebook.outcome import Refused
from tools.promote.write import write_all


@pytest.mark.feature("N1")
def test_a_placeholder_is_written_as_a_text(tmp_path: Path) -> None:
    """A key goes as any key does and is reported as one, another value becomes a parameter that has to be given."""
    promoted = promote_cells(
        make_project(tmp_path),
        "import os\nos.environ['LANGCHAIN_TRACING_V2'] = 'true'\nos.environ['LANGCHAIN_API_KEY'] = <your-api-key>",
        "REGION = <your region>  # where it runs\nprint(REGION, f(token=<your token>))",
    )
    text = "\n".join(promoted.code)
    assert "<your-api-key>" not in text
    assert 'REGION: str = "<your region>"  # where it runs' in text
    found = [(f.cell, f.line) for f in promoted.promotion.report.findings if f.subject == "placeholder"]
    assert found == [(1, 1), (1, 2)]


def test_an_empty_place_is_filled_with_an_empty_text(tmp_path: Path) -> None:
    """`API_BASE = # yours` is no Python either."""
    promoted = promote_cells(make_project(tmp_path), "PLACE = # SET YOUR OWN\nOTHER =\nprint(PLACE, OTHER)")
    assert 'PLACE: str = ""  # SET YOUR OWN\nOTHER: str = ""' in promoted.code[0]


@pytest.mark.parametrize("code", ["x = <a> <b>", "if a < b > :\n", "x = [<a>\nprint(1)", "Click `Models` to see it."])
def test_what_does_not_parse_even_then_is_refused(code: str, tmp_path: Path) -> None:
    """With the place of the author's own text."""
    with pytest.raises(Refused, match="cell 0, line"):
        promote_cells(make_project(tmp_path), code)


@pytest.mark.parametrize(
    "code", ["a = b <c> (d)", "s = '''\nkey = <your key>\n'''\nprint(s)", "html = '<p>'\nprint(html)"]
)
def test_sound_python_is_left_alone(code: str, tmp_path: Path) -> None:
    """Comparisons, texts and markup are none."""
    promoted = promote_cells(make_project(tmp_path), code)
    assert not [f for f in promoted.promotion.report.findings if f.subject == "placeholder"]


def test_promoting_twice_is_promoting_once(tmp_path: Path) -> None:
    """The file keeps its placeholders; the step of the same file is up to date."""
    project = make_project(tmp_path)
    cells = ("import os\nos.environ['A_KEY'] = <your-key>", "REGION = <region>\nprint(REGION)")
    write_all(project, promote_cells(project, *cells).promotion.files)
    assert promote_cells(project, *cells).promotion.report.unchanged


@pytest.mark.parametrize(
    ("newer", "older_form"),
    [
        ('f"{row["name"]} {x!r:>10}"', "f\"{row['name']} {x!r:>10}\""),
        ("f'{d['a']['b']:>{w}}'", 'f\'{d["a"]["b"]:>{w}}\''),
        (r'f"{"\n".join(lines)}"', 'f"{chr(10).join(lines)}"'),
        (r'f"{"- \n".join(lines)}"', "f\"{('- ' + chr(10)).join(lines)}\""),
        ('f"{\', \'.join(f"{k}" for k in xs)}"', "f\"{', '.join(f'{k}' for k in xs)}\""),
    ],
)
def test_an_f_string_of_a_later_python_is_written_for_this_one(newer: str, older_form: str, tmp_path: Path) -> None:
    """The same text comes of it; what stands around it stays byte for byte, and the report says where."""
    rest = '  # it\'s "here"\nprint("a {b[\'c\']}")'
    assert older(f"x = {newer}{rest}") == f"x = {older_form}{rest}"
    promoted = promote_cells(make_project(tmp_path), f"x = {newer}{rest}")
    if sys.version_info < (3, 12):
        assert older_form in promoted.code[0]
        (found,) = [f for f in promoted.promotion.report.findings if f.subject == "syntax"]
        assert (found.cell, found.line) == (0, 1)


@pytest.mark.parametrize(
    "code",
    ['f"{f"{x["a"]}"}"', 'f"{x["a"]  # why\n}"', 'f"{x["a', 'r"\\d" f"{x[\'a\']}"', 'f"""{x["a"]}"""', '!echo "it\'s"'],
)
def test_what_cannot_or_need_not_be_written_otherwise_stays(code: str) -> None:
    """No quotes are left, a comment would be lost, it ends nowhere; or every Python reads it."""
    assert older(code) == code
