"""A first look at the bytes of a .py file: could anything in it interest a rule?

Most files of an ordinary program need no syntax tree for that. The look may say yes too often, never no where a call,
a name or an import that the rules know occurs.
"""

from __future__ import annotations

from tools.prompt_lint import wording
from tools.prompt_lint.families import ROOTS
from tools.prompt_lint.suppression import MARK

_CALLS_AND_NAMES = (
    "prompt", "completion", "messages=", "generate_content", "send_message", "instruction", "system_", "preamble",
    "backstory",
    "chat.", "responses.", "interactions", "conversations", "invoke_model", "converse", "retrieve_and_generate",
    "initiate_chat", "_agent", "from_template", "'role'", '"role"', "from_system", "from_user", "systemmessage",
    "assistants",
    "part.from_text", "llm", "persona", "few_shot", "fewshot", "system =", "system=", "gpt-", "claude-", "gemini-",
    "bedrock", "sys_msg", "jailbreak", "text_to_image", "llama-", "mistral-", "qwen",
    "_api_key", "/api/generate", "/v1/messages", "ollama",
)  # fmt: skip


_FAMILIES = tuple(sorted(root.encode() for root in ROOTS))
_WORDS = tuple(word.encode() for word in (*_CALLS_AND_NAMES, MARK, *wording.openings()))
_FOREIGN = tuple(
    form.encode() for word in wording.foreign_hints() for form in dict.fromkeys((word, word.capitalize(), word.upper()))
)


def interesting(content: bytes) -> bool:
    """False when no rule can have anything to say about this Python file."""
    low = content.lower()
    if any(word in low for word in _WORDS):
        return True
    imports = b"\n".join([line for line in low.splitlines() if b"import" in line])
    if any(root in imports for root in _FAMILIES):
        return True
    return not low.isascii() and any(word in low for word in _FOREIGN)
