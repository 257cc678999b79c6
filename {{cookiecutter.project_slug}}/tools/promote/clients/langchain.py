"""LangChain and LangGraph: chat models, completion models and embeddings; LCEL, graphs and agents stay as they are."""

from dataclasses import replace

from tools.promote.clients import langchain_hosts
from tools.promote.clients.family import FOREIGN, LOCAL, Constructor, Family, refusing, served_as
from tools.promote.clients.protocols import AMAZON_ADDRESS, ANTHROPIC, OPENAI, VOYAGE
from tools.promote.clients.protocols import BEDROCK as CONVERSE

OPENAI_ADDRESS = frozenset(
    {
        "api_key", "openai_api_key", "base_url", "openai_api_base", "organization", "openai_organization",
        "openai_proxy", "openai_api_type", "openai_api_version",
    }
)  # fmt: skip
AZURE_ADDRESS = OPENAI_ADDRESS | {"azure_endpoint", "api_version", "azure_ad_token", "azure_ad_token_provider"}
ANTHROPIC_ADDRESS = frozenset({"api_key", "anthropic_api_key", "base_url", "anthropic_api_url"})
GOOGLE_ADDRESS = frozenset(
    {
        "api_key", "google_api_key", "base_url", "client_options", "transport", "project", "location", "credentials",
        "vertexai", "enterprise", "additional_headers", "api_endpoint", "api_transport",
    }
)  # fmt: skip
BEDROCK_ADDRESS = frozenset(
    {
        "client", "bedrock_client", "region_name", "region", "credentials_profile_name", "provider", "endpoint_url",
        "aws_access_key_id", "aws_secret_access_key", "aws_session_token", "config", "base_model_id",
    }
)  # fmt: skip
COHERE_ADDRESS = frozenset({"cohere_api_key", "base_url", "client", "async_client"})
MISTRAL_ADDRESS = frozenset({"api_key", "mistral_api_key", "endpoint", "base_url"})
OLLAMA_ADDRESS = frozenset({"base_url", "client_kwargs", "headers"})
COMPATIBLE_ADDRESS = OPENAI_ADDRESS | {
    "groq_api_key", "groq_api_base", "together_api_key", "together_api_base", "fireworks_api_key",
    "fireworks_api_base", "pplx_api_key", "xai_api_key", "xai_api_base", "nvidia_api_key", "deepseek_api_key",
    "perplexity_api_key", "api_base", "upstage_api_key", "openrouter_api_key",
}  # fmt: skip
DEPLOYMENT = {"azure_deployment": "model", "deployment_name": "model"}

GEMINI_CHAT = '**client_args("gemini", "base_url", "google_api_key"), vertexai=False'
MISTRAL_CHAT = '**client_args("openai", "endpoint", "api_key")'
OLLAMA_CHAT = "**langchain_ollama_args()"
CHAT_OPENAI = Constructor(OPENAI, OPENAI_ADDRESS)
# `langchain_community` had a model for them that their own packages want named.
CHAT_ANTHROPIC = Constructor(ANTHROPIC, ANTHROPIC_ADDRESS, defaults={"model": '"claude-2"'})
CHAT_GEMINI = Constructor(
    GEMINI_CHAT, GOOGLE_ADDRESS, {"model_name": "model"}, becomes="langchain_google_genai.ChatGoogleGenerativeAI"
)
CHAT_COHERE = Constructor('**client_args("cohere", "base_url", "cohere_api_key")', COHERE_ADDRESS)
VOYAGE_CLASS = Constructor(VOYAGE, frozenset({"api_key", "voyage_api_key", "voyageai_api_key", "base_url"}))
CHAT_MISTRAL = Constructor(MISTRAL_CHAT, MISTRAL_ADDRESS)
CHAT_OLLAMA = Constructor(OLLAMA_CHAT, OLLAMA_ADDRESS, defaults={"model": '"llama2"'})
COMPATIBLE = Constructor(
    OPENAI, COMPATIBLE_ADDRESS, {"max_output_token": "max_tokens"}, becomes="langchain_openai.ChatOpenAI", body=True
)
COMPLETION = Constructor(OPENAI, COMPATIBLE_ADDRESS, becomes="langchain_openai.OpenAI", body=True)
BEDROCK = Constructor(
    OPENAI, BEDROCK_ADDRESS, {"model_id": "model"}, becomes="langchain_openai.ChatOpenAI",
    by_model=(("anthropic|claude", Constructor(
        ANTHROPIC, BEDROCK_ADDRESS, {"model_id": "model"}, becomes="langchain_anthropic.ChatAnthropic")),),
)  # fmt: skip
IN_BODY = {"model_kwargs": "extra_body"}
BEDROCK_COMPLETION = Constructor(
    OPENAI,
    BEDROCK_ADDRESS | {"guardrails"},
    {"model_id": "model", **IN_BODY},
    becomes="langchain_openai.OpenAI",
    body=True,
)
HUGGING_FACE = Constructor(
    OPENAI,
    frozenset(
        {"huggingfacehub_api_token", "endpoint_url", "inference_server_url", "task", "provider", "client", "timeout"}
    ),
    {"repo_id": "model", "max_new_tokens": "max_tokens", **IN_BODY},
    {"max_tokens": "512"},
    becomes="langchain_openai.OpenAI",
    body=True,
)
REPLICATE = Constructor(
    OPENAI,
    frozenset({"replicate_api_token", "version"}),
    {"input": "extra_body", **IN_BODY},
    becomes="langchain_openai.OpenAI",
    body=True,
)
# Without the length check the texts themselves are sent, not token numbers of a downloaded vocabulary.
EMBEDDING = f"check_embedding_ctx_length=False, {OPENAI}"

CONSTRUCTORS = {
    **langchain_hosts.CONSTRUCTORS,
    "ChatOpenAI": CHAT_OPENAI,
    "AzureChatOpenAI": Constructor(OPENAI, AZURE_ADDRESS, DEPLOYMENT, becomes="langchain_openai.ChatOpenAI"),
    "OpenAI": CHAT_OPENAI,
    "BaseOpenAI": CHAT_OPENAI,
    # It asked a chat model for completions.
    "OpenAIChat": Constructor(
        OPENAI, OPENAI_ADDRESS, becomes="langchain_openai.OpenAI", untold=frozenset({"prefix_messages"})
    ),
    "AzureOpenAI": Constructor(OPENAI, AZURE_ADDRESS, DEPLOYMENT, becomes="langchain_openai.OpenAI"),
    "OpenAIEmbeddings": Constructor(EMBEDDING, OPENAI_ADDRESS | {"check_embedding_ctx_length"}),
    "AzureOpenAIEmbeddings": Constructor(
        EMBEDDING,
        AZURE_ADDRESS | {"check_embedding_ctx_length"},
        DEPLOYMENT,
        becomes="langchain_openai.OpenAIEmbeddings",
    ),
    **dict.fromkeys(
        ("NVIDIAEmbeddings", "TogetherEmbeddings", "FireworksEmbeddings", "UpstageEmbeddings"),
        Constructor(
            EMBEDDING, COMPATIBLE_ADDRESS | {"truncate", "model_type", "max_batch_size", "check_embedding_ctx_length"},
            becomes="langchain_openai.OpenAIEmbeddings",
        ),
    ),
    "ChatAnthropic": CHAT_ANTHROPIC,
    "ChatGoogleGenerativeAI": CHAT_GEMINI,
    "ChatVertexAI": CHAT_GEMINI,
    "GoogleGenerativeAIEmbeddings": Constructor(GEMINI_CHAT, GOOGLE_ADDRESS),
    "VertexAIEmbeddings": Constructor(
        GEMINI_CHAT, GOOGLE_ADDRESS, {"model_name": "model"},
        becomes="langchain_google_genai.GoogleGenerativeAIEmbeddings",
    ),
    "GoogleGenerativeAI": Constructor(GEMINI_CHAT, GOOGLE_ADDRESS),
    "VertexAI": Constructor(
        GEMINI_CHAT, GOOGLE_ADDRESS, {"model_name": "model"},
        becomes="langchain_google_genai.GoogleGenerativeAI",
    ),
    "ChatCohere": CHAT_COHERE,
    "CohereEmbeddings": CHAT_COHERE,
    "CohereRerank": CHAT_COHERE,
    "NVIDIARerank": Constructor(
        CHAT_COHERE.gains, COMPATIBLE_ADDRESS | {"truncate", "max_batch_size"}, defaults={"model": '"rerank-v3.5"'},
        becomes="langchain_cohere.CohereRerank",
    ),
    "VoyageAIEmbeddings": VOYAGE_CLASS,
    "VoyageEmbeddings": Constructor(
        VOYAGE_CLASS.gains, VOYAGE_CLASS.loses | {"show_progress_bar"}, becomes="langchain_voyageai.VoyageAIEmbeddings"
    ),
    "VoyageAIRerank": VOYAGE_CLASS,
    "ChatMistralAI": CHAT_MISTRAL,
    "MistralAIEmbeddings": CHAT_MISTRAL,
    "ChatOllama": CHAT_OLLAMA,
    "OllamaLLM": CHAT_OLLAMA,
    # The class before it, of langchain_community.
    "Ollama": replace(CHAT_OLLAMA, becomes="langchain_ollama.OllamaLLM"),
    "OllamaEmbeddings": CHAT_OLLAMA,
    # Classes of before these had tools, of langchain_experimental.
    "OllamaFunctions": replace(CHAT_OLLAMA, becomes="langchain_ollama.ChatOllama"),
    "AnthropicFunctions": replace(CHAT_ANTHROPIC, becomes="langchain_anthropic.ChatAnthropic"),
    "ChatBedrock": BEDROCK,
    "BedrockChat": BEDROCK,
    "ChatBedrockConverse": Constructor(CONVERSE, (AMAZON_ADDRESS - {"config"}) | {"base_url"}),
    **dict.fromkeys(
        (
            "ChatGroq", "ChatTogether", "ChatFireworks", "ChatDeepSeek", "ChatPerplexity", "ChatXAI", "ChatNVIDIA",
            "ChatUpstage", "ChatOpenRouter", "ChatDeepInfra", "ChatLiteLLM", "ChatCerebras", "ChatSambaNovaCloud",
            "ChatSambaNova", "ChatAnyscale", "ChatNebius", "ChatMoonshot", "MoonshotChat", "ChatZhipuAI",
        ),
        COMPATIBLE,
    ),
    **dict.fromkeys(("Together", "Fireworks", "NVIDIA"), COMPLETION),
    **dict.fromkeys(("Bedrock", "BedrockLLM"), BEDROCK_COMPLETION),
    **dict.fromkeys(("HuggingFaceEndpoint", "HuggingFaceHub"), HUGGING_FACE),
    "Replicate": REPLICATE,
}  # fmt: skip

FAMILY = Family(
    name="langchain",
    modules=(
        "langchain", "langchain_classic", "langchain_openai", "langchain_anthropic", "langchain_community",
        "langchain_core", "langchain_google_genai", "langchain_google_vertexai", "langchain_cohere",
        "langchain_mistralai", "langchain_ollama", "langchain_aws", "langchain_groq", "langchain_together",
        "langchain_fireworks", "langchain_deepseek", "langchain_xai", "langchain_nvidia_ai_endpoints",
        "langchain_perplexity", "langchain_huggingface", "langchain_upstage", "langchain_litellm",
        "langchain_openrouter", "langchain_voyageai", "langchain_cerebras", "langchain_sambanova", "langchain_nebius",
        "langchain_ibm", "langchain_replicate", "langchain_ai21", "langchain_azure_ai", "langchain_databricks",
        "databricks_langchain", "langchain_oci", "langchain_writer", "langchain_friendli", "langchain_yandex",
        "langchain_cloudflare", "langchain_gigachat", "langchain_qwq", "langchain_naver", "langchain_predictionguard",
        "langchain_jina", "langchain_snowflake", "langchain_experimental", "langgraph", "deepagents",
    ),
    constructors=CONSTRUCTORS,
    refusals={
        **refusing(
            LOCAL,
            served_as("ChatOllama or ChatOpenAI"),
            "HuggingFacePipeline", "HuggingFacePipeline.from_model_id", "ChatHuggingFace",
            "ChatHuggingFace.from_model_id", "ChatLlamaCpp", "ChatMLX", "ChatOutlines",
        ),
        **refusing(
            LOCAL,
            served_as("OllamaLLM or OpenAI of langchain-openai"),
            "LlamaCpp", "GPT4All", "CTransformers", "VLLM", "MLXPipeline", "ExLlamaV2", "RWKV", "OpenLM", "IpexLLM",
        ),
        **refusing(
            LOCAL,
            "use OpenAIEmbeddings, which the gateway's own embedding model answers, and promote again",
            "HuggingFaceEmbeddings", "HuggingFaceBgeEmbeddings", "HuggingFaceInstructEmbeddings",
            "SentenceTransformerEmbeddings", "GPT4AllEmbeddings", "LlamaCppEmbeddings", "FastEmbedEmbeddings",
            "ModelScopeEmbeddings", "SpacyEmbeddings", "TensorflowHubEmbeddings", "OpenVINOEmbeddings",
            "OpenCLIPEmbeddings", "Model2vecEmbeddings", "InfinityEmbeddingsLocal",
        ),
        **refusing(
            FOREIGN,
            "use ChatOpenAI or ChatAnthropic and promote again",
            "SagemakerEndpoint", "SagemakerEndpointEmbeddings", "VertexAIModelGarden", "AmazonAPIGateway",
        ),
        **refusing(
            "its agents live at Amazon, where no gateway can stand before them",
            "use create_agent with ChatBedrockConverse and promote again",
            "BedrockInlineAgentsRunnable", "BedrockInlineAgentsRunnable.create",
            "BedrockAgentsRunnable", "BedrockAgentsRunnable.create_agent",
        ),
    },
    surrounded={
        **dict.fromkeys(("create_agent", "create_react_agent", "create_deep_agent"), "model"),
        # They make OpenAI's clients where they are given none.
        "VectorstoreIndexCreator": "embedding",
        **dict.fromkeys(("DoctranPropertyExtractor", "DoctranQATransformer", "DoctranTextTranslator"), ""),
    },
)  # fmt: skip

# What `init_chat_model` makes, by provider, and by the name of the model when no provider is named.
PROVIDERS = {
    "openai": CHAT_OPENAI,
    "azure_openai": CHAT_OPENAI,
    "anthropic": CHAT_ANTHROPIC,
    "google_genai": CHAT_GEMINI,
    "google_vertexai": CHAT_GEMINI,
    "cohere": CHAT_COHERE,
    "mistralai": CHAT_MISTRAL,
    "ollama": CHAT_OLLAMA,
}
MODELS = {
    r"(openai:|azure_openai:|gpt-|o[134](-|$)|chatgpt|text-davinci)": CHAT_OPENAI,
    r"(anthropic:|claude)": CHAT_ANTHROPIC,
    r"(google_genai:|google_vertexai:|gemini)": CHAT_GEMINI,
    r"(cohere:|command)": CHAT_COHERE,
    r"(mistralai:|mistral|mixtral)": CHAT_MISTRAL,
    r"ollama:": CHAT_OLLAMA,
}
