"""AutoGen's lists of models, as a promoted notebook has them: each model keeps its name and is asked at the door.

AutoGen (`autogen`, `ag2`) takes a list of models as data, each with a key and an address of its own, often from a file
beside the notebook. Whatever protocol such an entry speaks, the gateway answers OpenAI's under the model's own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.orchestration.notebook import openai_client_args

# Where an entry's host is and who asks it, over all of AutoGen's `api_type`s.
ADDRESS = frozenset(
    {
        "api_base", "api_key", "api_type", "api_version", "aws_access_key", "aws_profile_name", "aws_region",
        "aws_secret_key", "aws_session_token", "azure_ad_token", "azure_ad_token_provider", "azure_deployment",
        "azure_endpoint", "base_url", "client_host", "credentials", "default_headers", "google_application_credentials",
        "gcp_auth_token", "gcp_project_id", "gcp_region", "http_client", "location", "organization", "project",
        "project_id", "use_vertexai",
    }
)  # fmt: skip
# The model AutoGen's own examples name where a list leaves it open.
# prompt-lint: allow hardcoded_model_id -- a name for what a notebook leaves unnamed; the gateway routes it
UNNAMED = "gpt-4"


def autogen_config(given: Any) -> Any:
    """An agent's `llm_config`, or a `config_list`, whose models are asked at the door.

    A mapping with a `config_list`, a mapping that names one model, or a list of such. What holds no model (None,
    False, an `LLMConfig` whose own arguments went through here) is returned as it is; nothing given is changed.
    """
    if isinstance(given, Mapping):
        if "config_list" in given:
            return {**given, "config_list": autogen_config(given["config_list"])}
        return _at_door(given) if "model" in given else given
    if isinstance(given, list | tuple):
        return [_at_door(entry) if isinstance(entry, Mapping) else entry for entry in given]
    return given


def autogen_models(
    *, filter_dict: Mapping[str, Iterable[str]] | None = None, model_list: Iterable[str] | None = None
) -> list[dict[str, Any]]:
    """What `config_list_from_json` and its like read from a file of keys: here the models the notebook names.

    Those of `model_list`, else of `filter_dict["model"]` (a set in the order of its names), else gpt-4.
    """
    named = model_list if model_list is not None else (filter_dict or {}).get("model")
    if isinstance(named, str):
        named = [named]
    names = sorted(named) if isinstance(named, set | frozenset) else list(named or [UNNAMED])
    return [{"model": name, **openai_client_args()} for name in names]


def _at_door(entry: Mapping[str, Any]) -> dict[str, Any]:
    model = entry.get("model") or entry.get("azure_deployment") or UNNAMED
    kept = {name: value for name, value in entry.items() if name not in ADDRESS}
    return {**kept, "model": model, **openai_client_args()}
