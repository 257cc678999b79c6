"""A cell shows no value that it did not show before something was taken out of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.notebooks.projects import make_project, promote_cells

KEY = "k = os.getenv('OPENAI_API_KEY')"
IMPORTS = "import os\nfrom dotenv import load_dotenv\n"


@pytest.mark.feature("N2")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"load_dotenv()\n{KEY}", "load_dotenv();"),
        (f"load_dotenv()  # keys\n{KEY}", "load_dotenv();  # keys"),
        (f"load_dotenv(\n    'ü'\n)\n\n{KEY}\n# done", "load_dotenv(\n    'ü'\n);\n\n# done"),
        (f"{KEY}\nload_dotenv()", "load_dotenv()"),
        (f"load_dotenv()\n{KEY}\n%matplotlib inline", "load_dotenv()\n%matplotlib inline"),
        (f"x = load_dotenv()\n{KEY}", "x = load_dotenv()"),
    ],
    ids=["last", "comment", "lines", "was_last", "magic", "no_value"],
)
def test_a_value_that_was_not_shown_is_not_shown(before: str, after: str, tmp_path: Path) -> None:
    """Only where a value became the last thing of its cell by promoting."""
    client = "from openai import OpenAI\nclient = OpenAI(api_key=k)"
    promoted = promote_cells(make_project(tmp_path), IMPORTS, before, client)

    assert promoted.code[-2].strip() == after
