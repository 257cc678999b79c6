"""`app key`: making API keys. Only a key's hash is configured, so a leaked configuration opens nothing."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence

import click


def new(
    name: str, tenant: str = "default", role: str = "user", groups: Sequence[str] = (), user: str | None = None
) -> None:
    """Print a new key and the entry under `auth.keys` that accepts it."""
    secret = f"app_{secrets.token_urlsafe(32)}"
    entry: dict[str, object] = {"name": name, "sha256": hashlib.sha256(secret.encode()).hexdigest()}
    entry |= {"tenant": tenant, "role": role}
    entry |= ({"groups": list(groups)} if groups else {}) | ({"user": user} if user else {})
    told = ", ".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in entry.items())
    click.echo(f"key (shown only now): {secret}")
    click.echo("`auth` in config/<environment>.yaml then says, beside the keys that are there:")
    click.echo(f"auth:\n  mode: api_key\n  keys:\n    - {{{told}}}")
