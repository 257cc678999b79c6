"""What a chat template puts around what is said: who speaks, and where a turn begins. It says nothing itself."""

from __future__ import annotations

import re

from tools.prompt_lint.prose import words

_SCAFFOLD = re.compile(
    r"(?i)<\|[^|]*\|>|</?s>|\[/?INST\]|<</?SYS>>|</?(think|start_of_turn|end_of_turn|bos|eos)>"
    r"|\b(system|user|human|assistant|model|bot|ai|question|answer|q|a|input|output|response|instruction|context)\b\s*:?"
)
_OWN_WORDS = 3


def is_scaffold(literal: str) -> bool:
    """True for `<|im_start|>user\\n{}` and `Question: {}\\nAnswer:`."""
    return words(_SCAFFOLD.sub(" ", literal)) < _OWN_WORDS
