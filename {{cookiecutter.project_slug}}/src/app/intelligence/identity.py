"""The identity of a call: equal identities mean the same question to the same models, so one reply serves both.

It covers everything that can change the reply, the tenant, and what the caller may see: role and document groups. It
leaves out who among those with the same permissions asked.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace

import orjson

from app.caller import Caller
from app.intelligence.messages import ModelRequest

# Raised when the meaning of a stored reply changes; old entries then no longer match.
FORMAT = 2


def identity(
    caller: Caller, task: str, prompt_sha256: str | None, request: ModelRequest, route: tuple[str, ...]
) -> str:
    """A SHA-256 hex digest. `route` is the ordered list of deployments that may serve the call."""
    whole = replace(request, stream=False) if request.stream else request
    permission = (caller.tenant, caller.role, sorted(caller.groups))
    key = [FORMAT, permission, task, prompt_sha256, route, whole]
    return hashlib.sha256(orjson.dumps(key, option=orjson.OPT_SORT_KEYS)).hexdigest()
