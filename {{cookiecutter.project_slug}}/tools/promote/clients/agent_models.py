"""Agent frameworks whose models are objects of their own kind: pydantic-ai, Agno, strands."""

from tools.promote.clients.family import AT_THE_PROVIDER, FOREIGN, Constructor, Family, refusing
from tools.promote.clients.protocols import AMAZON_ADDRESS, ANTHROPIC, GEMINI, MISTRAL, OPENAI, OPENAI_ADDRESS

PROVIDER_ADDRESS = frozenset({"api_key", "base_url", "openai_client", "anthropic_client"})
STRANDS_BEDROCK = Constructor(
    "**strands_bedrock_args()", frozenset({"boto_session", "region_name", "endpoint_url", "api_key"})
)


def _agno(module: str, chat: str) -> Family:
    """Agno, and phidata as it was called before: models of other hosts become OpenAI's."""
    hosted = Constructor(
        OPENAI,
        OPENAI_ADDRESS | AMAZON_ADDRESS | {
            "host", "vertexai", "project_id", "location", "aws_region", "aws_access_key", "aws_secret_key",
            "azure_endpoint", "azure_deployment", "api_version", "endpoint", "max_tokens_to_sample",
        },
        {"model": "id"},
        untold=frozenset({"search", "grounding", "mcp_servers", "cached_content", "url_context"}),
        becomes=chat,
    )  # fmt: skip
    return Family(
        module, (module,),
        constructors={
            **dict.fromkeys(("OpenAIChat", "OpenAIResponses", "OpenAILike"), Constructor(OPENAI, OPENAI_ADDRESS)),
            **dict.fromkeys(
                ("Groq", "Claude", "Gemini", "AwsBedrock", "Cohere", "CohereChat", "MistralChat", "Mistral", "Ollama",
                 "OllamaTools", "HuggingFace", "HuggingFaceChat", "DeepSeek", "DeepSeekChat", "Together", "OpenRouter",
                 "xAI", "Nvidia", "Perplexity", "Fireworks", "AzureOpenAI", "AzureOpenAIChat", "AzureAIFoundry",
                 "Cerebras", "CerebrasOpenAI", "Sambanova", "LiteLLM", "LiteLLMOpenAI", "DeepInfra", "IBMWatsonx",
                 "InternLM", "LMStudio", "Nebius", "VLLM", "Vercel", "v0", "DashScope", "Llama", "LlamaOpenAI"),
                hosted,
            ),
        },
        # An agent that is given no model makes OpenAI's.
        surrounded={"Agent": "model", "Team": "model"},
    )  # fmt: skip


FAMILIES = (
    Family(
        "pydantic_ai", ("pydantic_ai",),
        constructors={
            "OpenAIProvider": Constructor(OPENAI, PROVIDER_ADDRESS),
            "AnthropicProvider": Constructor(ANTHROPIC, PROVIDER_ADDRESS),
            **dict.fromkeys(
                ("GoogleProvider", "GoogleGLAProvider", "GoogleVertexProvider"),
                Constructor(
                    '**client_args("gemini", "base_url", "api_key")',
                    PROVIDER_ADDRESS | {"vertexai", "project", "project_id", "location", "region", "credentials",
                                        "service_account_file", "service_account_info", "client", "http_client"},
                    becomes="pydantic_ai.providers.google.GoogleProvider",
                ),
            ),
            **dict.fromkeys(
                ("AzureProvider", "GroqProvider", "MistralProvider", "HuggingFaceProvider", "DeepSeekProvider",
                 "TogetherProvider", "OpenRouterProvider", "FireworksProvider", "MoonshotAIProvider",
                 "CerebrasProvider", "GrokProvider", "XaiProvider", "GitHubProvider", "HerokuProvider",
                 "NebiusProvider", "OVHcloudProvider", "LiteLLMProvider", "VercelProvider", "AlibabaProvider",
                 "SambaNovaProvider", "OllamaProvider", "BedrockProvider"),
                Constructor(
                    OPENAI, PROVIDER_ADDRESS | AMAZON_ADDRESS | {
                        "azure_endpoint", "api_version", "groq_client", "mistral_client", "hf_client", "provider_name",
                        "api_base", "app_url", "app_title", "http_client",
                    },
                    becomes="pydantic_ai.providers.openai.OpenAIProvider",
                ),
            ),
            **dict.fromkeys(
                ("OpenAIModel", "OpenAIChatModel", "OpenAIResponsesModel"),
                Constructor(loses=PROVIDER_ADDRESS, surrounded=True, texts={"provider": "openai"}),
            ),
            "AnthropicModel": Constructor(loses=PROVIDER_ADDRESS, surrounded=True, texts={"provider": "anthropic"}),
            "GoogleModel": Constructor(surrounded=True, texts={"provider": "google"}),
            "GeminiModel": Constructor(
                loses=frozenset({"api_key"}), surrounded=True, texts={"provider": "google"},
                becomes="pydantic_ai.models.google.GoogleModel",
            ),
            **dict.fromkeys(
                ("GroqModel", "MistralModel", "HuggingFaceModel", "OpenRouterModel", "CerebrasModel", "XaiModel",
                 "BedrockConverseModel"),
                Constructor(
                    loses=PROVIDER_ADDRESS, surrounded=True, texts={"provider": "openai"},
                    becomes="pydantic_ai.models.openai.OpenAIChatModel",
                ),
            ),
        },
        surrounded={"Agent": "model", "Embedder": ""},
        hosts={"mistral": "openai", "google-gla": "google", "google-vertex": "google"},
        refusals={
            **refusing(
                FOREIGN, "use OpenAIChatModel and promote again", "CohereModel", "OutlinesModel", "MCPSamplingModel",
            ),
            **refusing(
                AT_THE_PROVIDER, "give the agent a function as a tool and promote again", "WebSearchTool",
                "CodeExecutionTool", "UrlContextTool", "WebFetchTool", "ImageGenerationTool", "FileSearchTool",
                "MCPServerTool",
            ),
        },
    ),
    _agno("agno", "agno.models.openai.OpenAIChat"),
    _agno("phi", "phi.model.openai.OpenAIChat"),
    Family(
        "strands", ("strands",),
        constructors={
            "BedrockModel": STRANDS_BEDROCK,
            **dict.fromkeys(
                ("OpenAIModel", "OpenAIResponsesModel"),
                Constructor(
                    f"client_args={{{OPENAI}}}", frozenset({"client_args", "client", "bedrock_mantle_config"}), drops=1
                ),
            ),
            "AnthropicModel": Constructor(f"client_args={{{ANTHROPIC}}}", frozenset({"client_args"})),
            "GeminiModel": Constructor(f"client_args={{{GEMINI}}}", frozenset({"client_args", "client"})),
            "MistralModel": Constructor(
                f"client_args={{{MISTRAL}}}", frozenset({"client_args", "api_key"}), drops=1
            ),
            "OllamaModel": Constructor(
                '**client_args("ollama", "host")', frozenset({"host", "ollama_client_args"}), drops=1, surrounded=True
            ),
            "LiteLLMModel": Constructor(loses=frozenset({"client_args"}), drops=1, surrounded=True, routed=True),
        },
        refusals=refusing(
            FOREIGN, "use OpenAIModel and promote again", "SageMakerAIModel", "LlamaAPIModel", "WriterModel",
            "LlamaCppModel",
        ),
    ),
)  # fmt: skip
