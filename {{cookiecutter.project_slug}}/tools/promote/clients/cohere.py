"""Cohere's own client, versions 1 and 2 of its API; the cloud variants become it."""

from tools.promote.clients.family import Constructor, Family, Refusal
from tools.promote.clients.protocols import COHERE

ADDRESS = frozenset({"api_key", "base_url", "environment"})
CLOUD = ADDRESS | {"aws_access_key", "aws_secret_key", "aws_session_token", "aws_region", "chat_endpoint"}
NO_DOOR = Refusal(
    "the door serves chat, generate, embed and rerank; this endpoint it does not",
    "use co.chat, or keep this step out of the pipeline",
)

FAMILY = Family(
    name="cohere",
    modules=("cohere",),
    constructors={
        "Client": Constructor(COHERE, ADDRESS, drops=1),
        "AsyncClient": Constructor(COHERE, ADDRESS, drops=1),
        "ClientV2": Constructor(COHERE, ADDRESS, drops=1),
        "AsyncClientV2": Constructor(COHERE, ADDRESS, drops=1),
        "BedrockClient": Constructor(COHERE, CLOUD, becomes="cohere.Client"),
        "BedrockClientV2": Constructor(COHERE, CLOUD, becomes="cohere.ClientV2"),
        "SagemakerClient": Constructor(COHERE, CLOUD, becomes="cohere.Client"),
        "SagemakerClientV2": Constructor(COHERE, CLOUD, becomes="cohere.ClientV2"),
    },
    calls=dict.fromkeys(
        (
            "classify", "tokenize", "detokenize", "summarize",
            "datasets.create", "embed_jobs.create", "connectors.create", "finetuning.create_finetuned_model",
            "create_custom_model", "create_dataset", "create_embed_job", "audio.transcriptions.create",
        ),
        NO_DOOR,
    ),
)  # fmt: skip
