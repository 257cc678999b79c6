"""Haystack's generators and embedders. Keys are `Secret`s, and some read the address from the environment alone."""

from tools.promote.clients.family import FOREIGN, LOCAL, Constructor, Family, refusing, served_as

ADDRESS = frozenset({"api_key", "api_base_url", "organization"})
AZURE = ADDRESS | {"azure_endpoint", "api_version", "azure_ad_token", "azure_ad_token_provider"}
DEPLOYMENT = {"azure_deployment": "model"}
OPENAI = Constructor('**haystack_client_args("openai")', ADDRESS)
COHERE = Constructor('**haystack_client_args("cohere")', ADDRESS)
GOOGLE = frozenset({"api_key", "api", "vertex_ai_project", "vertex_ai_location", "project_id", "location"})
AMAZON = frozenset(
    {"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "aws_region_name", "aws_profile_name"}
)
CHAT = "haystack.components.generators.chat"
OLLAMA = Constructor('**client_args("ollama", "url")', frozenset({"url"}), surrounded=True)
# What hosts of their own take and OpenAI's classes do not.
FOREIGN_SETTINGS = {
    "api_url",
    "truncate",
    "api_type",
    "api_params",
    "token",
    "normalize",
    "task",
    "late_chunking",
    "input_type",
    "output_dimension",
    "output_dtype",
    "truncation",
    "boto3_config",
    "project_id",
    "api_base_url",
}


def _compatible(name: str) -> Constructor:
    """A class for one host that speaks OpenAI's protocol."""
    return Constructor(OPENAI.gains, AZURE | AMAZON | FOREIGN_SETTINGS, DEPLOYMENT, becomes=name)


FAMILY = Family(
    name="haystack",
    modules=("haystack", "haystack_integrations"),
    constructors={
        **dict.fromkeys(
            (
                "OpenAIGenerator", "OpenAIChatGenerator", "OpenAIResponsesChatGenerator", "OpenAITextEmbedder",
                "OpenAIDocumentEmbedder", "MistralChatGenerator", "MistralTextEmbedder", "MistralDocumentEmbedder",
                "TogetherAIChatGenerator", "TogetherAIGenerator", "OpenRouterChatGenerator", "NvidiaChatGenerator",
            ),
            OPENAI,
        ),
        **dict.fromkeys(
            ("AzureOpenAIGenerator", "WatsonxGenerator"), _compatible("haystack.components.generators.OpenAIGenerator")
        ),
        # Google's retired classes ask as its present one does.
        **dict.fromkeys(
            ("GoogleAIGeminiChatGenerator", "VertexAIGeminiChatGenerator"),
            Constructor(
                loses=GOOGLE | {"tool_config"}, renames={"generation_config": "generation_kwargs"}, surrounded=True,
                becomes="haystack_integrations.components.generators.google_genai.GoogleGenAIChatGenerator",
            ),
        ),
        **dict.fromkeys(
            (
                "AzureOpenAIChatGenerator", "VLLMChatGenerator", "LlamaStackChatGenerator", "WatsonxChatGenerator",
                "STACKITChatGenerator", "MetaLlamaChatGenerator", "AIMLAPIChatGenerator",
            ),
            _compatible(f"{CHAT}.OpenAIChatGenerator"),
        ),
        **dict.fromkeys(
            (
                "AzureOpenAITextEmbedder", "VLLMTextEmbedder", "NvidiaTextEmbedder", "JinaTextEmbedder",
                "HuggingFaceAPITextEmbedder", "AmazonBedrockTextEmbedder", "VoyageTextEmbedder", "WatsonxTextEmbedder",
            ),
            _compatible("haystack.components.embedders.OpenAITextEmbedder"),
        ),
        **dict.fromkeys(
            (
                "AzureOpenAIDocumentEmbedder", "VLLMDocumentEmbedder", "NvidiaDocumentEmbedder",
                "JinaDocumentEmbedder", "HuggingFaceAPIDocumentEmbedder", "AmazonBedrockDocumentEmbedder",
                "VoyageDocumentEmbedder", "WatsonxDocumentEmbedder",
            ),
            _compatible("haystack.components.embedders.OpenAIDocumentEmbedder"),
        ),
        **dict.fromkeys(("CohereChatGenerator", "CohereTextEmbedder", "CohereDocumentEmbedder"), COHERE),
        "AnthropicChatGenerator": Constructor(loses=ADDRESS, surrounded=True),
        "AnthropicGenerator": Constructor(loses=ADDRESS, surrounded=True),
        "GoogleGenAIChatGenerator": Constructor(loses=GOOGLE, surrounded=True),
        "GoogleGenAITextEmbedder": Constructor(loses=GOOGLE, surrounded=True),
        "GoogleGenAIDocumentEmbedder": Constructor(loses=GOOGLE, surrounded=True),
        "GoogleGenAIMultimodalDocumentEmbedder": Constructor(loses=GOOGLE, surrounded=True),
        "AmazonBedrockChatGenerator": Constructor("**haystack_bedrock_args()", AMAZON, surrounded=True),
        "OllamaGenerator": OLLAMA,
        "OllamaChatGenerator": OLLAMA,
        "OllamaTextEmbedder": OLLAMA,
        "OllamaDocumentEmbedder": OLLAMA,
        "CohereGenerator": COHERE,
        "CohereRanker": COHERE,
        "HuggingFaceAPIGenerator": Constructor(
            "**haystack_hugging_face_args()", frozenset({"api_type", "api_params", "token"}),
            note="it sends no model's name to a host of its own, so the door's default model answers",
        ),
        "NvidiaGenerator": Constructor(
            OPENAI.gains, frozenset({"api_key", "api_url", "timeout"}), {"model_arguments": "generation_kwargs"},
            becomes="haystack.components.generators.OpenAIGenerator",
        ),
        # Its chat is OpenAI's, and a host of one's own is given as an address.
        "HuggingFaceAPIChatGenerator": Constructor(
            '**haystack_client_args("openai")', frozenset({"api_type", "api_params", "token"}),
            becomes=f"{CHAT}.OpenAIChatGenerator",
            note="the model's name stood in api_params, so the door's default model answers",
        ),
    },
    refusals={
        **refusing(
            LOCAL,
            served_as("OllamaChatGenerator or OpenAIChatGenerator"),
            "HuggingFaceLocalGenerator", "HuggingFaceLocalChatGenerator", "TransformersChatGenerator",
            "LlamaCppGenerator", "LlamaCppChatGenerator",
        ),
        **refusing(
            LOCAL,
            "use OpenAITextEmbedder and OpenAIDocumentEmbedder, which the gateway's own embedding model answers, and "
            "promote again",
            "SentenceTransformersTextEmbedder", "SentenceTransformersDocumentEmbedder", "FastembedTextEmbedder",
            "FastembedDocumentEmbedder", "FastembedSparseTextEmbedder", "FastembedSparseDocumentEmbedder",
        ),
        **refusing(
            LOCAL,
            "use CohereRanker, which the gateway answers, and promote again",
            "TransformersSimilarityRanker", "SentenceTransformersSimilarityRanker",
            "SentenceTransformersDiversityRanker",
        ),
        **refusing(
            FOREIGN,
            "use OpenAIChatGenerator and promote again",
            "AmazonBedrockGenerator", "PromptNode",
            "GoogleAIGeminiGenerator", "VertexAIGeminiGenerator", "SagemakerGenerator", "TakeoffGenerator",
            "VertexAITextGenerator", "RemoteWhisperTranscriber", "DALLEImageGenerator",
        ),
    },
    # Components written as YAML or taken from a template name no address and find it in the environment.
    surrounded=dict.fromkeys(
        (
            "Pipeline.loads", "Pipeline.load", "Pipeline.from_dict", "Pipeline.from_template", "AsyncPipeline.loads",
            "AsyncPipeline.load",
        ),
        "",
    ),
)  # fmt: skip
