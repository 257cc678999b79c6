"""Where a tenant's data may be processed: the rule that takes deployments away from a call before any is asked.

A call never falls back across it: what is not allowed is not in the call's order. A tenant without a rule may go
anywhere; for one with a rule a deployment that states no region is not allowed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from app.errors import RefusedError
from app.intelligence.policy import Target

# The region of what runs in this process or on this machine: nothing leaves, so every tenant may use it.
LOCAL = "local"


def allowed(targets: Sequence[Target], tenant: str, regions: Collection[str]) -> tuple[Target, ...]:
    """The targets this tenant's data may go to, in their order; `regions` empty means all.

    Raises RefusedError, naming what to configure, when none is left.
    """
    if not regions:
        return tuple(targets)
    kept = tuple(target for target in targets if target.region == LOCAL or target.region in regions)
    if targets and not kept:
        served = ", ".join(f"{target.name} in {target.region or 'no stated region'}" for target in targets)
        model = targets[0].model
        raise RefusedError(
            f"tenant {tenant!r} is confined to {', '.join(sorted(regions))} and model {model!r} is served by {served}: "
            f"add a deployment with such a region under models.{model}, or change tenants.{tenant}.regions"
        )
    return kept
