"""Whether a model named by a string (`openai/gpt-4o`, `gemini-2.0-flash`) is reached through the environment."""

from __future__ import annotations

import re

# Prefixes and families of names whose clients read an address the environment can set.
SERVED = re.compile(
    r"(openai|anthropic|gemini|google|google_genai|google-gla|mistral|cohere|cohere_chat|ollama|ollama_chat)[:/]"
    r"|bedrock/(converse/|((us|eu|apac|global)\.)?(anthropic\.|amazon\.nova))"
    r"|gpt-|o[134](-|$)|chatgpt|text-(embedding|davinci)|claude|gemini|command-|mistral"
)


def served(name: str) -> bool:
    """Whether the environment reaches it: `groq/llama3` is not, `openai/gpt-4o` and `gpt-4o` are."""
    return SERVED.match(name) is not None
