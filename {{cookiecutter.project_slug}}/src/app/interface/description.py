"""What is served, as OpenAPI: every path with its method, whose protocol it speaks, and how a key is shown.

The bodies belong to the vendors' own protocols and are described there; here they are JSON.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI
from starlette.routing import BaseRoute, Route

PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
}
JSON = {"application/json": {"schema": {"type": "object"}}}


def describe(app: FastAPI, doors: Sequence[BaseRoute]) -> dict[str, Any]:
    """The document behind `/openapi.json`: health checks by FastAPI, and the plain routes of the doors."""
    if app.openapi_schema is None:
        document = FastAPI.openapi(app)
        paths = document.setdefault("paths", {})
        for route in doors:
            if isinstance(route, Route):
                paths.setdefault(PARAMETER.sub(r"{\1}", route.path), {}).update(_operations(route))
        document.setdefault("components", {})["securitySchemes"] = SECURITY
        app.openapi_schema = document
    return app.openapi_schema


def _operations(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": _summary(route),
        "tags": [route.endpoint.__module__.rpartition(".")[2].removesuffix("_door")],
        "security": [{name: []} for name in SECURITY],
        "responses": {"200": {"description": "The protocol's own answer", "content": JSON}},
    }
    names = PARAMETER.findall(route.path)
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    if "POST" in (route.methods or ()):
        operation["requestBody"] = {"required": True, "content": JSON}
    return {method.lower(): operation for method in sorted((route.methods or set()) - {"HEAD"})}


def _summary(route: Route) -> str:
    """The first sentence of who answers."""
    return (inspect.getdoc(route.endpoint) or route.name).split("\n")[0].partition(". ")[0].rstrip(".")
