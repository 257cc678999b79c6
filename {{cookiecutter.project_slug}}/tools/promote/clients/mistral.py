"""Mistral's own client. The class of its first versions is another API and is refused."""

from tools.promote.clients.family import Constructor, Family, Refusal, refusing
from tools.promote.clients.protocols import MISTRAL

ADDRESS = frozenset({"api_key", "server", "server_url", "url_params"})
NO_DOOR = Refusal(
    "the door serves chat and embeddings; this endpoint it does not",
    "use client.chat, or keep this step out of the pipeline",
)

FAMILY = Family(
    name="mistral",
    modules=("mistralai", "mistralai.client"),
    constructors={
        "Mistral": Constructor(MISTRAL, ADDRESS),
        "MistralGoogleCloud": Constructor(
            MISTRAL, ADDRESS | {"region", "project_id", "access_token"}, becomes="mistralai.client.Mistral"
        ),
        "MistralAzure": Constructor(
            MISTRAL, ADDRESS | {"azure_api_key", "azure_endpoint"}, becomes="mistralai.client.Mistral"
        ),
    },
    refusals=refusing(
        "this class belongs to mistralai before 1.0, whose calls the present client does not have",
        "change it to Mistral (client.chat.complete) and promote again",
        "MistralClient", "MistralAsyncClient",
    ),
    calls=dict.fromkeys(
        (
            "ocr.process", "ocr.process_async", "fim.complete", "files.upload", "fine_tuning.jobs.create",
            "jobs.create", "batch.jobs.create", "agents.complete", "beta.agents.create", "beta.conversations.start",
            "classifiers.moderate", "classifiers.moderate_chat", "classifiers.classify",
            "audio.transcriptions.complete",
            "beta.conversations.start_stream_async", "beta.agents.create_async", "audio.speech.complete",
        ),
        NO_DOOR,
    ),
    moved={"Mistral": "mistralai.client"},
)  # fmt: skip
