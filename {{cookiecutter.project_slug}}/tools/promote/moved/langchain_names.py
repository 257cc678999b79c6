"""Where the names of LangChain before 1.0 stand today, as data.

`langchain` 1.x keeps its new agents and a few modules (STANDING). Of the rest, a class that has a home of its own is
named in NAMES; whole packages of loaders, stores and tools went to `langchain_community` (COMMUNITY); everything else
stands in `langchain_classic` under its former path (MODULES). GONE has no home, with what to use instead.
"""

from __future__ import annotations

# Names by the module that has them today, whichever of its former addresses a notebook uses.
NAMES = {
    "langchain_anthropic": "ChatAnthropic",
    "langchain_cohere": "ChatCohere CohereEmbeddings CohereRerank",
    "langchain_cohere.llms": "Cohere",
    "langchain_mistralai": "ChatMistralAI",
    "langchain_ollama": "ChatOllama OllamaEmbeddings",
    "langchain_openai": "AzureChatOpenAI AzureOpenAI AzureOpenAIEmbeddings ChatOpenAI OpenAI OpenAIEmbeddings",
    "langchain_openai.llms.base": "BaseOpenAI",
    "langchain_classic.agents": "MRKLChain ReActChain SelfAskWithSearchChain",
    "langchain_classic.chains": (
        "ConversationChain LLMChain LLMCheckerChain LLMMathChain QAWithSourcesChain VectorDBQA "
        "VectorDBQAWithSourcesChain"
    ),
    "langchain_experimental.agents": (
        "create_csv_agent create_pandas_dataframe_agent create_spark_dataframe_agent create_xorbits_agent"
    ),
    "langchain_experimental.agents.agent_toolkits": "create_python_agent",
    "langchain_experimental.pal_chain": "PALChain",
    "langchain_experimental.sql": "SQLDatabaseChain SQLDatabaseSequentialChain",
    "langchain_experimental.tools.python.tool": "PythonAstREPLTool PythonREPLTool",
    "langchain_experimental.utilities": "PythonREPL",
    "langchain_community.docstore": "InMemoryDocstore Wikipedia",
    "langchain_community.llms": (
        "Anthropic Banana CerebriumAI ForefrontAI GooseAI HuggingFaceHub HuggingFaceTextGenInference LlamaCpp Modal "
        "Petals PipelineAI SagemakerEndpoint StochasticAI Writer"
    ),
    "langchain_community.utilities.google_search": "GoogleSearchAPIWrapper",
    "langchain_community.utilities": (
        "ArxivAPIWrapper GoogleSerperAPIWrapper PowerBIDataset SQLDatabase SearxSearchWrapper SerpAPIWrapper "
        "TextRequestsWrapper WikipediaAPIWrapper WolframAlphaAPIWrapper"
    ),
    "langchain_community.vectorstores.milvus": "Milvus",
    "langchain_community.vectorstores": "ElasticVectorSearch FAISS",
    "langchain_community.agent_toolkits": (
        "AINetworkToolkit AmadeusToolkit AzureCognitiveServicesToolkit FileManagementToolkit GmailToolkit "
        "JiraToolkit JsonToolkit MultionToolkit NLAToolkit NasaToolkit O365Toolkit OpenAPIToolkit "
        "PlayWrightBrowserToolkit PowerBIToolkit SQLDatabaseToolkit SlackToolkit SparkSQLToolkit SteamToolkit "
        "ZapierToolkit create_json_agent create_pbi_agent create_pbi_chat_agent "
        "create_spark_sql_agent create_sql_agent"
    ),
    "langchain_community.agent_toolkits.load_tools": "get_all_tool_names load_huggingface_tool load_tools",
    "langchain_community.callbacks": (
        "AimCallbackHandler ArgillaCallbackHandler ArizeCallbackHandler ArthurCallbackHandler "
        "ClearMLCallbackHandler CometCallbackHandler ContextCallbackHandler FlyteCallbackHandler "
        "HumanApprovalCallbackHandler InfinoCallbackHandler LLMThoughtLabeler LLMonitorCallbackHandler "
        "LabelStudioCallbackHandler MlflowCallbackHandler OpenAICallbackHandler PromptLayerCallbackHandler "
        "SageMakerCallbackHandler TrubricsCallbackHandler WandbCallbackHandler "
        "WhyLabsCallbackHandler get_openai_callback wandb_tracing_enabled"
    ),
    "langchain_community.chains.graph_qa.base": "GraphQAChain",
    "langchain_community.chains.graph_qa.cypher": "GraphCypherQAChain",
    "langchain_community.chains.llm_requests": "LLMRequestsChain",
    "langchain_community.chat_message_histories": (
        "CassandraChatMessageHistory CosmosDBChatMessageHistory DynamoDBChatMessageHistory "
        "ElasticsearchChatMessageHistory FileChatMessageHistory FirestoreChatMessageHistory "
        "MomentoChatMessageHistory PostgresChatMessageHistory RedisChatMessageHistory RocksetChatMessageHistory "
        "SQLChatMessageHistory SingleStoreDBChatMessageHistory StreamlitChatMessageHistory "
        "UpstashRedisChatMessageHistory XataChatMessageHistory ZepChatMessageHistory"
    ),
    "langchain_community.document_compressors": "FlashrankRerank",
    "langchain_community.embeddings": (
        "AlephAlphaAsymmetricSemanticEmbedding AlephAlphaSymmetricSemanticEmbedding AwaEmbeddings "
        "BedrockEmbeddings BookendEmbeddings ClarifaiEmbeddings DashScopeEmbeddings DatabricksEmbeddings "
        "DeepInfraEmbeddings DeterministicFakeEmbedding EdenAiEmbeddings ElasticsearchEmbeddings EmbaasEmbeddings "
        "ErnieEmbeddings FakeEmbeddings FastEmbedEmbeddings GPT4AllEmbeddings GooglePalmEmbeddings "
        "GradientEmbeddings HuggingFaceBgeEmbeddings HuggingFaceEmbeddings HuggingFaceHubEmbeddings "
        "HuggingFaceInferenceAPIEmbeddings HuggingFaceInstructEmbeddings InfinityEmbeddings "
        "JavelinAIGatewayEmbeddings JinaEmbeddings JohnSnowLabsEmbeddings LLMRailsEmbeddings LlamaCppEmbeddings "
        "LocalAIEmbeddings MiniMaxEmbeddings MlflowAIGatewayEmbeddings MlflowEmbeddings ModelScopeEmbeddings "
        "MosaicMLInstructorEmbeddings NLPCloudEmbeddings OctoAIEmbeddings OpenVINOEmbeddings "
        "QianfanEmbeddingsEndpoint SagemakerEndpointEmbeddings SelfHostedEmbeddings "
        "SelfHostedHuggingFaceEmbeddings SelfHostedHuggingFaceInstructEmbeddings SentenceTransformerEmbeddings "
        "SpacyEmbeddings TensorflowHubEmbeddings VertexAIEmbeddings VoyageEmbeddings XinferenceEmbeddings"
    ),
    "langchain_community.embeddings.sagemaker_endpoint": "EmbeddingsContentHandler",
    "langchain_community.example_selectors": "NGramOverlapExampleSelector ngram_overlap_score",
    "langchain_community.memory.kg": "ConversationKGMemory",
    "langchain_community.memory.motorhead_memory": "MotorheadMemory",
    "langchain_community.memory.zep_memory": "ZepMemory",
    "langchain_community.retrievers": (
        "AmazonKendraRetriever AmazonKnowledgeBasesRetriever ArceeRetriever ArxivRetriever AzureAISearchRetriever "
        "AzureCognitiveSearchRetriever BM25Retriever ChaindeskRetriever ChatGPTPluginRetriever CohereRagRetriever "
        "DocArrayRetriever DriaRetriever ElasticSearchBM25Retriever EmbedchainRetriever "
        "GoogleCloudEnterpriseSearchRetriever GoogleDocumentAIWarehouseRetriever "
        "GoogleVertexAIMultiTurnSearchRetriever GoogleVertexAISearchRetriever KNNRetriever KayAiRetriever "
        "LlamaIndexGraphRetriever LlamaIndexRetriever MetalRetriever MilvusRetriever NeuralDBRetriever "
        "OutlineRetriever PineconeHybridSearchRetriever PubMedRetriever RemoteLangChainRetriever SVMRetriever "
        "TFIDFRetriever TavilySearchAPIRetriever VespaRetriever WeaviateHybridSearchRetriever WebResearchRetriever "
        "WikipediaRetriever YouRetriever ZepRetriever ZillizRetriever"
    ),
    "langchain_community.storage": "RedisStore UpstashRedisByteStore UpstashRedisStore",
    "langchain_community.utils.math": "cosine_similarity cosine_similarity_top_k",
    "langchain_core.agents": "AgentAction AgentActionMessageLog AgentFinish AgentStep",
    "langchain_core.caches": "BaseCache",
    "langchain_core.callbacks": (
        "AsyncCallbackHandler AsyncCallbackManager AsyncCallbackManagerForChainGroup "
        "AsyncCallbackManagerForChainRun AsyncCallbackManagerForLLMRun AsyncCallbackManagerForRetrieverRun "
        "AsyncCallbackManagerForToolRun AsyncParentRunManager AsyncRunManager BaseCallbackHandler "
        "BaseCallbackManager BaseRunManager CallbackManager CallbackManagerForChainGroup "
        "CallbackManagerForChainRun CallbackManagerForLLMRun CallbackManagerForRetrieverRun "
        "CallbackManagerForToolRun CallbackManagerMixin ChainManagerMixin FileCallbackHandler LLMManagerMixin "
        "ParentRunManager RetrieverManagerMixin RunManager RunManagerMixin StdOutCallbackHandler "
        "StreamingStdOutCallbackHandler ToolManagerMixin"
    ),
    "langchain_core.callbacks.manager": "atrace_as_chain_group trace_as_chain_group",
    "langchain_core.chat_history": "BaseChatMessageHistory InMemoryChatMessageHistory",
    "langchain_core.chat_loaders": "BaseChatLoader",
    "langchain_core.chat_sessions": "ChatSession",
    "langchain_core.cross_encoders": "BaseCrossEncoder",
    "langchain_core.document_loaders": "BaseBlobParser BaseLoader BlobLoader",
    "langchain_core.documents": "BaseDocumentCompressor BaseDocumentTransformer Document",
    "langchain_core.documents.base": "Blob",
    "langchain_core.embeddings": "Embeddings",
    "langchain_core.example_selectors": (
        "BaseExampleSelector LengthBasedExampleSelector MaxMarginalRelevanceExampleSelector "
        "SemanticSimilarityExampleSelector"
    ),
    "langchain_core.exceptions": "LangChainException OutputParserException TracerException",
    "langchain_core.globals": "get_debug get_llm_cache get_verbose set_debug set_llm_cache set_verbose",
    "langchain_core.indexing": "IndexingResult RecordManager aindex index",
    "langchain_core.language_models": "BaseChatModel BaseLLM BaseLanguageModel LLM SimpleChatModel get_tokenizer",
    "langchain_core.load": "Serializable dumpd dumps load loads",
    "langchain_core.messages": (
        "AIMessage AIMessageChunk BaseMessage BaseMessageChunk ChatMessage ChatMessageChunk FunctionMessage "
        "FunctionMessageChunk HumanMessage HumanMessageChunk SystemMessage SystemMessageChunk ToolCall ToolMessage "
        "ToolMessageChunk get_buffer_string merge_content message_to_dict messages_from_dict messages_to_dict"
    ),
    "langchain_core.output_parsers": (
        "BaseCumulativeTransformOutputParser BaseGenerationOutputParser BaseLLMOutputParser BaseOutputParser "
        "BaseTransformOutputParser CommaSeparatedListOutputParser JsonOutputKeyToolsParser JsonOutputParser "
        "JsonOutputToolsParser ListOutputParser MarkdownListOutputParser NumberedListOutputParser "
        "PydanticOutputParser PydanticToolsParser SimpleJsonOutputParser StrOutputParser XMLOutputParser"
    ),
    "langchain_core.output_parsers.openai_functions": (
        "JsonKeyOutputFunctionsParser JsonOutputFunctionsParser OutputFunctionsParser "
        "PydanticAttrOutputFunctionsParser PydanticOutputFunctionsParser"
    ),
    "langchain_core.outputs": (
        "ChatGeneration ChatGenerationChunk ChatResult Generation GenerationChunk LLMResult RunInfo"
    ),
    "langchain_core.prompt_values": "ChatPromptValue ChatPromptValueConcrete PromptValue StringPromptValue",
    "langchain_core.prompts": (
        "AIMessagePromptTemplate BaseChatPromptTemplate BasePromptTemplate ChatMessagePromptTemplate "
        "ChatPromptTemplate FewShotChatMessagePromptTemplate FewShotPromptTemplate FewShotPromptWithTemplates "
        "HumanMessagePromptTemplate MessagesPlaceholder PromptTemplate StringPromptTemplate "
        "SystemMessagePromptTemplate check_valid_template format_document get_template_variables jinja2_formatter "
        "load_prompt validate_jinja2"
    ),
    "langchain_core.prompts.chat": "BaseStringMessagePromptTemplate",
    "langchain_core.prompts.message": "BaseMessagePromptTemplate",
    "langchain_core.retrievers": "BaseRetriever",
    "langchain_core.runnables": (
        "AddableDict ConfigurableField ConfigurableFieldMultiOption ConfigurableFieldSingleOption "
        "ConfigurableFieldSpec RouterRunnable Runnable RunnableAssign RunnableBinding RunnableBranch "
        "RunnableConfig RunnableGenerator RunnableLambda RunnableMap RunnableParallel RunnablePassthrough "
        "RunnableSequence RunnableSerializable RunnableWithFallbacks RunnableWithMessageHistory run_in_executor"
    ),
    "langchain_core.stores": (
        "BaseStore ByteStore InMemoryBaseStore InMemoryByteStore InMemoryStore InvalidKeyException"
    ),
    "langchain_core.structured_query": (
        "Comparator Comparison Expr FilterDirective Operation Operator StructuredQuery Visitor"
    ),
    "langchain_core.tools": (
        "BaseTool BaseToolkit SchemaAnnotationError StructuredTool Tool ToolException create_retriever_tool "
        "create_schema_from_function render_text_description render_text_description_and_args tool"
    ),
    "langchain_core.tracers": (
        "BaseTracer ConsoleCallbackHandler EvaluatorCallbackHandler LangChainTracer LogStreamCallbackHandler "
        "RunLog RunLogPatch"
    ),
    "langchain_core.tracers.context": "collect_runs register_configure_hook tracing_v2_enabled",
    "langchain_core.utils.function_calling": (
        "FunctionDescription ToolDescription convert_to_openai_function convert_to_openai_tool"
    ),
    "langchain_core.utils.json": "parse_and_check_json_markdown parse_json_markdown parse_partial_json",
    "langchain_core.vectorstores": "VectorStore VectorStoreRetriever",
    "langchain_text_splitters": (
        "CharacterTextSplitter ElementType HTMLHeaderTextSplitter HeaderType KonlpyTextSplitter Language "
        "LatexTextSplitter LineType MarkdownHeaderTextSplitter MarkdownTextSplitter NLTKTextSplitter "
        "PythonCodeTextSplitter RecursiveCharacterTextSplitter RecursiveJsonSplitter "
        "SentenceTransformersTokenTextSplitter SpacyTextSplitter TextSplitter TokenTextSplitter Tokenizer "
        "split_text_on_tokens"
    ),
}

# What stands under the former path in `langchain_classic`.
MODULES = [
    "adapters",
    "agents",
    "base_language",
    "base_memory",
    "cache",
    "callbacks",
    "chains",
    "chat_loaders",
    "chat_models",
    "docstore",
    "document_loaders",
    "document_transformers",
    "embeddings",
    "env",
    "evaluation",
    "example_generator",
    "formatting",
    "globals",
    "graphs",
    "hub",
    "indexes",
    "input",
    "llms",
    "load",
    "memory",
    "model_laboratory",
    "output_parsers",
    "prompts",
    "python",
    "requests",
    "retrievers",
    "runnables",
    "schema",
    "serpapi",
    "smith",
    "sql_database",
    "storage",
    "text_splitter",
    "tools",
    "utilities",
    "utils",
    "vectorstores",
]

# Of those, packages that only pass on what stands under the same path in `langchain_community`.
COMMUNITY = [
    "adapters",
    "chat_loaders",
    "chat_models",
    "docstore",
    "document_loaders",
    "document_transformers",
    "graphs",
    "llms",
    "tools",
    "utilities",
    "vectorstores",
]

# What `langchain` 1.x still has: names by module; an empty text stands for all, its submodules included.
STANDING = {
    "langchain": "__version__",
    "langchain.agents": "AgentState create_agent factory middleware structured_output",
    "langchain.agents.factory": "",
    "langchain.agents.middleware": "",
    "langchain.agents.structured_output": "",
    "langchain.chat_models": "BaseChatModel base init_chat_model",
    "langchain.chat_models.base": "AIMessage BaseChatModel Runnable RunnableConfig ensure_config init_chat_model",
    "langchain.embeddings": "Embeddings base init_embeddings",
    "langchain.embeddings.base": "Embeddings init_embeddings",
    "langchain.mcp": "",
    "langchain.messages": "",
    "langchain.rate_limiters": "",
    "langchain.tools": (
        "BaseTool InjectedState InjectedStore InjectedToolArg InjectedToolCallId ToolException ToolRuntime tool "
        "tool_node"
    ),
    "langchain.tools.tool_node": "",
}

# Names that left their package of `langchain_community`: NAMES or GONE says where to. These modules of it have theirs.
COMMUNITY_KEEPS = [
    "langchain_community.chat_models.openai",
    "langchain_community.utilities.google_search",
    "langchain_community.vectorstores.milvus",
]
LEFT_COMMUNITY = [
    "AzureChatOpenAI",
    "BedrockChat",
    "ChatAnthropic",
    "ChatCohere",
    "ChatDatabricks",
    "ChatFireworks",
    "ChatGroq",
    "ChatHuggingFace",
    "ChatLiteLLM",
    "ChatMistralAI",
    "ChatOllama",
    "ChatOpenAI",
    "ChatPerplexity",
    "ChatVertexAI",
    "DatabricksVectorSearch",
    "DeepLake",
    "GooglePlacesAPIWrapper",
    "GooglePlacesTool",
    "GoogleSearchAPIWrapper",
    "GoogleSearchResults",
    "GoogleSearchRun",
    "MatchingEngine",
    "Milvus",
    "MongoDBAtlasVectorSearch",
    "Neo4jVector",
    "Pinecone",
    "PythonREPL",
    "Qdrant",
    "Weaviate",
]

# Names without a home in the packages above, and what to use.
GONE = {
    "BedrockChat": "ChatBedrock of langchain_aws",
    "ChatDatabricks": "ChatDatabricks of databricks_langchain",
    "ChatFireworks": "ChatFireworks of langchain_fireworks",
    "ChatGroq": "ChatGroq of langchain_groq",
    "ChatHuggingFace": "ChatHuggingFace of langchain_huggingface",
    "ChatLiteLLM": "ChatLiteLLM of langchain_litellm",
    "ChatPerplexity": "ChatPerplexity of langchain_perplexity",
    "ChatVertexAI": "ChatGoogleGenerativeAI of langchain_google_genai",
    "Baseten": "ChatBaseten of langchain_baseten",
    "AstraDBCache": "AstraDBCache of langchain_astradb",
    "AstraDBSemanticCache": "AstraDBSemanticCache of langchain_astradb",
    "AstraDBChatMessageHistory": "AstraDBChatMessageHistory of langchain_astradb",
    "DatabricksVectorSearch": "DatabricksVectorSearch of databricks_langchain",
    "DeepLake": "DeeplakeVectorStore of langchain_deeplake",
    "GooglePlacesAPIWrapper": "GooglePlacesAPIWrapper of langchain_google_community",
    "GooglePlacesTool": "GooglePlacesTool of langchain_google_community",
    "GoogleSearchResults": "GoogleSearchResults of langchain_google_community",
    "GoogleSearchRun": "GoogleSearchRun of langchain_google_community",
    "GMailLoader": "GMailLoader of langchain_google_community",
    "MatchingEngine": "VectorSearchVectorStore of langchain_google_vertexai",
    "MongoDBAtlasVectorSearch": "MongoDBAtlasVectorSearch of langchain_mongodb",
    "MongoDBChatMessageHistory": "MongoDBChatMessageHistory of langchain_mongodb",
    "Neo4jChatMessageHistory": "Neo4jChatMessageHistory of langchain_neo4j",
    "Neo4jVector": "Neo4jVector of langchain_neo4j",
    "NeptuneOpenCypherQAChain": "create_neptune_opencypher_qa_chain of langchain_aws",
    "NeptuneSparqlQAChain": "create_neptune_sparql_qa_chain of langchain_aws",
    "Pinecone": "PineconeVectorStore of langchain_pinecone",
    "Qdrant": "QdrantVectorStore of langchain_qdrant",
    "Weaviate": "WeaviateVectorStore of langchain_weaviate",
}

# Modules of other packages that moved whole: the same classes under another address.
MOVED_MODULES = {"langchain_core.pydantic_v1": "pydantic.v1", "langchain.pydantic_v1": "pydantic.v1"}

# Names that are gone from one address, whatever else is called so, and what to use.
GONE_AT = {
    "langchain.chat_models.GigaChat": "GigaChat of langchain_gigachat",
    "langchain_community.chat_models.GigaChat": "GigaChat of langchain_gigachat",
    "langgraph.graph.Graph": "StateGraph with a state of its own",
    "langgraph.prebuilt.ToolExecutor": "ToolNode of langgraph.prebuilt",
    "langgraph.prebuilt.ToolInvocation": "ToolNode of langgraph.prebuilt, which takes the calls of a message",
    "langgraph.prebuilt.create_agent_executor": "create_react_agent of langgraph.prebuilt",
    "langgraph.prebuilt.tool_executor.ToolExecutor": "ToolNode of langgraph.prebuilt",
    "langgraph.prebuilt.tool_executor.ToolInvocation": "ToolNode of langgraph.prebuilt",
}
