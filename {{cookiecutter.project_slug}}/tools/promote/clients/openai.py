"""OpenAI's own client: `OpenAI`, `AsyncOpenAI`, the Azure classes; and clients of hosts that have its methods."""

from tools.promote.clients.family import Constructor, Family, Refusal, refusing
from tools.promote.clients.protocols import AZURE_ADDRESS, OPENAI, OPENAI_ADDRESS

HELPER = "openai_client_args"
# What tells Portkey's gateway which provider to ask, and how.
PORTKEY_ADDRESS = OPENAI_ADDRESS | {
    "virtual_key", "Authorization", "config", "metadata", "trace_id", "provider", "cache_namespace",
    "cache_force_refresh", "custom_host", "debug", "forward_headers", "strict_open_ai_compliance",
}  # fmt: skip
SETTINGS = frozenset({"api_key", "api_base", "base_url", "api_type", "api_version", "organization", "azure_endpoint"})

NO_DOOR = Refusal(
    "the door serves chat completions, responses, completions and embeddings; this endpoint it does not",
    "use client.chat.completions or client.responses, or keep this step out of the pipeline",
)
# Functions of openai before 1.0, and what stands for them in a step.
LEGACY = {
    "ChatCompletion.create": "chat_completion_create",
    "ChatCompletion.acreate": "chat_completion_acreate",
    "Completion.create": "completion_create",
    "Completion.acreate": "completion_acreate",
    "Embedding.create": "embedding_create",
    "Embedding.acreate": "embedding_acreate",
}

FAMILY = Family(
    name="openai",
    modules=("openai", "langfuse.openai", "openlit.openai"),
    constructors={
        "OpenAI": Constructor(OPENAI, OPENAI_ADDRESS),
        "AsyncOpenAI": Constructor(OPENAI, OPENAI_ADDRESS),
        "Client": Constructor(OPENAI, OPENAI_ADDRESS),
        "AsyncClient": Constructor(OPENAI, OPENAI_ADDRESS),
        "AzureOpenAI": Constructor(OPENAI, AZURE_ADDRESS, becomes="openai.OpenAI"),
        "AsyncAzureOpenAI": Constructor(OPENAI, AZURE_ADDRESS, becomes="openai.AsyncOpenAI"),
    },
    refusals=refusing(
        "this call belongs to openai before 1.0, and no door serves what it asks for",
        "keep this step out of the pipeline",
        "Image.create", "Edit.create", "Moderation.create", "Audio.transcribe", "FineTune.create", "File.create",
    ),
    calls=dict.fromkeys(
        (
            "images.generate", "images.edit", "audio.speech.create", "audio.transcriptions.create",
            "audio.translations.create", "files.create", "assistants.create", "threads.create", "batches.create",
            "fine_tuning.jobs.create", "vector_stores.create", "moderations.create", "conversations.create",
            "realtime.connect", "uploads.create", "evals.create",
        ),
        NO_DOOR,
    ),
)  # fmt: skip


def _compatible(name: str, modules: tuple[str, ...], *classes: str, before: tuple[str, ...] = ()) -> Family:
    """A vendor's client that has the methods of OpenAI's: `Groq` becomes `OpenAI`.

    `before` are functions of its module that its first versions had instead, and that the present one has not.
    """
    made = {
        cls: Constructor(
            OPENAI, OPENAI_ADDRESS, becomes=f"openai.{'AsyncOpenAI' if 'Async' in cls else 'OpenAI'}", body=True
        )
        for cls in classes
    }
    refused = refusing(
        f"this call belongs to {name} before 1.0, which the present one does not have",
        f"change it to client.chat.completions.create of {classes[0]} and promote again",
        *before,
    )
    return Family(name, modules, made, refused)


COMPATIBLE = (
    _compatible("groq", ("groq",), "Groq", "AsyncGroq", "Client"),
    _compatible("together", ("together",), "Together", "AsyncTogether", "Client", "AsyncClient",
                before=("Complete.create", "Complete.create_streaming", "Models.start", "Image.create")),
    _compatible("fireworks", ("fireworks.client", "fireworks"), "Fireworks", "AsyncFireworks",
                before=("Completion.create", "Completion.acreate", "ChatCompletion.create", "ChatCompletion.acreate")),
    _compatible("cerebras", ("cerebras.cloud.sdk",), "Cerebras", "AsyncCerebras"),
    _compatible("sambanova", ("sambanova",), "SambaNova", "AsyncSambaNova"),
    _compatible("zhipu", ("zhipuai", "zai"), "ZhipuAI", "ZhipuAiClient"),
    Family(
        "portkey",
        ("portkey_ai",),
        {
            "Portkey": Constructor(OPENAI, PORTKEY_ADDRESS, becomes="openai.OpenAI", body=True),
            "AsyncPortkey": Constructor(OPENAI, PORTKEY_ADDRESS, becomes="openai.AsyncOpenAI", body=True),
        },
    ),
)  # fmt: skip
