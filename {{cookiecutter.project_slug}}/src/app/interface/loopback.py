"""Serving an application on a free loopback port for as long as a block lasts: a pipeline's door, and tests."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

POLL_S = 0.005


@asynccontextmanager
async def on_loopback(application: ASGIApp, *, lifespan: bool = False) -> AsyncIterator[str]:
    """Serve in the running event loop; gives the root URL (http://127.0.0.1:PORT). Ends open requests at the end."""
    import uvicorn

    config = uvicorn.Config(
        application,
        lifespan="on" if lifespan else "off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            while not server.started and not serving.done():  # noqa: ASYNC110  uvicorn sets a flag, no event
                await asyncio.sleep(POLL_S)
            if serving.done():
                await serving
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            await serving
