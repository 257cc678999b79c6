"""Whether a model named by a string (`openai/gpt-4o`, `gemini-2.0-flash`) is reached through the environment."""

from __future__ import annotations

import re

# Prefixes and families of names whose clients read an address the environment can set.
SERVED = re.compile(
    r"(openai|anthropic|gemini|google|google_genai|google-gla|mistral|cohere|cohere_chat|ollama|ollama_chat)[:/]"
    r"|bedrock/(converse/|((us|eu|apac|global)\.)?(anthropic\.|amazon\.nova))"
    r"|gpt-|o[134](-|$)|chatgpt|text-(embedding|davinci)|claude|gemini|command-|mistral"
)

# Hosts whose protocol is OpenAI's, or for whose models OpenAI's protocol can stand, as libraries name them.
HOSTS = re.compile(
    r"(groq|together|together_ai|fireworks|fireworks_ai|deepseek|openrouter|perplexity|xai|grok|nvidia|nvidia_nim"
    r"|cerebras|sambanova|deepinfra|anyscale|huggingface|hosted_vllm|vllm|databricks|replicate|watsonx|ibm|azure|azure_ai"
    r"|azure_openai|github|moonshot|moonshotai|dashscope|alibaba|zai|zhipu|nebius|novita|hyperbolic|litellm_proxy"
    r"|lm_studio|baseten|vercel_ai_gateway|meta_llama|upstage|bedrock|bedrock_converse|amazon_bedrock|vertex_ai"
    r"|google_vertexai|google-vertex)[:/].+"
)


def served(name: str) -> bool:
    """Whether the environment reaches it: `groq/llama3` is not, `openai/gpt-4o` and `gpt-4o` are."""
    return SERVED.match(name) is not None
