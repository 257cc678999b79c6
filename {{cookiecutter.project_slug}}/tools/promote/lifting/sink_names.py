"""By what names a prompt reaches a model: keywords, classes, methods and keys of many libraries."""

from __future__ import annotations

import re

ROLES = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
}
SYSTEM_KEYWORDS = {
    "system",
    "system_prompt",
    "system_instruction",
    "system_message",
    "instruction",
    "instructions",
    "global_instruction",
    "additional_instructions",
    "sys_prompt",
    "preamble",
    "backstory",
    "state_modifier",
    "persona",
    "role_description",
}
MESSAGE_CLASSES = {
    "SystemMessage": "system",
    "HumanMessage": "user",
    "UserMessage": "user",
    "AIMessage": "assistant",
    "AssistantMessage": "assistant",
    "ChatMessage": "user",
    "UserContent": "user",
    "ModelContent": "assistant",
    "Part": "user",
    "TextPart": "user",
    "TextContent": "user",
    "TextBlock": "user",
    "TextChunk": "user",
}
# `ChatMessage.from_user(text)`, and LlamaIndex's and Gemini's ways to make one message or part.
MESSAGE_MAKERS = {"from_system": "system", "from_user": "user", "from_assistant": "assistant", "from_text": "user"}
TEMPLATE_CLASSES = {
    "PromptTemplate": "user",
    "ChatPromptTemplate": "user",
    "SystemMessagePromptTemplate": "system",
    "HumanMessagePromptTemplate": "user",
    "AIMessagePromptTemplate": "assistant",
    "FewShotPromptTemplate": "user",
    "FewShotChatMessagePromptTemplate": "user",
    "StringPromptTemplate": "user",
    "RichPromptTemplate": "user",
    "QuestionAnswerPrompt": "user",
    "RefinePrompt": "user",
    "SummaryPrompt": "user",
    "SimpleInputPrompt": "user",
    "KnowledgeGraphPrompt": "user",
    "SelectorPromptTemplate": "user",
    "Prompt": "user",
    "PromptBuilder": "user",
    "ChatPromptBuilder": "user",
}
TEMPLATE_KEYWORDS = {
    "template", "prefix", "suffix", "text_qa_template", "refine_template", "summary_template", "context_prompt",
    "condense_prompt", "prompt_template", "query_wrapper_prompt", "kg_triplet_extract_template", "example_prompt",
    "qa_template", "qa_prompt", "system_message_prompt", "human_message_template", "format_instructions",
    "document_prompt", "agent_instructions", "question_gen_query",
}  # fmt: skip
USER_KEYWORDS = {"prompt", "user_prompt", "contents", "prompts", "prompt_text", "user_message"}
# Keys of dictionaries under which the same is told.
TOLD_KEYS = {"system_prompt", "system_instruction", "system_instructions", "system_message", "instructions", "preamble"}
ASKED_KEYS = {"prompt", "user_prompt", "prompt_template"}
# What a judge is told.
JUDGE_CLASS = re.compile(r"(Eval|Metric|Evaluator|Guidelines?|Judge|Scorer|Rubric\w*)$")
JUDGE_KEYWORDS = {
    "criteria",
    "evaluation_steps",
    "guidelines",
    "rubric",
    "definition",
    "grading_prompt",
    "evaluation_template",
}
# What an agent or a task of a framework is told about itself reaches the model with every call.
AGENT_CLASS = re.compile(r"(Agent|Task|Crew|Assistant|UserProxy|Manager|Coordinator)\w*$")
# Where an agent is made, `prompt` is what it is told about itself.
MAKES_AN_AGENT = re.compile(r"Agent$|^create_(react_)?agent$")
AGENT_KEYWORDS = {"description", "goal", "expected_output"}
# Methods that ask a model, but others, too: only prose counts.
ASKING_METHODS = {
    "run", "arun", "run_sync", "query", "aquery", "chat", "achat", "initiate_chat", "ask", "generate", "stream",
    "astream", "invoke_agent", "generate_reply", "process", "batch", "call", "complete_chat", "create_interaction",
}  # fmt: skip
RUNS_AN_AGENT = {"run", "run_sync", "run_streamed"}
# What makes something that is asked by a call of itself.
CALLABLE = re.compile(
    r"^(initialize_agent|create_\w*agent\w*|from_chain_type|from_llm|AgentExecutor|\w*Chain|\w*LLM|OpenAI|HuggingFace\w+"
    r"|\w+Endpoint|LlamaCpp|Ollama|GPT4All)$"
)
# Methods whose first argument is the prompt, on objects that are no module.
PROMPT_METHODS = {
    "invoke",
    "ainvoke",
    "predict",
    "apredict",
    "generate_content",
    "generate_content_async",
    "send_message",
    "send_message_async",
    "complete",
    "acomplete",
    "stream_complete",
    "text_generation",
    "stream_chat",
    "kickoff",
}
SIGNATURE = re.compile(r"dspy\.(.*\.)?Signature")
NOT_PROMPTED = {"input", "getpass", "print", "add_argument", "Field", "confirm"}
