"""A login at Google for notebooks that run in a test: made-up credentials, whose token a replay gives out.

A notebook that asks for the credentials of whoever runs it would find real ones there, or none, and end.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import NamedTemporaryFile
from typing import Any

PATH = "/google/token"
MADE_UP = "made-up"
TOKEN: Mapping[str, Any] = {"access_token": MADE_UP, "expires_in": 3600, "token_type": "Bearer"}
CREDENTIALS = "GOOGLE_APPLICATION_CREDENTIALS"


@contextmanager
def made_up_login(url: str) -> Iterator[dict[str, str]]:
    """The variable that names a file with such credentials, while the block lasts; `url` is the root of the replay."""
    fields = dict.fromkeys(("audience", "client_id", "client_secret", "refresh_token"), MADE_UP)
    with NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        json.dump({"type": "external_account_authorized_user", "token_url": url + PATH, **fields}, file)
        file.flush()
        yield {CREDENTIALS: file.name}
