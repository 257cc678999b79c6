"""`app key`: making API keys. Only a key's hash is configured, so a leaked configuration opens nothing."""

from __future__ import annotations

import hashlib
import secrets

import click


def new(name: str) -> None:
    """Print a new key and the entry under `auth.keys` that accepts it."""
    secret = f"app_{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(secret.encode()).hexdigest()
    click.echo(f"key (shown only now): {secret}")
    click.echo("add under auth.keys in config/<environment>.yaml:")
    click.echo(f"  - {{name: {name}, sha256: {digest}, tenant: default, role: user}}")
