"""Anthropic's own client: `Anthropic` and `AsyncAnthropic`; the cloud variants become them."""

from tools.promote.clients.family import Constructor, Family, Refusal

HELPER = "anthropic_client_args"
GAINS = f"**{HELPER}()"
ADDRESS = frozenset({"api_key", "base_url", "auth_token"})
CLOUD = ADDRESS | {
    "region", "project_id", "access_token", "credentials",
    "aws_access_key", "aws_secret_key", "aws_session_token", "aws_region", "aws_profile",
}  # fmt: skip

NO_DOOR = Refusal(
    "the door serves messages; this endpoint it does not",
    "use client.messages, or keep this step out of the pipeline",
)

FAMILY = Family(
    name="anthropic",
    modules=("anthropic",),
    constructors={
        "Anthropic": Constructor(GAINS, HELPER, ADDRESS),
        "AsyncAnthropic": Constructor(GAINS, HELPER, ADDRESS),
        "Client": Constructor(GAINS, HELPER, ADDRESS),
        "AsyncClient": Constructor(GAINS, HELPER, ADDRESS),
        "AnthropicVertex": Constructor(GAINS, HELPER, CLOUD, becomes="anthropic.Anthropic"),
        "AsyncAnthropicVertex": Constructor(GAINS, HELPER, CLOUD, becomes="anthropic.AsyncAnthropic"),
        "AnthropicBedrock": Constructor(GAINS, HELPER, CLOUD, becomes="anthropic.Anthropic"),
        "AsyncAnthropicBedrock": Constructor(GAINS, HELPER, CLOUD, becomes="anthropic.AsyncAnthropic"),
    },
    calls=dict.fromkeys(
        (
            "messages.batches.create",
            "messages.count_tokens",
            "beta.messages.batches.create",
            "beta.files.upload",
            "beta.skills.create",
        ),
        NO_DOOR,
    ),
)
