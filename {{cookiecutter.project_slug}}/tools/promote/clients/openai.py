"""OpenAI's own client: `OpenAI`, `AsyncOpenAI`, the Azure classes, and the module used as a client."""

from tools.promote.clients.family import Constructor, Family, Refusal

HELPER = "openai_client_args"
GAINS = f"**{HELPER}()"
ADDRESS = frozenset({"api_key", "base_url", "organization", "project", "admin_api_key", "webhook_secret", "provider"})
AZURE = ADDRESS | {
    "azure_endpoint",
    "azure_deployment",
    "api_version",
    "azure_ad_token",
    "azure_ad_token_provider",
}

NO_DOOR = Refusal(
    "the door serves chat completions and embeddings; this endpoint it does not",
    "use client.chat.completions, or keep this step out of the pipeline",
)
LEGACY = Refusal(
    "this call belongs to openai before 1.0, which the project does not install",
    "change it to client.chat.completions.create and promote again",
)

FAMILY = Family(
    name="openai",
    modules=("openai", "langfuse.openai", "openlit.openai"),
    constructors={
        "OpenAI": Constructor(GAINS, HELPER, ADDRESS),
        "AsyncOpenAI": Constructor(GAINS, HELPER, ADDRESS),
        "Client": Constructor(GAINS, HELPER, ADDRESS),
        "AsyncClient": Constructor(GAINS, HELPER, ADDRESS),
        "AzureOpenAI": Constructor(GAINS, HELPER, AZURE, becomes="openai.OpenAI"),
        "AsyncAzureOpenAI": Constructor(GAINS, HELPER, AZURE, becomes="openai.AsyncOpenAI"),
    },
    refusals={
        "ChatCompletion.create": LEGACY,
        "ChatCompletion.acreate": LEGACY,
        "Completion.create": LEGACY,
        "Completion.acreate": LEGACY,
        "Embedding.create": LEGACY,
        "Embedding.acreate": LEGACY,
        "Image.create": LEGACY,
    },
    calls=dict.fromkeys(
        (
            "responses.create",
            "responses.parse",
            "responses.stream",
            "images.generate",
            "images.edit",
            "audio.speech.create",
            "audio.transcriptions.create",
            "files.create",
            "assistants.create",
            "threads.create",
            "batches.create",
            "jobs.create",
            "vector_stores.create",
            "moderations.create",
            "conversations.create",
        ),
        NO_DOOR,
    ),
)
