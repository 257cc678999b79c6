"""Providers whose protocol no door speaks yet: their clients are refused with the reason and what to do."""

from tools.promote.clients.family import Family, Refusal


def _refusing(name: str, modules: tuple[str, ...], reason: str, *constructors: str) -> Family:
    return Family(name, modules, refusals={constructor: Refusal(reason) for constructor in constructors})


NO_GEMINI = "no door speaks Google's Gemini protocol yet"
LOCAL = "the model runs inside the notebook's own process, where no gateway can stand before it"

FAMILIES = (
    _refusing(
        "google", ("google.genai", "google.generativeai", "vertexai"), NO_GEMINI,
        "Client", "GenerativeModel", "ChatModel", "TextGenerationModel", "generate_text", "embed_content",
    ),
    _refusing("langchain_google", ("langchain_google_genai", "langchain_google_vertexai"), NO_GEMINI,
              "ChatGoogleGenerativeAI", "GoogleGenerativeAI", "ChatVertexAI", "VertexAI",
              "GoogleGenerativeAIEmbeddings", "VertexAIEmbeddings"),
    _refusing("cohere", ("cohere", "langchain_cohere"), "no door speaks Cohere's protocol yet",
              "Client", "ClientV2", "AsyncClient", "AsyncClientV2", "BedrockClient", "SagemakerClient", "ChatCohere",
              "CohereEmbeddings", "CohereRerank"),
    _refusing("mistral", ("mistralai", "langchain_mistralai"), "no door speaks Mistral's protocol yet",
              "Mistral", "MistralClient", "MistralAsyncClient", "ChatMistralAI", "MistralAIEmbeddings"),
    _refusing("bedrock", ("langchain_aws",), "no door speaks Bedrock's protocol yet",
              "ChatBedrock", "ChatBedrockConverse", "BedrockLLM", "BedrockEmbeddings"),
    _refusing("groq", ("groq", "langchain_groq"), "Groq's own client has no door; its API is OpenAI-compatible",
              "Groq", "AsyncGroq", "ChatGroq"),
    _refusing("together", ("together", "langchain_together"), "this client has no door; its API is OpenAI-compatible",
              "Together", "AsyncTogether", "ChatTogether"),
    _refusing("ollama", ("ollama", "langchain_ollama"), "no door speaks Ollama's protocol yet",
              "chat", "generate", "embed", "embeddings", "Client", "AsyncClient", "ChatOllama", "OllamaLLM",
              "OllamaEmbeddings"),
    _refusing("huggingface", ("huggingface_hub", "langchain_huggingface"), "no door speaks this protocol yet",
              "InferenceClient", "AsyncInferenceClient", "HuggingFaceEndpoint", "ChatHuggingFace",
              "HuggingFacePipeline", "login", "notebook_login"),
    _refusing("transformers", ("transformers", "vllm", "llama_cpp", "gpt4all", "ctransformers"), LOCAL,
              "pipeline", "AutoModelForCausalLM.from_pretrained", "AutoModelForSeq2SeqLM.from_pretrained", "LLM",
              "Llama", "Llama.from_pretrained", "GPT4All", "LlamaForCausalLM.from_pretrained"),
    _refusing("litellm", ("litellm",), "litellm picks the provider at each call, which the door does not see",
              "completion", "acompletion", "embedding", "aembedding", "Router"),
    _refusing("llama_index", ("llama_index",), "LlamaIndex models cannot be pointed at the door yet",
              "OpenAI", "AzureOpenAI", "Anthropic", "OpenAILike", "OpenAIEmbedding", "AzureOpenAIEmbedding", "Gemini",
              "GoogleGenAI", "GoogleGenAIEmbedding", "MistralAI", "MistralAIEmbedding", "Cohere", "CohereEmbedding",
              "Ollama", "HuggingFaceLLM", "HuggingFaceEmbedding", "Bedrock", "Groq", "VoyageEmbedding",
              "VectorStoreIndex", "VectorStoreIndex.from_documents", "SummaryIndex.from_documents"),
    _refusing("haystack", ("haystack", "haystack_integrations"), "Haystack models cannot be pointed at the door yet",
              "OpenAIGenerator", "OpenAIChatGenerator", "AzureOpenAIGenerator", "AzureOpenAIChatGenerator",
              "HuggingFaceAPIGenerator", "HuggingFaceAPIChatGenerator", "HuggingFaceLocalGenerator",
              "HuggingFaceLocalChatGenerator", "AnthropicGenerator", "AnthropicChatGenerator", "CohereGenerator",
              "CohereChatGenerator", "MistralChatGenerator", "GoogleAIGeminiGenerator",
              "GoogleAIGeminiChatGenerator", "GoogleGenAIChatGenerator", "VertexAIGeminiGenerator",
              "OllamaGenerator", "OllamaChatGenerator", "AmazonBedrockGenerator", "AmazonBedrockChatGenerator",
              "OpenAITextEmbedder", "OpenAIDocumentEmbedder", "PromptNode", "LlamaCppGenerator"),
    _refusing("agents", ("crewai", "pydantic_ai", "smolagents", "autogen", "autogen_agentchat", "agents", "dspy",
                         "google.adk", "strands", "phi", "agno"),
              "this framework picks its model itself; the door does not see the call",
              "Agent", "LLM", "LM", "AssistantAgent", "ConversableAgent", "OpenAIChatCompletionClient", "CodeAgent",
              "ToolCallingAgent", "InferenceClientModel", "HfApiModel", "LiteLLMModel", "OpenAIServerModel", "LlmAgent",
              "OpenAIChat", "Runner.run", "Runner.run_sync"),
    _refusing("voyage", ("voyageai",), "no door speaks Voyage's protocol yet", "Client", "AsyncClient"),
    _refusing("replicate", ("replicate",), "no door speaks Replicate's protocol yet", "run", "Client"),
)  # fmt: skip
