"""Outside development nothing missing or weak is started; a wrong setting is named by the place where it stands."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from app.configuration import load
from app.errors import ConfigurationError
from app.production import missing_key, production_faults
from app.settings import Settings

KEY_HASH = "a" * 64
SOUND = {
    "APP_ENVIRONMENT": "prod",
    "APP_PROVIDER": "openai",
    "OPENAI_API_KEY": "sk-live-4f9a1c77e02b8d6655aa",
    "DATABASE_URL": "postgresql://app:Vx81kq-Pp03@db.internal:5432/app",
    "APP_AUTH__KEYS": f"[{{name: web, sha256: {KEY_HASH}}}]",
}
FAULTS = {
    "stand-in model": ({"APP_PROVIDER": "offline"}, "provider is the offline stand-in: set APP_PROVIDER"),
    "open door": ({"APP_AUTH__MODE": "open"}, "auth.mode is open: set it to api_key"),
    "no accepted key": ({"APP_AUTH__KEYS": "[]"}, "auth.keys is empty: add at least one key"),
    "embedded database": ({"DATABASE_URL": ""}, "DATABASE_URL is not set"),
    "placeholder password": ({"DATABASE_URL": "postgresql://app:changeme@db/app"}, "password is a placeholder"),
    "short password": ({"DATABASE_URL": "postgresql://app:Vx81@db/app"}, "has 4 characters: at least 8"),
    "no password": ({"DATABASE_URL": "postgresql://app@db/app"}, "has 0 characters: at least 8"),
    "placeholder key": ({"OPENAI_API_KEY": "your-openai-key-goes-here"}, "API key of openai is a placeholder"),
    "short key": ({"OPENAI_API_KEY": "sk-1"}, "API key of openai has 4 characters: at least 20"),
    "limits off": ({"APP_GUARDS__INPUT_LIMITS": "false"}, "guards.input_limits is switched off: remove that line"),
    "citations off": ({"APP_GUARDS__VERIFY_CITATIONS": "false"}, "guards.verify_citations is switched off"),
    "all data public": (
        {"APP_GUARDS__PUBLIC_PERSONAL_DATA": '["*"]'},
        "guards.public_personal_data lets every value pass",
    ),
    "redaction off": ({"APP_GUARDS__REDACT_LOGS": "false"}, "guards.redact_logs is switched off"),
}
WRONG = {
    "unknown field": ("service: {prot: 80}\n", {}, "config/dev.yaml:1: service.prot: unknown field"),
    "unknown section": ("\nservce: {port: 80}\n", {}, "config/dev.yaml:2: servce: unknown field"),
    "wrong type": ("service:\n  port: http\n", {}, "config/dev.yaml:2: service.port: "),
    "out of range": ("service: {port: 70000}\n", {}, "config/dev.yaml:1: service.port: "),
    "not YAML": ("service: {port: 80\n", {}, "config/dev.yaml is not YAML"),
    "a list": ("- service\n", {}, "must hold a mapping, found list"),
    "unknown provider": ("", {"APP_PROVIDER": "acme"}, "environment: provider: "),
    "unknown environment": ("", {"APP_ENVIRONMENT": "test"}, "set it to dev, staging or prod"),
    "unknown variable": ("", {"APP_SERVICE__PROT": "80"}, "environment: service.prot: unknown field"),
    "alias to no model": (
        "door: {aliases: {x: huge}}\n",
        {},
        "config/dev.yaml:1: door.aliases.x: names unknown model 'huge'",
    ),
    "variable that is no YAML": ("", {"APP_ROUTES": "[a"}, "environment: APP_ROUTES is not YAML (line 1: "),
    "part of a number": (
        "service:\n  port: 80\n",
        {"APP_SERVICE__PORT__X": "1"},
        "environment: service.port.x is set, and 80, which stands at 'port', has no parts: remove one",
    ),
}


@pytest.fixture
def configured(tmp_path: Path, project_root: Path) -> Callable[..., Settings]:
    """`configured(dev_yaml, variables)` loads a copy of config/ whose dev.yaml holds that text."""
    shutil.copytree(project_root / "config", tmp_path / "config")
    variables = {"APP_PROVIDER": "offline", "APP_PROJECT__SLUG": "sample"}

    def read(dev_yaml: str, environment: dict[str, str]) -> Settings:
        (tmp_path / "config" / "dev.yaml").write_text(dev_yaml, encoding="utf-8")
        return load(tmp_path, variables | environment)

    return read


@pytest.mark.feature("T5")
@pytest.mark.parametrize("environment", ["staging", "prod"])
def test_sound_configuration_has_no_fault(load_settings: Callable[..., Settings], environment: str) -> None:
    """The same code and files run in staging and production by variables alone."""
    settings = load_settings(**{**SOUND, "APP_ENVIRONMENT": environment})
    assert (settings.environment, settings.service.host, settings.auth.mode) == (environment, "0.0.0.0", "api_key")
    assert production_faults(settings) == []


@pytest.mark.feature("T5")
@pytest.mark.parametrize(("change", "fault"), FAULTS.values(), ids=FAULTS)
def test_each_fault_is_named_with_its_remedy(
    load_settings: Callable[..., Settings], change: dict[str, str], fault: str
) -> None:
    """One thing wrong gives one line that says what, and what to do."""
    (line,) = production_faults(load_settings(**{**SOUND, **change}))
    assert fault in line
    assert "\n" not in line


def test_all_faults_are_named_at_once(load_settings: Callable[..., Settings]) -> None:
    """A bare start in production lists everything that is missing."""
    faults = production_faults(load_settings(APP_ENVIRONMENT="prod"))
    assert [line.split()[0] for line in faults] == ["provider", "auth.keys", "DATABASE_URL"]


def test_a_fault_never_shows_the_secret(load_settings: Callable[..., Settings]) -> None:
    """Faults and settings can be printed: no secret is in either."""
    settings = load_settings(**{**SOUND, "OPENAI_API_KEY": "changeme-8c1f"})
    assert "8c1f" not in " ".join(production_faults(settings)) + repr(settings)


@pytest.mark.parametrize(
    ("provider", "key", "wanted"),
    [
        ("offline", {}, None),
        ("compatible", {}, None),
        ("openai", {"OPENAI_API_KEY": "sk-1"}, None),
        ("openai", {}, "set OPENAI_API_KEY in .env, or run offline with APP_PROVIDER=offline"),
        ("anthropic", {}, "set ANTHROPIC_API_KEY in .env"),
    ],
    ids=["offline", "compatible", "openai with key", "openai", "anthropic"],
)
def test_missing_key_names_the_variable(
    load_settings: Callable[..., Settings], provider: str, key: dict[str, str], wanted: str | None
) -> None:
    """A chosen provider that wants a key and has none says where to put it."""
    said = missing_key(load_settings(APP_PROVIDER=provider, **key))
    assert said is None if wanted is None else wanted in str(said)


@pytest.mark.parametrize(("dev_yaml", "environment", "message"), WRONG.values(), ids=WRONG)
def test_wrong_setting_is_named_by_its_place(
    configured: Callable[..., Settings], dev_yaml: str, environment: dict[str, str], message: str
) -> None:
    """A setting that is wrong stops the start with one line: file and line, the setting, what is wrong."""
    with pytest.raises(ConfigurationError) as caught:
        configured(dev_yaml, environment)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_file_is_named(configured: Callable[..., Settings], tmp_path: Path) -> None:
    """A configuration file that is gone is asked for by its path."""
    (tmp_path / "config/base.yaml").unlink()
    with pytest.raises(ConfigurationError, match=r"base\.yaml cannot be read .* restore it"):
        configured("", {})


def test_later_wins(configured: Callable[..., Settings], tmp_path: Path) -> None:
    """Environment file over base file, `.env` over both, the process environment over all."""
    assert configured("service: {port: 1}\n", {}).service.port == 1
    (tmp_path / ".env").write_text("APP_SERVICE__PORT=2\n", encoding="utf-8")
    assert configured("service: {port: 1}\n", {}).service.port == 2
    assert configured("service: {port: 1}\n", {"APP_SERVICE__PORT": "3"}).service.port == 3
