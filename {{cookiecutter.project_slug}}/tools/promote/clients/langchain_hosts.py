"""LangChain's classes for hosts without a door: OpenAI's chat, completion and embedding classes stand for them.

What is sent is what the door reads; which model answers is the gateway's to say, as for every name it does not know.
"""

from dataclasses import replace

from tools.promote.clients.family import Constructor
from tools.promote.clients.protocols import OPENAI

# Keys, addresses, accounts and clients under the names the hosts' classes give them.
ADDRESS = frozenset(
    {
        "api_key", "apikey", "base_url", "api_base", "url", "endpoint", "endpoint_url", "api_url", "host", "server_url",
        "token", "access_token", "credential", "credentials", "api_token", "organization", "openai_api_key",
        "openai_api_base", "username", "password", "timeout", "request_timeout", "verify", "verify_ssl_certs", "scope",
        # IBM
        "project_id", "space_id", "deployment_id", "watsonx_client", "watsonx_model", "api_client", "instance_id",
        "version", "watsonx_apikey",
        # Microsoft
        "api_version", "client_kwargs", "endpoint_api_key", "endpoint_api_type", "content_formatter", "service",
        "project_endpoint",
        # Amazon and Oracle
        "client", "region_name", "region", "credentials_profile_name", "aws_access_key_id", "aws_secret_access_key",
        "aws_session_token", "config", "normalize", "service_endpoint", "compartment_id", "provider", "auth_type",
        "auth_profile", "is_stream",
        # Hugging Face
        "huggingfacehub_api_token", "task", "inference_server_url", "encode_kwargs", "additional_headers",
        # others, by their variables' names
        "replicate_api_token", "ai21_api_key", "ai21_api_token", "dashscope_api_key", "qianfan_ak", "qianfan_sk",
        "zhipuai_api_key", "baichuan_api_key", "baichuan_secret_key", "spark_app_id", "spark_api_key",
        "spark_api_secret", "spark_api_url", "spark_llm_domain", "hunyuan_app_id", "hunyuan_secret_id",
        "hunyuan_secret_key", "yandex_api_key", "ya_api_key", "folder_id", "iam_token", "databricks_api_token",
        "target_uri", "friendli_token", "friendli_team", "account_id", "cf_account_id", "cf_api_token", "ai_gateway",
        "octoai_api_token", "cohere_api_key", "anthropic_api_key", "anthropic_api_url", "google_api_key",
        "deepinfra_api_token", "sambanova_api_key", "sambanova_url", "sambastudio_api_key", "sambastudio_url",
        "jina_api_key", "nomic_api_key", "writer_api_key", "writer_org_id", "aleph_alpha_api_key",
        "minimax_api_key", "minimax_group_id", "model_url", "group_id",
        "anyscale_api_key", "anyscale_api_base", "konko_api_key",
        "maritalk_api_key", "gigachat_api_key", "reka_api_key", "yi_api_key", "volc_engine_maas_ak",
        "volc_engine_maas_sk", "edenai_api_key", "llamaapi_api_key", "everlyai_api_key", "nlpcloud_api_key",
        "gooseai_api_key", "predibase_api_key", "nebius_api_key", "upstage_api_key", "infinity_api_url", "truncate",
    }
)  # fmt: skip
SETTINGS = {
    "model_id": "model", "repo_id": "model", "deployment_name": "model", "params": "extra_body",
    "model_kwargs": "extra_body", "max_new_tokens": "max_tokens", "max_output_tokens": "max_tokens",
    "max_tokens_to_sample": "max_tokens", "maximum_tokens": "max_tokens", "maxTokens": "max_tokens",
    "numResults": "n", "topP": "top_p",
}  # fmt: skip
CHAT = Constructor(OPENAI, ADDRESS, SETTINGS, becomes="langchain_openai.ChatOpenAI", body=True)
COMPLETION = Constructor(OPENAI, ADDRESS, SETTINGS, becomes="langchain_openai.OpenAI", body=True)
# Without the length check the texts themselves are sent, not token numbers of a downloaded vocabulary.
EMBEDDING = Constructor(
    f"check_embedding_ctx_length=False, {OPENAI}",
    ADDRESS
    | {"model_kwargs", "params", "embed_instruction", "query_instruction", "inference_mode", "show_progress_bar"},
    {"model_id": "model", "repo_id": "model", "model_name": "model", "model_uid": "model", "deployment": "model"},
    becomes="langchain_openai.OpenAIEmbeddings",
)


def _by_endpoint(constructor: Constructor) -> Constructor:
    """Databricks names a model by the endpoint that serves it."""
    named = {**constructor.renames, "endpoint": "model"}
    return replace(constructor, loses=constructor.loses - {"endpoint"}, renames=named)


CONSTRUCTORS = {
    **dict.fromkeys(
        (
            "ChatReplicate", "ChatWatsonx", "ChatAI21", "AzureAIChatCompletionsModel", "AzureAIOpenAIApiChatModel",
            "AzureMLChatOnlineEndpoint", "ChatTongyi", "ChatQwen", "ChatQwQ", "QianfanChatEndpoint", "ChatBaichuan",
            "ChatSparkLLM", "ChatHunyuan", "ChatYandexGPT", "ChatFriendli", "ChatCloudflareWorkersAI", "ChatOctoAI",
            "ChatMaritalk", "ChatOCIGenAI", "ChatWriter", "GigaChat", "ChatReka", "ChatYi", "ChatKonko",
            "ChatEverlyAI", "ChatEdenAI", "MiniMaxChat", "VolcEngineMaasChat", "JinaChat", "ChatSambaStudio",
            "ChatLlamaAPI", "ChatGooglePalm", "PaiEasChatEndpoint", "ChatClovaX", "ChatPredictionGuard", "ErnieBotChat",
        ),
        CHAT,
    ),
    "ChatDatabricks": _by_endpoint(CHAT),
    **dict.fromkeys(
        (
            "WatsonxLLM", "AI21", "AI21LLM", "AzureAICompletionsModel", "AzureMLOnlineEndpoint", "Tongyi",
            "QianfanLLMEndpoint", "SparkLLM", "YandexGPT", "Friendli", "CloudflareWorkersAI", "OctoAIEndpoint",
            "OCIGenAI", "Writer", "Cohere", "Anthropic", "AnthropicLLM", "GooglePalm", "DeepInfra", "Anyscale",
            "AlephAlpha", "Minimax", "BaichuanLLM", "ChatGLM", "ChatGLM3", "EdenAI", "GooseAI", "NLPCloud",
            "Predibase", "PredictionGuard", "SambaNovaCloud", "SambaStudio", "Sambaverse", "SolarLLM", "VLLMOpenAI",
            "HuggingFaceTextGenInference", "Xinference", "Moonshot", "Konko", "ForefrontAI", "Banana", "StochasticAI",
            "CerebriumAI", "TextGen", "VolcEngineMaasLLM", "YiLLM", "PaiEasEndpoint", "PromptLayerOpenAI",
        ),
        COMPLETION,
    ),
    "Databricks": _by_endpoint(COMPLETION),
    **dict.fromkeys(
        (
            "WatsonxEmbeddings", "BedrockEmbeddings", "AzureAIEmbeddingsModel", "HuggingFaceInferenceAPIEmbeddings",
            "HuggingFaceEndpointEmbeddings", "HuggingFaceHubEmbeddings", "ZhipuAIEmbeddings", "DashScopeEmbeddings",
            "QianfanEmbeddingsEndpoint", "SambaNovaEmbeddings", "SambaNovaCloudEmbeddings", "SambaStudioEmbeddings",
            "JinaEmbeddings", "AI21Embeddings", "DeepInfraEmbeddings", "NebiusEmbeddings", "SolarEmbeddings",
            "SparkLLMTextEmbeddings", "VolcanoEmbeddings", "BaichuanTextEmbeddings", "MiniMaxEmbeddings",
            "OctoAIEmbeddings", "AnyscaleEmbeddings", "EdenAiEmbeddings", "ErnieEmbeddings", "LocalAIEmbeddings",
            "InfinityEmbeddings", "OCIGenAIEmbeddings", "GooglePalmEmbeddings", "CloudflareWorkersAIEmbeddings",
            "XinferenceEmbeddings", "GigaChatEmbeddings", "YandexGPTEmbeddings", "TextEmbedEmbeddings",
            "HunyuanEmbeddings", "OVHCloudEmbeddings", "NLPCloudEmbeddings",
        ),
        EMBEDDING,
    ),
    "DatabricksEmbeddings": _by_endpoint(EMBEDDING),
}  # fmt: skip
