"""The HTTP service: its paths, and the layers every request passes on its way in.

From the outside: edge (trace, log, headers, errors), authentication, admission, body limits, then the handler.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from app.interface.assistant_api import assistant_completion
from app.interface.auth import Authenticated
from app.interface.description import describe
from app.interface.doors.routes import doors_router
from app.interface.edge import Edge
from app.interface.failures import failure_response
from app.interface.health import health_router
from app.interface.limits import Admitted, Bounded
from app.interface.services import OpenServices
from app.settings import Settings


def create_app(settings: Settings, open_services: OpenServices) -> FastAPI:
    """The application. `open_services` is entered at the start and left at the end: pools live as long as the app.

    Raises ConfigurationError when access would be open outside development.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services() as services:
            app.state.services = services
            yield

    app = FastAPI(
        title=settings.project.name,
        description=settings.project.description,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
    )
    app.include_router(health_router)
    doors = doors_router(assistant=assistant_completion)
    app.include_router(doors)
    app.add_exception_handler(HTTPException, _not_served)
    app.openapi = partial(describe, app, doors.routes)  # type: ignore[method-assign]
    # The last one added is the outermost.
    app.add_middleware(Bounded, settings)
    app.add_middleware(Admitted, settings)
    app.add_middleware(Authenticated, settings)
    app.add_middleware(Edge)
    return app


async def _not_served(request: Request, error: Exception) -> Response:
    return failure_response(error)
