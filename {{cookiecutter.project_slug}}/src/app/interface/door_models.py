"""Which of our models a client's name means, and the list of models it is shown."""

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


def model_list(settings: Settings, dialect: Dialect) -> dict[str, Any]:
    """The models a client may ask for, the assistant first, in the list shape of its protocol."""
    names = [settings.assistant.model_name, *settings.models]
    if dialect == "openai":
        return {"object": "list", "data": [openai_model(name, settings) for name in names]}
    data = [{"type": "model", "id": name, "display_name": name, "created_at": "1970-01-01T00:00:00Z"} for name in names]
    return {"data": data, "has_more": False, "first_id": names[0], "last_id": names[-1]}


def openai_model(name: str, settings: Settings) -> dict[str, Any]:
    """One model as OpenAI's protocol shows it."""
    return {"id": name, "object": "model", "created": 0, "owned_by": settings.project.slug}
