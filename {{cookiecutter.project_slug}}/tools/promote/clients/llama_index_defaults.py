"""What of LlamaIndex makes OpenAI's clients by itself where it is given no model: from the environment, then.

By class, whatever maker of it is called (`from_defaults`, `from_documents`); with the names of before 0.10.
"""

from __future__ import annotations

import re

PACKAGES = ("llama_index", "gpt_index")
_CLASSES = (
    "AgentWorkflow", "AnswerRelevancyEvaluator", "AutoPrevNextNodePostprocessor", "CitationQueryEngine",
    "ComposableGraph", "CondensePlusContextChatEngine", "CondenseQuestionChatEngine", "ContextChatEngine",
    "ContextRelevancyEvaluator", "CorrectnessEvaluator", "CypherTemplateRetriever", "DatasetGenerator",
    "DecomposeQueryTransform", "DocumentContextExtractor", "DocumentSummaryIndexEmbeddingRetriever",
    "DocumentSummaryIndexLLMRetriever", "DynamicLLMPathExtractor", "EmbeddingRecencyPostprocessor",
    "EmbeddingSingleSelector", "FLAREInstructQueryEngine", "FaithfulnessEvaluator", "FeedbackQueryTransformation",
    "FunctionCallingProgram", "GuidelineEvaluator", "HyDEQueryTransform", "IngestionPipeline", "JSONQueryEngine",
    "KeywordExtractor", "KeywordTableIndex", "KnowledgeGraphIndex", "KnowledgeGraphQueryEngine",
    "KnowledgeGraphRAGRetriever", "LLMMultiSelector", "LLMPredictor", "LLMQuestionGenerator", "LLMSingleSelector",
    "LLMSynonymRetriever", "LLMTextCompletionProgram", "ListIndex", "MultiModalVectorStoreIndex", "NLSQLRetriever",
    "NLSQLTableQueryEngine", "NLStructStoreQueryEngine", "OpenAIAssistantAgent", "OpenAIMultiModal",
    "PairwiseComparisonEvaluator", "PandasQueryEngine", "PropertyGraphIndex", "QASummaryQueryEngineBuilder",
    "QueryFusionRetriever", "QueryResponseEvaluator", "QuestionsAnsweredExtractor", "RagDatasetGenerator",
    "RelevancyEvaluator", "ResponseEvaluator", "RetrieverQueryEngine", "RetrySourceQueryEngine", "RouterQueryEngine",
    "RouterRetriever", "SQLAugmentQueryTransform", "SQLJoinQueryEngine", "SQLStructStoreIndex",
    "SQLTableRetrieverQueryEngine", "SemanticSimilarityEvaluator", "SentenceEmbeddingOptimizer", "ServiceContext",
    "SimpleChatEngine", "SimpleKeywordTableIndex", "SimpleLLMPathExtractor", "StepDecomposeQueryTransform",
    "StructuredLLMRerank", "SubQuestionQueryEngine", "SummaryExtractor", "TextToCypherRetriever", "TitleExtractor",
    "ToolRetrieverRouterQueryEngine", "TreeIndex", "TreeSummarize", "VectorContextRetriever",
    "VectorIndexAutoRetriever",
)  # fmt: skip
_MAKER = re.compile(rf"(?:{'|'.join(PACKAGES)})\.(?:\w+\.)*(?:{'|'.join(_CLASSES)}|GPT\w*Index)(?:\.\w+)?")


def makes_its_own(dotted: str) -> bool:
    """Whether what is called makes OpenAI's clients where it is given none."""
    return _MAKER.fullmatch(dotted) is not None
