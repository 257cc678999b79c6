"""After the files are written: the team's notebook, the record for later updates, the first commit, the next steps.

Works offline and may run twice. When an update tool renders the template into a scratch folder only the files count:
then, and when LLM_PROD_FILES_ONLY is set, it leaves everything else alone.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ANSWERS = json.loads(r"""{{ cookiecutter | tojson }}""")
# Left by work in the template's source folder; no part of a project.
RESIDUE = ("__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis", ".venv", ".data", "build")
HOSTS = {"gh": "https://github.com/", "gl": "https://gitlab.com/", "bb": "https://bitbucket.org/"}


def git(*arguments: str, folder: str | Path = ".") -> str | None:
    """What git prints; None when it fails or is not installed."""
    try:
        done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return done.stdout.strip()


def remove_residue() -> None:
    for folder in [path for name in RESIDUE for path in Path().rglob(name)]:
        shutil.rmtree(folder, ignore_errors=True)


def copy_notebook() -> Path | None:
    """The team's own notebook beside the sample, which stays as the worked example that tests and docs use."""
    if not ANSWERS["__notebook_path"]:
        return None
    source = Path(ANSWERS["__notebook_path"])
    target = Path("notebooks", "explore", source.name)
    if target.exists() and target.read_bytes() != source.read_bytes():
        target = target.with_stem(target.stem + "_own")
    shutil.copyfile(source, target)
    return target


def template_address() -> str:
    """The template as `cruft` can fetch it again: an absolute path or an address."""
    template = ANSWERS["_template"]
    local = Path(ANSWERS["__called_from"], template).expanduser()
    if local.exists():
        return str(local.resolve())
    host, _, repository = template.partition(":")
    return f"{HOSTS[host]}{repository}.git" if host in HOSTS else template


def write_cruft_record() -> None:
    """`.cruft.json` as `cruft create` writes it. The notebook is the team's from here on, so no update asks for it."""
    answers = {key: value for key, value in ANSWERS.items() if not key.startswith("__")}
    for private in ("_output_dir", "_repo_dir", "_checkout"):
        answers.pop(private, None)
    answers |= {"notebook": "", "_template": template_address()}
    record = {
        "template": answers["_template"],
        "commit": git("rev-parse", "HEAD", folder=Path(ANSWERS["__called_from"], ANSWERS["_repo_dir"])),
        "checkout": ANSWERS["_checkout"],
        "context": {"cookiecutter": answers},
        "directory": None,
    }
    Path(".cruft.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def first_commit() -> None:
    if Path(".git").exists() or git("init", "--quiet", "--initial-branch=main") is None:
        return
    commit("Start from the template")


def commit(message: str) -> None:
    known = git("config", "user.email")
    identity = () if known else ("-c", "user.name=" + ANSWERS["owner"], "-c", "user.email=nobody@localhost")
    git("add", "--all")
    git(
        *identity,
        "-c",
        "commit.gpgsign=false",
        "commit",
        "--quiet",
        "--no-verify",
        "--message",
        message,
    )


def promote(notebook: Path) -> tuple[bool, str, list[str]]:
    """Make a step of the team's notebook with the Python at hand, and commit it apart.

    Whether it was made, what was said, and the packages it needs that the project has not. Its proof and its test run
    the notebook, for which the project's own packages are needed: `make demo` does both.
    """
    with tempfile.TemporaryDirectory() as scratch:
        report = Path(scratch, "report.json")
        command = [sys.executable, "-m", "tools.promote", str(notebook), "--no-prove", "--report", str(report)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            return False, (done.stderr or done.stdout).strip(), []
        needed = json.loads(report.read_text(encoding="utf-8"))["dependencies"]
    commit(f"Promote {notebook.name}")
    return True, done.stdout.strip(), lacking(needed)


def lacking(needed: list[str]) -> list[str]:
    """The requirements whose package no line of the project's lock file pins."""
    lock = Path("requirements-dev.lock").read_text(encoding="utf-8")
    pinned = {
        re.sub(r"[-_.]+", "-", name).lower() for name in re.findall(r"^([\w.-]+)(?:\[[^\]]*\])?==", lock, re.MULTILINE)
    }
    names = {text: re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", text)[0]).lower() for text in needed}
    return [text for text in needed if names[text] not in pinned]


def print_promotion(notebook: Path, done: bool, said: str, packages: list[str]) -> None:
    if not done:
        print(f"\nYour notebook is in {notebook} and was not promoted: {said}")
        return
    print(f"\n{said}")
    print("\nThe step's test waits for its recording: `make demo` runs your notebook and the step offline, compares")
    print("them, and keeps the recording that the test plays back.")
    if packages:
        print(f"\nThe notebook needs what this project has not installed: {', '.join(packages)}.")
        print("It stands in requirements-notebooks.in: run `make lock` before `make demo`, which then installs it.")


def print_next_steps(notebook: Path | None) -> None:
    print(f"\n{ANSWERS['project_name']} is ready. Next:\n")
    print(f"  cd '{os.path.relpath(Path.cwd(), ANSWERS['__called_from'])}'")
    print("  make demo      from a notebook to a measured, running service")
    print("  make test      everything that must hold before a merge")
    if notebook:
        print(f"  .venv/bin/python -m tools.promote '{notebook}'      again, when you have changed it")
    if ANSWERS["provider"] in ("openai", "anthropic"):
        print("\nThe demo runs offline until there is a key.")
        print(f"To use {ANSWERS['provider']}: cp .env.example .env and set its key there.")


def main() -> None:
    remove_residue()
    if "_output_dir" not in ANSWERS or os.environ.get("LLM_PROD_FILES_ONLY"):
        return
    notebook = copy_notebook()
    write_cruft_record()
    first_commit()
    if notebook:
        print_promotion(notebook, *promote(notebook))
    print_next_steps(notebook)


if __name__ == "__main__":
    main()
