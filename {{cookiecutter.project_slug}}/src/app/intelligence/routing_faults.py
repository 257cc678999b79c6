"""What is wrong with a routing configuration, found before anything starts: pure checks, a dotted key for each fault.

Each check takes plain values, so it can be read and tested alone; the shapes are those of `config/base.yaml`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

from app.intelligence.confidence import WITH_LOGPROBS
from app.intelligence.policy import named
from app.intelligence.regions import LOCAL
from app.settings import Confidence, Deployment, Settings

T = TypeVar("T")

# model -> provider -> ids of its deployments
Served = Mapping[str, Mapping[str, Sequence[str]]]
# route -> its entries, such as `large` or `large@anthropic`
Entries = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: the dotted key where it stands, and what is wrong with what to do."""

    key: str
    message: str

    def __str__(self) -> str:
        return f"{self.key}: {self.message}"


def faults(settings: Settings, priced: Callable[[str, str], bool], *, keys: bool = True) -> list[Fault]:
    """Everything that is wrong with the routing of these settings.

    `priced(provider, id)` says whether the price list knows a deployment; it is asked only when spending is capped.
    Without `keys` a provider may lack its key: for commands that ask none.
    """
    entries = {task: route.models for task, route in settings.routes.items()}
    tiers = {task: {str(tier): entry for tier, entry in route.tiers.items()} for task, route in settings.routes.items()}
    served = _each(settings, lambda place: place.id)
    reached = {settings.provider, *(named(entry, settings.provider)[1] for each in entries.values() for entry in each)}
    access = settings.providers
    without_key = {
        name
        for name, how in access.items()
        if keys and how.protocol != "offline" and how.key_required and how.api_key is None and name != settings.provider
    }
    unknown_prices = []
    if settings.admission.caps:
        paid = {name for name in reached if name in access and access[name].protocol != "offline"}
        own = {place.id for place in _places(settings) if place.input_usd_per_million is not None}
        unknown_prices = unpriced(served, paid, lambda provider, name: name in own or priced(provider, name))
    return [
        *unserved(entries, served, settings.provider),
        *repeated(entries, settings.provider),
        *bad_tiers(tiers, served, settings.provider),
        *keyless(entries, settings.provider, without_key),
        *bad_servers(_each(settings, lambda place: place.provider), access, without_key),
        *weightless(_each(settings, lambda place: place.weight)),
        *mixed_vectors(served, {settings.retrieval.embedding_model}),
        *unknown_prices,
        *without_logprobs(
            {task: route.models for task, route in settings.routes.items() if _by_logprobs(route.confidence)},
            {name: how.protocol for name, how in access.items()},
            settings.provider,
        ),
        *without_vectors(
            [task for task, route in settings.routes.items() if route.semantic_cache is not None],
            settings.retrieval.embedding_model,
            settings.models.get(settings.retrieval.embedding_model, {}).get(settings.provider, ()),
            settings.provider,
        ),
        *unknown_regions(
            {name: tenant.regions for name, tenant in settings.tenants.items()},
            {place.region for place in _places(settings) if place.region},
        ),
    ]


def unserved(routes: Entries, models: Served, provider: str) -> list[Fault]:
    """Entries that name a model nobody knows, or one that the provider they mean does not serve."""
    return [
        fault
        for task, entries in routes.items()
        for place, entry in enumerate(entries)
        for fault in _unserved(f"routes.{task}.models.{place}", entry, models, provider)
    ]


def _unserved(key: str, entry: str, models: Served, provider: str) -> list[Fault]:
    model, by = named(entry, provider)
    if model not in models:
        return [Fault(key, f"unknown model {model!r}{_meant(model, models)}")]
    if not models[model].get(by):
        return [Fault(key, f"provider {by!r} serves no {model!r}: add it under models.{model}.{by}")]
    return []


def repeated(routes: Entries, provider: str) -> list[Fault]:
    """Entries that lead back to what the route has tried before: a fallback to itself, a loop.

    Offline, where all entries mean the stand-in, entries for several providers are no repetition.
    """
    faults = []
    for task, entries in routes.items():
        seen: dict[tuple[str, str], str] = {}
        for place, entry in enumerate(entries):
            model, by = named(entry, provider)
            if provider == "offline":
                by = entry.partition("@")[2]
            if (model, by) in seen:
                before = seen[model, by]
                faults.append(Fault(f"routes.{task}.models.{place}", f"{entry!r} repeats {before!r}: remove one"))
            seen.setdefault((model, by), entry)
    return faults


def bad_tiers(tiers: Mapping[str, Mapping[str, str]], models: Served, provider: str) -> list[Fault]:
    """Tiers of routes (`{route: {simple: small, hard: large}}`) that are incomplete, unknown or lead to themselves."""
    faults = []
    for task, tier in tiers.items():
        key = f"routes.{task}.tiers"
        if not tier:
            continue
        for name in sorted({"simple", "hard"} - set(tier)):
            faults.append(Fault(key, f"{name!r} is missing: tiers name a model for simple and one for hard"))
        for name in sorted(set(tier) - {"simple", "hard"}):
            faults.append(Fault(f"{key}.{name}", "unknown tier: there are simple and hard"))
        for name, entry in tier.items():
            faults += _unserved(f"{key}.{name}", entry, models, provider)
        if "simple" in tier and tier["simple"] == tier.get("hard"):
            faults.append(Fault(f"{key}.hard", f"escalates {tier['hard']!r} to itself: name a dearer model"))
    return faults


def without_logprobs(routes: Entries, protocols: Mapping[str, str], provider: str) -> list[Fault]:
    """Routes that measure confidence by log probabilities at a provider whose protocol has none.

    `protocols` maps provider to protocol.
    """
    return [
        Fault(
            f"routes.{task}.confidence.by",
            f"provider {by!r} ({protocols[by]}) tells no log probabilities: say samples, or either",
        )
        for task, entries in routes.items()
        for by in dict.fromkeys(named(entry, provider)[1] for entry in entries)
        if protocols.get(by) not in (None, *WITH_LOGPROBS)
    ]


def unpriced(models: Served, paid: Collection[str], priced: Callable[[str, str], bool]) -> list[Fault]:
    """Deployments of paid providers whose price `priced(provider, id)` does not know.

    To be asked when budgets are set: a cap on money cannot hold where nobody knows the price.
    """
    return [
        Fault(
            f"models.{model}.{provider}.{place}",
            f"budgets are set and nobody knows the price of {provider}/{deployment}: "
            "set input_usd_per_million and output_usd_per_million",
        )
        for model, served in models.items()
        for provider, deployments in served.items()
        if provider in paid
        for place, deployment in enumerate(deployments)
        if not priced(provider, deployment)
    ]


def keyless(routes: Entries, provider: str, without_key: Collection[str]) -> list[Fault]:
    """Entries that mean a provider whose key is missing (`without_key`)."""
    return [
        Fault(f"routes.{task}.models.{place}", f"provider {by!r} needs a key: set {by.upper()}_API_KEY in .env")
        for task, entries in routes.items()
        for place, entry in enumerate(entries)
        for by in (named(entry, provider)[1],)
        if by in without_key
    ]


def bad_servers(
    served_by: Mapping[str, Mapping[str, Sequence[str | None]]],
    providers: Collection[str],
    without_key: Collection[str],
) -> list[Fault]:
    """Deployments that name another provider to serve them: one that is not configured, has no key, or left offline."""
    faults = []
    for model, served in served_by.items():
        for under, names in served.items():
            for place, name in enumerate(names):
                key = f"models.{model}.{under}.{place}.provider"
                if name is None or name == under:
                    continue
                if name not in providers:
                    faults.append(Fault(key, f"unknown provider {name!r}{_meant(name, providers)}"))
                elif under == "offline":
                    faults.append(Fault(key, f"{name!r} is not offline: what stands under offline never leaves"))
                elif name in without_key:
                    faults.append(Fault(key, f"provider {name!r} needs a key: set {name.upper()}_API_KEY in .env"))
    return faults


def weightless(weights: Mapping[str, Mapping[str, Sequence[float]]]) -> list[Fault]:
    """Deployments of one model and provider that all have weight 0; and weights below 0."""
    faults = []
    for model, served in weights.items():
        for provider, shares in served.items():
            key = f"models.{model}.{provider}"
            faults += [
                Fault(f"{key}.{place}.weight", f"{share:g} is negative: 0 is a standby, 1 the usual share")
                for place, share in enumerate(shares)
                if share < 0
            ]
            if shares and not any(shares):
                faults.append(Fault(key, "all weights are 0: give at least one deployment a share"))
    return faults


def mixed_vectors(models: Served, embedding_models: Collection[str]) -> list[Fault]:
    """Deployments of one embedding model with several ids: vectors of different models cannot be compared."""
    return [
        Fault(
            f"models.{model}.{provider}",
            f"serves vectors of {' and '.join(dict.fromkeys(ids))} under one name: keep one, or name a model for each",
        )
        for model, served in models.items()
        if model in embedding_models
        for provider, ids in served.items()
        if len(set(ids)) > 1
    ]


def without_vectors(routes: Sequence[str], model: str, deployments: Sequence[Deployment], provider: str) -> list[Fault]:
    """Routes with a semantic cache where no model gives a question its vector."""
    if deployments:
        return []
    return [
        Fault(
            f"routes.{task}.semantic_cache",
            f"provider {provider!r} serves no {model!r}: name another under models.{model}, or remove this",
        )
        for task in routes
    ]


def unknown_regions(tenants: Mapping[str, Sequence[str]], stated: Collection[str]) -> list[Fault]:
    """Regions of tenants that no deployment states: a typing error locks the tenant out."""
    return [
        Fault(
            f"tenants.{tenant}.regions.{place}",
            f"no deployment states region {region!r}{_meant(region, {*stated} - {LOCAL})}",
        )
        for tenant, regions in tenants.items()
        for place, region in enumerate(regions)
        if region not in stated
    ]


def _each(settings: Settings, value: Callable[[Deployment], T]) -> dict[str, dict[str, list[T]]]:
    """One value a deployment, in the shape of `models`."""
    return {
        model: {provider: [value(place) for place in places] for provider, places in served.items()}
        for model, served in settings.models.items()
    }


def _places(settings: Settings) -> list[Deployment]:
    return [place for served in settings.models.values() for places in served.values() for place in places]


def _meant(name: str, known: Collection[str]) -> str:
    close = get_close_matches(name, sorted(known), n=1)
    return f": did you mean {close[0]!r}?" if close else f": there are {', '.join(sorted(known)) or 'none'}"


def _by_logprobs(rule: Confidence | None) -> bool:
    return rule is not None and rule.by == "logprobs"
