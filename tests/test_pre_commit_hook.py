"""The linter as a hook of other repositories: pre-commit takes it from a clone of this one, without a network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import SOURCE, TEMPLATE, environment, git

PRE_COMMIT = Path(sys.executable).with_name("pre-commit")
PROMPT = "client.chat.completions.create(messages=[{'role': 'system', 'content': 'You label tickets of a shop.'}])\n"
CONFIGURATION = "repos:\n- repo: {clone}\n  rev: {rev}\n  hooks:\n  - id: no-hardcoded-prompts\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What pre-commit clones: the hook's manifest and the linter, at their places in the template."""
    folder = tmp_path / "llm-prod"
    linter = Path(SOURCE.name, "tools", "prompt_lint")
    shutil.copytree(TEMPLATE / linter, folder / linter, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(SOURCE / "tools/__init__.py", folder / SOURCE.name / "tools/__init__.py")
    shutil.copyfile(TEMPLATE / ".pre-commit-hooks.yaml", folder / ".pre-commit-hooks.yaml")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "The hook")
    return folder


@pytest.fixture
def repository(clone: Path, tmp_path: Path) -> Path:
    """Somebody else's repository that uses the hook."""
    folder = tmp_path / "other"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    rev = git(clone, "rev-parse", "HEAD")
    (folder / ".pre-commit-config.yaml").write_text(CONFIGURATION.format(clone=clone, rev=rev))
    return folder


def run(repository: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    git(repository, "add", "--all")
    # No proxy answers on this port: whatever asks the network fails.
    offline = {"https_proxy": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    home = {"PRE_COMMIT_HOME": str(repository.parent / "cache")}
    command = [str(PRE_COMMIT), *arguments]
    return subprocess.run(
        command, cwd=repository, env=environment(**offline, **home), capture_output=True, text=True, timeout=120
    )


@pytest.mark.slow
@pytest.mark.feature("N6")
def test_another_repository_uses_the_hook(repository: Path) -> None:
    """A hardcoded prompt turns it red with place and remedy; without it, it is green."""
    desk = repository / "desk.py"
    desk.write_text(PROMPT)
    red = run(repository, "run", "--all-files")
    assert red.returncode == 1, red.stdout + red.stderr
    assert "desk.py:1: error: system prompt hardcoded" in red.stdout
    desk.write_text("print('nothing to see')\n")
    green = run(repository, "run", "--all-files")
    assert green.returncode == 0, green.stdout + green.stderr
    assert "Passed" in green.stdout


@pytest.mark.slow
def test_arguments_reach_the_linter(repository: Path) -> None:
    """An old repository writes its findings down once and passes the baseline as an argument of the hook."""
    (repository / "desk.py").write_text(PROMPT)
    file = repository / ".pre-commit-config.yaml"
    file.write_text(file.read_text() + "    args: [--write-baseline, known.json]\n")
    assert run(repository, "run", "--all-files").returncode == 0
    file.write_text(file.read_text().replace("--write-baseline", "--baseline"))
    assert run(repository, "run", "--all-files").returncode == 0
    (repository / "new.py").write_text(PROMPT.replace("tickets", "letters"))
    red = run(repository, "run", "--all-files")
    assert red.returncode == 1
    assert "new.py:1" in red.stdout
    assert "desk.py:1" not in red.stdout


@pytest.mark.slow
def test_try_repo(clone: Path, repository: Path) -> None:
    """`pre-commit try-repo` works on the clone as it lies, which is how one looks at a hook first."""
    (repository / "desk.py").write_text(PROMPT)
    tried = run(repository, "try-repo", str(clone), "no-hardcoded-prompts", "--all-files")
    assert tried.returncode == 1, tried.stdout + tried.stderr
    assert "desk.py:1: error: system prompt hardcoded" in tried.stdout


def test_an_old_python_is_told_which_one_is_needed(tmp_path: Path) -> None:
    """The script is read by any Python 3; an old one gets a sentence, not a traceback."""
    hook = SOURCE / "tools/prompt_lint/hook.py"
    code = (
        "import runpy, sys; sys.version_info = (3, 8, 10, 'final', 0); "
        f"sys.argv = ['hook']; runpy.run_path({str(hook)!r}, run_name='__main__')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "Python 3.11 or newer is needed, and python3 is 3.8.10" in done.stderr
    assert "Traceback" not in done.stderr
