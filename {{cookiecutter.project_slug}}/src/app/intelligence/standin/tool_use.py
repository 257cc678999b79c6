"""Which tool the stand-in calls next, and that it calls none any more.

A tool is called once for a question, unless the request demands calls: then others come first, and a tool that hands in
the result last. A question calls what it is about; small talk calls nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from app.intelligence.messages import Message, ModelRequest, Tool
from app.intelligence.standin.similarity import content_words, cosine, features, rarity, spaced, words
from app.intelligence.standin.written import SUM

# Alike enough that the question is plainly about the tool.
ALIKE = 0.08
# Results that come back as text of a user, as agents without a role for tools send them.
OBSERVED = re.compile(r"\s*(?:observation|tool (?:result|response|output))s?\s*:", re.IGNORECASE)
HANDS_IN = re.compile(
    r"(?:^|_)(?:final|answer|finish|submit|respond|response|result|output|done|complete)(?:_|$|[A-Z])"
)
LOOKS_UP = {"search", "lookup", "retrieve", "retriever", "query", "browse", "wikipedia", "knowledge"}
# A result set between marks, with a line to the model beneath, as the tool loop and others send text from outside.
MARKED = re.compile(r"\s*<(\w+)[^>]*>\n(.*)\n</\1>(?:\n[^\n]*)?\s*", re.DOTALL)
GREETINGS = {"hello", "hi", "hey", "good", "morning", "evening", "day", "thanks", "thank", "bye", "ok", "okay", "great"}
COUNTS = {
    "calculate",
    "calculator",
    "calc",
    "math",
    "maths",
    "arithmetic",
    "compute",
    "add",
    "multiply",
    "divide",
    "sum",
}
SIGNS = {
    "+": {"add", "addition", "sum", "plus"},
    "-": {"subtract", "subtraction", "minus"},
    "*": {"multiply", "multiplication", "times", "product"},
    "/": {"divide", "division"},
    "^": {"power", "exponent", "exponentiate"},
}
QUESTION = re.compile(
    r"[?？؟]|^\s*(?:who|what|when|where|which|why|how|tell|find|look|search|give|list|show|explain|compare"
    r"|summari[sz]e|get)\b",
    re.IGNORECASE,
)
# What is said by a tool only where one is named after it, such as `write_code`.
TO_BE_WRITTEN = re.compile(
    r"^\s*(?:please\s+|can you\s+|could you\s+)?(?:write|generate|translate"
    r"|convert)\b",
    re.IGNORECASE,
)
# In letters other than Latin ones what is longer than a greeting asks for something: its verbs are not known here.
OTHER_LETTERS = re.compile(r"[\u0400-\u1fff\u3040-\ud7ff]")
SHORTEST_REQUEST = 6
GREETED = re.compile(
    r"\s*(?:你好|您好|谢谢|こんにちは|ありがとう|안녕|감사|привет|спасибо|здравствуй|नमस्ते|مرحبا|شكرا)", re.IGNORECASE
)
# What asks for something to be done, which the only tool is there for.
ORDER = re.compile(
    r"^\s*(?:please\s+|can you\s+|could you\s+)?(?:compute|calculate|create|make|send|book|schedule|plot|draw"
    r"|run|execute|add"
    r"|remove|delete|update|set|turn|play|open|read|save|order|analy[sz]e|check|use|fetch|solve|multiply"
    r"|divide|remember)\b"
    r"|^\s*(?:i (?:want|need|would like)|i'd like)\b",
    re.IGNORECASE,
)

# Tools that are there for whatever a person says, and how many words of it make a text.
WORKS_ON_TEXT = re.compile(r"(?:classify|categori[sz]e|extract|summari[sz]e|translate|tag|detect)\b", re.IGNORECASE)
LEAST_TEXT = 4


def position_of_question(messages: Sequence[Message]) -> int:
    """Where the last thing a person said stands; what follows are calls and their results."""
    for index in range(len(messages) - 1, -1, -1):
        if messages[index].role == "user" and not OBSERVED.match(messages[index].text):
            return index
    return len(messages) - 1


def next_tool(request: ModelRequest, subject: str, after: Sequence[Message]) -> Tool | None:
    """The tool to call now. `subject` is the question, `after` the messages since it."""
    choice = request.tool_choice
    if not request.tools or choice == "none":
        return None
    named = [tool for tool in request.tools if tool.name == choice]
    if named:
        return named[0]
    called = " ".join(call.name for message in after for call in message.tool_calls)
    called += " ".join(message.text for message in after if message.role == "assistant")
    left = [tool for tool in request.tools if re.search(rf"\b{re.escape(tool.name)}\b", called) is None]
    if choice == "required":
        handing_in = [tool for tool in left or request.tools if HANDS_IN.search(tool.name)]
        others = [tool for tool in left if tool not in handing_in]
        if after and handing_in:
            return handing_in[0]
        return tool_for(others or handing_in or request.tools, subject)
    if after:
        return None
    if (found := SUM.search(subject)) and (by_sign := _by_sign(request.tools, found[0])):
        return by_sign
    tool, likeness = most_alike(request.tools, subject)
    return (
        tool if likeness >= ALIKE or _plainly_meant(tool, subject, likeness) else _last_resort(request.tools, subject)
    )


def most_alike(tools: Sequence[Tool], text: str) -> tuple[Tool, float]:
    """The tool whose name, description and parameters are most like the text, and how much (cosine)."""
    described = [features(f"{spaced(t.name)} {t.description} {_parameter_texts(t.parameters)}") for t in tools]
    subject = features(text)
    idf = rarity(described)
    scores = [cosine(subject, counts, idf) for counts in described]
    best = max(range(len(tools)), key=lambda index: scores[index])
    return tools[best], scores[best]


def tool_for(tools: Sequence[Tool], subject: str) -> Tool:
    """The tool for a question that has to call one."""
    tool, likeness = most_alike(tools, subject)
    return tool if likeness >= ALIKE else _last_resort(tools, subject) or tool


def unmarked(result: str) -> str:
    """A result without the marks that tell a model where it begins and ends: they are no part of what was found."""
    match = MARKED.fullmatch(result)
    return match[2] if match else result


def _plainly_meant(tool: Tool, subject: str, likeness: float) -> bool:
    """Whether a question that shares little with a tool's long description shares a word with its name."""
    if not likeness or not any(asks.search(subject) for asks in (QUESTION, ORDER, TO_BE_WRITTEN)):
        return False
    named = {word[:5] for word in content_words(spaced(tool.name)) if len(word) > 3}
    return any(word[:5] in named for word in content_words(subject))


def _last_resort(tools: Sequence[Tool], subject: str) -> Tool | None:
    """A question or an order calls the only tool there is; of several, arithmetic calls what calculates, a question
    what looks up, and a text that asks nothing the first that works on texts."""
    wanted = COUNTS if SUM.search(subject) else LOOKS_UP if _asks(subject) else set()
    if len(tools) == 1 and (wanted or ORDER.search(subject)):
        return tools[0]
    if not wanted and len(content_words(subject)) >= LEAST_TEXT:
        return next((tool for tool in tools if WORKS_ON_TEXT.match(spaced(tool.name))), None)
    return next((tool for tool in tools if wanted & set(words(spaced(tool.name)))), None)


def _by_sign(tools: Sequence[Tool], arithmetic: str) -> Tool | None:
    """The tool named after the first sign of a sum; None where no tool is."""
    plain = arithmetic.replace("**", "^").replace("×", "*").replace("÷", "/")
    sign = next((sign for sign in plain if sign in SIGNS), "")
    return next((tool for tool in tools if SIGNS.get(sign, set()) & set(words(spaced(tool.name)))), None)


def _asks(subject: str) -> bool:
    asks = QUESTION.search(subject) or (OTHER_LETTERS.search(subject) and len(subject) >= SHORTEST_REQUEST)
    return bool(asks) and not set(content_words(subject)) <= GREETINGS and not GREETED.match(subject)


def _parameter_texts(schema: Mapping[str, Any]) -> str:
    properties = schema.get("properties") or {}
    return " ".join(
        f"{key.replace('_', ' ')} {part.get('description', '')} {' '.join(map(str, part.get('enum') or ()))}"
        for key, part in properties.items()
    )
