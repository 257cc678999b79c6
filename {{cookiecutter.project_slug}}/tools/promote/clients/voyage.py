"""Voyage's own client: embeddings and rerank."""

from tools.promote.clients.family import Constructor, Family, Refusal
from tools.promote.clients.protocols import VOYAGE

ADDRESS = frozenset({"api_key", "base_url"})
NO_DOOR = Refusal(
    "the door serves embed and rerank; this endpoint it does not",
    "embed texts with client.embed, or keep this step out of the pipeline",
)

FAMILY = Family(
    name="voyage",
    modules=("voyageai",),
    constructors={
        "Client": Constructor(VOYAGE, ADDRESS, drops=1),
        "AsyncClient": Constructor(VOYAGE, ADDRESS, drops=1),
    },
    calls=dict.fromkeys(("multimodal_embed", "contextualized_embed", "tokenize", "count_tokens"), NO_DOOR),
)
