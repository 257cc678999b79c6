"""The command line: `app COMMAND`. It parses words and shows errors; what a command does stands in `app.commands`.

An expected error is one line on stderr and an exit code that is not 0, never a traceback.
"""

from __future__ import annotations

import errno
import logging
import sys
from pathlib import Path
from typing import Any

import click

from app.cli import data, measuring, operations
from app.cli.project import project_root
from app.errors import AppError, ConfigurationError, GateFailedError

# The service's image has no development packages: gates, notebooks, MLflow's pages.
ELSEWHERE = "run this in a checkout, where `make` installs what the service does without (requirements-dev.lock)"

# What a machine may refuse at any place where a command keeps something.
DISK_REMEDIES = {
    errno.EACCES: "give this user the right to it",
    errno.EPERM: "give this user the right to it",
    errno.EROFS: "mount it writable, or work in a copy",
    errno.ENOTDIR: "a file stands where a folder is wanted, move it away",
    errno.EISDIR: "a folder stands where a file is wanted, move it away",
    errno.ENOSPC: "make room on the disk",
    errno.EDQUOT: "make room, the quota is used up",
    errno.EMFILE: "raise the limit of open files (ulimit -n)",
}


class Commands(click.Group):
    """A group whose expected errors end the program in one line."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run a command line."""
        try:
            return super().main(*args, **kwargs)
        except AppError as error:
            click.echo(f"error: {' '.join(str(error).split())}", err=True)
            if isinstance(error, GateFailedError):
                for failure in error.failures:
                    click.echo(f"  {failure}", err=True)
            sys.exit(error.exit_code)
        except ModuleNotFoundError as error:
            package = (error.name or "app").partition(".")[0]
            if package in ("app", "tools"):
                raise
            click.echo(f"error: {package} is not installed here: {ELSEWHERE}", err=True)
            sys.exit(ConfigurationError.exit_code)
        except OSError as error:
            remedy = DISK_REMEDIES.get(error.errno or 0)
            if remedy is None:
                raise
            place = error.filename or "a file"
            click.echo(f"error: {place} cannot be used ({error.strerror}): {remedy}", err=True)
            sys.exit(AppError.exit_code)


# Commands that open no door: only doors write structlog's lines, which standard logging does not see.
LATE = frozenset({"eval"})


class _LateLogs(logging.Handler):
    """Sets the logs up when there is something to log: structlog takes longer to load than many a command runs."""

    def emit(self, record: logging.LogRecord) -> None:
        """Set up the real handler, and pass the record on."""
        from app.observability.logs import configure_logs

        configure_logs(level="WARNING", json=False)
        logging.getLogger(record.name).handle(record)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
@click.pass_context
def main(context: click.Context) -> None:
    """From notebook to production: serve, evaluate, promote and roll back."""
    if context.invoked_subcommand in LATE:
        logging.lastResort = _LateLogs(logging.WARNING)
        return
    from app.observability.logs import configure_logs

    configure_logs(level="WARNING", json=False)


@main.command()
def demo() -> None:
    """Carry the sample notebook to a measured, running service."""
    from app.commands.demo import run

    run(project_root())


@main.command()
@click.option("--host", help="Address to listen on; the configured one when left out.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port; 0 takes a free one.")
def serve(host: str | None, port: int | None) -> None:
    """Start the HTTP service."""
    from app.commands.serve import run

    run(project_root(), host, port)


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default="a free one", help="Port.")
@click.option("--record", type=click.Path(path_type=Path, dir_okay=False), help="Write every exchange to this file.")
def door(port: int, record: Path | None) -> None:
    """Open the model doors for a notebook, with a key of their own."""
    from app.commands.door import run

    run(project_root(), port, record)


@main.command()
@click.argument("question")
@click.option("--tenant", default="default", show_default=True, help="Whose documents.")
@click.option("--group", "groups", multiple=True, help="As a member of this document group; may be given again.")
def ask(question: str, tenant: str, groups: tuple[str, ...]) -> None:
    """Ask the assistant one question, without the service."""
    from app.commands.ask import run

    run(project_root(), question, tenant, groups)


@main.command()
def ui() -> None:
    """Start MLflow's pages over this project's runs, traces and prompts."""
    from app.commands.ui import run

    run(project_root())


@main.command()
def status() -> None:
    """Say what is configured and what is running."""
    from app.commands.database import status as run

    run(project_root())


@main.group()
def db() -> None:
    """The database."""


@db.command("start")
def db_start() -> None:
    """Start it, or say where it is."""
    from app.commands.database import start

    start(project_root())


@db.command("stop")
def db_stop() -> None:
    """Stop it; its data stays."""
    from app.commands.database import stop

    stop(project_root())


@db.command("migrate")
def db_migrate() -> None:
    """Bring the schema of the configured database up to date."""
    from app.commands.database import migrate as run

    run(project_root())


@db.command("role")
def db_role() -> None:
    """Make the role that DATABASE_URL names: one that row security holds for."""
    from app.commands.database import role

    role(project_root())


@main.group()
def pipeline() -> None:
    """The pipeline of notebooks/pipeline.yaml."""


@pipeline.command("run")
@click.option("--again", is_flag=True, help="Redo a run that is already finished.")
def pipeline_run(again: bool) -> None:
    """Run it; a stopped run goes on where it stopped."""
    from app.commands.pipeline import run

    run(project_root(), again=again)


@main.command("gate")
@click.option("--production", is_flag=True, help="Also check a sample of the last day's calls.")
@click.option(
    "--profile", is_flag=True, help="Make the last day's calls the profile that later ones are compared with."
)
def data_gate(production: bool, profile: bool) -> None:
    """Check corpus and evaluation cases with the data gates; red stops."""
    from app.commands.gate import run

    run(project_root(), production=production, keep_profile=profile)


@main.group("prompts")
def prompt_group() -> None:
    """The prompt registry."""


@prompt_group.command("list")
def prompts_list() -> None:
    """All tasks and versions, and which is served."""
    from app.commands.prompts import show_list

    show_list(project_root())


@prompt_group.command("show")
@click.argument("name", metavar="TASK[@VERSION]")
def prompts_show(name: str) -> None:
    """One version, as it stands."""
    from app.commands.prompts import show

    show(project_root(), name)


@prompt_group.command("diff")
@click.argument("task")
@click.argument("old", type=int)
@click.argument("new", type=int)
def prompts_diff(task: str, old: int, new: int) -> None:
    """What changed between two versions."""
    from app.commands.prompts import diff

    diff(project_root(), task, old, new)


@prompt_group.command("lock")
def prompts_lock() -> None:
    """Write the hashes of the served versions to prompts/released.lock: they can no longer change."""
    from app.commands.prompts import lock

    lock(project_root())


@prompt_group.command("publish")
def prompts_publish() -> None:
    """Mirror versions and aliases into the MLflow prompt registry."""
    from app.commands.prompts import publish

    publish(project_root())


prompt_group.add_command(measuring.optimise)


@main.group()
def key() -> None:
    """API keys."""


@key.command("new")
@click.argument("name")
@click.option("--tenant", default="default", show_default=True, help="Whose key it is.")
@click.option("--role", default="user", show_default=True, help="What it may do, tools above all.")
@click.option("--group", "groups", multiple=True, help="It reads documents of this group; may be given again.")
@click.option("--user", help="All calls are this user's; else the header x-user-id names the user.")
def key_new(name: str, tenant: str, role: str, groups: tuple[str, ...], user: str | None) -> None:
    """Make a key: shown once, with the lines of configuration that accept it."""
    from app.commands.keys import new

    new(name, tenant, role, groups, user)


for command in (*operations.COMMANDS, *measuring.COMMANDS, data.data):
    main.add_command(command)
for command in (data.db_backup, data.db_restore):
    db.add_command(command)
