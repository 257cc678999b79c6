"""Toolkits with client classes of their own: AdalFlow, guidance, distilabel, Outlines."""

from tools.promote.clients.family import FOREIGN, LOCAL, Constructor, Family, refusing, served_as
from tools.promote.clients.protocols import AZURE_ADDRESS, OPENAI, OPENAI_ADDRESS

# Its address has a default of OpenAI's own host, so the environment says nothing to it.
ADALFLOW = "adalflow.components.model_client.OpenAIClient"
HOSTED = Constructor(
    OPENAI,
    OPENAI_ADDRESS | {"env_api_key_name", "env_base_url_name", "endpoint", "api_version", "credential", "region"},
    becomes=ADALFLOW,
)  # fmt: skip

FAMILIES = (
    Family(
        "adalflow", ("adalflow",),
        constructors={
            "OpenAIClient": Constructor(OPENAI, OPENAI_ADDRESS),
            **dict.fromkeys(
                ("AnthropicAPIClient", "GroqAPIClient", "GoogleGenAIClient", "DeepSeekClient", "XAIClient",
                 "MistralClient", "AzureAIClient", "BedrockAPIClient", "TogetherClient", "SambaNovaClient",
                 "FireworksClient"),
                HOSTED,
            ),
            "OllamaClient": Constructor(loses=frozenset({"host"}), surrounded=True),
        },
        refusals=refusing(LOCAL, served_as("OllamaClient or OpenAIClient"), "TransformersClient"),
    ),
    Family(
        "guidance", ("guidance.models", "guidance"),
        constructors={
            "OpenAI": Constructor(OPENAI, OPENAI_ADDRESS),
            "AzureOpenAI": Constructor(OPENAI, AZURE_ADDRESS | {"version"}, becomes="guidance.models.OpenAI"),
        },
        refusals=refusing(LOCAL, served_as("guidance.models.OpenAI"), "Transformers", "LlamaCpp", "OnnxRuntimeGenAI"),
    ),
    Family(
        "distilabel", ("distilabel.models", "distilabel.llms"),
        constructors={
            "OpenAILLM": Constructor(OPENAI, OPENAI_ADDRESS),
            **dict.fromkeys(
                ("TogetherLLM", "GroqLLM", "AnyscaleLLM", "AzureOpenAILLM"),
                Constructor(OPENAI, AZURE_ADDRESS, becomes="distilabel.models.OpenAILLM"),
            ),
            "OpenAIEmbeddings": Constructor(OPENAI, OPENAI_ADDRESS),
        },
        refusals={
            **refusing(LOCAL, served_as("OpenAILLM"), "TransformersLLM", "vLLM", "LlamaCppLLM", "MlxLLM"),
            **refusing(
                FOREIGN, "use OpenAILLM and promote again",
                "InferenceEndpointsLLM", "AnthropicLLM", "MistralLLM", "CohereLLM", "VertexAILLM", "OllamaLLM",
                "LiteLLM", "MixtureOfAgentsLLM",
            ),
        },
    ),
    Family(
        "outlines", ("outlines",),
        surrounded={"models.openai": ""},
        refusals=refusing(
            LOCAL, served_as("outlines.from_openai(openai.OpenAI())"),
            "models.transformers", "from_transformers", "models.llamacpp", "from_llamacpp", "models.exllamav2",
            "models.vllm", "from_vllm_offline", "models.mlxlm", "from_mlxlm", "models.transformers_vision",
        ),
    ),
)  # fmt: skip
