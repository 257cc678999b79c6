"""`app data enqueue` and `app data work` from the command line, on the sample corpus."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import psycopg
import pytest
from click.testing import CliRunner

from app.cli.main import main

Run = Callable[..., str]


@pytest.fixture
def corpus(private_root: Path) -> Path:
    """A corpus of the project's own instead of the sample."""
    folder = private_root / "corpus"
    folder.unlink()
    folder.mkdir()
    for number in range(3):
        (folder / f"{number}.md").write_text(
            f"# Note {number}\n\nAbout the refund of plan number {number} by the team."
        )
    return folder


@pytest.fixture
def run(private_root: Path, database_url: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    """What `app data WORDS` or `app ask WORDS` says, errors after `error: `."""
    monkeypatch.chdir(private_root)
    monkeypatch.setenv("DATABASE_URL", database_url)

    def command(*words: str) -> str:
        return CliRunner().invoke(main, ["ask" if words[0] == "ask" else "data", *words[words[0] == "ask" :]]).output

    return command


def documents(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [name for (name,) in connection.execute("SELECT id FROM app.documents ORDER BY id")]


@pytest.mark.slow
@pytest.mark.feature("D1")
def test_what_is_enqueued_is_written_once(corpus: Path, run: Run, database_url: str) -> None:
    """The second time nothing is put on the queue; a deleted file goes with the next `enqueue`."""
    assert "3 put on the queue, 3 wait" in run("enqueue")
    assert "3 documents, 3 chunks written" in run("work")
    assert "0 put on the queue, 0 wait" in run("enqueue")
    assert "0 documents, 0 chunks written" in run("work")

    (corpus / "1.md").unlink()
    assert "0 put on the queue, 0 wait, 1 deleted" in run("enqueue")

    assert documents(database_url) == ["0.md", "2.md"]


@pytest.mark.slow
@pytest.mark.feature("D1")
def test_a_red_gate_puts_nothing_on_the_queue(corpus: Path, run: Run, database_url: str) -> None:
    """A file that cannot be read is named; the sound ones wait for it to be mended."""
    (corpus / "broken.md").write_bytes(b"\xff\xfe\x00")

    said = run("enqueue")

    assert "left out broken.md" in said
    assert "data gate 'documents' is red" in said
    assert "0 documents" in run("work")
    assert documents(database_url) == []


@pytest.mark.slow
@pytest.mark.feature("D5")
def test_a_question_may_be_asked_as_a_member_of_a_group(corpus: Path, run: Run) -> None:
    """Who is no member gets no answer out of a closed document, nor does another tenant; revoked is revoked at once."""
    (corpus / ".groups.yml").write_text("1.md: [staff]\n2.md: [staff]")
    run("enqueue")
    run("work")
    question = ("ask", "What is said about the refund of plan number 1?")

    assert "1.md > Note 1" in run(*question, "--group", "staff")
    assert "1.md" not in run(*question)
    assert "1.md" not in run(*question, "--group", "staff", "--tenant", "other")

    run("permit", "1.md", "board", "--by", "ada", "--reason", "the plan is secret")

    assert "1.md" not in run(*question, "--group", "staff")
    assert "1.md > Note 1" in run(*question, "--group", "board")

    (corpus / "1.md").write_text("# Note 1\n\nAnother text about the refund of plan number 1.")
    run("enqueue")
    run("work")

    lines = [re.sub(r"[\d-]{10} [\d:]{5}", "TIME", " ".join(line.split())) for line in run("permissions").splitlines()]
    assert lines == ["1.md board by ada TIME: the plan is secret", "2.md staff"]
    assert run("permissions", "--tenant", "other") == "every document of tenant 'other' is open to the whole tenant\n"


@pytest.mark.slow
@pytest.mark.feature("D1")
def test_a_restored_database_has_its_statistics(corpus: Path, run: Run, database_url: str, tmp_path: Path) -> None:
    """Without them the next ingestion plans as for empty tables, and runs into the statement time-out."""
    run("enqueue")
    run("work")
    for words in (["backup", str(tmp_path / "b")], ["restore", str(tmp_path / "b"), "--replace"]):
        assert CliRunner().invoke(main, ["db", *words]).exit_code == 0

    with psycopg.connect(database_url) as connection:
        known = connection.execute("SELECT count(*) FROM pg_stats WHERE tablename = 'chunks'").fetchone()

    assert known is not None
    assert known[0] > 5
    assert "0 put on the queue" in run("enqueue")


@pytest.mark.slow
def test_an_empty_index_is_no_answer(corpus: Path, run: Run) -> None:
    """Who asks before anything is ingested is told so, and not only that nothing was found."""
    question = ("ask", "What is said about the refund of plan number 1?")
    before = run(*question)
    run("enqueue")
    run("work")

    assert "tenant 'default' has no document in the index: run `make pipeline` first" in before
    assert "no document" not in run(*question)
    assert "no document" not in run("ask", "Is there life on Mars?")


@pytest.mark.slow
@pytest.mark.feature("N5")
def test_a_package_that_a_notebook_lacks_has_a_remedy(
    corpus: Path, run: Run, private_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pipeline names file and command, not the module alone."""
    monkeypatch.setenv("APP_TRACING__MLFLOW", "false")
    (private_root / "notebooks").unlink()
    steps = private_root / "notebooks" / "steps"
    steps.mkdir(parents=True)
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("import langchain_nowhere.chat")])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, steps / "poc.ipynb")
    step = "  - {name: poc, notebook: steps/poc.ipynb, parameters: {}}\n"
    (private_root / "notebooks" / "pipeline.yaml").write_text(f"name: test\nsteps:\n{step}")

    done = CliRunner().invoke(main, ["pipeline", "run"])

    assert done.exit_code == 1
    assert "note: add the package of langchain_nowhere to requirements-notebooks.in, run `make lock`" in done.output


@pytest.mark.slow
@pytest.mark.feature("D2")
def test_the_pipeline_says_what_it_did_with_the_documents(
    corpus: Path, run: Run, private_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line a step: read and left out, new, changed, deleted and unchanged; the same corpus again is reused."""
    monkeypatch.setenv("APP_TRACING__MLFLOW", "false")

    def pipeline() -> list[str]:
        said = CliRunner().invoke(main, ["pipeline", "run"]).stdout
        return [" ".join(line.split()[4:]) for line in said.splitlines() if line.startswith(("done", "reused"))]

    first = pipeline()
    (corpus / "0.md").write_text("# Note 0\n\nAnother text about the refund of the plan by the team.")
    (corpus / "1.md").unlink()
    second = pipeline()

    assert first[0] == "3 read"
    assert first[2] == "3 documents new or changed, 3 chunks"
    assert first[4] == (
        "3 new, 0 changed, 0 deleted, 0 unchanged; chunks: 3 written, 0 kept, 0 gone; vectors: 3 made, 0 reused"
    )
    assert second[4] == (
        "0 new, 1 changed, 1 deleted, 1 unchanged; chunks: 1 written, 0 kept, 1 gone; vectors: 1 made, 0 reused"
    )
