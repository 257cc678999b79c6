"""Classes of models and embeddings that no family lists: by where a library keeps them, so that none is passed over.

A notebook whose client promote does not know would run past the gateway without a word.
"""

from __future__ import annotations

import re

from tools.promote.clients.family import LOCAL, Refusal, served_as

NO_WAY = "promote knows no way to point this class at a door"
_LOCAL_NAME = (
    r"(?:SentenceTransformer|Fastembed|FastEmbed|Transformers|HuggingFaceLocal|HuggingFaceCross|Optimum|LlamaCpp|Flash"
    r"|Flag)\w*"
)
_CLASS = r"(?:\w+\.)*[A-Z]\w*(?:\.from_\w+)?"
# Prompts, messages, results and test models have like names and ask nobody.
_NO_MODEL = r"(?!(?:\w+\.)*\w*(?:Splitter|Tokenizer|Chunker)\b)"
_NONE = (
    r"(?:\w+\.)*(?:Chat(?:Prompt|Message|Generation|Result|Loader|Session)|Fake|Generic|Determin|Cache|Base|LLM|LostIn"
    r"|MetaField|Mock|Fallback|Custom)"
)
_OTHER = (
    r"\w*(?:Formatter|Parser|Type|Config|Params|Handler|Mixin|Filter|Loader|Response\w*|Metadata|Role|Message|Settings"
    r"|Callback|Tool|Error|Exception)\b"
)

RULES: tuple[tuple[re.Pattern[str], Refusal], ...] = (
    (
        re.compile(r"transformers\.\w+For(?:CausalLM|ConditionalGeneration|Seq2SeqLM|ImageTextToText|Vision2Seq)\.from_pretrained"),
        Refusal(LOCAL, served_as("the openai or the ollama client")),
    ),
    (
        re.compile(rf"(?:llama_index|haystack|haystack_integrations|langchain\w*)\.{_NO_MODEL}(?:\w+\.)*{_LOCAL_NAME}(?:\.from_\w+)?"),
        Refusal(LOCAL, "use the library's classes of OpenAI's, which the gateway answers, and promote again"),
    ),
    (
        re.compile(rf"langchain(?:_community|_classic)?\.(?:chat_models|llms|embeddings)\.(?!{_NONE})(?!(?:\w+\.)*{_OTHER}){_CLASS}"),
        Refusal(NO_WAY, "use ChatOpenAI or OpenAIEmbeddings and promote again"),
    ),
    (
        re.compile(
            rf"langchain_\w+\.(?!{_NONE})(?:\w+\.)*(?:Chat[A-Z]\w*|[A-Z]\w*(?:Embeddings|EmbeddingsModel|CompletionsModel|Functions|Rerank|Reranker|LLM|Endpoint))"
            r"(?:\.from_\w+)?"
        ),
        Refusal(NO_WAY, "use ChatOpenAI or OpenAIEmbeddings and promote again"),
    ),
    (
        re.compile(rf"llama_index\.(?:llms|embeddings)\.(?!{_NONE})(?!(?:\w+\.)*{_OTHER}){_CLASS}"),
        Refusal(NO_WAY, "use the OpenAI classes of LlamaIndex and promote again"),
    ),
    (
        re.compile(rf"haystack(?:_integrations)?\.components\.(?:generators|embedders|rankers)\.(?!{_NONE})(?!(?:\w+\.)*{_OTHER}){_CLASS}"),
        Refusal(NO_WAY, "use OpenAIChatGenerator or OpenAITextEmbedder and promote again"),
    ),
)  # fmt: skip


def refusal_of(dotted: str) -> Refusal | None:
    """Why a class that no family lists cannot be pointed at the door; None for what is no model."""
    return next((refusal for pattern, refusal in RULES if pattern.fullmatch(dotted)), None)
