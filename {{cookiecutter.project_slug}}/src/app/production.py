"""What forbids a set of settings outside development, and what a chosen provider lacks."""

from __future__ import annotations

from urllib.parse import urlsplit

from pydantic import SecretStr

from app.settings import Settings

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


def production_faults(settings: Settings) -> list[str]:
    """Everything that forbids this configuration outside development, one line each with its remedy."""
    faults = _stand_in(settings)
    if settings.auth.mode == "open":
        faults.append("auth.mode is open: set it to api_key and configure auth.keys")
    elif not settings.auth.keys:
        faults.append("auth.keys is empty: add at least one key made with `app key new`")
    faults += _unfit_database(settings)
    for name, on in settings.guards.model_dump().items():
        if on in (False, "allow"):
            faults.append(f"guards.{name} is switched off: remove that line")
    if any(not form.strip("*?") for form in settings.guards.public_personal_data):
        faults.append("guards.public_personal_data lets every value pass: name kinds or forms, such as *@example.org")
    access = settings.providers[settings.provider]
    if access.api_key is not None:
        faults += _weak_secret(f"API key of {settings.provider}", access.api_key.get_secret_value())
    return faults


def operating_faults(settings: Settings) -> list[str]:
    """What forbids even a command that asks no model: a wrong database, the stand-in, whose verdicts would count."""
    return [*_stand_in(settings), *_unfit_database(settings)]


def _stand_in(settings: Settings) -> list[str]:
    if settings.provider != "offline":
        return []
    return ["provider is the offline stand-in: set APP_PROVIDER to openai, anthropic or compatible"]


def _unfit_database(settings: Settings) -> list[str]:
    if settings.database.url is None:
        return ["DATABASE_URL is not set: the embedded database is for development"]
    return _weak_secret("DATABASE_URL password", _password(settings.database.url), minimum=8)


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
