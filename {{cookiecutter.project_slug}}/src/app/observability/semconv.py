"""Names of span attributes: OpenTelemetry's GenAI convention and what MLflow reads besides.

The convention is still in development and has moved out of the released constants package, so the few names
this project sets are held here, in one place. No other module spells an attribute name.
"""

from __future__ import annotations

from enum import Enum

OPERATION = "gen_ai.operation.name"
PROVIDER = "gen_ai.provider.name"
REQUEST_MODEL = "gen_ai.request.model"
REQUEST_TEMPERATURE = "gen_ai.request.temperature"
REQUEST_MAX_TOKENS = "gen_ai.request.max_tokens"
REQUEST_STREAM = "gen_ai.request.stream"
RESPONSE_MODEL = "gen_ai.response.model"
RESPONSE_ID = "gen_ai.response.id"
FINISH_REASONS = "gen_ai.response.finish_reasons"
FIRST_CHUNK_S = "gen_ai.response.time_to_first_chunk"
INPUT_TOKENS = "gen_ai.usage.input_tokens"
OUTPUT_TOKENS = "gen_ai.usage.output_tokens"
CACHED_INPUT_TOKENS = "gen_ai.usage.cache_read.input_tokens"
CONVERSATION = "gen_ai.conversation.id"
PROMPT_NAME = "gen_ai.prompt.name"
PROMPT_VERSION = "gen_ai.prompt.version"
AGENT_NAME = "gen_ai.agent.name"
TOOL_NAME = "gen_ai.tool.name"
DATA_SOURCE = "gen_ai.data_source.id"
TOP_K = "gen_ai.retrieval.top_k"
DOCUMENTS = "gen_ai.retrieval.documents"

ERROR_TYPE = "error.type"
HTTP_STATUS = "http.response.status_code"
USER = "user.id"
SESSION = "session.id"

MLFLOW_SPAN_TYPE = "mlflow.spanType"
MLFLOW_INPUTS = "mlflow.spanInputs"
MLFLOW_OUTPUTS = "mlflow.spanOutputs"
MLFLOW_COST = "mlflow.llm.cost"
MLFLOW_TRACE_TAG = "mlflow.traceTag."  # followed by the tag's name; read on the root span only

CALL_ID = "app.call.id"
TENANT = "app.tenant"
TASK = "app.task"
DEPLOYMENT = "app.deployment"
CACHED = "app.cached"
DEGRADED = "app.degraded"
CONFIDENCE = "app.confidence"
CONFIDENCE_BY = "app.confidence.by"


class Operation(Enum):
    """What a span is, in both vocabularies: GenAI operation name (empty: none fits) and MLflow span type.

    MLflow derives its type from few of the operation names, so both are always set.
    """

    AGENT = ("invoke_agent", "AGENT")
    WORKFLOW = ("invoke_workflow", "CHAIN")
    CHAT = ("chat", "CHAT_MODEL")
    EMBEDDINGS = ("embeddings", "EMBEDDING")
    RETRIEVAL = ("retrieval", "RETRIEVER")
    TOOL = ("execute_tool", "TOOL")
    ATTEMPT = ("", "TASK")
    STEP = ("", "CHAIN")

    @property
    def operation_name(self) -> str:
        """The GenAI operation name."""
        return self.value[0]

    @property
    def span_type(self) -> str:
        """The MLflow span type."""
        return self.value[1]
