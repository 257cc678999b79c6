"""Notebooks as pipeline steps."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from app.caller import Caller
from app.configuration import load
from app.errors import ConfigurationError, StepFailedError
from app.orchestration.notebook_step import check_parameters, run_notebook
from app.orchestration.step import Door, StepContext

WriteNotebook = Callable[..., Path]


@pytest.fixture
def context(root: Path) -> StepContext:
    settings = load(root, {"APP_PROVIDER": "offline", "APP_PROJECT__SLUG": "x"})
    folder = root / "build" / "pipeline" / "run" / "poc"
    door = Door("http://127.0.0.1:9", "door-key")
    return StepContext(settings, None, None, Caller(), door, {"answer": 2}, folder, print)  # type: ignore[arg-type]


@pytest.mark.feature("N5")
def test_a_notebook_runs_with_its_parameters_and_the_door(
    context: StepContext, write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel gets the parameters, the door's address and a folder for results; a provider's key stays out, and no
    framework sends traces to its vendor."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-real")
    notebook = write_notebook(
        "limit: int = 3",
        "import json, os, pathlib\n"
        "seen = {k: os.environ.get(k) for k in ('APP_RUN_DOOR_URL', 'APP_RUN_PROMPTS', 'OPENAI_API_KEY')}\n"
        "seen |= {'limit': limit, 'here': os.path.basename(os.getcwd())}\n"
        "seen['traces off'] = os.environ['OPENAI_AGENTS_DISABLE_TRACING']\n"
        "_ = pathlib.Path(os.environ['APP_RUN_OUTPUT'], 'seen.json').write_text(json.dumps(seen))",
    )

    output = run_notebook(notebook, {"limit": 7}, context)

    assert output.files == ["build/pipeline/run/poc/seen.json"]
    assert json.loads((context.settings.root / output.files[0]).read_text()) == {
        "APP_RUN_DOOR_URL": "http://127.0.0.1:9",
        "APP_RUN_PROMPTS": '{"answer": 2}',
        "OPENAI_API_KEY": None,
        "traces off": "1",
        "limit": 7,
        "here": "steps",
    }
    assert (context.settings.root / output.notebook).is_file()
    assert "APP_RUN_DOOR_URL" not in os.environ


def test_what_env_holds_besides_the_settings_reaches_the_notebook(
    context: StepContext, write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key of the notebook's own is read from `.env`, the shell's first; those of the app stay."""
    monkeypatch.setenv("SHELL_TOO", "shell")
    (context.settings.root / ".env").write_text(
        "TAVILY_API_KEY=t\nSHELL_TOO=file\nOPENAI_API_KEY=sk-real\nDATABASE_URL=postgres://x\nAPP_AUTH__MODE=open\n"
    )
    names = ("TAVILY_API_KEY", "SHELL_TOO", "OPENAI_API_KEY", "DATABASE_URL", "APP_AUTH__MODE")
    notebook = write_notebook(
        "limit: int = 3",
        "import json, os, pathlib\n"
        f"seen = {{k: os.environ[k] for k in {names} if k in os.environ}}\n"
        "_ = pathlib.Path(os.environ['APP_RUN_OUTPUT'], 'seen.json').write_text(json.dumps(seen))",
    )
    for name in names[2:]:
        monkeypatch.delenv(name, raising=False)

    output = run_notebook(notebook, {}, context)

    seen = json.loads((context.settings.root / output.files[0]).read_text())
    assert seen == {"TAVILY_API_KEY": "t", "SHELL_TOO": "shell"}


def test_packages_of_the_project_s_root_are_not_the_notebook_s(
    context: StepContext, write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With `make`, the root is on the path; a notebook's own `tools.py` is found before the project's package."""
    root = context.settings.root
    (root / "tools").mkdir()
    (root / "tools" / "__init__.py").write_text("WHOSE = 'the project'")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(root), os.environ.get("PYTHONPATH", "")]))
    notebook = write_notebook("limit = 3", "from tools import WHOSE\nassert WHOSE == 'the notebook'")
    (notebook.parent / "tools.py").write_text("WHOSE = 'the notebook'")

    assert run_notebook(notebook, {}, context).files == []


@pytest.mark.feature("N5")
@pytest.mark.parametrize(("parameters", "banner"), [({}, False), ({"limit": 1}, True)], ids=["plain", "injected"])
def test_a_failing_notebook_is_one_line(
    context: StepContext, write_notebook: WriteNotebook, parameters: dict[str, int], banner: bool
) -> None:
    """The error names notebook, cell of the source, exception and where the executed notebook is kept."""
    notebook = write_notebook("limit = 3", "x = 1", "raise ValueError('no tickets\\nleft')")

    with pytest.raises(StepFailedError) as failed:
        run_notebook(notebook, parameters, context)

    assert str(failed.value) == (
        "notebook notebooks/steps/poc.ipynb failed in cell 2: ValueError: no tickets left; "
        "see build/pipeline/run/poc.ipynb"
    )
    assert "ValueError" in (context.folder.with_suffix(".ipynb")).read_text()


def test_a_notebook_that_ends_its_kernel_early_has_failed(context: StepContext, write_notebook: WriteNotebook) -> None:
    """`sys.exit(0)` skips the cells after it: that is no success."""
    notebook = write_notebook("limit = 3", "import sys; sys.exit(0)", "print('never')")

    with pytest.raises(StepFailedError, match="stopped before cell 2"):
        run_notebook(notebook, {}, context)


def test_pickled_results_are_refused(context: StepContext, write_notebook: WriteNotebook) -> None:
    """What steps hand on is JSON or Parquet."""
    notebook = write_notebook(
        "limit = 3", "import os, pathlib\n_ = pathlib.Path(os.environ['APP_RUN_OUTPUT'], 'x.pkl').write_bytes(b'')"
    )

    with pytest.raises(StepFailedError, match=r"x\.pkl is pickled: hand results on as JSON or Parquet"):
        run_notebook(notebook, {}, replace(context))


@pytest.mark.feature("N5")
@pytest.mark.parametrize(
    ("parameters", "fault"),
    [
        ({"limits": 3}, "has no parameter 'limits': it declares limit, name"),
        ({"limit": "three"}, "parameter 'limit' of poc.ipynb must be int, found 'three'"),
        ({"limit": True}, "must be int, found True"),
    ],
    ids=["unknown", "type", "bool"],
)
def test_parameters_that_do_not_fit_are_refused_before_the_run(
    write_notebook: WriteNotebook, parameters: dict[str, object], fault: str
) -> None:
    """A misspelt or mistyped parameter never reaches a kernel."""
    notebook = write_notebook("limit: int = 3\nname = 'x'")

    with pytest.raises(ConfigurationError) as refused:
        check_parameters(notebook, parameters, "pipeline.yaml:4")

    assert str(refused.value).startswith("pipeline.yaml:4: ")
    assert fault in str(refused.value)


def _tag(notebook: Path, index: int, *tags: str) -> None:
    document = json.loads(notebook.read_text())
    document["cells"][index]["metadata"]["tags"] = list(tags)
    notebook.write_text(json.dumps(document))


@pytest.mark.feature("N5")
def test_an_error_that_a_cell_s_tags_name_does_not_end_the_run(
    context: StepContext, write_notebook: WriteNotebook
) -> None:
    """The executed notebook keeps it as text; an error of another type in the same cell ends the run there."""
    notebook = write_notebook(
        "kind = 'value'", "raise {'value': ValueError, 'key': KeyError}[kind]('shown')", "print('behind')"
    )
    _tag(notebook, 1, "raises-exception", "raises:ValueError")

    output = run_notebook(notebook, {}, context)

    executed = json.loads((context.settings.root / output.notebook).read_text())
    assert "meant to be raised here: ValueError" in "".join(executed["cells"][1]["outputs"][0]["text"])
    assert executed["cells"][2]["outputs"][0]["text"] in ("behind\n", ["behind\n"])
    with pytest.raises(StepFailedError, match="failed in cell 1: KeyError: 'shown'"):
        run_notebook(notebook, {"kind": "key"}, context)


def test_a_tag_without_a_type_lets_any_error_pass(context: StepContext, write_notebook: WriteNotebook) -> None:
    """Jupyter's own tag, as an author sets it."""
    notebook = write_notebook("limit = 3", "1 / 0", "print(limit)")
    _tag(notebook, 1, "raises-exception")
    assert run_notebook(notebook, {}, context).files == []
