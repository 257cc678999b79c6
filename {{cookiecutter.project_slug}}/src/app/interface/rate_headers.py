"""Where a caller stands against its rate limits, as response headers: OpenAI's, Anthropic's, and the IETF's.

Where several limits hold, the one with least left speaks. The IETF's are those of draft-ietf-httpapi-ratelimit-headers:
`RateLimit-Policy: "requests";q=100;w=60` and `RateLimit: "requests";r=42;t=17`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from app.data.limits import WINDOW_S, Rate
from app.interface.door_errors import Dialect

Kind = Literal["requests", "tokens"]


class Standing(NamedTuple):
    """One kind of limit: `left` of `most` until `reset_s` seconds are over."""

    kind: Kind
    left: int
    most: int
    reset_s: int


def rate_headers(rates: Sequence[Rate], dialect: Dialect, at: datetime | None = None) -> dict[str, str]:
    """The headers for a client of this dialect; none where no limit holds. `at` is the present, UTC."""
    standings = list(_tightest(rates))
    if not standings:
        return {}
    found = {
        "ratelimit-policy": ", ".join(f'"{s.kind}";q={s.most};w={WINDOW_S:.0f}' for s in standings),
        "ratelimit": ", ".join(f'"{s.kind}";r={s.left};t={s.reset_s}' for s in standings),
    }
    present = at or datetime.now(UTC)
    for s in standings:
        if dialect == "anthropic":
            reset = f"{present + timedelta(seconds=s.reset_s):%Y-%m-%dT%H:%M:%SZ}"
            values = {"limit": str(s.most), "remaining": str(s.left), "reset": reset}
            found |= {f"anthropic-ratelimit-{s.kind}-{name}": value for name, value in values.items()}
        else:
            values = {"limit": str(s.most), "remaining": str(s.left), "reset": f"{s.reset_s}s"}
            found |= {f"x-ratelimit-{name}-{s.kind}": value for name, value in values.items()}
    return found


def _tightest(rates: Sequence[Rate]) -> Iterator[Standing]:
    kinds: tuple[Kind, ...] = ("requests", "tokens")
    for kind in kinds:
        standing = [
            (max(0, most - used), most, max(0, math.ceil(rate.reset_s)))
            for rate in rates
            for most, used in [_of(rate, kind)]
            if most is not None
        ]
        if standing:
            yield Standing(kind, *min(standing))


def _of(rate: Rate, kind: Kind) -> tuple[int | None, int]:
    return (rate.limit.requests, rate.requests) if kind == "requests" else (rate.limit.tokens, rate.tokens)
