"""LlamaIndex: its models and embeddings; an index or engine that is given none makes OpenAI's from the environment."""

from tools.promote.clients.family import FOREIGN, LOCAL, Constructor, Family, refusing, served_as
from tools.promote.clients.protocols import AMAZON_ADDRESS, ANTHROPIC, BEDROCK, COHERE, GEMINI, OPENAI_API_BASE

OPENAI_ADDRESS = frozenset(
    {"api_key", "api_base", "api_version", "api_type", "azure_endpoint", "azure_deployment", "azure_ad_token_provider",
     "use_azure_ad", "openai_client", "http_client", "async_http_client"}
)  # fmt: skip
ENGINE = {"engine": "model", "deployment_name": "model"}
GOOGLE_ADDRESS = frozenset(
    {"api_key", "vertexai_config", "http_options", "project", "location", "credentials", "transport", "api_base"}
)
COHERE_ADDRESS = frozenset({"api_key", "cohere_api_key", "base_url"})
LLM = "llama_index.llms"
EMBEDDING = "llama_index.embeddings"
GOOGLE_LLM = Constructor(GEMINI, GOOGLE_ADDRESS, {"model_name": "model"}, becomes=f"{LLM}.google_genai.GoogleGenAI")
COMPATIBLE = Constructor(
    f"is_chat_model=True, {OPENAI_API_BASE}",
    OPENAI_ADDRESS | {"is_chat_model", "base_url", "nvidia_api_key", "token"}, {"model_name": "model"},
    becomes=f"{LLM}.openai_like.OpenAILike",
)  # fmt: skip
OLLAMA = Constructor('**client_args("ollama", "base_url")', frozenset({"base_url"}), surrounded=True)
OPENAI_EMBEDDING = f"{EMBEDDING}.openai.OpenAIEmbedding"
# Keys, addresses and accounts of hosts whose classes become OpenAI's, under the names their own classes give them.
HOST_ADDRESS = OPENAI_ADDRESS | AMAZON_ADDRESS | {
    "is_chat_model", "base_url", "nvidia_api_key", "token", "endpoint", "credential", "client_kwargs", "url", "apikey",
    "project_id", "space_id", "version", "username", "password", "instance_id", "deployment_id", "prompt_key",
    "image_key", "context_size", "botocore_session", "endpoint_name", "model_url", "task", "provider",
    "inference_server_url", "service_endpoint", "compartment_id", "account_id", "personal_access_token",
}  # fmt: skip
HOSTED = Constructor(
    f"is_chat_model=True, {OPENAI_API_BASE}", HOST_ADDRESS,
    {"model_name": "model", "model_id": "model", "max_new_tokens": "max_tokens"},
    becomes=f"{LLM}.openai_like.OpenAILike",
)  # fmt: skip
HOSTED_EMBEDDING = Constructor(
    OPENAI_API_BASE, HOST_ADDRESS | {"truncate", "embedding_type", "max_retries", "params", "truncate_input_tokens"},
    {"model": "model_name", "model_id": "model_name"}, becomes=OPENAI_EMBEDDING,
)  # fmt: skip

FAMILY = Family(
    name="llama_index",
    modules=("llama_index", "llama_index_client", "gpt_index"),
    constructors={
        "OpenAI": Constructor(OPENAI_API_BASE, OPENAI_ADDRESS),
        "OpenAIResponses": Constructor(OPENAI_API_BASE, OPENAI_ADDRESS),
        "OpenAIMultiModal": Constructor(OPENAI_API_BASE, OPENAI_ADDRESS),
        "AzureOpenAI": Constructor(OPENAI_API_BASE, OPENAI_ADDRESS, ENGINE, becomes=f"{LLM}.openai.OpenAI"),
        "OpenAILike": Constructor(OPENAI_API_BASE, OPENAI_ADDRESS),
        "OpenAIEmbedding": Constructor(OPENAI_API_BASE, OPENAI_ADDRESS),
        "AzureOpenAIEmbedding": Constructor(OPENAI_API_BASE, OPENAI_ADDRESS, ENGINE, becomes=OPENAI_EMBEDDING),
        "Anthropic": Constructor(
            ANTHROPIC, frozenset({"api_key", "base_url", "region", "project_id", "aws_region", "credentials"})
        ),
        "Gemini": GOOGLE_LLM,
        "GoogleGenAI": GOOGLE_LLM,
        "Vertex": GOOGLE_LLM,
        "GoogleGenAIEmbedding": Constructor(GEMINI, GOOGLE_ADDRESS),
        "GeminiEmbedding": Constructor(
            GEMINI, GOOGLE_ADDRESS, becomes=f"{EMBEDDING}.google_genai.GoogleGenAIEmbedding"
        ),
        "VertexTextEmbedding": Constructor(
            GEMINI, GOOGLE_ADDRESS, becomes=f"{EMBEDDING}.google_genai.GoogleGenAIEmbedding"
        ),
        "MistralAI": Constructor('**client_args("mistral", "endpoint", "api_key")', frozenset({"api_key", "endpoint"})),
        # Its own client takes no address; what it asks is what OpenAI's asks.
        "MistralAIEmbedding": Constructor(OPENAI_API_BASE, OPENAI_ADDRESS, becomes=OPENAI_EMBEDDING),
        "VoyageEmbedding": Constructor(
            OPENAI_API_BASE, frozenset({"voyage_api_key", "truncation", "output_dtype", "output_dimension"}),
            becomes=OPENAI_EMBEDDING,
        ),
        "BedrockConverse": Constructor(BEDROCK, AMAZON_ADDRESS | {"botocore_session", "async_client"}),
        "Cohere": Constructor(COHERE, COHERE_ADDRESS),
        "CohereEmbedding": Constructor(COHERE, COHERE_ADDRESS),
        "CohereRerank": Constructor(loses=COHERE_ADDRESS, surrounded=True),
        "Ollama": OLLAMA,
        "OllamaEmbedding": OLLAMA,
        **dict.fromkeys(
            (
                "Groq", "OpenRouter", "TogetherLLM", "DeepSeek", "Fireworks", "Perplexity", "LiteLLM", "NVIDIA",
                "Cerebras", "SambaNovaCloud", "Upstage", "LlamaAPI", "HuggingFaceInferenceAPI", "DashScope",
            ),
            COMPATIBLE,
        ),
        **dict.fromkeys(
            ("TogetherEmbedding", "FireworksEmbedding", "NVIDIAEmbedding", "JinaEmbedding", "UpstageEmbedding"),
            Constructor(
                OPENAI_API_BASE,
                OPENAI_ADDRESS | {"base_url", "nvidia_api_key", "truncate", "task", "embedding_type", "max_retries"},
                {"model": "model_name"}, becomes=OPENAI_EMBEDDING,
            ),
        ),
        **dict.fromkeys(
            (
                "AzureAICompletionsModel", "WatsonX", "WatsonxLLM", "Replicate", "Bedrock", "AI21", "Anyscale",
                "DeepInfraLLM", "Databricks", "EverlyAI", "Konko", "Friendli", "OctoAI", "MonsterLLM", "ZhipuAI", "Yi",
                "YandexGPT", "NebiusLLM", "PaLM", "AlephAlpha", "RekaLLM", "LMStudio",
                "VllmServer", "Xinference", "OVHcloud", "Baseten", "FeatherlessLLM", "Portkey",
                "PredibaseLLM", "OCIGenAI", "SambaStudio", "Writer", "TextGenerationInference", "OpenLLMAPI",
            ),
            HOSTED,
        ),
        **dict.fromkeys(
            (
                "AzureAIEmbeddingsModel", "BedrockEmbedding", "HuggingFaceInferenceAPIEmbedding", "WatsonxEmbeddings",
                "ZhipuAIEmbedding", "DashScopeEmbedding", "AnyscaleEmbedding", "DeepInfraEmbeddingModel",
                "DatabricksEmbedding", "NebiusEmbedding", "OctoAIEmbedding", "XinferenceEmbedding",
                "YandexGPTEmbedding",
                "GooglePaLMEmbedding", "CloudflareEmbedding", "OCIGenAIEmbeddings", "TextEmbeddingsInference",
                "HuggingFaceInferenceAPIEmbeddings", "MixedbreadAIEmbedding", "LLMRailsEmbedding", "OVHcloudEmbedding",
            ),
            HOSTED_EMBEDDING,
        ),
        "NVIDIARerank": Constructor(
            loses=COHERE_ADDRESS | {"nvidia_api_key", "truncate"}, surrounded=True,
            becomes="llama_index.postprocessor.cohere_rerank.CohereRerank",
        ),
    },
    refusals={
        **refusing(
            LOCAL,
            served_as("Ollama or OpenAILike"),
            "HuggingFaceLLM", "LlamaCPP", "Vllm", "MLXLLM", "IpexLLM",
        ),
        **refusing(
            LOCAL,
            "use OpenAIEmbedding, which the gateway's own embedding model answers, and promote again",
            "HuggingFaceEmbedding", "HuggingFaceBgeEmbedding", "FastEmbedEmbedding", "InstructorEmbedding",
            "resolve_embed_model", "AdapterEmbeddingModel", "ClipEmbedding",
        ),
        **refusing(
            FOREIGN,
            "use the OpenAI classes of LlamaIndex and promote again",
            "SageMakerLLM", "SageMakerEmbedding",
        ),
    },
    surrounded=dict.fromkeys(
        (
            "VectorStoreIndex", "VectorStoreIndex.from_documents", "VectorStoreIndex.from_vector_store",
            "SummaryIndex.from_documents", "SummaryIndex", "TreeIndex.from_documents",
            "KnowledgeGraphIndex.from_documents", "PropertyGraphIndex.from_documents",
            "DocumentSummaryIndex.from_documents", "load_index_from_storage", "LlamaCloudIndex",
            "LlamaCloudIndex.from_documents", "get_response_synthesizer", "GPTVectorStoreIndex",
            "GPTVectorStoreIndex.from_documents", "ReActAgent.from_tools", "FunctionAgent", "ReActAgent",
            "OpenAIAgent.from_tools", "LLMRerank", "SemanticSplitterNodeParser",
        ),
        "llm",
    ),
)  # fmt: skip
