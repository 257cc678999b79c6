"""The doors: other people's protocols in, the gateway behind, so that any client works by its base URL alone.

A door decides nothing but which of our models is meant: who calls and what is too much was settled by the middleware,
everything else is the gateway's. It refuses what its protocol allows and a reply of ours could not carry, rather than
leave it out.
"""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.interface.door_errors import Dialect, dialect_of
from app.interface.doors import (
    anthropic,
    bedrock,
    cohere,
    gemini,
    hugging_face,
    interactions,
    ollama,
    openai,
    voyage,
)
from app.interface.doors.answers import Answer, json_answer, told
from app.interface.doors.models import model_list, one_model
from app.interface.services import body_of, services_of

GEMINI_VERSIONS = ("/v1", "/v1beta")

# Where each body is posted, besides OpenAI's chat, which the assistant may answer.
POSTED: tuple[tuple[str, Dialect, Answer], ...] = (
    ("/v1", "openai", hugging_face.generate),
    ("/v1/responses", "openai", openai.responses),
    ("/v1/completions", "openai", openai.completions),
    ("/v1/embeddings", "openai", openai.embeddings),
    ("/v1/messages", "anthropic", anthropic.messages),
    ("/v1/messages/count_tokens", "anthropic", anthropic.count_tokens),
    ("/api/chat", "ollama", ollama.chat),
    ("/api/generate", "ollama", ollama.generate),
    ("/api/embed", "ollama", ollama.embed),
    ("/v1/chat", "cohere", cohere.chat_v1),
    ("/v1/embed", "cohere", cohere.embed_v1),
    ("/v1/generate", "cohere", cohere.generate),
    ("/voyage/v1/embeddings", "voyage", voyage.embeddings),
    ("/voyage/v1/rerank", "voyage", voyage.rerank),
    ("/v1/rerank", "cohere", cohere.rerank),
    ("/v2/rerank", "cohere", cohere.rerank),
    ("/v2/chat", "cohere", cohere.chat),
    ("/v2/embed", "cohere", cohere.embed),
)
# A model's name may be a path: `publishers/google/models/gemini-2.5-pro`, `projects/p/locations/l/endpoints/1`.
GEMINI_METHODS: tuple[tuple[str, Answer], ...] = (
    ("generateContent", gemini.generate_content),
    ("streamGenerateContent", gemini.stream_generate_content),
    ("countTokens", gemini.count_tokens),
    ("embedContent", gemini.embed_content),
    ("batchEmbedContents", gemini.batch_embed_contents),
)
# A model's name here may be an address of its own, with slashes.
BEDROCK_METHODS: tuple[tuple[str, Answer], ...] = (
    ("converse", bedrock.converse),
    ("converse-stream", bedrock.converse_stream),
)


def doors_router(*, assistant: Answer | None = None) -> APIRouter:
    """The routes of all doors. `assistant` answers chat bodies that name the assistant's model; without it they are
    served like any other."""

    async def chat_completions(request: Request) -> Response:
        """Chat in OpenAI's form; the assistant answers where the body names its model, with citations beside."""
        named = body_of(request).get("model")
        if assistant is not None and named == services_of(request).settings.assistant.model_name:
            return await assistant(request)
        return await openai.chat_completions(request)

    router = APIRouter()
    # Plain routes: the codecs read the bodies, FastAPI's own reading would only cost time.
    router.add_route("/v1/chat/completions", told("openai", chat_completions), methods=["POST"])
    for path, dialect, answer in POSTED:
        router.add_route(path, told(dialect, answer), methods=["POST"])
    for version in GEMINI_VERSIONS:
        for method, answer in GEMINI_METHODS:
            router.add_route(f"{version}/models/{{model:path}}:{method}", told("gemini", answer), methods=["POST"])
        router.add_route(f"{version}/interactions", told("interactions", interactions.create), methods=["POST"])
        router.add_route(f"{version}/models", _models, methods=["GET"])
        router.add_route(f"{version}/models/{{name}}", _model, methods=["GET"])
    for method, answer in BEDROCK_METHODS:
        router.add_route(f"/model/{{model:path}}/{method}", told("bedrock", answer), methods=["POST"])
    router.add_route("/api/tags", _models, methods=["GET"])
    router.add_route("/api/show", told("ollama", ollama.show), methods=["POST"])
    return router


async def _models(request: Request) -> Response:
    """The models that may be named, in the form of whose client asks."""
    return json_answer(model_list(services_of(request).settings, _asking(request)))


async def _model(request: Request) -> Response:
    """One model, in the form of whose client asks."""
    dialect, settings = _asking(request), services_of(request).settings

    async def found(request: Request) -> Response:
        return json_answer(one_model(request.path_params["name"], settings, dialect))

    return await told(dialect, found)(request)


def _asking(request: Request) -> Dialect:
    """Whose client asks for models: OpenAI's, Anthropic's and Google's ask at the same address."""
    if "anthropic-version" in request.headers:
        return "anthropic"
    return "gemini" if "x-goog-api-key" in request.headers else dialect_of(request.url.path)
