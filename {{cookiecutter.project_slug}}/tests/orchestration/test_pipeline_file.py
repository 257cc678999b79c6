"""Reading notebooks/pipeline.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import ConfigurationError
from app.orchestration.pipeline_file import read_pipeline


def test_the_shipped_pipeline_is_read(project_root: Path) -> None:
    """The project's own file names its ingest steps with a gate after each."""
    pipeline = read_pipeline(project_root / "notebooks" / "pipeline.yaml")

    kinds = {step.name: step.kind for step in pipeline.steps}
    assert pipeline.name == "support"
    ingest = ["load_documents", "gate_documents", "chunk_documents", "gate_chunks", "index_chunks"]
    assert list(kinds)[:5] == ingest
    assert kinds["gate_documents"] == "gate"


def test_parameters_of_a_notebook_step_are_values(tmp_path: Path) -> None:
    """Parameters keep their YAML types."""
    file = tmp_path / "pipeline.yaml"
    file.write_text("name: p\nsteps:\n  - {name: poc, notebook: steps/poc.ipynb, parameters: {n: 3, names: [a, b]}}\n")

    step = read_pipeline(file).steps[0]

    assert step.parameters == {"n": 3, "names": ["a", "b"]}
    assert step.place == f"{file}:3"


@pytest.mark.parametrize(
    ("text", "line", "fault"),
    [
        ("name: p\nsteps: []\n", 2, "at least one step"),
        ("name: p\n", 1, "steps must be a list"),
        ("steps: [{name: a, run: a}]\n", 1, "name must be a text"),
        ("name: p\nsteps:\n  - {name: a, runs: a}\n", 3, "unknown field 'runs': use one of name, run"),
        ("name: p\nsteps:\n  - {name: a}\n", 3, "needs exactly one of run, gate, notebook; found none"),
        ("name: p\nsteps:\n  - {name: a, run: a, gate: b}\n", 3, "found run, gate"),
        ("name: p\nsteps:\n  - {name: a, run: a}\n  - {name: a, run: b}\n", 4, "already declared at"),
        ("name: p\nsteps:\n  - {name: A b, run: a}\n", 3, "lower-case letters"),
        ("name: p\nsteps:\n  - {name: a, run: a, parameters: {x: 1}}\n", 3, "is no notebook and takes no parameters"),
        ("name: p\nsteps:\n  - {name: a, notebook: a, parameters: [1]}\n", 3, "must be a mapping"),
        ("name: p\nsteps:\n  - just text\n", 3, "expected a mapping"),
        ("name: p\nsteps:\n  - {name: a, name: b, run: a}\n", 3, "stands twice"),
    ],
)
def test_a_fault_is_one_line_with_its_place(tmp_path: Path, text: str, line: int, fault: str) -> None:
    """Each fault names file and line and says what to use instead."""
    file = tmp_path / "pipeline.yaml"
    file.write_text(text)

    with pytest.raises(ConfigurationError) as refused:
        read_pipeline(file)

    assert f"{file}:{line}" in str(refused.value)
    assert fault in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_yaml_is_one_line(tmp_path: Path) -> None:
    """A broken or missing file is named."""
    (tmp_path / "broken.yaml").write_text("steps: [")

    for name in ("broken.yaml", "missing.yaml"):
        with pytest.raises(ConfigurationError, match=name):
            read_pipeline(tmp_path / name)
