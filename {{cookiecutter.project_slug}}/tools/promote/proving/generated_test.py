"""The test a promoted step comes with: it runs in process against the recorded replies, without network."""

from __future__ import annotations

from collections.abc import Mapping

TEMPLATE = '''"""The step asks and prints what was recorded. Written by `python -m tools.promote`."""

import json
from pathlib import Path
from shutil import copytree

import pytest

from app.interface.replay import ReplayDoor, run_step_in_process

ROOT = Path(__file__).resolve().parents[2]
STEP = "{step}"
RECORDING = ROOT / "tests/steps" / f"{{STEP}}.recording.json"
PRINTED = ROOT / "tests/steps" / f"{{STEP}}.printed.json"  # a text a code cell, null where it changes by itself
PROMPTS: dict[str, int] = {pins}
{settings}

@pytest.mark.skipif(
    not RECORDING.exists(),
    reason="no recording yet: promote the notebook with its proof",
)
def test_the_step_asks_and_prints_what_was_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The requests of the step are the recorded ones, each once, and so is what it prints."""
    monkeypatch.setenv("APP_RUN_PROMPTS", json.dumps(PROMPTS))
{given}    for entry in ROOT.iterdir():
        if entry.name != "notebooks":
            (tmp_path / entry.name).symlink_to(entry)
    copytree(ROOT / "notebooks", tmp_path / "notebooks")
    with ReplayDoor(RECORDING) as door:
        run = run_step_in_process(tmp_path / "notebooks/steps" / f"{{STEP}}.ipynb", {{}}, door)
    assert door.unanswered == []
    assert door.remaining == []
    for expected, cell in zip(json.loads(PRINTED.read_text(encoding="utf-8")), run.outputs, strict=True):
        printed = "".join("".join(output["text"]) for output in cell if output.get("name") == "stdout")
        assert expected in (None, printed)
'''


def test_file(step: str, pins: Mapping[str, int], given: Mapping[str, str]) -> bytes:
    """The bytes of `tests/steps/test_<step>.py`. `pins`: the version of each prompt it was promoted with; `given`: what
    stands in for keys, by variable, as in the proof."""
    return TEMPLATE.format(step=step, pins=as_literal(pins), **placeholder_lines(given)).encode("utf-8")


def as_literal(pins: Mapping[str, int]) -> str:
    """The dictionary as a formatter would write it, an entry a line."""
    lines = "".join(f'    "{task}": {version},\n' for task, version in pins.items())
    return f"{{\n{lines}}}" if pins else "{}"


def placeholder_lines(given: Mapping[str, str]) -> dict[str, str]:
    """The lines of a test that set variables, by their place in the template; empty for none."""
    if not given:
        return {"settings": "", "given": ""}
    lines = "".join(f'    "{name}": "{value}",\n' for name, value in given.items())
    settings = f"# What the notebook reads and no recorded reply depends on.\nSETTINGS = {{\n{lines}}}\n"
    return {
        "settings": settings,
        "given": "    for name, value in SETTINGS.items():\n        monkeypatch.setenv(name, value)\n",
    }
