"""Every setting of the project as frozen values.

Reading them from files and the environment is `configuration`'s work; nothing else reads the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Environment = Literal["dev", "staging", "prod"]
ProviderName = Literal["offline", "openai", "anthropic", "compatible", "gemini", "ollama", "cohere", "responses"]


class Section(BaseModel):
    """Frozen, and closed: a misspelt field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Project(Section):
    """Who this project is and who answers for it."""

    name: str
    slug: str
    description: str = ""
    owner: str
    on_call: str


class Service(Section):
    """The HTTP service."""

    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    max_body_bytes: int = Field(1_000_000, ge=1_000)
    max_question_chars: int = Field(8_000, ge=1)
    max_json_depth: int = Field(32, ge=4)
    max_concurrency: int = Field(64, ge=1)


class ApiKey(Section):
    """One accepted API key. Only its SHA-256 is configured; `app key new` makes a pair."""

    name: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    tenant: str = "default"
    user: str | None = None
    role: str = "user"
    groups: tuple[str, ...] = ()


class Auth(Section):
    """Who may call. `mode: open` is for development alone."""

    mode: Literal["open", "api_key"] = "open"
    keys: tuple[ApiKey, ...] = ()


class Database(Section):
    """Postgres. With no `url` an embedded server under `.data/` is used (development only).

    `url` connects as a role that row security holds for, `owner_url` as the owner of the tables: for migrations,
    indexes, backup and restore alone.
    """

    url: SecretStr | None = None
    owner_url: SecretStr | None = None
    pool_max: int = Field(8, ge=1)
    statement_timeout_s: float = Field(15.0, gt=0)
    connect_timeout_s: float = Field(5.0, gt=0)


class ProviderAccess(Section):
    """How one provider is reached. `protocol` names the wire format; `offline` has none, `litellm` many."""

    protocol: Literal["offline", "openai", "responses", "anthropic", "gemini", "ollama", "cohere", "litellm"]
    base_url: str = ""
    api_key: SecretStr | None = None
    key_required: bool = True


class Deployment(Section):
    """Where a model is served: the provider's own id for it. Prices only where the price list does not know it.

    `weight` shares the load among deployments of one model, 0 is a standby. `provider` names the entry of `providers`
    that serves this one, where that is another than the one it stands under. `region` is where the data is processed,
    `local` for what runs on this machine. `search_weight` is for embeddings: what their ranks count beside full text's
    `retrieval.text_weight`; 0 stores them and searches without.
    """

    id: str
    search_weight: float = Field(default=1.0, ge=0)
    weight: float = Field(default=1.0, ge=0)
    provider: str | None = None
    region: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9-]*$")
    input_usd_per_million: float | None = Field(None, ge=0)
    output_usd_per_million: float | None = Field(None, ge=0)


class SemanticCache(Section):
    """Replies served again to a question of the same meaning (`intelligence/semantic_guard.py`).

    `input` is the prompt's input that is compared; all others must be equal. `similarity` is the least cosine.
    """

    input: str
    similarity: float = Field(default=0.95, gt=0.5, le=1)
    ttl_s: float = Field(default=86_400, gt=0)


class Confidence(Section):
    """How sure a reply must be (`intelligence/confidence.py`); a reply below `threshold` takes the fallback path.

    `by` is `logprobs` (the model's own, at no cost), `samples` (`samples` replies are paid for), or `either`: log
    probabilities where the reply has them, else samples.
    """

    by: Literal["logprobs", "samples", "either"]
    threshold: float = Field(default=0.6, ge=0, le=1)
    samples: int = Field(default=3, ge=2, le=10)
    temperature: float = Field(default=0.7, gt=0, le=2)


class Route(Section):
    """How the calls of one task are served. `models` is tried in order: the first is meant, the rest are fallbacks.

    An entry `large@anthropic` means another provider than the configured one. With `tiers` a simple request begins at
    the cheap model and escalates when its reply is not good enough.
    """

    models: tuple[str, ...] = Field(min_length=1)
    tiers: Mapping[Literal["simple", "hard"], str] = Field(default_factory=dict)
    max_output_tokens: int = Field(1024, ge=1)
    max_input_tokens: int = Field(100_000, ge=1)
    temperature: float | None = None
    cache: bool = True
    semantic_cache: SemanticCache | None = None
    confidence: Confidence | None = None
    fallback_text: str | None = None


class Tiers(Section):
    """When a request counts as hard: each count above its limit is a point, twice it two (`intelligence/tiers.py`)."""

    characters: int = Field(default=2_000, ge=1)
    questions: int = Field(default=2, ge=0)
    sources: int = Field(default=6, ge=0)
    numbers: int = Field(default=30, ge=0)
    code_points: int = Field(default=2, ge=0)
    hard_points: int = Field(default=2, ge=1)
    confidence: float = Field(default=0.6, ge=0, le=1)


class Breaker(Section):
    """When a deployment's circuit breaker opens and for how long (`intelligence/breaker.py`)."""

    window_calls: int = Field(default=50, ge=1)
    window_s: float = Field(default=60.0, gt=0)
    min_calls: int = Field(default=10, ge=1)
    failure_rate: float = Field(default=0.5, gt=0, le=1)
    open_s: float = Field(default=15.0, gt=0)
    open_jitter: float = Field(default=0.2, ge=0, lt=1)
    probes: int = Field(default=3, ge=1)


class Retries(Section):
    """What further attempts at a deployment may cost (`intelligence/retry_budget.py`)."""

    ratio: float = Field(default=0.1, ge=0, le=1)
    per_s: float = Field(default=0.1, ge=0)
    burst: float = Field(default=5.0, ge=0)
    free_failover_below: float = Field(default=0.15, ge=0, le=1)


class Balance(Section):
    """How deployments of one model share its load (`intelligence/balance.py`)."""

    memory_s: float = Field(default=20.0, gt=0)
    margin: float = Field(default=1.25, ge=1)


class GatewaySettings(Section):
    """Policy numbers of the gateway; times in seconds."""

    deadline_s: float = Field(30.0, gt=0)
    attempts: int = Field(4, ge=1)
    backoff_initial_s: float = Field(0.25, ge=0)
    backoff_max_s: float = Field(5.0, ge=0)
    connect_timeout_s: float = Field(3.0, gt=0)
    first_token_timeout_s: float = Field(15.0, gt=0)
    between_tokens_timeout_s: float = Field(10.0, gt=0)
    attempt_timeout_s: float = Field(20.0, gt=0)
    cache_ttl_s: float = Field(86_400, gt=0)
    embedding_cache_ttl_s: float = Field(30 * 86_400, gt=0)
    claim_lease_s: float = Field(3.0, gt=0)
    provider_cache_min_tokens: int | None = Field(1_024, ge=1)
    tiers: Tiers = Tiers()
    breaker: Breaker = Breaker()
    retries: Retries = Retries()
    balance: Balance = Balance()


class Door(Section):
    """How model names sent by outside clients map to our models; first match of a shell pattern wins."""

    aliases: Mapping[str, str] = Field(default_factory=dict)
    default: str = "large"


class Guards(Section):
    """Checks on what comes in and goes out. Production refuses to start with one switched off.

    With `mask_document_personal_data` personal data in retrieved documents is shown to nobody, except what the caller
    has said and what `public_personal_data` lets pass: kinds, such as `PHONE`, or forms, such as `*@example.org`.
    """

    input_limits: bool = True
    verify_citations: bool = True
    redact_logs: bool = True
    mask_personal_data: bool = True
    output_personal_data: Literal["mask", "refuse", "allow"] = "mask"
    mask_document_personal_data: bool = True
    public_personal_data: tuple[str, ...] = ()


class Tenant(Section):
    """What holds for one tenant. `regions` are those its data may be processed in; empty means anywhere.

    Without `cache` no reply and no vector of its is kept.
    """

    regions: tuple[str, ...] = ()
    cache: bool = True


class SpendCap(Section):
    """At most `usd` a window for each tenant, task or user; `tenant` and `subject` name one of them instead of all."""

    scope: Literal["all", "tenant", "task", "user"]
    period: Literal["hour", "day", "month"]
    usd: float = Field(ge=0, le=1e9, allow_inf_nan=False)
    tenant: str = "*"
    subject: str = "*"

    @model_validator(mode="after")
    def _names_fit_the_scope(self) -> SpendCap:
        if self.tenant != "*" and self.scope in ("all", "task"):
            raise ValueError(f"a cap of scope {self.scope} names no tenant: remove it, or choose scope tenant or user")
        if self.subject != "*" and self.scope in ("all", "tenant"):
            raise ValueError(f"a cap of scope {self.scope} names no subject: remove it, or choose scope task or user")
        return self


class RateLimit(Section):
    """Requests and tokens a minute for each tenant, user or session, or for the one that is named."""

    scope: Literal["tenant", "user", "session"]
    requests: int | None = Field(default=None, ge=1)
    tokens: int | None = Field(default=None, ge=1)
    tenant: str = "*"
    subject: str = "*"

    @model_validator(mode="after")
    def _limits_something(self) -> RateLimit:
        if self.requests is None and self.tokens is None:
            raise ValueError("a limit without a number: give requests, tokens or both")
        return self


class AdmissionSettings(Section):
    """What may be spent and asked for; nothing is capped by default. Policies: `intelligence/admission.py`."""

    caps: tuple[SpendCap, ...] = ()
    limits: tuple[RateLimit, ...] = ()
    tokens_per_request: int | None = Field(default=None, ge=1)
    alert_share: float = Field(default=0.5, gt=0, lt=1)
    unknown_price: Literal["refuse", "allow"] = "refuse"
    store_away: Literal["closed", "open"] = "closed"
    lost_calls: Literal["charge", "release"] = "charge"
    lease_s: float = Field(default=120.0, ge=5)
    timeout_s: float = Field(default=2.0, gt=0)


class Kept(Section):
    """For how many days texts of calls, tools and conversations are kept, and rows at all; empty is for ever."""

    texts_days: int | None = Field(default=90, ge=1)
    rows_days: int | None = Field(default=400, ge=1)

    @model_validator(mode="after")
    def _texts_go_first(self) -> Kept:
        if self.rows_days is not None and (self.texts_days is None or self.texts_days > self.rows_days):
            raise ValueError("texts cannot be kept longer than their rows: lower texts_days or raise rows_days")
        return self


class Retention(Kept):
    """How long data is kept, applied by `app retention run`; `tenants` says otherwise for single ones."""

    tenants: Mapping[str, Kept] = Field(default_factory=dict)


class ToolRule(Section):
    """Who may have a tool, and what it may be given. A tool without a rule is nobody's.

    `roles` are those of callers, `*` is everybody. `approval`: a person decides `always`, when the conversation holds
    text from outside (`tainted`), or `never`; `approvers` are the roles that may decide, and never on their own calls.
    `urls` are the only addresses its arguments may hold, as `https://host/path*`.
    """

    roles: tuple[str, ...] = Field(min_length=1)
    approval: Literal["always", "tainted", "never"] = "always"
    approvers: tuple[str, ...] = ("reviewer",)
    timeout_s: float = Field(default=10.0, gt=0)
    urls: tuple[str, ...] = ()
    max_result_chars: int = Field(default=20_000, ge=100)


class ToolLoopSettings(Section):
    """How far a model may go on by itself: `steps` model calls, `calls` of tools in one step, `deadline_s` in all.

    `urls` are the addresses its answers may hold besides those that the caller gave.
    """

    steps: int = Field(default=8, ge=1)
    calls: int = Field(default=8, ge=1)
    deadline_s: float = Field(default=120.0, gt=0)
    urls: tuple[str, ...] = ()


class ReleaseSettings(Section):
    """`watch`: every service process looks after canaries, every `every_s` seconds or less often under load."""

    watch: bool = True
    every_s: float = Field(default=5.0, gt=0)


class Scoring(Section):
    """Live traffic judged in the background: a `share` of the calls of `tasks`, for at most `usd_per_day`.

    `judge` is the task that judges. With `watch` every service process looks every `every_s` seconds; the offline
    stand-in, which is no judge, is asked by `app score` alone.
    """

    watch: bool = True
    share: float = Field(default=0.02, ge=0, le=1)
    tasks: tuple[str, ...] = ("answer",)
    judge: str = "judge"
    usd_per_day: float = Field(default=1.0, ge=0)
    every_s: float = Field(default=60.0, gt=0)


class FlagSettings(Section):
    """Switches set by the environment, which go before those in the database: `task:answer`, `model:large@acme`."""

    off: tuple[str, ...] = ()
    on: tuple[str, ...] = ()


class Tracing(Section):
    """Where spans go besides the call log. With neither address set they stay in the process."""

    otlp_endpoint: str | None = None
    mlflow: bool = True


class Mlflow(Section):
    """MLflow. Without `tracking_uri` its tables live in a database `mlflow` on the same Postgres server."""

    tracking_uri: str | None = None
    port: int = Field(5000, ge=0, le=65535)
    experiment: str = "app"


class Retrieval(Section):
    """Chunking and search. Sizes in tokens (about four characters each), overlap as a share.

    A hit's score is text_weight / (rrf_k + its rank by full text) and the same by vectors, whose weight is 1 or the
    deployment's `search_weight`. `ranked` bounds how many chunks full text ranks for a question, `exact_rows` how many
    vectors are compared one by one instead of by the index; of these, `compared` are read whole after sketches were
    compared, 0 reads all. `half_precision` says that the vector index is built and asked in half precision.
    `rerank` is `none`, `lexical`, `model:NAME` for a model of `models` that a provider serves by its rerank API, or the
    name of a cross encoder that fastembed knows. With `expand` a model names further words for the full text before
    the search, within `expand_timeout_s`.
    """

    corpus: str = "corpus"
    max_file_mb: float = Field(50.0, gt=0)
    chunk_tokens: int = Field(220, ge=20)
    overlap: float = Field(0.12, ge=0.0, le=0.5)
    top_k: int = Field(5, ge=1, le=100)
    candidates: int = Field(40, ge=5)
    rrf_k: int = Field(10, ge=1)
    text_weight: float = Field(0.8, ge=0)
    ranked: int = Field(300, ge=50)
    exact_rows: int = Field(20_000, ge=0)
    compared: int = Field(300, ge=0)
    half_precision: bool = False
    rerank: str = "none"
    expand: bool = False
    expand_timeout_s: float = Field(2.0, gt=0)
    min_score: float = Field(0.0, ge=0.0)
    embedding_model: str = "embedding"

    @property
    def rerank_model(self) -> str | None:
        """The model that a provider's rerank API serves, where `rerank` names one."""
        return self.rerank.removeprefix("model:") if self.rerank.startswith("model:") else None


class Assistant(Section):
    """The graph behind `/v1/chat/completions`: the model name clients ask for, and its words for "not found".

    `context` is what a model is shown of each passage: all of it, its `sentences` that share words with the question,
    or `summaries` made by one call a passage.
    """

    model_name: str = "assistant"
    abstention: str = "I could not find this in the documentation."
    context: Literal["whole", "sentences", "summaries"] = "whole"


class Settings(Section):
    """All of it. Build it with `configuration.load`."""

    environment: Environment
    root: Path
    project: Project
    provider: ProviderName
    providers: Mapping[str, ProviderAccess]
    models: Mapping[str, Mapping[str, tuple[Deployment, ...]]]
    routes: Mapping[str, Route]
    service: Service = Service()
    auth: Auth = Auth()
    database: Database = Database()
    gateway: GatewaySettings = GatewaySettings()
    door: Door = Door()
    guards: Guards = Guards()
    tenants: Mapping[str, Tenant] = Field(default_factory=dict)
    admission: AdmissionSettings = AdmissionSettings()
    tools: Mapping[str, ToolRule] = Field(default_factory=dict)
    tool_loop: ToolLoopSettings = ToolLoopSettings()
    retention: Retention = Retention()
    releases: ReleaseSettings = ReleaseSettings()
    scoring: Scoring = Scoring()
    flags: FlagSettings = FlagSettings()
    tracing: Tracing = Tracing()
    mlflow: Mlflow = Mlflow()
    retrieval: Retrieval = Retrieval()
    assistant: Assistant = Assistant()

    @property
    def data_dir(self) -> Path:
        """Local state: the embedded database, artifacts, the outbox. Never under version control."""
        return self.root / ".data"

    @property
    def build_dir(self) -> Path:
        """What commands produce: reports, executed notebooks."""
        return self.root / "build"

    @model_validator(mode="after")
    def _references_resolve(self) -> Settings:
        for name, served in self.models.items():
            unknown = sorted(set(served) - set(self.providers))
            if unknown:
                raise ValueError(f"models.{name} names unknown provider {unknown[0]!r}")
        if self.admission.lease_s <= self.gateway.deadline_s:
            raise ValueError(
                "admission.lease_s must be longer than gateway.deadline_s: a call outlives its reservation"
            )
        for pattern, model in [*self.door.aliases.items(), ("default", self.door.default)]:
            if model not in self.models:
                raise ValueError(f"door.aliases.{pattern} names unknown model {model!r}")
        return self
