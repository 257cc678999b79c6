"""The calls that send text to a model, of all provider families, and which of their arguments are the text.

A table: a new SDK is a new line. Receivers have no types here, so a generic name such as `run` counts only in a file
that imports an LLM library, and never on a receiver that searches, stores or reads.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

Need = Literal["nothing", "file", "any receiver", "receiver"]
"""What must hold besides the name: nothing; a file that talks to models and a receiver that does not search or store;
such a
file; such a file and a receiver that sounds like a model."""


@dataclass(frozen=True, slots=True)
class Sink:
    """One call that sends text.

    `after` is what the dotted name before the last part must end with (empty: anything). `positions` gives the role of
    positional arguments by index, `keywords` that of keyword arguments.
    """

    tail: str
    after: str = ""
    positions: tuple[tuple[int, str], ...] = ()
    keywords: tuple[tuple[str, str], ...] = ()
    need: Need = "nothing"
    label: str = ""


def _sink(tail: str, after: str = "", need: Need = "nothing", *positions: str, **keywords: str) -> Sink:
    """`positions` are roles from argument 0 on ("" for one that is no text)."""
    placed = tuple((i, role) for i, role in enumerate(positions) if role)
    return Sink(tail, after, placed, tuple(keywords.items()), need, f"{after}.{tail}" if after else tail)


def _each(tails: str, after: str = "", need: Need = "nothing", *positions: str, **keywords: str) -> list[Sink]:
    return [_sink(tail, after, need, *positions, **keywords) for tail in tails.split()]


_SINKS: list[Sink] = [
    # OpenAI and compatible: chat, legacy, responses, assistants, images, speech, realtime.
    *_each("create parse stream acreate with_raw_response", "completions", messages="user", prompt="user"),
    *_each("create acreate", "ChatCompletion", messages="user"),
    *_each("create acreate", "Completion", prompt="user"),
    *_each("create parse stream compact", "responses", input="user", instructions="system"),
    *_each("create update", "assistants", instructions="system"),
    *_each("create create_and_run create_and_poll create_and_stream stream create_and_run_poll", "runs",
           instructions="system", additional_instructions="system"),
    *_each("create create_and_run", "threads", messages="user", instructions="system"),
    *_each("generate edit create_variation", "images", prompt="user"),
    *_each("generate_image generate_images edit_image generate_videos generate_video", "", "file", "", "user",
    prompt="user"),
    *_each("create create_and_poll", "videos", prompt="user"),
    *_each("create", "speech", instructions="system"),
    *_each("create", "transcriptions", prompt="user"),
    # Anthropic, and OpenAI threads.messages.
    *_each("create stream count_tokens parse tool_runner", "messages", messages="user", system="system", prompt="user",
           content="user"),
    # Google.
    *_each("generate_content generate_content_stream generate_content_async count_tokens compute_tokens", "", "nothing",
           "user", contents="user", prompt="user"),
    *_each("send_message send_message_stream send_message_async send_message_streaming", "", "file", "user",
    message="user",
           content="user"),
    *_each("create", "interactions", input="user", system_instruction="system"),
    *_each("create", "chats", history="user"),
    *_each("generate_text generate_answer", "", "file", "user", prompt="user", contents="user"),
    *_each("predict predict_streaming predict_async", "", "receiver", "user", prompt="user", input="user", text="user"),
    *_each("start_chat", "", "file", context="system", examples="few-shot", history="user"),
    # Cohere, Mistral.
    *_each("chat chat_stream chat_async achat stream_chat astream_chat", "", "receiver", "user", message="user",
           messages="user", preamble="system", preamble_override="system", chat_history="user"),
    *_each("complete stream complete_async stream_async acomplete stream_complete astream_complete parse parse_stream",
    "chat",
           messages="user"),
    *_each("complete", "fim", prompt="user", suffix="user"),
    *_each("create", "agents", instructions="system", system_prompt="system"),
    *_each("start start_stream start_async append append_async append_stream", "conversations", inputs="user",
           instructions="system"),
    *_each("generate agenerate generate_stream", "", "receiver", "user", prompt="user", prompts="user", messages="user",
           system="system"),
    *_each("summarize", "", "receiver", additional_command="user"),
    # LangChain and LangGraph runnables, chains, agents.
    *_each("invoke ainvoke stream astream astream_events stream_events", "", "file", "user", input="user"),
    *_each("batch abatch", "", "receiver", "user"),
    *_each("predict_messages apredict apredict_messages", "", "file", "user", text="user"),
    *_each("run arun", "", "receiver", "user", prompt="user", query="user", task="user", input="user", message="user",
           messages="user", user_prompt="user", data="input", instructions="system", instance="user"),
    *_each("run_sync run_stream run_async run_stream_sync arun_stream run_live", "", "file", "user", user_prompt="user",
           prompt="user", task="user", input="user", new_message="user", instructions="system"),
    *_each("print_response aprint_response cli_app", "", "file", "user", message="user", input="user"),
    *_each("run run_sync run_streamed", "Runner", "file", "", "user", input="user", new_message="user"),
    # LlamaIndex, LiteLLM, Ollama, Hugging Face, local models.
    *_each("complete acomplete stream_complete astream_complete predict apredict structured_predict", "", "receiver",
    "user",
           prompt="user"),
    *_each("query aquery", "", "receiver", "question", query="question", question="question", message="question",
           query_str="question"),
    *_each("completion acompletion text_completion batch_completion", "", "file", "", "user", messages="user",
           prompt="user"),
    *_each("text_generation chat_completion create_chat_completion create_completion text_to_image text_to_video", "",
           "nothing", "user", prompt="user", messages="user"),
    *_each("apply_chat_template", "", "nothing", "user", conversation="user"),
    *_each("converse converse_stream", "", "nothing", messages="user", system="system"),
    *_each("invoke_model invoke_model_with_response_stream invoke_endpoint", "", "nothing", body="body", Body="body"),
    *_each("post request stream", "", "any receiver", json="body", data="body", content="body"),
    *_each("retrieve_and_generate invoke_agent invoke_flow", "", "nothing", input="question", inputText="question"),
    *_each("question_answering conversational", "", "receiver", question="question"),
    # Agent frameworks: what they are told to be, and what they are told to do.
    *_each("Agent LlmAgent ChatAgent ChatCompletionAgent OpenAIAssistantAgent ConversableAgent AssistantAgent "
           "UserProxyAgent "
           "GPTAssistantAgent RoutedAgent FunctionAgent ReActAgent CodeAgent ToolCallingAgent Assistant Team Crew "
           "MultimodalConversableAgent SocietyOfMindAgent RealtimeAgent SandboxAgent BedrockInlineAgent "
           "AgentWorkflow Swarm "
           "TeachableAgent RetrieveAssistantAgent LoopAgent SupervisorAgent SubAgent AgentDefinition CodeExecutorAgent "
           "ClaudeAgentOptions ClaudeCodeOptions AgentRunner ExtractAgent", "", "file",
           instructions="system", instruction="system", global_instruction="system", system_prompt="system",
           system_message="system", role="system", goal="system", backstory="system", prompt="system", persona="system",
           additional_instructions="system", append_system_prompt="system", task="user", initial_message="user",
           expected_output="system"),
    *_each("Agent Team", "", "receiver", description="system", introduction="system"),
    *_each("Task", "", "file", description="user", expected_output="system", prompt="user", instruction="user"),
    *_each("initiate_chat a_initiate_chat initiate_chats run_chat", "", "nothing", message="user"),
    *_each("create_react_agent create_agent create_deep_agent create_supervisor create_swarm create_tool_calling_agent "
           "create_openai_functions_agent initialize_agent create_pandas_dataframe_agent create_sql_agent "
           "create_csv_agent "
           "create_structured_chat_agent create_conversational_retrieval_agent from_tools create_prompt", "", "nothing",
           prompt="system", state_modifier="system", messages_modifier="system", system_prompt="system",
           prefix="system",
           suffix="system", instructions="system", system_message="system", human_message="user", context="system",
           format_instructions="system"),
    *_each("kickoff kickoff_async kickoff_for_each", "", "receiver", "input", inputs="input"),
    *_each("kernel_function create_function_from_prompt create_semantic_function add_function invoke_prompt", "",
    "file",
           "user", prompt="user", prompt_template="user", prompt_template_config="user"),
    *_each("with_instructions Signature", "", "receiver", "", "system", instructions="system"),
    *_each("ChainOfThought Predict ReAct ProgramOfThought", "", "file", instructions="system"),
    # Prompt objects.
    *_each("PromptTemplate StringPromptTemplate RichPromptTemplate PromptBuilder ChatPromptBuilder "
           "DynamicPromptBuilder "
           "QuestionAnswerPrompt RefinePrompt SummaryPrompt Prompt LangchainPromptTemplate PromptTemplateConfig "
           "SimpleInputPrompt", "", "file", "template", template="template", prompt="template", prompt_text="template",
           template_str="template", default="template", content="template"),
    *_each("PromptNode set_default_prompt_template", "", "file", default_prompt_template="template"),
    *_each("from_template afrom_template", "", "nothing", "template", template="template"),
    *_each("from_messages ChatPromptTemplate", "", "nothing", "template", messages="template",
    message_templates="template"),
    *_each("FewShotPromptTemplate FewShotChatMessagePromptTemplate FewShotPromptWithTemplates", "", "nothing",
           prefix="system", suffix="template", examples="few-shot"),
    *_each("from_examples", "", "file", "few-shot", examples="few-shot", suffix="template", prefix="system"),
    *_each("partial", "", "receiver", instructions="system", system_message="system"),
    # Message objects.
    *_each("SystemMessage SystemMessagePromptTemplate SystemPromptPart DeveloperMessage SystemContentBlock "
           "SystemMessageParam ChatCompletionSystemMessageParam", "", "nothing", "system", content="system",
           prompt="system"),
    *_each("HumanMessage UserMessage UserPromptPart HumanMessagePromptTemplate ChatMessage TextMessage "
           "InputTextContent UserContent MultiModalMessage UserMessageParam ChatCompletionUserMessageParam "
           "UserInputMessage ContentBlock",
           "", "file", "user", content="user", text="user", parts="user"),
    *_each("AIMessage AssistantMessage AIMessagePromptTemplate", "", "file", "assistant", content="assistant"),
    *_each("from_system", "", "file", "system", text="system"),
    *_each("from_user", "", "file", "user", text="user", content_parts="user"),
    *_each("from_assistant", "", "file", "assistant", text="assistant"),
    *_each("Content", "", "file", parts="user", text="user"),
    *_each("from_text", "Part", "nothing", "user", text="user"),
    *_each("send a_send", "", "receiver", "user", message="user"),
    *_each("GEval", "", "nothing", criteria="system", evaluation_steps="system", rubric="system"),
    *_each("LLMClassifier", "", "file", prompt_template="template"),
    *_each("Part ContentPart TextPart TextBlock TextContent InputText TextChunk", "", "file", text="user",
    content="user"),
]  # fmt: skip

_BY_TAIL: dict[str, list[Sink]] = {}
for _one in _SINKS:
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
            role = _role_of_keyword(keyword.arg, f"{receiver}.{tail}", llm_file)
            if role:
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
def _role_of_keyword(name: str, callee: str, llm_file: bool) -> str:
    if name in SYSTEM_KEYWORDS:
        return "system"
    if name == "messages":
        return "user" if llm_file else ""
    if llm_file and _PROMPT_KEYWORD.match(name) and not _NOT_A_PROMPT.search(name):
        return "system" if name.endswith("instructions") else "user"
    asks = llm_file and name in QUESTION_KEYWORDS and _MODEL_LIKE.search(callee) and not _SEARCHES.search(callee)
    return "question" if asks else ""


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
