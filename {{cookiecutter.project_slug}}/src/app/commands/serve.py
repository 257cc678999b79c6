"""`app serve`: the HTTP service under uvicorn. It says what is wrong before it listens, in one line."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import click

from app import bootstrap
from app.errors import ConfigurationError


def run(root: Path, host: str | None, port: int | None) -> None:
    """Serve until interrupted. Raises ConfigurationError for a bad setting or a port that is taken."""
    import uvicorn

    loaded = bootstrap.settings(root)
    address = (host or loaded.service.host, loaded.service.port if port is None else port)
    os.environ["APP_RUN_ROOT"] = str(root)
    with listening(*address) as listener:
        config = uvicorn.Config(
            "app.bootstrap:service", factory=True, log_config=None, access_log=False, timeout_graceful_shutdown=10
        )
        config.load()  # finds a database that is away, before anything is said
        bound = listener.getsockname()[1]
        click.echo(f"serving on http://{address[0]}:{bound}  (health: /healthz, readiness: /readyz)", err=True)
        uvicorn.Server(config).run(sockets=[listener])


def listening(host: str, port: int) -> socket.socket:
    """A bound socket. Raises ConfigurationError in one line when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"cannot listen on {host}:{port} ({error.strerror}): stop what uses it, or pass --port"
        ) from None
    return listener
