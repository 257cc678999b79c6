"""Bad input at the command line: one line with the remedy, an exit code that is not 0, nothing half-written."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import pytest
import yaml

from app.caller import Caller
from app.cli.main import main
from app.interface.auth import authenticate
from app.settings import Auth

pytestmark = pytest.mark.slow

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(private_root: Path, project_root: Path) -> Run:
    """`app WORDS` in a project of its own, variables as keywords."""

    def command(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PYTHONPATH": str(project_root / "src"), **variables}
        return subprocess.run(
            [sys.executable, "-m", "app", *words], cwd=private_root, env=environment, capture_output=True, text=True,
            timeout=60, check=False,
        )  # fmt: skip

    return command


def own(private_root: Path, name: str) -> Path:
    """A writable copy of a folder that is otherwise a link into the project."""
    link = private_root / name
    source = link.resolve()
    link.unlink()
    shutil.copytree(source, link)
    return link


def refused(done: subprocess.CompletedProcess[str], *parts: str) -> None:
    """The command failed in one line on stderr that says all of `parts`."""
    assert done.returncode != 0, done.stdout
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for part in ("error: ", *parts):
        assert part in done.stderr


def test_an_unknown_provider_is_refused(run: Run) -> None:
    """The line names the variable's value range."""
    refused(run("status", APP_PROVIDER="bedrock"), "provider", "'offline', 'openai', 'anthropic', 'compatible'")


def test_a_provider_without_its_key_is_refused(run: Run) -> None:
    """The line names the variable to set, and the way to go on without a key."""
    refused(run("ask", "hello", APP_PROVIDER="openai"), "OPENAI_API_KEY", "APP_PROVIDER=offline")


def test_an_unknown_field_is_refused_with_its_place(run: Run, private_root: Path) -> None:
    """File, line and key of what nobody reads."""
    file = own(private_root, "config") / "dev.yaml"
    file.write_text("service: {prot: 8080}\n", encoding="utf-8")

    refused(run("status"), "config/dev.yaml:1", "service.prot", "unknown field")


def test_a_port_that_is_taken_is_refused(run: Run) -> None:
    """The line names the port and the flag that chooses another."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused(run("serve", "--port", str(taken.getsockname()[1])), str(taken.getsockname()[1]), "--port")


@pytest.mark.parametrize("words", [("ask", "hello"), ("serve", "--port", "0")], ids=lambda words: words[0])
def test_a_database_that_does_not_answer_is_refused(run: Run, words: tuple[str, ...]) -> None:
    """Host and port are named, the password is not; nothing is said to serve."""
    done = run(*words, DATABASE_URL="postgresql://me:hidden-word@127.0.0.1:1/app")

    refused(done, "127.0.0.1:1", "DATABASE_URL")
    assert "hidden-word" not in done.stderr


def test_a_prompt_with_an_undeclared_input_is_refused(run: Run, private_root: Path) -> None:
    """The file and the placeholder are named."""
    file = own(private_root, "prompts") / "answer" / "v1.prompt.yml"
    file.write_text(file.read_text(encoding="utf-8").replace("{{question}}", "{{question}} {{mood}}"), "utf-8")

    refused(run("prompts", "list"), "answer/v1.prompt.yml", "{{mood}} is not declared")


def test_a_place_that_cannot_be_written_is_named(run: Run, private_root: Path) -> None:
    """The path, the reason and the remedy, as for a disk that is full or read-only."""
    (private_root / "build").write_text("a file where the folder should be", "utf-8")

    refused(run("gate"), str(private_root / "build"), "cannot be used (Not a directory): ")


def test_a_corpus_file_that_is_not_text_is_refused(run: Run, private_root: Path) -> None:
    """The file is named, and what to do with it."""
    (own(private_root, "corpus") / "scan.md").write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00")

    done = run("gate")

    assert done.returncode == 3
    assert "error: 1 finding in the data gates" in done.stderr
    assert "is not a text file" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "words", [("eval", "nonsense"), ("eval", "--prompt", "classify"), ("prompts", "show", "nobody")]
)
def test_names_that_are_not_there_are_refused(run: Run, words: tuple[str, ...]) -> None:
    """Suites and prompts are named with what there is."""
    refused(run(*words))


def test_outside_a_project_every_command_says_so(tmp_path: Path, project_root: Path) -> None:
    """Nothing is made in a folder that is no project."""
    environment = {**os.environ, "PYTHONPATH": str(project_root / "src")}
    command = [sys.executable, "-m", "app", "status"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    refused(done, "not inside a project")
    assert list(tmp_path.iterdir()) == []


def _commands(command: click.Command, name: str) -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        for word, one in command.commands.items():
            yield from _commands(one, f"{name} {word}")


def test_every_command_and_every_option_says_what_it_is_for() -> None:
    """`--help` leaves nobody to guess: a sentence a command, a few words an option."""
    silent = [name for name, command in _commands(main, "app") if not command.help]
    for name, command in _commands(main, "app"):
        options = [one for one in command.params if isinstance(one, click.Option)]
        silent += [f"{name} {one.opts[0]}" for one in options if not one.help]

    assert silent == []


def test_a_package_that_the_image_lacks_is_one_line(project_root: Path, database_url: str, tmp_path: Path) -> None:
    """In the service's image there is no pandas: the gate says where it can be run."""
    (tmp_path / "pandas.py").write_text("raise ModuleNotFoundError(\"No module named 'pandas'\", name='pandas')")
    path = os.pathsep.join([str(tmp_path), str(project_root / "src")])
    environment = {**os.environ, "PYTHONPATH": path, "DATABASE_URL": database_url, "APP_PROVIDER": "offline"}
    command = [sys.executable, "-m", "app", "data", "enqueue"]
    done = subprocess.run(command, cwd=project_root, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.startswith("error: pandas is not installed here: run this in a checkout")
    assert "Traceback" not in done.stderr


@pytest.mark.feature("T5")
def test_production_does_not_start_on_a_development_configuration(run: Run) -> None:
    """Every fault is listed with its remedy, and nothing listens."""
    done = run("serve", "--port", "0", APP_ENVIRONMENT="prod")

    assert done.returncode == 3
    for fault in ("offline stand-in", "auth.keys is empty", "DATABASE_URL is not set"):
        assert fault in done.stderr


def test_a_new_key_is_shown_once_with_its_configuration(run: Run) -> None:
    """The secret's hash is what goes into the configuration."""
    done = run("key", "new", "reporting: daily", "--group", "staff", "--group", "board, old", "--tenant", "acme")
    first, _, *configuration = done.stdout.splitlines()
    secret = first.removeprefix("key (shown only now): ")
    auth = Auth(**yaml.safe_load("\n".join(configuration))["auth"])

    caller = authenticate({"authorization": f"Bearer {secret}"}, auth)

    assert secret not in "".join(configuration)
    assert caller == Caller("acme", "reporting: daily", groups=frozenset({"staff", "board, old"}))


@pytest.mark.feature("P1")
def test_versions_can_be_listed_shown_and_compared(run: Run) -> None:
    """`prompts list|show|diff` tell what is served and what changed."""
    assert "classify@2" in run("prompts", "list").stdout
    assert "sha256" in run("prompts", "show", "classify@1").stdout
    assert "+++ classify@2" in run("prompts", "diff", "classify", "1", "2").stdout


def test_answers_are_not_measured_from_an_empty_index(run: Run, database_url: str) -> None:
    """Before the pipeline has run the suite is refused with what to run, not scored at zero."""
    refused(run("eval", "rag", DATABASE_URL=database_url), "make pipeline")


@pytest.mark.parametrize("command", ["door", "pipeline", "serve", "ask"])
def test_commands_with_a_door_are_quiet(command: str, project_root: Path) -> None:
    """The logs are set up before a door can write a line for each request, which would fill a pipe nobody reads."""
    code = (
        "import structlog\nfrom app.cli.main import main\n"
        f"try:\n    main([{command!r}, '--help'])\nexcept SystemExit:\n    print(structlog.is_configured())"
    )
    environment = {**os.environ, "PYTHONPATH": str(project_root / "src")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.endswith("True\n")
