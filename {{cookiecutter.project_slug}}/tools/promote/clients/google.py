"""Google: `genai.Client` of Gemini and of Vertex AI; the retired SDKs' `GenerativeModel` becomes one of our own."""

from tools.promote.clients.family import Constructor, Family, Refusal, refusing
from tools.promote.clients.protocols import GEMINI

ADDRESS = frozenset(
    {"api_key", "vertexai", "enterprise", "project", "location", "credentials", "http_options", "debug_config"}
)
NO_DOOR = Refusal(
    "the door serves generate_content, chats, interactions, count_tokens and embed_content; this endpoint it does not",
    "use client.models.generate_content, or keep this step out of the pipeline",
)
RETIRED = "this class of Google's retired SDK is served by no door"

FAMILY = Family(
    name="google",
    modules=("google.genai", "genai"),
    constructors={"Client": Constructor(GEMINI, ADDRESS)},
    calls=dict.fromkeys(
        (
            "files.upload", "caches.create", "live.connect", "models.generate_images",
            "models.generate_videos", "models.edit_image", "models.upscale_image", "models.compute_tokens",
            "tunings.tune", "batches.create", "file_search_stores.create", "agents.create",
            "live.music.connect", "auth_tokens.create", "models.recontext_image", "models.segment_image",
        ),
        NO_DOOR,
    ),
)  # fmt: skip

# What the retired SDKs have that stands in `app.orchestration.gemini_model` too.
MODULE = "app.orchestration.gemini_model"
STANDING_IN = frozenset(
    {
        "GenerativeModel", "ChatSession", "GenerationConfig", "Part", "Image", "configure", "init", "embed_content",
        "HarmCategory", "HarmBlockThreshold", "SafetySetting", "Content", "FinishReason", "GenerationResponse",
        "__version__",
    }
)  # fmt: skip
LEGACY = Family(
    name="google_legacy",
    modules=("google.generativeai", "vertexai"),
    refusals=refusing(
        RETIRED, "use genai.Client of google-genai and promote again",
        "GenerativeModel", "ChatModel", "TextGenerationModel", "ChatModel.from_pretrained",
        "TextGenerationModel.from_pretrained", "TextEmbeddingModel.from_pretrained",
        "MultiModalEmbeddingModel.from_pretrained", "CodeGenerationModel", "CodeGenerationModel.from_pretrained",
        "ImageGenerationModel.from_pretrained", "generate_text", "embed_content", "upload_file",
        "CachedContent.create", "GenerativeModel.from_cached_content", "agent_engines.create", "AdkApp",
        "LangchainAgent", "ReasoningEngine.create", "EvalTask", "Client",
    ),
)  # fmt: skip
