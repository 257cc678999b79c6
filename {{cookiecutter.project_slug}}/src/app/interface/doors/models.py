"""Which of our models a client's name means, and the models it is shown, in the shapes of its protocol."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from app.interface.door_errors import Dialect
from app.settings import Settings


def model_for(name: str, settings: Settings) -> str:
    """Our model for the name a client asks for: the first alias that fits, else the name itself, else the default."""
    for pattern, model in settings.door.aliases.items():
        if fnmatchcase(name, pattern):
            return model
    return name if name in settings.models else settings.door.default


def embedding_model_for(name: str, settings: Settings) -> str:
    """The embedding model meant by `name`. Aliases name chat models, so only a model's own name counts here."""
    return name if name in settings.models else settings.retrieval.embedding_model


def reranking_model_for(name: str, settings: Settings) -> str | None:
    """The model meant by `name` that scores texts: its own name, else that of retrieval; None where there is none."""
    return name if name in settings.models else settings.retrieval.rerank_model


def model_list(settings: Settings, dialect: Dialect) -> dict[str, Any]:
    """The models a client may ask for, the assistant first."""
    names = _names(settings)
    data = [_shown(name, settings, dialect) for name in names]
    if dialect == "anthropic":
        return {"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}
    return {"object": "list", "data": data} if dialect == "openai" else {"models": data}


def one_model(name: str, settings: Settings, dialect: Dialect) -> dict[str, Any]:
    """A model by the name a client asks for. Every name is served, by the model it means, so every name is known."""
    return _shown(name, settings, dialect)


def _names(settings: Settings) -> list[str]:
    return [settings.assistant.model_name, *settings.models]


def _shown(name: str, settings: Settings, dialect: Dialect) -> dict[str, Any]:
    if dialect == "anthropic":
        return {"type": "model", "id": name, "display_name": name, "created_at": "1970-01-01T00:00:00Z"}
    if dialect == "gemini":
        methods = ["generateContent", "embedContent"]
        return {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": methods}
    if dialect in ("ollama", "cohere"):
        return {"name": name, "model": name}
    return {"id": name, "object": "model", "created": 0, "owned_by": settings.project.slug}
