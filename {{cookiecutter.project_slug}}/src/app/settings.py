"""Every setting of the project as frozen values, and what forbids a set of them outside development.

Reading them from files and the environment is `configuration`'s work; nothing else reads the environment.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Environment = Literal["dev", "staging", "prod"]
ProviderName = Literal["offline", "openai", "anthropic", "compatible"]

# Refused outside development wherever a secret is expected.
PLACEHOLDERS = (
    "changeme",
    "change-me",
    "placeholder",
    "your-",
    "example",
    "dev-key",
    "secret",
    "todo",
    "xxx",
)
SECRET_MIN_LENGTH = 20


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
    """Postgres. With no `url` an embedded server under `.data/` is used (development only)."""

    url: SecretStr | None = None
    pool_max: int = Field(8, ge=1)
    statement_timeout_s: float = Field(15.0, gt=0)
    connect_timeout_s: float = Field(5.0, gt=0)


class ProviderAccess(Section):
    """How one provider is reached. `protocol` names the wire format, `offline` has none."""

    protocol: Literal["offline", "openai", "anthropic"]
    base_url: str = ""
    api_key: SecretStr | None = None
    key_required: bool = True


class Deployment(Section):
    """Where a model is served: the provider's own id for it. Prices only where the price list does not know it.

    `search_weight` is for embeddings: what their ranks count beside full text's 1; 0 stores them and searches without.
    """

    id: str
    search_weight: float = Field(default=1.0, ge=0)
    input_usd_per_million: float | None = Field(None, ge=0)
    output_usd_per_million: float | None = Field(None, ge=0)


class Route(Section):
    """How the calls of one task are served. `models` is tried in order: the first is meant, the rest are fallbacks."""

    models: tuple[str, ...] = Field(min_length=1)
    max_output_tokens: int = Field(1024, ge=1)
    max_input_tokens: int = Field(100_000, ge=1)
    temperature: float | None = None
    cache: bool = True
    fallback_text: str | None = None


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


class Door(Section):
    """How model names sent by outside clients map to our models; first match of a shell pattern wins."""

    aliases: Mapping[str, str] = Field(default_factory=dict)
    default: str = "large"


class Guards(Section):
    """Checks on what comes in and goes out. Production refuses to start with one switched off."""

    input_limits: bool = True
    verify_citations: bool = True
    redact_logs: bool = True


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
    """Chunking and search. Sizes in tokens (about four characters each), overlap as a share."""

    corpus: str = "corpus"
    chunk_tokens: int = Field(220, ge=20)
    overlap: float = Field(0.12, ge=0.0, le=0.5)
    top_k: int = Field(5, ge=1, le=100)
    candidates: int = Field(40, ge=5)
    rrf_k: int = Field(60, ge=1)
    min_score: float = Field(0.0, ge=0.0)
    embedding_model: str = "embedding"


class Assistant(Section):
    """The graph behind `/v1/chat/completions`: the model name clients ask for, and its words for "not found"."""

    model_name: str = "assistant"
    abstention: str = "I could not find this in the documentation."


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
        for task, route in self.routes.items():
            for model in route.models:
                if model not in self.models:
                    raise ValueError(f"routes.{task}.models names unknown model {model!r}")
                if not self.models[model].get(self.provider):
                    raise ValueError(f"models.{model} has no deployment for provider {self.provider!r}")
        for pattern, model in [*self.door.aliases.items(), ("default", self.door.default)]:
            if model not in self.models:
                raise ValueError(f"door.aliases.{pattern} names unknown model {model!r}")
        return self


def production_faults(settings: Settings) -> list[str]:
    """Everything that forbids this configuration outside development, one line each with its remedy."""
    faults = []
    if settings.provider == "offline":
        faults.append("provider is the offline stand-in: set APP_PROVIDER to openai, anthropic or compatible")
    if settings.auth.mode == "open":
        faults.append("auth.mode is open: set it to api_key and configure auth.keys")
    elif not settings.auth.keys:
        faults.append("auth.keys is empty: add at least one key made with `app key new`")
    if settings.database.url is None:
        faults.append("DATABASE_URL is not set: the embedded database is for development")
    else:
        faults += _weak_secret("DATABASE_URL password", _password(settings.database.url), minimum=8)
    for name, on in settings.guards.model_dump().items():
        if not on:
            faults.append(f"guards.{name} is switched off: remove that line")
    access = settings.providers[settings.provider]
    if access.api_key is not None:
        faults += _weak_secret(f"API key of {settings.provider}", access.api_key.get_secret_value())
    return faults


def missing_key(settings: Settings) -> str | None:
    """What to do when the chosen provider wants a key and has none; None when all is well."""
    access = settings.providers[settings.provider]
    if access.protocol == "offline" or not access.key_required or access.api_key is not None:
        return None
    return (
        f"provider {settings.provider!r} needs a key: set {settings.provider.upper()}_API_KEY in .env, "
        "or run offline with APP_PROVIDER=offline"
    )


def _weak_secret(label: str, value: str, minimum: int = SECRET_MIN_LENGTH) -> list[str]:
    if any(word in value.lower() for word in PLACEHOLDERS):
        return [f"{label} is a placeholder: set the real one"]
    if len(value) < minimum:
        return [f"{label} has {len(value)} characters: at least {minimum} are required"]
    return []


def _password(url: SecretStr) -> str:
    return urlsplit(url.get_secret_value()).password or ""
