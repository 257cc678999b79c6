"""LangChain and LangGraph: chat models and embeddings of OpenAI and Anthropic; LCEL and agents stay as they are."""

from tools.promote.clients import anthropic, openai
from tools.promote.clients.family import Constructor, Family, Refusal

OPENAI_ADDRESS = frozenset(
    {
        "api_key",
        "openai_api_key",
        "base_url",
        "openai_api_base",
        "organization",
        "openai_organization",
        "openai_proxy",
        "openai_api_type",
        "openai_api_version",
    }
)
AZURE_ADDRESS = OPENAI_ADDRESS | {"azure_endpoint", "api_version", "azure_ad_token", "azure_ad_token_provider"}
ANTHROPIC_ADDRESS = frozenset({"api_key", "anthropic_api_key", "base_url", "anthropic_api_url"})
DEPLOYMENT = {"azure_deployment": "model", "deployment_name": "model"}
COMPLETIONS = Refusal(
    "this class speaks the old completions endpoint, which no door serves",
    "use ChatOpenAI and promote again",
)
OTHER = Refusal("no door speaks this provider's protocol yet", "use ChatOpenAI or ChatAnthropic and promote again")

FAMILY = Family(
    name="langchain",
    modules=("langchain", "langchain_openai", "langchain_anthropic", "langchain_community", "langchain_core"),
    constructors={
        "ChatOpenAI": Constructor(openai.GAINS, openai.HELPER, OPENAI_ADDRESS),
        "AzureChatOpenAI": Constructor(
            openai.GAINS, openai.HELPER, AZURE_ADDRESS, DEPLOYMENT, becomes="langchain_openai.ChatOpenAI"
        ),
        # Without the length check the texts themselves are sent, not token numbers of a downloaded vocabulary.
        "OpenAIEmbeddings": Constructor(
            f"check_embedding_ctx_length=False, {openai.GAINS}",
            openai.HELPER,
            OPENAI_ADDRESS | {"check_embedding_ctx_length"},
        ),
        "AzureOpenAIEmbeddings": Constructor(
            f"check_embedding_ctx_length=False, {openai.GAINS}",
            openai.HELPER,
            AZURE_ADDRESS | {"check_embedding_ctx_length"},
            DEPLOYMENT,
            becomes="langchain_openai.OpenAIEmbeddings",
        ),
        "ChatAnthropic": Constructor(anthropic.GAINS, anthropic.HELPER, ANTHROPIC_ADDRESS),
    },
    refusals={
        "OpenAI": COMPLETIONS,
        "AzureOpenAI": COMPLETIONS,
        **dict.fromkeys(
            (
                "ChatGoogleGenerativeAI",
                "ChatVertexAI",
                "VertexAI",
                "ChatCohere",
                "Cohere",
                "ChatMistralAI",
                "ChatOllama",
                "Ollama",
                "ChatBedrock",
                "BedrockChat",
                "Bedrock",
                "ChatBedrockConverse",
                "ChatGroq",
                "ChatTogether",
                "ChatFireworks",
                "ChatDeepSeek",
                "ChatHuggingFace",
                "HuggingFacePipeline",
                "HuggingFaceHub",
                "HuggingFaceEndpoint",
                "Anthropic",
                "LlamaCpp",
                "GPT4All",
                "Replicate",
                "SagemakerEndpoint",
                "ChatNVIDIA",
                "ChatPerplexity",
                "ChatXAI",
            ),
            OTHER,
        ),
    },
)
