"""Anthropic's own client: `Anthropic` and `AsyncAnthropic`; the cloud variants become them."""

from tools.promote.clients.family import Constructor, Family, Refusal
from tools.promote.clients.protocols import ANTHROPIC

ADDRESS = frozenset({"api_key", "base_url", "auth_token"})
CLOUD = ADDRESS | {
    "region", "project_id", "access_token", "credentials",
    "aws_access_key", "aws_secret_key", "aws_session_token", "aws_region", "aws_profile",
}  # fmt: skip

NO_DOOR = Refusal(
    "the door serves messages and count_tokens; this endpoint it does not",
    "use client.messages, or keep this step out of the pipeline",
)

FAMILY = Family(
    name="anthropic",
    modules=("anthropic",),
    constructors={
        "Anthropic": Constructor(ANTHROPIC, ADDRESS),
        "AsyncAnthropic": Constructor(ANTHROPIC, ADDRESS),
        "Client": Constructor(ANTHROPIC, ADDRESS),
        "AsyncClient": Constructor(ANTHROPIC, ADDRESS),
        "AnthropicVertex": Constructor(ANTHROPIC, CLOUD, becomes="anthropic.Anthropic"),
        "AsyncAnthropicVertex": Constructor(ANTHROPIC, CLOUD, becomes="anthropic.AsyncAnthropic"),
        "AnthropicBedrock": Constructor(ANTHROPIC, CLOUD, becomes="anthropic.Anthropic"),
        "AsyncAnthropicBedrock": Constructor(ANTHROPIC, CLOUD, becomes="anthropic.AsyncAnthropic"),
    },
    calls=dict.fromkeys(
        (
            "messages.batches.create", "beta.messages.batches.create", "beta.files.upload",
            "beta.skills.create", "beta.agents.create", "beta.sessions.create", "completions.create",
        ),
        NO_DOOR,
    ),
)  # fmt: skip
