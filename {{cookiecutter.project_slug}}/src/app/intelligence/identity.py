"""The identity of a call: equal identities mean the same question to the same models, so one reply serves both.

It covers everything that can change the reply and the tenant who may see it; it leaves out who in the tenant asked.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import orjson

from app.intelligence.messages import ModelRequest

# Raised when the meaning of a stored reply changes; old entries then no longer match.
FORMAT = 1


def identity(tenant: str, task: str, prompt_sha256: str | None, request: ModelRequest, route: tuple[str, ...]) -> str:
    """A SHA-256 hex digest. `route` is the ordered list of deployments that may serve the call."""
    whole = replace(request, stream=False) if request.stream else request
    key = [FORMAT, tenant, task, prompt_sha256, route, whole]
    return hashlib.sha256(orjson.dumps(key, option=orjson.OPT_SORT_KEYS)).hexdigest()
