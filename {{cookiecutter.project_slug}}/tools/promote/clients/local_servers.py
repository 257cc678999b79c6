"""Ollama's client, and Hugging Face's `InferenceClient`, whose chat is OpenAI's."""

from tools.promote.clients.family import Constructor, Family, Refusal, refusing
from tools.promote.clients.protocols import OLLAMA, OPENAI

OLLAMA_FAMILY = Family(
    name="ollama",
    modules=("ollama",),
    constructors={
        "Client": Constructor(OLLAMA, frozenset({"host", "headers"}), drops=1),
        "AsyncClient": Constructor(OLLAMA, frozenset({"host", "headers"}), drops=1),
    },
    refusals=refusing(
        "the door serves chat, generate and embed; this endpoint it does not",
        "use ollama.chat or ollama.embed, or keep this step out of the pipeline",
        "embeddings", "create", "pull",
    ),
    surrounded={"chat": "", "generate": "", "embed": ""},
)  # fmt: skip

HF_LOSES = frozenset({"model", "provider", "token", "api_key", "base_url", "bill_to", "headers"})
NAMELESS = "it sends no model's name to a host of its own, so the door's default model answers"
HUGGINGFACE = Family(
    name="huggingface",
    modules=("huggingface_hub",),
    constructors={
        "InferenceClient": Constructor(OPENAI, HF_LOSES, drops=1, note=NAMELESS),
        "AsyncInferenceClient": Constructor(OPENAI, HF_LOSES, drops=1, note=NAMELESS),
    },
    calls=dict.fromkeys(
        (
            "feature_extraction", "text_to_image", "image_to_text", "summarization", "translation",
            "question_answering", "text_classification", "automatic_speech_recognition", "text_to_speech",
            "sentence_similarity", "zero_shot_classification", "image_classification", "object_detection",
        ),
        Refusal(
            "the door serves chat and text generation; this task it does not",
            "use client.chat_completion, or keep this step out of the pipeline",
        ),
    ),
    pointless=frozenset({"login", "notebook_login", "interpreter_login"}),
)  # fmt: skip
