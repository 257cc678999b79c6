"""Where the names of LlamaIndex before 0.10 stand today, as data.

`llama_index` is a namespace since, shared by the packages of its integrations: what was not an integration stands in
`llama_index.core` under the path it had, a provider's classes in a module of their own.
"""

from __future__ import annotations

# What `llama_index.core` has, by the module before it: `llama_index.schema` for `llama_index.core.schema`.
CORE = {
    "llama_index": (
        "BasePromptTemplate ChatPromptTemplate ComposableGraph Document DocumentSummaryIndex "
        "GPTDocumentSummaryIndex GPTKeywordTableIndex GPTListIndex GPTRAKEKeywordTableIndex "
        "GPTSimpleKeywordTableIndex GPTTreeIndex GPTVectorStoreIndex IndexStructType KeywordTableIndex "
        "KnowledgeGraphIndex ListIndex MockEmbedding Prompt PromptHelper PromptTemplate PropertyGraphIndex "
        "QueryBundle RAKEKeywordTableIndex Response SQLContextBuilder SQLDatabase SQLDocumentContextBuilder "
        "SelectorPromptTemplate Settings SimpleDirectoryReader SimpleKeywordTableIndex StorageContext SummaryIndex "
        "TreeIndex VectorStoreIndex get_response_synthesizer get_tokenizer load_graph_from_storage "
        "load_index_from_storage load_indices_from_storage set_global_handler set_global_tokenizer"
    ),
    "llama_index.llms": (
        "AudioBlock CacheControl CachePoint ChatMessage ChatResponse ChatResponseAsyncGen ChatResponseGen "
        "CitableBlock CitationBlock CompletionResponse CompletionResponseAsyncGen CompletionResponseGen CustomLLM "
        "DocumentBlock ImageBlock LLM LLMMetadata MessageRole MockFunctionCallingLLM MockLLM TextBlock VideoBlock"
    ),
    "llama_index.embeddings": "BaseEmbedding MockEmbedding MultiModalEmbedding Pooling resolve_embed_model",
    "llama_index.vector_stores": (
        "ExactMatchFilter FilterCondition FilterOperator MetadataFilter MetadataFilters MetadataInfo "
        "SimpleVectorStore VectorStoreInfo VectorStoreQuery VectorStoreQueryResult"
    ),
    "llama_index.graph_stores": (
        "ChunkNode EntityNode LabelledNode PropertyGraphStore Relation SimpleGraphStore SimplePropertyGraphStore"
    ),
    "llama_index.tools": (
        "AsyncBaseTool BaseTool FunctionTool QueryEngineTool QueryPlanTool RetrieverTool ToolMetadata ToolOutput "
        "ToolSelection acall_tool_with_selection adapt_to_async_tool call_tool_with_selection"
    ),
    "llama_index.readers": ("Document FileSystemReaderMixin ReaderConfig SimpleDirectoryReader StringIterableReader"),
    "llama_index.evaluation": (
        "AnswerRelevancyEvaluator BaseEvaluator BaseRetrievalEvaluator BatchEvalRunner ContextRelevancyEvaluator "
        "CorrectnessEvaluator DatasetGenerator EvaluationResult FaithfulnessEvaluator GuidelineEvaluator HitRate "
        "MRR MultiModalRetrieverEvaluator PairwiseComparisonEvaluator QueryResponseDataset QueryResponseEvaluator "
        "RelevancyEvaluator ResponseEvaluator RetrievalEvalResult RetrievalMetricResult RetrieverEvaluator "
        "SemanticSimilarityEvaluator get_retrieval_results_df resolve_metrics"
    ),
    "llama_index.node_parser": (
        "CodeSplitter HTMLNodeParser HierarchicalNodeParser JSONNodeParser LangchainNodeParser LanguageConfig "
        "LlamaParseJsonNodeParser MarkdownElementNodeParser MarkdownNodeParser MetadataAwareTextSplitter "
        "NodeParser SemanticDoubleMergingSplitterNodeParser SemanticSplitterNodeParser SentenceSplitter "
        "SentenceWindowNodeParser SimpleFileNodeParser SimpleNodeParser TextSplitter TokenTextSplitter "
        "UnstructuredElementNodeParser get_child_nodes get_deeper_nodes get_leaf_nodes get_root_nodes"
    ),
    "llama_index.query_engine": (
        "BaseQueryEngine CitationQueryEngine CogniswitchQueryEngine ComposableGraphQueryEngine CustomQueryEngine "
        "FLAREInstructQueryEngine JSONalyzeQueryEngine KnowledgeGraphQueryEngine MultiStepQueryEngine "
        "NLSQLTableQueryEngine PGVectorSQLQueryEngine PandasQueryEngine RetrieverQueryEngine "
        "RetrieverRouterQueryEngine RetryGuidelineQueryEngine RetryQueryEngine RetrySourceQueryEngine "
        "RouterQueryEngine SQLAutoVectorQueryEngine SQLJoinQueryEngine SQLTableRetrieverQueryEngine "
        "SimpleMultiModalQueryEngine SubQuestionAnswerPair SubQuestionQueryEngine ToolRetrieverRouterQueryEngine "
        "TransformQueryEngine"
    ),
    "llama_index.retrievers": (
        "AutoMergingRetriever BaseImageRetriever BasePGRetriever BaseRetriever CustomPGRetriever "
        "CypherTemplateRetriever EmptyIndexRetriever KGTableRetriever KeywordTableSimpleRetriever "
        "KnowledgeGraphRAGRetriever LLMSynonymRetriever ListIndexEmbeddingRetriever ListIndexRetriever "
        "NLSQLRetriever PGRetriever QueryFusionRetriever RecursiveRetriever RouterRetriever SQLParserMode "
        "SQLRetriever SummaryIndexEmbeddingRetriever SummaryIndexLLMRetriever SummaryIndexRetriever "
        "TextToCypherRetriever TransformRetriever TreeAllLeafRetriever TreeRootRetriever "
        "TreeSelectLeafEmbeddingRetriever TreeSelectLeafRetriever VectorContextRetriever VectorIndexAutoRetriever "
        "VectorIndexRetriever"
    ),
    "llama_index.schema": (
        "BaseComponent BaseNode Document ImageDocument ImageNode IndexNode MediaResource MetadataMode Modality "
        "Node NodeRelationship NodeWithScore ObjectType QueryBundle RelatedNodeInfo TextNode TransformComponent "
        "is_image_pil is_image_url_pil truncate_text"
    ),
    "llama_index.memory": (
        "BaseMemory BaseMemoryBlock ChatMemoryBuffer ChatSummaryMemoryBuffer FactExtractionMemoryBlock "
        "InsertMethod Memory SimpleComposableMemory StaticMemoryBlock VectorMemory VectorMemoryBlock"
    ),
    "llama_index.indices": (
        "ComposableGraph DocumentSummaryIndex EmptyIndex GPTDocumentSummaryIndex GPTEmptyIndex "
        "GPTKeywordTableIndex GPTListIndex GPTPandasIndex GPTRAKEKeywordTableIndex GPTSQLStructStoreIndex "
        "GPTSimpleKeywordTableIndex GPTTreeIndex GPTVectorStoreIndex KeywordTableIndex KnowledgeGraphIndex "
        "ListIndex MultiModalVectorStoreIndex PandasIndex PropertyGraphIndex RAKEKeywordTableIndex "
        "SQLStructStoreIndex SimpleKeywordTableIndex SummaryIndex TreeIndex VectorStoreIndex "
        "load_graph_from_storage load_index_from_storage load_indices_from_storage"
    ),
    "llama_index.indices.postprocessor": (
        "AutoPrevNextNodePostprocessor BaseNodePostprocessor EmbeddingRecencyPostprocessor "
        "FixedRecencyPostprocessor KeywordNodePostprocessor LLMRerank LongContextReorder "
        "MetadataReplacementPostProcessor NERPIINodePostprocessor PIINodePostprocessor PrevNextNodePostprocessor "
        "RankGPTRerank SentenceEmbeddingOptimizer SentenceTransformerRerank SimilarityPostprocessor "
        "TimeWeightedPostprocessor"
    ),
    "llama_index.response.notebook_utils": (
        "ImageNode MetadataMode NodeWithScore Response b64_2_img display_image display_image_uris display_metadata "
        "display_query_and_multimodal_response display_response display_source_node truncate_text"
    ),
    "llama_index.storage.storage_context": (
        "BaseDocumentStore BaseIndexStore BasePydanticVectorStore GraphStore PropertyGraphStore "
        "SimpleDocumentStore SimpleGraphStore SimpleIndexStore SimplePropertyGraphStore SimpleVectorStore "
        "StorageContext concat_dirs"
    ),
    "llama_index.storage.docstore": "BaseDocumentStore DocumentStore SimpleDocumentStore",
    "llama_index.storage.index_store": "SimpleIndexStore",
    "llama_index.storage": "StorageContext",
    "llama_index.prompts": (
        "BasePromptTemplate ChatMessage ChatPromptTemplate LangchainPromptTemplate MessageRole Prompt "
        "PromptTemplate PromptType RichPromptTemplate SelectorPromptTemplate display_prompt_dict"
    ),
    "llama_index.callbacks": (
        "CBEvent CBEventType CallbackManager EventPayload LlamaDebugHandler PythonicallyPrintingBaseHandler "
        "TokenCountingHandler trace_method"
    ),
    "llama_index.chat_engine": (
        "CondensePlusContextChatEngine CondenseQuestionChatEngine ContextChatEngine "
        "MultiModalCondensePlusContextChatEngine MultiModalContextChatEngine SimpleChatEngine"
    ),
    "llama_index.selectors": (
        "BaseSelector EmbeddingSingleSelector LLMMultiSelector LLMSingleSelector MultiSelection "
        "PydanticMultiSelector PydanticSingleSelector SelectorResult SingleSelection"
    ),
    "llama_index.response_synthesizers": (
        "Accumulate BaseSynthesizer CompactAndRefine Generation Refine ResponseMode SimpleSummarize TreeSummarize "
        "get_response_synthesizer"
    ),
    "llama_index.extractors": (
        "BaseExtractor DocumentContextExtractor KeywordExtractor PydanticProgramExtractor "
        "QuestionsAnsweredExtractor SummaryExtractor TitleExtractor"
    ),
    "llama_index.ingestion": (
        "DocstoreStrategy IngestionCache IngestionPipeline arun_transformations run_transformations"
    ),
    "llama_index.postprocessor": (
        "AutoPrevNextNodePostprocessor DocumentWithRelevance EmbeddingRecencyPostprocessor "
        "FixedRecencyPostprocessor KeywordNodePostprocessor LLMRerank LongContextReorder "
        "MetadataReplacementPostProcessor NERPIINodePostprocessor PIINodePostprocessor PrevNextNodePostprocessor "
        "SentenceEmbeddingOptimizer SentenceTransformerRerank SimilarityPostprocessor StructuredLLMRerank "
        "TimeWeightedPostprocessor"
    ),
    "llama_index.text_splitter": "CodeSplitter SentenceSplitter TokenTextSplitter",
    "llama_index.output_parsers": "BaseOutputParser PydanticOutputParser SelectionOutputParser",
    "llama_index.program": (
        "BasePydanticProgram FunctionCallingProgram LLMTextCompletionProgram MultiModalLLMCompletionProgram"
    ),
    "llama_index.indices.query.query_transform": (
        "DecomposeQueryTransform HyDEQueryTransform StepDecomposeQueryTransform"
    ),
    "llama_index.objects": (
        "ObjectIndex ObjectRetriever SQLTableNodeMapping SQLTableSchema SimpleObjectNodeMapping "
        "SimpleQueryToolNodeMapping SimpleToolNodeMapping"
    ),
    "llama_index.composability": "ComposableGraph QASummaryQueryEngineBuilder",
    "llama_index.prompts.base": (
        "BasePromptTemplate ChatPromptTemplate LangchainPromptTemplate Prompt PromptTemplate SelectorPromptTemplate"
    ),
    "llama_index.readers.base": (
        "BaseComponent BasePydanticReader BaseReader Document ReaderConfig ResourcesReaderMixin"
    ),
    "llama_index.chat_engine.types": (
        "AgentChatResponse BaseChatEngine BaseMemory ChatMessage ChatMode ChatResponseMode NodeWithScore Response "
        "StreamChatDeltaReceivedEvent StreamChatEndEvent StreamChatErrorEvent StreamChatStartEvent "
        "StreamingAgentChatResponse StreamingResponse TextBlock ToolOutput is_function"
    ),
    "llama_index.vector_stores.types": (
        "BaseComponent BaseNode BasePydanticVectorStore ExactMatchFilter FilterCondition FilterOperator "
        "MetadataFilter MetadataFilters MetadataInfo NodeWithEmbedding TextNode VectorStore VectorStoreInfo "
        "VectorStoreQuery VectorStoreQueryMode VectorStoreQueryResult VectorStoreQuerySpec"
    ),
    "llama_index.memory.chat_memory_buffer": (
        "BaseChatStore BaseChatStoreMemory ChatMemoryBuffer ChatMessage LLM MessageRole SimpleChatStore get_tokenizer"
    ),
    "llama_index.indices.vector_store": (
        "GPTVectorStoreIndex VectorIndexAutoRetriever VectorIndexRetriever VectorStoreIndex"
    ),
    "llama_index.tools.query_engine": "QueryEngineTool",
}

# Classes of providers, by module and name.
INTEGRATIONS = {
    "llama_index.llms.OpenAI": "llama_index.llms.openai",
    "llama_index.llms.OpenAILike": "llama_index.llms.openai_like",
    "llama_index.llms.Anthropic": "llama_index.llms.anthropic",
    "llama_index.llms.Ollama": "llama_index.llms.ollama",
    "llama_index.llms.Cohere": "llama_index.llms.cohere",
    "llama_index.llms.MistralAI": "llama_index.llms.mistralai",
    "llama_index.embeddings.OpenAIEmbedding": "llama_index.embeddings.openai",
    "llama_index.embeddings.CohereEmbedding": "llama_index.embeddings.cohere",
    "llama_index.embeddings.MistralAIEmbedding": "llama_index.embeddings.mistralai",
    "llama_index.embeddings.OllamaEmbedding": "llama_index.embeddings.ollama",
}

# Names that are gone or raise an error when they are used, and what to use.
GONE = {
    "ServiceContext": "Settings of llama_index.core",
    "set_global_service_context": "Settings of llama_index.core",
    "LLMPredictor": "Settings of llama_index.core",
    "LangchainEmbedding": "LangchainEmbedding of llama_index.embeddings.langchain",
    "download_loader": "the package of that reader",
}
