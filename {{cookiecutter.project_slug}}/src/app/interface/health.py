"""Whether the process lives and whether it can serve: what load balancers and orchestrators ask, without a key."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from app.interface.services import services_of

health_router = APIRouter()


@health_router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process answers; says nothing about what it depends on."""
    return {"status": "alive"}


@health_router.get("/readyz")
async def ready(request: Request) -> JSONResponse:
    """200 when requests can be served, 503 with the reasons when not."""
    reasons = await services_of(request).readiness()
    status = "not ready" if reasons else "ready"
    return JSONResponse({"status": status, "reasons": reasons}, 503 if reasons else 200)
