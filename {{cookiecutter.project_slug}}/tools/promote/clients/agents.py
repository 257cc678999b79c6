"""Agent frameworks and routers by their model object; what is named by a string reads the environment."""

from tools.promote.clients.family import AT_THE_PROVIDER, FOREIGN, LOCAL, Constructor, Family, refusing
from tools.promote.clients.protocols import (
    ANTHROPIC,
    AZURE_ADDRESS,
    OPENAI,
    OPENAI_ADDRESS,
    OPENAI_API_BASE,
)

LITELLM_ADDRESS = frozenset({"api_key", "api_base", "base_url", "api_version"})
LITELLM = Constructor(loses=LITELLM_ADDRESS, surrounded=True, routed=True)
OPENAI_MODEL = Constructor(OPENAI_API_BASE, frozenset({"api_base", "api_key", "organization", "project"}))
HF_MODEL = Constructor(
    OPENAI_API_BASE, frozenset({"token", "provider", "api_key", "base_url", "bill_to", "timeout"}),
    {"model": "model_id"}, {"model_id": '"Qwen/Qwen2.5-Coder-32B-Instruct"'}, becomes="smolagents.OpenAIServerModel",
)  # fmt: skip


def _before_lm(prefix: str, model: str) -> Constructor:
    """A class of dspy before 2.5, which `dspy.LM` stands for now; `model` is the one it took where none is named."""
    return Constructor(
        loses=LITELLM_ADDRESS | {"api_provider", "api_type", "azure_endpoint", "organization", "timeout_s"},
        defaults={"model": f'"{prefix}{model}"'},
        becomes="dspy.LM",
        surrounded=True,
        prefix=prefix,
    )


KERNEL = Constructor(
    loses=frozenset(
        {"api_key", "org_id", "endpoint", "base_url", "api_version", "ad_token", "ad_token_provider", "credential",
         "token_endpoint"}
    ),
    surrounded=True,
)  # fmt: skip
AUTOGEN = Constructor(OPENAI, OPENAI_ADDRESS | {"azure_endpoint", "azure_deployment", "api_version"})
AG2_CONFIG = Constructor(
    OPENAI, OPENAI_ADDRESS | {"api_type", "api_version", "azure_deployment", "azure_endpoint", "client_host"}
)
AUTOGEN_REFUSED = {
    **refusing(FOREIGN, "use OpenAIConfig and promote again", "DashScopeConfig", "XAIConfig", "ZAIConfig",
               "RealTimeConfig"),
    **refusing(
        "its agents live at Azure, where no gateway can stand before them",
        "use AssistantAgent with OpenAIChatCompletionClient and promote again", "AzureAIAgent",
    ),
    **refusing(
        "it keeps assistants and threads at OpenAI, which no door serves",
        "use AssistantAgent and promote again", "GPTAssistantAgent",
    ),
}  # fmt: skip

LITELLM_FAMILY = Family(
    name="litellm",
    modules=("litellm",),
    # Each call makes its client, and is given key and address where the notebook has some.
    constructors=dict.fromkeys(
        ("completion", "acompletion", "embedding", "aembedding", "text_completion", "responses", "aresponses",
         "batch_completion"),
        LITELLM,
    ),
    refusals=refusing(
        "the Router names hosts of its own for each model", "use litellm.completion and promote again", "Router"
    ),
)  # fmt: skip

FAMILIES = (
    LITELLM_FAMILY,
    Family(
        "crewai", ("crewai",), constructors={"LLM": LITELLM},
        surrounded={"Agent": "llm", "Crew": "manager_llm"},
    ),
    Family(
        "crewai_tools", ("crewai_tools",),
        surrounded=dict.fromkeys(
            ("RagTool", "PDFSearchTool", "TXTSearchTool", "CSVSearchTool", "DOCXSearchTool", "JSONSearchTool",
             "MDXSearchTool", "XMLSearchTool", "WebsiteSearchTool", "DirectorySearchTool", "CodeDocsSearchTool",
             "GithubSearchTool", "PGSearchTool", "MySQLSearchTool", "YoutubeVideoSearchTool",
             "YoutubeChannelSearchTool"), "",
        ),
        own_hosts=frozenset({"config", "adapter", "embedding_model"}),
    ),
    Family(
        "smolagents", ("smolagents",),
        constructors={
            "OpenAIServerModel": OPENAI_MODEL, "OpenAIModel": OPENAI_MODEL, "LiteLLMModel": Constructor(
                OPENAI_API_BASE, frozenset({"api_base", "api_key"}), becomes="smolagents.OpenAIServerModel"
            ),
            "InferenceClientModel": HF_MODEL, "HfApiModel": HF_MODEL,
            "AzureOpenAIServerModel": Constructor(
                OPENAI_API_BASE, frozenset({"azure_endpoint", "api_key", "api_version"}),
                becomes="smolagents.OpenAIServerModel",
            ),
        },
        refusals=refusing(
            LOCAL, "use OpenAIServerModel and promote again", "TransformersModel", "MLXModel", "VLLMModel"
        ),
    ),
    Family(
        "autogen", ("autogen", "autogen_agentchat", "autogen_ext", "autogen_core", "ag2"),
        constructors={
            "OpenAIChatCompletionClient": AUTOGEN,
            "AzureOpenAIChatCompletionClient": Constructor(
                OPENAI, AZURE_ADDRESS,
                becomes="autogen_ext.models.openai.OpenAIChatCompletionClient",
            ),
            "AzureAIChatCompletionClient": Constructor(
                OPENAI, frozenset({"endpoint", "credential", "api_version", "credential_scopes"}),
                becomes="autogen_ext.models.openai.OpenAIChatCompletionClient",
            ),
            # ag2's `autogen.beta`: an agent's model is described by one of these.
            "OpenAIConfig": Constructor(OPENAI, OPENAI_ADDRESS | {"websocket_base_url"}),
            "OpenAIResponsesConfig": Constructor(OPENAI, OPENAI_ADDRESS | {"websocket_base_url"}),
            "AnthropicConfig": Constructor(ANTHROPIC, frozenset({"api_key", "base_url"})),
            "GeminiConfig": Constructor(loses=frozenset({"api_key"}), surrounded=True),
            "VertexAIConfig": Constructor(
                loses=frozenset({"credentials", "project", "location"}), surrounded=True,
                becomes="autogen.beta.config.GeminiConfig",
            ),
            "OllamaConfig": Constructor('**client_args("ollama", "host")', frozenset({"host"}), surrounded=True),
        },
        refusals=AUTOGEN_REFUSED,
        surrounded=dict.fromkeys(
            ("AssistantAgent", "ConversableAgent", "UserProxyAgent", "GroupChatManager", "MultimodalConversableAgent",
             "LLMConfig"), "",
        ),
    ),
    Family(
        "openai_agents", ("agents",),
        surrounded={"Agent": "model", "Runner.run": "", "Runner.run_sync": "", "Runner.run_streamed": ""},
        constructors={"LitellmModel": LITELLM},
        refusals=refusing(AT_THE_PROVIDER, "use a function under @function_tool and promote again",
                          "WebSearchTool", "FileSearchTool", "CodeInterpreterTool", "HostedMCPTool",
                          "ImageGenerationTool"),
    ),
    Family("swarm", ("swarm",), surrounded={"Swarm": ""}),
    Family("instructor", ("instructor",), surrounded={"from_provider": "model"}),
    Family(
        "semantic_kernel", ("semantic_kernel",),
        constructors={
            "OpenAIChatCompletion": KERNEL, "OpenAITextEmbedding": KERNEL,
            "AzureChatCompletion": Constructor(
                loses=KERNEL.loses, renames={"deployment_name": "ai_model_id"}, surrounded=True,
                becomes="semantic_kernel.connectors.ai.open_ai.OpenAIChatCompletion",
            ),
            "AzureTextEmbedding": Constructor(
                loses=KERNEL.loses, renames={"deployment_name": "ai_model_id"}, surrounded=True,
                becomes="semantic_kernel.connectors.ai.open_ai.OpenAITextEmbedding",
            ),
            "AnthropicChatCompletion": Constructor(loses=frozenset({"api_key", "async_client"}), surrounded=True),
        },
        refusals={
            **refusing(
                LOCAL, "use OpenAIChatCompletion and promote again",
                "HuggingFaceTextCompletion", "HuggingFaceTextEmbedding", "OnnxGenAIChatCompletion",
                "OnnxGenAITextCompletion",
            ),
            **refusing(
                FOREIGN, "use OpenAIChatCompletion and promote again",
                "GoogleAIChatCompletion", "GoogleAITextEmbedding", "VertexAIChatCompletion",
                "MistralAIChatCompletion",
                "BedrockChatCompletion", "AzureAIInferenceChatCompletion", "OllamaChatCompletion",
                "NvidiaTextEmbedding",
                "AzureAIAgent", "AzureAIAgent.create_client", "BedrockAgent.create_and_prepare_agent",
                "OpenAIAssistantAgent.create_client", "AzureAssistantAgent.create_client",
            ),
        },
    ),
    Family(
        "dspy", ("dspy",),
        constructors={
            "LM": LITELLM,
            # Classes of before 2.5; the present one takes a model of LiteLLM's.
            "OpenAI": _before_lm("openai/", "gpt-3.5-turbo"), "GPT3": _before_lm("openai/", "gpt-3.5-turbo"),
            "AzureOpenAI": _before_lm("openai/", "gpt-3.5-turbo"), "Cohere": _before_lm("cohere_chat/", "command-r"),
            "Claude": _before_lm("anthropic/", "claude-3-opus-20240229"),
            "Google": _before_lm("gemini/", "gemini-1.5-pro"), "OllamaLocal": _before_lm("ollama_chat/", "llama3"),
        },
        refusals=refusing(LOCAL, "change it to dspy.LM and promote again",
                          "HFModel", "HFClientTGI", "HFClientVLLM", "ChatModuleClient"),
    ),
    Family(
        "google_adk", ("google.adk",), constructors={"LiteLlm": LITELLM, "Gemini": Constructor(surrounded=True)},
        surrounded={"Agent": "model", "LlmAgent": "model"},
    ),
    Family(
        "camel", ("camel",),
        refusals=refusing("this framework makes its client out of reach", "use the openai client and promote again",
                          "ModelFactory.create"),
    ),
)  # fmt: skip
