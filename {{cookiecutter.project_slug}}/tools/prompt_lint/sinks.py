"""Which calls send text to a model, and which of their arguments are the text: the table applied to a call.

Receivers have no types here, so a generic name such as `run` counts only in a file that imports an LLM library, and
never on a receiver that searches, stores or reads.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache

from tools.prompt_lint.sink_table import SINKS, Sink

_BY_TAIL: dict[str, list[Sink]] = {}
for _one in SINKS:
    _BY_TAIL.setdefault(_one.tail, []).append(_one)

SYSTEM_KEYWORDS = frozenset(
    {
        "system_prompt", "system_message", "system_messages", "system_instruction", "system_instructions", "sys_prompt",
        "system_prompt_template", "systemPrompt", "system_template", "custom_system_prompt", "default_system_prompt",
        "system_content", "sys_msg", "preamble", "backstory", "system_text", "custom_instructions",
    }
)  # fmt: skip
_PROMPT_KEYWORD = re.compile(
    r"^(?:prompts?|instructions?|user_prompt|prompt_(?:text|str|string|template|string_template)|negative_prompt|"
    r"(?:\w+_)?prompt(?:_template)?|(?:text_qa|refine|qa|summary|map|combine|simple|choice_select|question_gen|"
    r"query_gen|"
    r"str_join|chat|context|condense_question|text_to_sql|response_synthesis)\w*_(?:prompt|template)|"
    r"(?:format|additional|task|tool_use)_instructions?|judge_prompt|scoring_prompt|context_template|"
    r"(?:human|user)_message(?:_template)?|initial_prompt)$"
)
_NOT_A_PROMPT = re.compile(
    r"prompt_?(?:id|name|path|file|key|version|type|label|cache|tokens?)|cache_key", re.IGNORECASE
)
QUESTION_KEYWORDS = frozenset(
    {"question", "query", "user_query", "user_input", "user_message", "user_question", "user_msg"}
)

INPUT_KEYS = frozenset(
    {"input", "question", "query", "user_input", "prompt", "human_input", "task", "user_query", "inputText", "text",
     "user_question", "request", "instruction", "topic", "message", "objective", "messages", "content", "parts"}
)  # fmt: skip
ASKED = {
    "prompt": "user", "system_prompt": "system", "system_message": "system", "instructions": "system",
    "user_prompt": "user",
    "question": "question", "user_question": "question", "user_input": "question", "user_message": "question",
    "user_query": "question", "system_instruction": "system", "prompt_template": "template", "system": "system",
    "instruction": "user",
}  # fmt: skip
"""Parameters whose names say that a function of the file asks a model, and in which role."""
CONTENT_KEYS = ("content", "parts", "text", "value", "message", "prompt")
BODY_SYSTEM_KEYS = frozenset(
    {"system", "system_prompt", "system_instruction", "systemInstruction", "preamble", "instructions"}
)
BODY_KEYS = frozenset({"prompt", "inputText", "inputs", "input", "message", "text_prompts", "body", "payload", "data"})
BODY_MESSAGE_KEYS = frozenset({"messages", "contents", "parts", "content", "text"})

ROLES = {
    "system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant",
    "model": "assistant",
    "ai": "assistant", "gpt": "assistant", "bot": "assistant", "chatbot": "assistant", "customer": "user",
    "placeholder": "", "tool": "", "function": "", "messages_placeholder": "",
}  # fmt: skip

_MODEL_LIKE = re.compile(
    r"llm|model|chat|chain|agent|qa|engine|bot|assistant|graph|crew|pipe|generat|convers|rag|gpt|claude|gemini|palm|"
    r"bison|"
    r"workflow|runnable|^app$|^co$|cohere|mistral|ollama|openai|anthropic|llama|client|router|team|tutor|writer|"
    r"summari|"
    r"predict|program|kernel|swarm|coder|planner|executor|critic|judge|response|synthes|react|^lm$|^ai$|phi|falcon|"
    r"mixtral|bard|deepseek|qwen|grok|session|task|flow|builder|dspy|guard|tool_?caller|researcher|supervisor|expert|"
    r"thread|user|proxy|manager|prompt",
    re.IGNORECASE,
)
_NOT_A_MODEL = re.compile(
    r"retriev|vector|store|(?:^|_)db|index(?!.*engine)|embed|search|token|split|loader|subprocess|asyncio|collection|"
    r"sql(?!.*"
    r"(?:agent|chain|engine))|cursor|conn|requests|httpx|shell|shutil|tool$|tools$|wikipedia|duckduckgo|tavily|serp|"
    r"parser|"
    r"mlflow|uvicorn|trainer|writer_component|document_writer|indexing|rerank|memory|checkpointer|dataset|logger|np$|"
    r"random|"
    r"torch|spark|redis|elastic|weaviate|pinecone|qdrant|chroma|faiss|neo4j|driver|browser|page$|scraper|wiki|"
    r"interpreter|"
    r"repl|sandbox|docker|preprocess|converter|classifier_pipeline|docsearch",
    re.IGNORECASE,
)  # fmt: skip
_SEARCHES = re.compile(
    r"retriev|search|embed|near_|hybrid|bm25|get_relevant|compress|rerank|similar|vector|index(?!.*engine)", re.I
)
_SURELY_A_MODEL = re.compile(r"(?:engine|agent|chain|llm|bot|assistant|model|gpt|claude|gemini)\d*$", re.IGNORECASE)
_ASKING = re.compile(
    r"(?:^|_)(?:ask|prompt|query|call|get|chat|run|invoke|generate|complete|send|test|stream|respond|answer|talk)\w*_"
    r"(?:llm|gpt\w*|claude|gemini|openai|anthropic|model|completions?|chat|chatbot|agent|assistant|response|ai|"
    r"mistral|llama\w*|"
    r"bot|question|graph|rag|text|answer|prompt|turn|message|conversation|cohere)|^(?:ask|chat|llm|gpt|prompt|"
    r"completion|qa|"
    r"rag|generate|chatbot|claude|gemini|complete|qa_chain|model|agent|chain|conversation|predict)\d*$|"
    r"(?:llm|gpt|claude|gemini|chat|agent|qa|rag|conversation|lcel)\w*_(?:call|query|chain|response|completion|ask|"
    r"chat|bot|"
    r"pipeline|executor|agent)$|_(?:chain|agent|llm|bot)$|^ask_",
    re.IGNORECASE,
)  # fmt: skip


_BUILDS = re.compile(
    r"^_*(?:init|initiali[sz]e|load|setup|set_up|configure|register|save|build)_|user_?agent", re.IGNORECASE
)
"""Functions that make a model or a client, and the User-Agent of HTTP."""
_VERBS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def dotted(node: ast.expr) -> str:
    """`client.chat.completions` of an expression; calls and subscripts on the way are passed through."""
    parts: list[str] = []
    current: ast.expr | None = node
    while current is not None:
        if isinstance(current, ast.Attribute):
            parts.append(current.attr)
            current = current.value
        elif isinstance(current, ast.Call):
            current = current.func
        elif isinstance(current, ast.Subscript | ast.Await):
            current = current.value
        elif isinstance(current, ast.BinOp):
            current = current.right
        else:
            if isinstance(current, ast.Name):
                parts.append(current.id)
            current = None
    return ".".join(reversed(parts))


def sent(call: ast.Call, tail: str, llm_file: bool) -> Iterator[tuple[ast.expr, str, str]]:
    """The argument expressions a call sends to a model: (expression, role, how the call is named in a message)."""
    sinks = _BY_TAIL.get(tail, ())
    if not sinks and not call.keywords and not (llm_file and call.args):
        return
    receiver = dotted(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    taken: set[int] = set()
    for sink in sinks:
        if _applies(sink, receiver, llm_file):
            for expression, role in _arguments(call, sink):
                if id(expression) not in taken and not _is_verb(expression):
                    taken.add(id(expression))
                    yield expression, role, sink.label
    for keyword in call.keywords:
        if keyword.arg and id(keyword.value) not in taken:
            role = _role_of_keyword(keyword.arg, llm_file)
            if role and (role != "question" or _asked_by(f"{receiver}.{tail}")):
                taken.add(id(keyword.value))
                yield keyword.value, role, f"{tail}({keyword.arg}=)" if tail else f"{keyword.arg}="
    if llm_file and tail and call.args and not taken and _asks(tail, receiver, isinstance(call.func, ast.Attribute)):
        yield call.args[0], "question", f"{tail}()"


def _is_verb(node: ast.expr) -> bool:
    """True for "POST" and its like: `stream("POST", url)` is a request, not a question."""
    return isinstance(node, ast.Constant) and node.value in _VERBS


def _applies(sink: Sink, receiver: str, llm_file: bool) -> bool:
    if sink.after:
        last = receiver.rpartition(".")[2]
        if last != sink.after:
            return False
    if sink.need == "nothing":
        return True
    if not llm_file:
        return False
    if sink.need == "any receiver":
        return True
    last = receiver.rpartition(".")[2]
    if sink.need == "file":
        return not (receiver and _NOT_A_MODEL.search(last) and not _MODEL_LIKE.search(last))
    return not receiver or _sounds_like_a_model(receiver, last)


def _arguments(call: ast.Call, sink: Sink) -> Iterator[tuple[ast.expr, str]]:
    for position, role in sink.positions:
        if position < len(call.args):
            yield call.args[position], role
    if sink.keywords:
        roles = dict(sink.keywords)
        for keyword in call.keywords:
            if keyword.arg in roles:
                yield keyword.value, roles[keyword.arg]


@lru_cache(maxsize=4096)
def _role_of_keyword(name: str, llm_file: bool) -> str:
    """The role of a value under this keyword; "question" holds only where the callee sounds like a model."""
    if name in SYSTEM_KEYWORDS:
        return "system"
    if name == "messages":
        return "user" if llm_file else ""
    if llm_file and _PROMPT_KEYWORD.match(name) and not _NOT_A_PROMPT.search(name):
        return "system" if name.endswith("instructions") else "user"
    return "question" if llm_file and name in QUESTION_KEYWORDS else ""


@lru_cache(maxsize=4096)
def _asked_by(callee: str) -> bool:
    return bool(_MODEL_LIKE.search(callee)) and not _SEARCHES.search(callee)


@lru_cache(maxsize=4096)
def _asks(tail: str, receiver: str, method: bool) -> bool:
    """`llm("...")`, `ask_gpt("...")`, `self.ask("...")`, `qa_chain({...})`."""
    if tail == "send_response" or _BUILDS.search(tail) or (method and (not receiver or _NOT_A_MODEL.search(receiver))):
        return False
    return bool(_ASKING.search(tail)) and (not _NOT_A_MODEL.search(tail) or bool(_SURELY_A_MODEL.search(tail)))


@lru_cache(maxsize=4096)
def _sounds_like_a_model(receiver: str, last: str) -> bool:
    if _SURELY_A_MODEL.search(last):
        return True
    return bool(_MODEL_LIKE.search(receiver)) and not _NOT_A_MODEL.search(last)
