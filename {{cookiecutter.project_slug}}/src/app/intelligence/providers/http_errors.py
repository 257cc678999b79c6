"""What an HTTP answer that is no reply means: the typed error, its message and the delay the provider asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from app.errors import (
    ProviderBrokenError,
    ProviderError,
    ProviderRefusedError,
    ProviderThrottledError,
    ProviderUnavailableError,
)

MAX_MESSAGE = 300
# Throttling that waiting does not mend: the account has no money left.
EXHAUSTED = frozenset({"insufficient_quota", "billing_hard_limit_reached"})
_KEY = re.compile(r"\b(?:sk|pk|key)-[\w*.-]{3,}|\bBearer\s+\S+", re.IGNORECASE)


def error_for(status: int, message: str, code: str, retry_after: float | None) -> ProviderError:
    """The error that an answer with `status` stands for. `code` is the provider's own name for it."""
    if status == 429 and code not in EXHAUSTED:
        return ProviderThrottledError(message, status, retry_after)
    if status in (408, 409) or status >= 500:
        return ProviderUnavailableError(message, status)
    if status < 400:
        return ProviderBrokenError(f"{message}: check the provider's base_url", status)
    return ProviderRefusedError(message, status)


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """The delay a provider names in `retry-after-ms` or `Retry-After` (seconds or an HTTP date), None without one."""
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None or value is None:
        return seconds
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    if date.tzinfo is None:
        date = date.replace(tzinfo=UTC)
    return max(0.0, (date - (now or datetime.now(UTC))).total_seconds())


def without_secrets(text: str, api_key: str | None) -> str:
    """`text` on one line, cut to MAX_MESSAGE characters, with our key and whatever looks like one taken out."""
    if api_key:
        text = text.replace(api_key, "[redacted]")
    text = " ".join(_KEY.sub("[redacted]", text).split())
    return text if len(text) <= MAX_MESSAGE else f"{text[: MAX_MESSAGE - 3]}..."


def _number(value: str | None) -> float | None:
    """A finite number of at least 0."""
    try:
        number = float(value) if value is not None else -1.0
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
