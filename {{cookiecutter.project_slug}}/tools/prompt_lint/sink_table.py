"""The calls that send text to a model, of all provider families, as a table: a new SDK is a new line."""

from __future__ import annotations

from dataclasses import dataclass
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


SINKS: list[Sink] = [
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
    # What a server of tools tells every model that uses it.
    *_each("FastMCP MCPServer", "", "nothing", instructions="system"),
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
