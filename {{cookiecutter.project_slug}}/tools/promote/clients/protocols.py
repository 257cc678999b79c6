"""The arguments with which each protocol's clients are pointed at the door, and the keywords they make pointless."""

OPENAI = "**openai_client_args()"
OPENAI_API_BASE = '**client_args("openai", "api_base", "api_key")'
ANTHROPIC = "**anthropic_client_args()"
GEMINI = "**gemini_client_args()"
COHERE = '**client_args("cohere", "base_url", "api_key")'
MISTRAL = '**client_args("mistral", "server_url", "api_key")'
BEDROCK = "**bedrock_client_args()"
VOYAGE = '**client_args("voyage", "base_url", "api_key")'
OLLAMA = "**ollama_client_args()"

OPENAI_ADDRESS = frozenset(
    {"api_key", "base_url", "organization", "project", "admin_api_key", "webhook_secret", "provider"}
)
AZURE_ADDRESS = OPENAI_ADDRESS | {
    "azure_endpoint", "azure_deployment", "api_version", "azure_ad_token", "azure_ad_token_provider",
}  # fmt: skip
AMAZON_ADDRESS = frozenset(
    {
        "endpoint_url", "region_name", "aws_access_key_id", "aws_secret_access_key", "aws_session_token",
        "credentials_profile_name", "profile_name", "bedrock_api_key", "client", "bedrock_client", "config",
    }
)  # fmt: skip
