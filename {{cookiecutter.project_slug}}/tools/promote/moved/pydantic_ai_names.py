"""What pydantic-ai calls otherwise since its version 2, as data."""

from __future__ import annotations

SINCE = ("pydantic-ai-slim", 2)
# Classes by the path a notebook imports them by.
RENAMED = {
    "pydantic_ai.models.openai.OpenAIModel": "pydantic_ai.models.openai.OpenAIChatModel",
    "pydantic_ai.models.openai.OpenAIModelSettings": "pydantic_ai.models.openai.OpenAIChatModelSettings",
    "pydantic_ai.models.gemini.GeminiModel": "pydantic_ai.models.google.GoogleModel",
    "pydantic_ai.providers.google_gla.GoogleGLAProvider": "pydantic_ai.providers.google.GoogleProvider",
    "pydantic_ai.usage.Usage": "pydantic_ai.usage.RunUsage",
    "pydantic_ai.result.RunResult": "pydantic_ai.run.AgentRunResult",
}
# Keywords of Agent and of its runs; the value of a nested one becomes the entry of a dictionary: retries={"output": 3}.
KEYWORDS = {"result_type": "output_type"}
RETRIES = {"result_retries": "output", "output_retries": "output", "tool_retries": "tools"}
RUNS = ("run", "run_sync", "run_stream", "iter")
# Methods of an agent, and what is read of a run's result, whole or streamed.
OF_AGENT = {"result_validator": "output_validator"}
OF_RESULT = {"data": "output"}
OF_STREAM = {
    "get_data": "get_output",
    "stream": "stream_output",
}
