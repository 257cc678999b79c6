"""Field names of Gemini's protocol in one spelling: its servers read `mimeType` and `mime_type`, its SDKs write both.

What belongs to the user is not touched: arguments, results, JSON Schemas, the names of properties, labels.
"""

from __future__ import annotations

import re
from typing import Any

_UNDERSCORE = re.compile(r"(?<=[A-Za-z0-9])_([a-z0-9])")
_OPAQUE = frozenset(
    {
        "args",
        "response",
        "labels",
        "default",
        "example",
        "enum",
        "required",
        "parametersJsonSchema",
        "responseJsonSchema",
        "_responseJsonSchema",
    }
)


def in_camel_case(body: Any) -> Any:
    """The JSON value with its field names in the spelling of the documentation."""
    if isinstance(body, list):
        return [in_camel_case(item) for item in body]
    if not isinstance(body, dict):
        return body
    named = {_UNDERSCORE.sub(lambda found: found[1].upper(), key): value for key, value in body.items()}
    return {key: value if key in _OPAQUE else _field(key, value) for key, value in named.items()}


def _field(key: str, value: Any) -> Any:
    if key == "properties" and isinstance(value, dict):
        return {name: in_camel_case(inner) for name, inner in value.items()}
    return in_camel_case(value)
