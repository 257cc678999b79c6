"""Hosts without a door of their own: the class that stands for theirs, what it keeps of the arguments, and what not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.notebooks.projects import make_project, promote_cells

OPENAI = "**openai_client_args()"
API_BASE = '**client_args("openai", "api_base", "api_key")'

CASES = [
    (
        "from langchain_ibm import ChatWatsonx",
        "ChatWatsonx(model_id='ibm/granite', url=URL, apikey=KEY, project_id=P, params={'temperature': 0})",
        f"ChatOpenAI(model='ibm/granite', extra_body={{'temperature': 0}}, {OPENAI})",
        "from langchain_openai import ChatOpenAI",
    ),
    (
        "from langchain_replicate import ChatReplicate",
        "ChatReplicate(model='ibm-granite/granite', model_kwargs={'top_p': 1, 'max_new_tokens': 8}, temperature=0)",
        "ChatOpenAI(model='ibm-granite/granite', extra_body={'top_p': 1, \"max_tokens\": 8}, temperature=0, "
        f"{OPENAI})",
        "from langchain_openai import ChatOpenAI",
    ),
    (
        "from langchain_ibm import WatsonxLLM",
        "WatsonxLLM(model_id='ibm/granite', max_new_tokens=200, apikey=KEY)",
        f"OpenAI(model='ibm/granite', max_tokens=200, {OPENAI})",
        "from langchain_openai import OpenAI",
    ),
    (
        "from langchain_azure_ai.chat_models import AzureAIChatCompletionsModel",
        "AzureAIChatCompletionsModel(endpoint=E, credential=C, model_name='mistral-large')",
        f"ChatOpenAI(model_name='mistral-large', {OPENAI})",
        "from langchain_openai import ChatOpenAI",
    ),
    (
        "from langchain_aws import BedrockEmbeddings",
        "BedrockEmbeddings(client=c, model_id='amazon.titan-embed-text-v2:0')",
        f"OpenAIEmbeddings(model='amazon.titan-embed-text-v2:0', check_embedding_ctx_length=False, {OPENAI})",
        "from langchain_openai import OpenAIEmbeddings",
    ),
    (
        "from langchain_community.llms import Databricks",
        "Databricks(endpoint='dbrx', temperature=0)",
        f"OpenAI(model='dbrx', temperature=0, {OPENAI})",
        "from langchain_openai import OpenAI",
    ),
    (
        "from langchain_huggingface import ChatHuggingFace, HuggingFaceEndpoint",
        "ChatHuggingFace(llm=HuggingFaceEndpoint(repo_id='a/b', task='text-generation', max_new_tokens=9, top_k=3))",
        f"ChatOpenAI(model='a/b', max_tokens=9, extra_body={{\"top_k\": 3}}, {OPENAI})",
        "from langchain_openai import ChatOpenAI",
    ),
    (
        "from llama_index.llms.azure_inference import AzureAICompletionsModel",
        "AzureAICompletionsModel(endpoint=E, credential=C, model_name='mistral-large', temperature=0)",
        f"OpenAILike(model='mistral-large', temperature=0, is_chat_model=True, {API_BASE})",
        "from llama_index.llms.openai_like import OpenAILike",
    ),
    (
        "from llama_index.embeddings.bedrock import BedrockEmbedding",
        "BedrockEmbedding(model='titan', profile_name='me')",
        f"OpenAIEmbedding(model_name='titan', {API_BASE})",
        "from llama_index.embeddings.openai import OpenAIEmbedding",
    ),
    (
        "from haystack_integrations.components.generators.google_ai import GoogleAIGeminiChatGenerator",
        "GoogleAIGeminiChatGenerator(model='gemini-pro', api_key=S)",
        "GoogleGenAIChatGenerator(model='gemini-pro')",
        "use_door_environment()",
    ),
    (
        "from pydantic_ai.providers.groq import GroqProvider",
        "GroqProvider(api_key=K)",
        f"OpenAIProvider({OPENAI})",
        "from pydantic_ai.providers.openai import OpenAIProvider",
    ),
    (
        "from pydantic_ai.models.openai import OpenAIModel",
        "OpenAIModel('deepseek-chat', provider='deepseek')",
        "OpenAIModel('deepseek-chat', provider=\"openai\")",
        "use_door_environment()",
    ),
    (
        "from agno.models.anthropic import Claude",
        "Claude(id='claude-sonnet-4', api_key=K)",
        f"OpenAIChat(id='claude-sonnet-4', {OPENAI})",
        "from agno.models.openai import OpenAIChat",
    ),
    (
        "from crewai import LLM",
        "LLM(model='groq/llama-3.3-70b', temperature=0)",
        "LLM(model='openai/llama-3.3-70b', temperature=0)",
        "use_door_environment()",
    ),
    (
        "from litellm import completion\nNAME = f'groq/{n}' if q else None\nMODEL = 'azure/gpt-4o'",
        "completion(model=MODEL, messages=m)",
        'completion(model=MODEL.replace("azure/", "openai/", 1), messages=m)',
        "use_door_environment()",
    ),
    (
        "from pydantic_ai import Agent",
        "Agent('groq:llama-3.3-70b')",
        "Agent('openai:llama-3.3-70b')",
        "use_door_environment()",
    ),
    (
        "from strands.models import BedrockModel",
        "BedrockModel(model_id='us.amazon.nova-pro-v1:0', region_name='us-west-2')",
        "BedrockModel(model_id='us.amazon.nova-pro-v1:0', **strands_bedrock_args())",
        "from app.orchestration.notebook import strands_bedrock_args",
    ),
    (
        "from strands import Agent",
        "Agent()",
        "Agent(model=BedrockModel(**strands_bedrock_args()))",
        "from strands.models import BedrockModel",
    ),
    (
        "from strands import Agent\nMODEL = 'us.amazon.nova-pro-v1:0'",
        "Agent(MODEL, name='a')",
        "Agent(BedrockModel(model_id=MODEL, **strands_bedrock_args()), name='a')",
        "from strands.models import BedrockModel",
    ),
    (
        "from strands import Agent",
        "Agent(tools=[add])",
        "Agent(model=BedrockModel(**strands_bedrock_args()), tools=[add])",
        "from strands.models import BedrockModel",
    ),
    (
        "from strands.models.openai import OpenAIModel",
        "OpenAIModel(client_args={'api_key': K}, model_id='gpt-4o')",
        f"OpenAIModel(model_id='gpt-4o', client_args={{{OPENAI}}})",
        "openai_client_args",
    ),
    (
        "from llama_index.core.evaluation import FaithfulnessEvaluator",
        "FaithfulnessEvaluator()",
        "FaithfulnessEvaluator()",
        "use_door_environment()",
    ),
    (
        "from llama_index.core.query_engine import SubQuestionQueryEngine",
        "SubQuestionQueryEngine.from_defaults(query_engine_tools=t)",
        "SubQuestionQueryEngine.from_defaults(query_engine_tools=t)",
        "use_door_environment()",
    ),
    (
        "from adalflow.components.model_client import OpenAIClient",
        "OpenAIClient(api_key=K)",
        f"OpenAIClient({OPENAI})",
        "openai_client_args",
    ),
    (
        "import adalflow as adal",
        "adal.GroqAPIClient()",
        f"OpenAIClient({OPENAI})",
        "from adalflow.components.model_client import OpenAIClient",
    ),
    (
        "from guidance import models",
        "models.OpenAI('gpt-4o', echo=False)",
        f"models.OpenAI('gpt-4o', echo=False, {OPENAI})",
        "openai_client_args",
    ),
    ("from praisonaiagents import Agent", "Agent(name='a')", "Agent(name='a')", "use_door_environment()"),
    (
        "import langchain",
        "langchain.chat_models.ChatOpenAI(temperature=0, openai_api_key=K)",
        f"ChatOpenAI(temperature=0, {OPENAI})",
        "from langchain_openai import ChatOpenAI",
    ),
    (
        "from distilabel.llms import OpenAILLM",
        "OpenAILLM(model='gpt-4o', api_key=K)",
        f"OpenAILLM(model='gpt-4o', {OPENAI})",
        "openai_client_args",
    ),
    (
        "from litellm import completion",
        "completion(model='azure/gpt-4o', api_base=URL, api_key=K, api_version='v', messages=m)",
        "completion(model='openai/gpt-4o', messages=m)",
        "use_door_environment()",
    ),
    ("import litellm", "litellm.completion", "litellm.completion", "use_door_environment()"),
    ("from openai import OpenAI", "partial(OpenAI, timeout=3)", "partial(OpenAI, timeout=3)", "use_door_environment()"),
    (
        "from pydantic_ai import Agent\nNAME = 'mistral:mistral-large-latest'",
        "Agent(NAME)",
        'Agent(NAME.replace("mistral:", "openai:", 1))',
        "use_door_environment()",
    ),
    (
        "from langchain.chat_models import init_chat_model",
        "init_chat_model('llama-3.3-70b', model_provider='groq')",
        f"init_chat_model('llama-3.3-70b', model_provider=\"openai\", {OPENAI})",
        "",
    ),
    (
        "from langchain.chat_models import init_chat_model",
        "init_chat_model('groq:llama-3.3-70b', temperature=0)",
        f"init_chat_model('openai:llama-3.3-70b', temperature=0, {OPENAI})",
        "",
    ),
]


@pytest.mark.feature("N1")
@pytest.mark.parametrize(("imports", "before", "after", "needed"), CASES, ids=[c[1][:40] for c in CASES])
def test_another_class_stands_for_a_host_s(imports: str, before: str, after: str, needed: str, tmp_path: Path) -> None:
    """Key and address go, settings stay under the names the other class gives them."""
    promoted = promote_cells(make_project(tmp_path), f"{imports}\nclient = {before}\nprint(client)")
    assert promoted.promotion.report.refused == []
    assert f"client = {after}\n" in promoted.code[-1]
    assert needed in "\n".join(promoted.code)


@pytest.mark.feature("N1")
def test_a_chat_around_an_endpoint_is_told_what_the_endpoint_was(tmp_path: Path) -> None:
    """The endpoint goes on answering with texts, and the chat asks the same model with the same settings."""
    promoted = promote_cells(
        make_project(tmp_path),
        "from langchain_huggingface import ChatHuggingFace, HuggingFaceEndpoint\n"
        "llm = HuggingFaceEndpoint(repo_id='a/b', temperature=0.1)\nchat = ChatHuggingFace(llm=llm)\nprint(llm, chat)",
    )
    assert promoted.promotion.report.refused == []
    assert f"llm = OpenAI(model='a/b', temperature=0.1, max_tokens=512, {OPENAI})" in promoted.code[-1]
    assert (
        "chat = ChatOpenAI(model=llm.model_name, temperature=llm.temperature, max_tokens=llm.max_tokens, "
        f"extra_body=llm.extra_body, {OPENAI})"
    ) in promoted.code[-1]


@pytest.mark.parametrize(
    ("code", "what"),
    [
        (
            "from langchain_huggingface import ChatHuggingFace, HuggingFacePipeline\n"
            "llm = HuggingFacePipeline(pipeline=p)\nchat = ChatHuggingFace(llm=llm)",
            "ChatHuggingFace(...)",
        ),
        (
            "from langchain_community.llms import OpenAIChat\nllm = OpenAIChat(prefix_messages=P)",
            "OpenAIChat(prefix_messages=...)",
        ),
        ("from agno.models.google import Gemini\nm = Gemini(id='g', search=True)", "Gemini(search=...)"),
        ("from litellm import completion\ncompletion(model='aleph_alpha/l')", "completion(...)"),
    ],
)
def test_what_no_other_class_can_be_told_is_refused(code: str, what: str, tmp_path: Path) -> None:
    """With a remedy, at the last line of each."""
    refused = promote_cells(make_project(tmp_path), code).promotion.report.refused
    assert [f.what for f in refused][-1:] == [what]
    assert all(f.remedy for f in refused)


def test_the_package_of_a_class_that_stands_for_another_is_asked_for(tmp_path: Path) -> None:
    """The notebook installs its host's package alone."""
    promoted = promote_cells(
        make_project(tmp_path),
        "!pip install langchain-ibm",
        "from langchain_ibm import ChatWatsonx\nprint(ChatWatsonx())",
    )
    assert "langchain-openai" in promoted.files["requirements-notebooks.in"].splitlines()


@pytest.mark.parametrize(
    ("code", "word"),
    [
        ("from langchain_huggingface import HuggingFaceEmbeddings as E\nE()", "OpenAIEmbeddings"),
        ("from langchain_community.llms import LlamaCpp\nLlamaCpp()", "Ollama"),
        ("from transformers import pipeline\npipeline('text-generation')", "vLLM"),
    ],
)
def test_the_remedy_for_a_local_model_fits_its_kind(code: str, word: str, tmp_path: Path) -> None:
    """An embedding is no chat model."""
    (refused,) = promote_cells(make_project(tmp_path), code).promotion.report.refused
    assert word in refused.remedy
