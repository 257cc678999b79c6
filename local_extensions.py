"""Checks the answers while cookiecutter asks, so that a bad one is refused before anything is written.

Jinja filters named in cookiecutter.json. They refuse, with one line that holds the remedy; they never mend an answer.
They run in the folder cookiecutter was called in, which a hook does not, so a relative path means what was meant.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path

import click
from cookiecutter.exceptions import FailedHookException
from cookiecutter.utils import simple_filter

PROVIDERS = ("offline", "openai", "anthropic", "compatible")
SLUG = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
SLUG_LENGTH = range(2, 51)
TEXTS = ("project_name", "description", "owner", "on_call")
LOCK = Path(__file__).parent / "{{cookiecutter.project_slug}}" / "requirements-dev.lock"


class Refused(FailedHookException):
    """A bad answer. Cookiecutter prints the one line and ends with code 1."""


@simple_filter
def checked(answers: Mapping[str, str]) -> str:
    """Refuse the first bad one of the answers given so far."""
    for question in TEXTS:
        if question in answers:
            _check_text(question, answers[question])
    if "project_slug" in answers:
        _check_slug(answers["project_slug"])
        _check_target(answers["project_slug"])
    if answers.get("provider", PROVIDERS[0]) not in PROVIDERS:
        raise Refused(
            f"provider {answers['provider']!r} is unknown: choose {', '.join(PROVIDERS[:-1])} or {PROVIDERS[-1]}"
        )
    return "yes"


@simple_filter
def notebook_path(answer: str) -> str:
    """The absolute path of the notebook to start from, "" for none. Refuses what is not a notebook of format 4."""
    if not answer.strip():
        return ""
    _check_text("notebook", answer)
    path = Path(answer).expanduser().absolute()
    remedy = "give the path of an .ipynb file, or leave it empty to start from the sample"
    try:
        content = json.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise Refused(f"notebook {answer!r} cannot be read ({error.strerror}): {remedy}") from None
    except ValueError:
        raise Refused(f"notebook {answer!r} is not JSON: {remedy}") from None
    if not isinstance(content, dict) or not isinstance(content.get("nbformat"), int):
        raise Refused(f"notebook {answer!r} is JSON and not a notebook: {remedy}")
    if content["nbformat"] != 4 or not isinstance(content.get("cells"), list):
        raise Refused(f"notebook {answer!r} is not of format 4 with cells: open and save it once in Jupyter")
    return str(path)


@simple_filter
def called_from(_: object) -> str:
    """The folder cookiecutter was called in: what relative paths among the answers start from."""
    return str(Path.cwd())


def _check_text(question: str, value: str) -> None:
    if not value.strip():
        raise Refused(f"{question} is empty: give it a value, or keep the proposal")
    for character in value:
        if character in '"\\' or unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            raise Refused(
                f"{question} holds {character!r}: leave out double quotes, backslashes, line breaks "
                "and control characters"
            )


def _check_slug(slug: str) -> None:
    if not SLUG.fullmatch(slug) or len(slug) not in SLUG_LENGTH:
        raise Refused(
            f"project_slug {slug!r} is no name for a folder and a package: use {SLUG_LENGTH[0]} to {SLUG_LENGTH[-1]} "
            "lower-case letters and digits, words joined by - or _, a letter first"
        )
    if slug.replace("_", "-") in re.findall(r"^([a-z0-9-]+)==", LOCK.read_text(encoding="utf-8"), re.MULTILINE):
        raise Refused(f"project_slug {slug!r} is the name of a package the project needs: choose another")


def _check_target(slug: str) -> None:
    """Cookiecutter refuses an existing folder without a remedy, and with -f it would write over somebody's work."""
    command = click.get_current_context(silent=True)
    if command is None or not isinstance(command.params.get("output_dir"), str | Path):
        return
    target = Path(command.params["output_dir"], slug)
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise Refused(
            f"{str(target)!r} exists and is not empty: choose another project_slug or remove it; "
            "an existing project is brought up to date by `cruft update` inside it"
        )
    if target.exists() and not command.params.get("overwrite_if_exists"):
        raise Refused(f"{str(target)!r} exists: remove the empty folder, or add --overwrite-if-exists")
