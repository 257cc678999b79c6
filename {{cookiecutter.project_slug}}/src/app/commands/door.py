"""`app door`: the model doors on loopback for a notebook, with a key of their own, recording when asked to."""

from __future__ import annotations

import asyncio
import os
import socket
from pathlib import Path
from typing import Any

import click

from app import bootstrap
from app.commands.serve import listening
from app.interface.api import create_app
from app.interface.recording import record_door
from app.orchestration import token_tables
from app.orchestration.notebook import NOT_TOLD, UNSET_VARIABLES, environment_of
from app.settings import Settings, Tenant

POLL_S = 0.01


def run(root: Path, port: int, record: Path | None) -> None:
    """Serve until interrupted; stdout says where and with which key, then what a notebook's clients read of it."""
    token_tables.lay_out()  # for the notebook that is about to run against it
    loaded = bootstrap.settings(root)
    keyed, key = bootstrap.guarded_by_key(loaded)
    url = bootstrap.prepare_database(loaded)
    keyed = keyed if record is None else _without_old_replies(keyed)
    application: Any = create_app(keyed, lambda: bootstrap.open_services(keyed, url))
    if record is not None:
        application = record_door(application, record)
    with listening("127.0.0.1", port) as listener:
        asyncio.run(_serve(application, listener, key))


def _without_old_replies(loaded: Settings) -> Settings:
    """The same settings, a recording made afresh where that costs nothing: the stand-in of today may say other things
    than the one of the last release, whose replies are kept."""
    if loaded.provider != "offline":
        return loaded
    tenants = {key.tenant for key in loaded.auth.keys}
    kept = {name: loaded.tenants.get(name, Tenant()) for name in {*tenants, *loaded.tenants}}
    fresh = {name: tenant.model_copy(update={"cache": False}) for name, tenant in kept.items()}
    return loaded.model_copy(update={"tenants": fresh})


async def _serve(application: Any, listener: socket.socket, key: str) -> None:
    import uvicorn

    server = uvicorn.Server(uvicorn.Config(application, log_config=None, access_log=False, timeout_graceful_shutdown=2))
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not (server.started or serving.done()):  # noqa: ASYNC110  uvicorn sets a flag, no event
        await asyncio.sleep(POLL_S)
    if not serving.done():
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        quiet = {name: value for name, value in NOT_TOLD.items() if name not in os.environ}
        variables = {"APP_RUN_DOOR_URL": url, "APP_RUN_DOOR_KEY": key, **quiet, **environment_of(url, key)}
        click.echo(f"door listening on {url} key {key}")
        click.echo("\n".join(f"unset {name}" for name in UNSET_VARIABLES))
        click.echo("\n".join(f"export {name}={value}" for name, value in variables.items()) + "\n")
    await serving
