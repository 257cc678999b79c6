"""The one place that chooses concrete parts: which providers, store, log and graph serve this configuration.

Everything above it asks here; nothing below it knows what was chosen. Tests come in by the same door.
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import logging
import os
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg_pool import AsyncConnectionPool

from app import configuration
from app.caller import Caller
from app.data import postgres, store
from app.data.change_feed import ChangeFeed
from app.data.dedicated import connected
from app.errors import ConfigurationError, GateFailedError, InputError
from app.intelligence.accounts import Accounts
from app.intelligence.admission import Admission, CapRule, LimitRule, Rules
from app.intelligence.attempts import Attempts
from app.intelligence.balance import BalanceLimits
from app.intelligence.breaker import BreakerLimits
from app.intelligence.canary_guard import CanaryGuard
from app.intelligence.drafts import Drafts
from app.intelligence.flags import Flags
from app.intelligence.fleet import Fleet
from app.intelligence.gateway import Gateway
from app.intelligence.judging import CALIBRATIONS, Judge, unsure
from app.intelligence.live_scoring import LiveScoring
from app.intelligence.messages import Usage
from app.intelligence.policy import targets
from app.intelligence.prompts import Registry
from app.intelligence.providers.late import LateProvider
from app.intelligence.providers.offline import OfflineProvider
from app.intelligence.providers.provider import Provider
from app.intelligence.releases import Releases
from app.intelligence.reply_cache import PostgresCaches
from app.intelligence.retry_budget import RetryLimits
from app.intelligence.routing_faults import Fault, faults
from app.intelligence.tools.tool_loop import ToolLoop
from app.intelligence.tools.tool_runs import PostgresRuns
from app.intelligence.tools.toolbox import Toolbox
from app.interface.readiness import readiness_of
from app.interface.services import Services
from app.observability import cost, tracing
from app.observability.call_log import CallLog, create_views
from app.observability.evaluation.calibration import load_calibrations
from app.observability.evaluation.success import load_success
from app.observability.redaction import redact
from app.orchestration.graph import Assistant
from app.orchestration.search import Search
from app.orchestration.sessions import Sessions
from app.orchestration.tools import tools
from app.production import missing_key, operating_faults, production_faults
from app.settings import ApiKey, Auth, Deployment, Settings

if TYPE_CHECKING:
    from aiohttp import ClientSession

log = logging.getLogger(__name__)

# Under which name the price list knows a provider that we call otherwise.
PRICE_LISTS = {"gemini": "google", "responses": "openai"}
ASSISTANT_TASKS = ("route", "answer", "repair")


def settings(root: Path, env: Mapping[str, str] | None = None) -> Settings:
    """The checked configuration of a project, for what asks models or serves callers.

    Raises ConfigurationError, or GateFailedError with every fault.
    """
    loaded = configuration.load(root, env, check=routing)
    missing = missing_key(loaded)
    if missing is not None:
        raise ConfigurationError(missing)
    return _allowed(loaded, production_faults(loaded))


def operating_settings(root: Path, env: Mapping[str, str] | None = None) -> Settings:
    """The same for a command that asks no model and serves nobody: it needs no provider's key and no API key.

    Who migrates, examines, takes a release back or switches something off holds the database's secret and no other.
    """
    loaded = configuration.load(root, env, check=partial(routing, keys=False))
    return _allowed(loaded, operating_faults(loaded))


def _allowed(loaded: Settings, faults: Sequence[str]) -> Settings:
    if faults and loaded.environment != "dev":
        raise GateFailedError(f"this configuration must not start in {loaded.environment}", faults)
    return loaded


def routing(loaded: Settings, *, keys: bool = True) -> list[Fault]:
    """What is wrong with models, routes and tenants; without `keys` a provider may lack its key."""

    def priced(provider: str, deployment: str) -> bool:
        return cost.list_price(deployment, PRICE_LISTS.get(provider, provider)) is not None

    return faults(loaded, priced, keys=keys)


def database_url(loaded: Settings) -> str:
    """Where the database is, for the service; the embedded server is started when no other is configured."""
    if loaded.database.url is not None:
        return loaded.database.url.get_secret_value()
    postgres.start(loaded.data_dir)
    return postgres.service(loaded.data_dir)


def owner_url(loaded: Settings) -> str:
    """The same database for its owner: DATABASE_URL itself where no owner is configured."""
    if loaded.database.owner_url is not None:
        return loaded.database.owner_url.get_secret_value()
    if loaded.database.url is not None:
        return loaded.database.url.get_secret_value()
    return postgres.start(loaded.data_dir)


def prepare_database(loaded: Settings) -> str:
    """The URL of a database that is up and, in development, up to date.

    Outside development raises GateFailedError when row security would not hold for the service.
    """
    owner, url = owner_url(loaded), database_url(loaded)
    if loaded.environment != "dev":
        faults = store.row_security_faults(url)
        if faults:
            raise GateFailedError(f"this database must not be used in {loaded.environment}", faults)
    elif not store.schema_current(owner):
        migrate(owner, url)
    return url


def migrate(owner: str, url: str) -> list[str]:
    """Bring tables and views up to date and give the service's role its rights; the revisions applied."""
    applied = store.migrate(owner)
    with psycopg.connect(owner) as connection:
        # Until the views are committed; processes that start together take turns.
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [store.MIGRATION_LOCK])
        create_views(connection)
    if store.role_of(url) != store.role_of(owner):
        store.grant(owner, store.role_of(url))
    return applied


def registry(loaded: Settings) -> Registry:
    """The project's prompts."""
    return Registry.open(loaded.root / "prompts")


def providers(loaded: Settings, session: ClientSession | None) -> dict[str, Provider]:
    """What serves models: the configured provider, and those that routes and deployments name.

    Without a `session` each has its own and is loaded when first asked: close them.
    """
    entries = [entry for route in loaded.routes.values() for entry in (*route.models, *route.tiers.values())]
    reached = {target.provider for target in targets(loaded, (*loaded.models, *entries))}
    names = sorted({loaded.provider, *reached})
    if session is None:
        return {name: LateProvider(partial(_provider, loaded, name, None)) for name in names}
    return {name: _provider(loaded, name, session) for name in names}


def fleet(loaded: Settings) -> Fleet:
    """What this process learns about its deployments."""
    limits = loaded.gateway
    return Fleet(
        balance=BalanceLimits(**limits.balance.model_dump()),
        breaker=BreakerLimits(**limits.breaker.model_dump()),
        retries=RetryLimits(**limits.retries.model_dump()),
    )


def _provider(loaded: Settings, name: str, session: ClientSession | None) -> Provider:
    access = loaded.providers[name]
    if access.protocol == "offline":
        return OfflineProvider()
    key = access.api_key.get_secret_value() if access.api_key else None
    if access.protocol == "litellm":
        from app.intelligence.providers.litellm_provider import LiteLLMProvider

        return LiteLLMProvider(access.base_url, key)
    from app.intelligence.providers.http import HttpProvider
    from app.intelligence.wire.codec import CODECS

    codec = CODECS.get(name) or CODECS[access.protocol]
    return HttpProvider(codec, access.base_url, key, session=session)


def releases(loaded: Settings, url: str, prompts: Registry) -> Releases:
    """The live pointers of prompts, from the last known state until the database has been read."""
    return Releases(prompts, url, loaded.data_dir / "releases.json")


def canary_guard(loaded: Settings, url: str) -> CanaryGuard:
    """What takes a bad canary back, by the rule of config/success.yaml."""
    rule = load_success(loaded.root / "config" / "success.yaml").releases
    return CanaryGuard(releases(loaded, url, registry(loaded)), url, rule, every_s=loaded.releases.every_s)


def live_scoring(loaded: Settings, url: str, gateway: Gateway) -> LiveScoring:
    """What judges a share of live calls. Raises ConfigurationError when the judge has no route."""
    prompts = registry(loaded)
    judge = Judge(gateway, loaded.scoring.judge, prompts.default_version(loaded.scoring.judge))
    known = load_calibrations(loaded.root.joinpath(*CALIBRATIONS))
    rule, today = load_success(loaded.root / "config" / "success.yaml").judge, datetime.now(UTC).date()
    why = unsure(loaded, prompts, known, (judge.task, judge.version), rule, today)
    return LiveScoring(judge, prompts, url, loaded.scoring, why)


def background_scoring(loaded: Settings, url: str, gateway: Gateway) -> LiveScoring | None:
    """The same for a service, None where it is switched off, or has no judge: that is logged, and stops nothing."""
    if not loaded.scoring.watch or loaded.scoring.share <= 0 or loaded.provider == "offline":
        return None
    try:
        return live_scoring(loaded, url, gateway)
    except (ConfigurationError, InputError) as error:
        log.warning("live calls are not scored: %s", " ".join(str(error).split()))
        return None


def flags(loaded: Settings, url: str) -> Flags:
    """The switches, from the last known state until the database has been read."""
    return Flags(url, loaded.data_dir / "flags.json", off=loaded.flags.off, on=loaded.flags.on)


def rules(loaded: Settings) -> Rules:
    """The caps and limits of the configuration as admission takes them."""
    values = loaded.admission.model_dump(exclude={"caps", "limits"})
    caps = tuple(CapRule(**cap.model_dump()) for cap in loaded.admission.caps)
    limits = tuple(LimitRule(**limit.model_dump()) for limit in loaded.admission.limits)
    return Rules(caps=caps, limits=limits, **values)


async def serving(loaded: Settings, url: str, prompts: Registry, caller: Caller) -> dict[str, int]:
    """Which version of every prompt serves this caller now."""
    live = releases(loaded, url, prompts)
    async with connected(url) as connection:
        await live.reload(connection)
    return {task: live.version(task, caller) for task in prompts.tasks()}


def price(provider_name: str, deployment: Deployment, usage: Usage) -> float | None:
    """Dollars of one reply; None when no price is known. The stand-in is free unless a price is configured."""
    if provider_name == "offline" and deployment.input_usd_per_million is None:
        return 0.0
    override = None
    if deployment.input_usd_per_million is not None:
        override = cost.Price(deployment.input_usd_per_million, deployment.output_usd_per_million or 0.0)
    counts = (usage.input_tokens, usage.output_tokens, usage.cached_input_tokens, usage.cache_write_tokens)
    found = cost.price(deployment.id, PRICE_LISTS.get(provider_name, provider_name), *counts, override=override)
    return None if found is None else found.total_usd


@asynccontextmanager
async def open_services(
    loaded: Settings, url: str, versions: Mapping[str, int] | None = None, *, late: bool = False
) -> AsyncIterator[Services]:
    """All parts, running, on a prepared database; closed at the end, the call log last.

    `versions` pins the assistant's prompts to other versions than the served ones, for an evaluation. With `late`
    providers are loaded when first asked: where most replies are reused, that is most of the start.
    """
    prompts = registry(loaded)
    async with AsyncExitStack() as stack:
        pool = await _pool(loaded, url)
        stack.push_async_callback(pool.close)
        # The reply cache and search: one statement is all.
        cache_pool = await _pool(loaded, url, single_statements=True)
        stack.push_async_callback(cache_pool.close)
        call_log = CallLog(loaded.data_dir / "outbox", pool)
        call_log.start()
        stack.push_async_callback(call_log.close)
        serving = await _served(loaded, stack, late=late)
        live, switches = releases(loaded, url, prompts), flags(loaded, url)
        feed = ChangeFeed(url, [("releases", live.reload), ("flags", switches.reload)])
        stack.push_async_callback(feed.close)
        await feed.start()
        admission = Admission(rules(loaded), url, loaded.data_dir / "settlements")
        admission.start()
        stack.push_async_callback(admission.close)
        caches = PostgresCaches(cache_pool, lease_s=loaded.gateway.claim_lease_s)
        caches.start()
        stack.push_async_callback(caches.close)
        redacted = redact if loaded.guards.redact_logs else str
        gateway = Gateway(
            loaded,
            prompts,
            Drafts(loaded, prompts, versions=live, switches=switches),
            Attempts(serving, loaded.gateway, fleet=fleet(loaded)),
            Accounts(call_log, price, redacted, admission),
            caches,
        )
        retrieve = Search(loaded, cache_pool, gateway)
        assistant = Assistant(loaded, gateway, retrieve, Sessions(url), versions=versions)
        toolbox = Toolbox(tools(retrieve, loaded.guards), loaded.tools)
        stack.push_async_callback(assistant.close)
        yield Services(
            settings=loaded,
            gateway=gateway,
            assistant=assistant,
            pool=pool,
            call_log=call_log,
            readiness=readiness_of(pool, prompts.tasks(), ASSISTANT_TASKS),
            tool_loop=ToolLoop(gateway, toolbox, PostgresRuns(pool, redacted), loaded.tool_loop),
        )


async def _served(loaded: Settings, stack: AsyncExitStack, *, late: bool) -> dict[str, Provider]:
    if late:
        serving = providers(loaded, None)
        for provider in serving.values():
            stack.push_async_callback(provider.close)
        return serving
    from app.intelligence.providers.http import open_session

    return providers(loaded, await stack.enter_async_context(open_session()))


async def _pool(loaded: Settings, url: str, *, single_statements: bool = False) -> AsyncConnectionPool:
    return await store.open_pool(
        url,
        max_size=loaded.database.pool_max,
        statement_timeout_s=loaded.database.statement_timeout_s,
        connect_timeout_s=loaded.database.connect_timeout_s,
        single_statements=single_statements,
    )


def configure_tracing(loaded: Settings) -> None:
    """Send spans to MLflow and to the configured OTLP backend."""
    from app.observability import span_export

    exporters = []
    if loaded.tracing.otlp_endpoint:
        exporters.append(span_export.otlp_exporter(loaded.tracing.otlp_endpoint))
    uri = loaded.mlflow.tracking_uri
    if loaded.tracing.mlflow and uri and uri.startswith("http"):
        exporters.append(span_export.mlflow_exporter(uri, loaded.mlflow.experiment))
    tracing.configure(loaded.project.slug, exporters, environment=loaded.environment)


def service() -> Any:
    """The ASGI application of the project in `APP_RUN_ROOT` or the current folder: what uvicorn is pointed at."""
    from app.interface.api import create_app
    from app.observability import logs

    loaded = settings(Path(os.environ.get("APP_RUN_ROOT") or Path.cwd()))
    logs.configure_logs(json=loaded.environment != "dev")
    configure_tracing(loaded)
    url = prepare_database(loaded)
    return create_app(loaded, lambda: _until_the_end(loaded, url))


@asynccontextmanager
async def _until_the_end(loaded: Settings, url: str) -> AsyncIterator[Services]:
    """The parts of a process that serves: warmed up while it is ready already, its last spans sent before it ends."""
    async with open_services(loaded, url) as services, asyncio.TaskGroup() as tasks:
        tasks.create_task(services.assistant.warm())
        guard = tasks.create_task(canary_guard(loaded, url).run()) if loaded.releases.watch else None
        scorer = background_scoring(loaded, url, services.gateway)
        scoring = tasks.create_task(scorer.run()) if scorer is not None else None
        _settle_down()
        yield services
        if scoring is not None:
            scoring.cancel()
        if guard is not None:
            guard.cancel()
    await asyncio.to_thread(tracing.shutdown)


def _settle_down() -> None:
    """Spare the garbage collector what lives as long as the process, and let it look at young objects less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def guarded_by_key(loaded: Settings) -> tuple[Settings, str]:
    """The same settings with one fresh API key as the only way in, and that key: for a door of our own notebooks."""
    key = secrets.token_urlsafe(32)
    entry = ApiKey(name="notebooks", sha256=hashlib.sha256(key.encode()).hexdigest(), role="pipeline")
    return loaded.model_copy(update={"auth": Auth(mode="api_key", keys=(entry,))}), key
