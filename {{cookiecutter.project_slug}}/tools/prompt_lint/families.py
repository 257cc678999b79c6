"""The provider families: which imports say that a file talks to models, and which calls build or are a client.

Data, not decisions. A family that is missing here is one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tools.prompt_lint.facts import Facts
from tools.prompt_lint.source import Cell
from tools.prompt_lint.wording import opens_with_role

_LONG = 120

ROOTS = frozenset(
    {
        "openai", "anthropic", "cohere", "mistralai", "groq", "together", "replicate", "ollama", "litellm", "langchain",
        "langchain_core", "langchain_community", "langchain_openai", "langchain_anthropic", "langgraph", "llama_index",
        "llama_cpp", "haystack", "haystack_integrations", "dspy", "crewai", "autogen", "ag2", "pyautogen", "smolagents",
        "transformers", "huggingface_hub", "vertexai", "pydantic_ai", "instructor", "guidance", "outlines", "marvin",
        "semantic_kernel", "agno", "phi", "agents", "guardrails", "promptflow", "aisuite", "vllm", "fireworks",
        "dashscope",
        "zhipuai", "qianfan", "ai21", "aleph_alpha_client", "writerai", "voyageai", "portkey_ai", "deepeval", "ragas",
        "trulens_eval", "langfuse", "autoevals", "braintrust", "openai_agents", "swarm", "camel", "metagpt", "letta",
        "mem0", "gpt4all", "ctransformers", "peft", "trl", "unsloth", "diffusers", "xai_sdk", "cerebras", "sambanova",
        "ibm_watsonx_ai", "ibm_watson_machine_learning", "genai", "google.genai", "google.generativeai", "google.adk",
        "google.cloud.aiplatform", "azure.ai", "mirascope", "ell", "controlflow", "magentic", "lmql", "txtai",
        "strands",
        "claude_agent_sdk", "deepagents", "langmem", "llama_stack_client", "llama_parse", "weave", "prompthub",
        "text_generation", "nemoguardrails", "claude_code_sdk", "agent_framework", "pixeltable", "distilabel", "grouse",
        "pinecone_plugins", "langsmith", "llm", "llmware", "h2ogpte", "openrouter", "cerebras_cloud_sdk", "indexify",
        "bespokelabs",
        "sagemaker_huggingface", "zenguard", "semantic_router", "llm_guard", "paperqa", "adalflow", "burr", "chainlit",
        "embedchain", "gradientai", "bedrock_agentcore", "cleanlab_tlm", "mcp",
        "fastmcp",
    }
)  # fmt: skip
_PREFIXES = (
    "langchain_",
    "llama_index_",
    "crewai_",
    "autogen_",
    "haystack_",
    "semantic_kernel",
    "openai_",
    "pydantic_ai",
)

CLIENTS = {
    "openai": frozenset({"OpenAI", "AsyncOpenAI", "AzureOpenAI", "AsyncAzureOpenAI", "Client", "AsyncClient"}),
    "anthropic": frozenset(
        {"Anthropic", "AsyncAnthropic", "AnthropicBedrock", "AnthropicVertex", "AsyncAnthropicBedrock",
         "AsyncAnthropicVertex", "Client"}
    ),
    "google.genai": frozenset({"Client"}),
    "google.generativeai": frozenset({"GenerativeModel", "ChatSession"}),
    "vertexai": frozenset({"GenerativeModel", "TextGenerationModel", "ChatModel"}),
    "cohere": frozenset({"Client", "AsyncClient", "ClientV2", "AsyncClientV2", "BedrockClient", "SagemakerClient"}),
    "mistralai": frozenset({"Mistral", "MistralClient", "MistralAsyncClient"}),
    "groq": frozenset({"Groq", "AsyncGroq"}),
    "together": frozenset({"Together", "AsyncTogether"}),
    "ollama": frozenset({"Client", "AsyncClient", "chat", "generate"}),
    "litellm": frozenset({"completion", "acompletion", "Router", "text_completion"}),
    "replicate": frozenset({"run", "Client"}),
    "huggingface_hub": frozenset({"InferenceClient", "AsyncInferenceClient"}),
    "dspy": frozenset({"LM", "OpenAI"}),
    "crewai": frozenset({"LLM"}),
    "aisuite": frozenset({"Client"}),
    "llama_cpp": frozenset({"Llama"}),
}  # fmt: skip
"""Constructors and module-level calls that reach a model, by the module they are imported from."""

FRAMEWORK_MODELS = {
    "langchain": ("Chat", "init_chat_model", "OpenAI", "AzureOpenAI", "Anthropic", "Cohere", "Ollama", "Bedrock",
                  "HuggingFaceHub", "HuggingFaceEndpoint", "VertexAI", "GooglePalm", "LlamaCpp", "MistralAI"),
    "llama_index": ("OpenAI", "AzureOpenAI", "OpenAILike", "Anthropic", "Gemini", "GoogleGenAI", "MistralAI", "Cohere",
                    "Ollama", "Groq", "Bedrock", "BedrockConverse", "Vertex", "HuggingFaceLLM", "LiteLLM"),
    "haystack": ("OpenAIGenerator", "OpenAIChatGenerator", "AzureOpenAIGenerator", "AzureOpenAIChatGenerator",
                 "HuggingFaceAPIGenerator", "HuggingFaceAPIChatGenerator", "AnthropicGenerator",
                 "AnthropicChatGenerator", "CohereGenerator", "CohereChatGenerator", "MistralChatGenerator",
                 "OllamaGenerator", "OllamaChatGenerator", "GoogleAIGeminiGenerator", "GoogleAIGeminiChatGenerator",
                 "GoogleGenAIChatGenerator", "AmazonBedrockGenerator", "AmazonBedrockChatGenerator", "PromptNode"),
    "pydantic_ai": ("OpenAIModel", "OpenAIChatModel", "OpenAIResponsesModel", "AnthropicModel", "GoogleModel",
                    "GeminiModel", "MistralModel", "CohereModel", "GroqModel", "BedrockConverseModel"),
    "autogen": ("OpenAIChatCompletionClient", "AzureOpenAIChatCompletionClient", "AnthropicChatCompletionClient"),
    "agno": ("OpenAIChat", "Claude", "Gemini", "MistralChat", "Groq"),
    "phi": ("OpenAIChat", "Claude", "Gemini", "MistralChat", "Groq"),
    "smolagents": ("OpenAIServerModel", "LiteLLMModel", "HfApiModel", "InferenceClientModel"),
    "semantic_kernel": ("OpenAIChatCompletion", "AzureChatCompletion"),
}  # fmt: skip
"""Model classes of the frameworks, by the start of the module they are imported from."""


def root(module: str) -> str:
    """The part of a module's name that says which family it is of."""
    if module.startswith(("google.", "azure.")):
        parts = module.split(".")
        if module.startswith("google.cloud"):
            return ".".join(parts[:3])
        return ".".join(parts[:2])
    return module.lstrip(".").partition(".")[0]


_MODEL_CALLS = frozenset(
    {
        "ChatOpenAI", "AzureChatOpenAI", "ChatAnthropic", "ChatGroq", "ChatGoogleGenerativeAI", "ChatBedrock",
        "ChatVertexAI",
        "ChatCohere", "ChatMistralAI", "ChatOllama", "OpenAI", "AsyncOpenAI", "AzureOpenAI", "Anthropic",
        "AsyncAnthropic",
        "PromptTemplate", "ChatPromptTemplate", "SystemMessage", "HumanMessage", "generate_content", "GenerativeModel",
        "init_chat_model", "create_react_agent", "InferenceClient", "invoke_model", "converse", "apply_chat_template",
        "text_generation",
    }
)  # fmt: skip
_SIGN = re.compile(
    r"(?:OPENAI|ANTHROPIC|GEMINI|COHERE|MISTRAL|GROQ|TOGETHER|AZURE_OPENAI|HUGGINGFACE\w*|DEEPSEEK|"
    r"OPENROUTER)_API_(?:KEY|"
    r"TOKEN)|api\.(?:openai|anthropic|cohere|mistral|groq|together)\.\w+|generativelanguage\.googleapis|(?:gpt-[345]|"
    r"claude-[\dihos]|"
    r"gemini-\d|command-r|mistral-(?:large|small|medium))|huggingface-llm|bedrock-runtime|openrouter\.ai|"
    r"/api/(?:generate|chat)\b|/v1/(?:chat/)?completions\b|/v1/messages\b"
)
_IMPORTED_NAME = re.compile(
    r"(?:^|[._])(?:llms?|gpt\d*|openai|anthropic|claude|gemini|mistral|chatbot)(?:$|[._])", re.IGNORECASE
)
_INSTALL = re.compile(r"^\s*[%!]?\s*(?:pip3?|conda|uv)\b[^\n]*install([^\n]*)", re.MULTILINE)


def is_llm_file(facts: Facts, cells: Iterable[Cell]) -> bool:
    """True when imports, calls, keys, addresses, model names or installed packages say that the file talks to
    models."""
    if talks_to_models(facts.imported) or not _MODEL_CALLS.isdisjoint(facts.calls_of):
        return True
    if any(_IMPORTED_NAME.search(name) for name in facts.imports.values()):
        return True
    if any(_SIGN.search(key) for key in facts.keys):
        return True
    if any(len(t.literal) < 300 and _SIGN.search(t.literal) for t in facts.texts if not t.excluded):
        return True
    if _tells_models_who_they_are(facts):
        return True
    for cell in cells:
        if cell.index is not None and "install" in cell.code:
            for line in _INSTALL.findall(cell.code):
                names = re.findall(r"[a-z][\w-]+", line)
                if talks_to_models(n.replace("-", "_") for n in names) or "google-genai" in names:
                    return True
    return False


def _tells_models_who_they_are(facts: Facts) -> bool:
    """A file that only holds prompts for others: two long texts at least begin with `You are a ...`."""
    told = (t for t in facts.texts if not t.excluded and len(t.literal) >= _LONG and opens_with_role(t.literal.strip()))
    return next(told, None) is not None and next(told, None) is not None


def talks_to_models(modules: Iterable[str]) -> bool:
    """True when one of the imported modules belongs to a provider or an LLM framework."""
    return any(root(m) in ROOTS or m.startswith(_PREFIXES) or "google.genai" in m for m in modules)
