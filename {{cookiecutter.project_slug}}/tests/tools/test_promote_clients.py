"""Each family of model clients: the constructor as its author wrote it, and as the step has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.notebooks.projects import make_project, promote_cells
from tools.promote.clients import FAMILIES
from tools.promote.clients.page import page
from tools.promote.proving.baseline import make_baseline

OPENAI, GEMINI, BEDROCK = "**openai_client_args()", "**gemini_client_args()", "**bedrock_client_args()"
VOYAGE = '**client_args("voyage", "base_url", "api_key")'
API_BASE = '**client_args("openai", "api_base", "api_key")'
LC_GEMINI = '**client_args("gemini", "base_url", "google_api_key"), vertexai=False'


def _case(imports: str, before: str, after: str, *needed: str) -> tuple[str, str, str, tuple[str, ...]]:
    return imports, before, after, needed


INTERACTION = (
    "from google import genai\nc = genai.Client()\ntools = [{'type': 'code_execution'}]\n"
    "i = c.interactions.create(model='m', input=q, background=False,"
)
CASES = [
    _case(
        "from google import genai", "genai.Client(vertexai=True, project=P, location='us')", f"genai.Client({GEMINI})"
    ),
    _case("from google import genai", "genai.Client()", f"genai.Client({GEMINI})"),
    _case("import cohere", "cohere.ClientV2('KEY')", 'cohere.ClientV2(**client_args("cohere", "base_url", "api_key"))'),
    _case(
        "import cohere",
        "cohere.Client('KEY', timeout=9)",
        'cohere.Client(timeout=9, **client_args("cohere", "base_url", "api_key"))',
    ),
    _case(
        "import cohere",
        "cohere.BedrockClient(aws_region='us')",
        'Client(**client_args("cohere", "base_url", "api_key"))',
        "from cohere import Client",
    ),
    _case(
        "from mistralai.client import Mistral",
        "Mistral(api_key=K, timeout_ms=5)",
        'Mistral(timeout_ms=5, **client_args("mistral", "server_url", "api_key"))',
    ),
    _case("import ollama", "ollama.Client('http://gpu:11434')", "ollama.Client(**ollama_client_args())"),
    _case(
        "from huggingface_hub import InferenceClient", "InferenceClient('a/b', token=K)", f"InferenceClient({OPENAI})"
    ),
    _case(
        "from groq import Groq",
        "Groq(api_key=K, timeout=3)",
        f"OpenAI(timeout=3, {OPENAI})",
        "from openai import OpenAI",
    ),
    _case("from langchain_openai import OpenAI", "OpenAI(temperature=0)", f"OpenAI(temperature=0, {OPENAI})"),
    _case(
        "from langchain_google_vertexai import ChatVertexAI",
        "ChatVertexAI(model_name='gemini-2.0', project=P)",
        f"ChatGoogleGenerativeAI(model='gemini-2.0', {LC_GEMINI})",
        "from langchain_google_genai import ChatGoogleGenerativeAI",
    ),
    _case(
        "from langchain_cohere import ChatCohere",
        "ChatCohere(model='command-r', cohere_api_key=K)",
        'ChatCohere(model=\'command-r\', **client_args("cohere", "base_url", "cohere_api_key"))',
    ),
    _case(
        "from langchain_mistralai import ChatMistralAI",
        "ChatMistralAI(api_key=K)",
        'ChatMistralAI(**client_args("openai", "endpoint", "api_key"))',
    ),
    _case(
        "from langchain_ollama import ChatOllama",
        "ChatOllama(model='x')",
        "ChatOllama(model='x', **langchain_ollama_args())",
    ),
    _case(
        "from langchain_ollama import OllamaEmbeddings",
        "OllamaEmbeddings()",
        'OllamaEmbeddings(model="llama2", **langchain_ollama_args())',
    ),
    _case(
        "from langchain_anthropic import ChatAnthropic",
        "ChatAnthropic(**SETTINGS)",
        "ChatAnthropic(**{**SETTINGS, **anthropic_client_args()})",
    ),
    _case(
        "from langchain_anthropic import ChatAnthropic",
        "ChatAnthropic(model_name='claude-3')",
        "ChatAnthropic(model_name='claude-3', **anthropic_client_args())",
    ),
    _case(
        "from langchain_aws import ChatBedrock",
        "ChatBedrock(model_id='anthropic.claude-3', region_name='us')",
        "ChatAnthropic(model='anthropic.claude-3', **anthropic_client_args())",
        "from langchain_anthropic import ChatAnthropic",
    ),
    _case(
        "from langchain_aws import ChatBedrock",
        "ChatBedrock(model_id='meta.llama3', client=c)",
        f"ChatOpenAI(model='meta.llama3', {OPENAI})",
        "from langchain_openai import ChatOpenAI",
    ),
    _case(
        "from langchain_aws import ChatBedrockConverse",
        "ChatBedrockConverse(model='anthropic.claude-3', region_name='us', temperature=0)",
        f"ChatBedrockConverse(model='anthropic.claude-3', temperature=0, {BEDROCK})",
    ),
    _case("import boto3", "boto3.client('bedrock-runtime')", f"boto3.client('bedrock-runtime', {BEDROCK})"),
    _case(
        "import boto3",
        "boto3.Session(profile_name='me').client(service_name='bedrock-runtime', region_name='us', config=C)",
        f"boto3.Session(profile_name='me').client(service_name='bedrock-runtime', config=C, {BEDROCK})",
    ),
    _case(
        "from llama_index.llms.bedrock_converse import BedrockConverse",
        "BedrockConverse(model='amazon.nova', profile_name='me')",
        f"BedrockConverse(model='amazon.nova', {BEDROCK})",
    ),
    _case(
        "from haystack_integrations.components.generators.amazon_bedrock import AmazonBedrockChatGenerator",
        "AmazonBedrockChatGenerator(model='amazon.nova', aws_region_name='us')",
        "AmazonBedrockChatGenerator(model='amazon.nova', **haystack_bedrock_args())",
        "use_door_environment()",
    ),
    _case(
        "from langchain_groq import ChatGroq",
        "ChatGroq(model='llama', top_k=4, groq_api_key=K)",
        f"ChatOpenAI(model='llama', extra_body={{\"top_k\": 4}}, {OPENAI})",
        "from langchain_openai import ChatOpenAI",
    ),
    _case(
        "from langchain_aws import BedrockLLM",
        "BedrockLLM(model_id='meta.llama', model_kwargs={'temperature': 0}, client=c)",
        f"OpenAI(model='meta.llama', extra_body={{'temperature': 0}}, {OPENAI})",
        "from langchain_openai import OpenAI",
    ),
    _case(
        "from langchain_huggingface import HuggingFaceEndpoint",
        "HuggingFaceEndpoint(repo_id='a/b', task='text-generation', max_new_tokens=9, top_k=3)",
        f"OpenAI(model='a/b', max_tokens=9, extra_body={{\"top_k\": 3}}, {OPENAI})",
        "from langchain_openai import OpenAI",
    ),
    _case(
        "from langchain_community.llms import Replicate",
        "Replicate(model='meta/llama', model_kwargs={'top_k': 3}, top_p=1)",
        f"OpenAI(model='meta/llama', extra_body={{'top_k': 3}}, top_p=1, {OPENAI})",
        "from langchain_openai import OpenAI",
    ),
    _case(
        "from langchain_nvidia_ai_endpoints import NVIDIAEmbeddings",
        "NVIDIAEmbeddings(model='nv-embed', truncate='END')",
        f"OpenAIEmbeddings(model='nv-embed', check_embedding_ctx_length=False, {OPENAI})",
        "from langchain_openai import OpenAIEmbeddings",
    ),
    _case(
        "from langchain_nvidia_ai_endpoints import NVIDIARerank",
        "NVIDIARerank(base_url=U, top_n=3)",
        'CohereRerank(top_n=3, model="rerank-v3.5", **client_args("cohere", "base_url", "cohere_api_key"))',
        "from langchain_cohere import CohereRerank",
    ),
    _case(
        "from llama_index.embeddings.nvidia import NVIDIAEmbedding",
        "NVIDIAEmbedding(model='nv-embed', truncate='END')",
        f"OpenAIEmbedding(model_name='nv-embed', {API_BASE})",
        "from llama_index.embeddings.openai import OpenAIEmbedding",
    ),
    _case("from together import Client", "Client(api_key=K)", f"OpenAI({OPENAI})", "from openai import OpenAI"),
    _case(
        "from semantic_kernel.connectors.ai.open_ai import AzureChatCompletion",
        "AzureChatCompletion(deployment_name='d', endpoint=E)",
        "OpenAIChatCompletion(ai_model_id='d')",
        "use_door_environment()",
    ),
    _case("from langchain_groq import ChatGroq", "ChatGroq(model='llama')", f"ChatOpenAI(model='llama', {OPENAI})"),
    _case(
        "from langchain.chat_models import init_chat_model",
        "init_chat_model('ollama:llama3.2')",
        "init_chat_model('ollama:llama3.2', **langchain_ollama_args())",
    ),
    _case(
        "from langchain.chat_models import init_chat_model",
        "init_chat_model('gemini-2.0', model_provider='google_genai')",
        f"init_chat_model('gemini-2.0', model_provider='google_genai', {LC_GEMINI})",
    ),
    _case(
        "from llama_index.llms.openai import OpenAI", "OpenAI(model='gpt-4o')", f"OpenAI(model='gpt-4o', {API_BASE})"
    ),
    _case(
        "from llama_index.llms.azure_openai import AzureOpenAI",
        "AzureOpenAI(engine='e', azure_endpoint=E)",
        f"OpenAI(model='e', {API_BASE})",
        "from llama_index.llms.openai import OpenAI",
    ),
    _case(
        "from llama_index.llms.gemini import Gemini",
        "Gemini(model='gemini-2.0', api_key=K)",
        f"GoogleGenAI(model='gemini-2.0', {GEMINI})",
        "from llama_index.llms.google_genai import GoogleGenAI",
    ),
    _case(
        "from llama_index.embeddings.mistralai import MistralAIEmbedding",
        "MistralAIEmbedding(model_name='mistral-embed')",
        f"OpenAIEmbedding(model_name='mistral-embed', {API_BASE})",
        "from llama_index.embeddings.openai import OpenAIEmbedding",
    ),
    _case(
        "from haystack.components.generators.chat import OpenAIChatGenerator",
        "OpenAIChatGenerator(api_key=Secret.from_env_var('X'), model='gpt-4o')",
        "OpenAIChatGenerator(model='gpt-4o', **haystack_client_args(\"openai\"))",
    ),
    _case(
        "from haystack_integrations.components.generators.google_genai import GoogleGenAIChatGenerator",
        "GoogleGenAIChatGenerator(model='gemini-2.0', api_key=S)",
        "GoogleGenAIChatGenerator(model='gemini-2.0')",
        "use_door_environment()",
    ),
    _case(
        "from haystack_integrations.components.generators.ollama import OllamaGenerator",
        "OllamaGenerator(model='llama', url='http://gpu:11434')",
        'OllamaGenerator(model=\'llama\', **client_args("ollama", "url"))',
        "use_door_environment()",
    ),
    _case("from haystack import Pipeline", "Pipeline.loads(TEXT)", "Pipeline.loads(TEXT)", "use_door_environment()"),
    _case(
        "from haystack.components.generators import HuggingFaceAPIGenerator",
        "HuggingFaceAPIGenerator(api_type='t', api_params={'url': U}, token=T, stop_words=['END'])",
        "HuggingFaceAPIGenerator(stop_words=['END'], **haystack_hugging_face_args())",
    ),
    _case(
        "from haystack_integrations.components.generators.nvidia import NvidiaGenerator",
        "NvidiaGenerator(model='meta/llama3', model_arguments={'temperature': 0.2})",
        "OpenAIGenerator(model='meta/llama3', generation_kwargs={'temperature': 0.2}, "
        '**haystack_client_args("openai"))',
        "from app.orchestration.legacy_haystack import OpenAIGenerator",
    ),
    _case(
        "from haystack.components.generators import OpenAIGenerator",
        "OpenAIGenerator(model='gpt-4o', api_key=K)",
        "OpenAIGenerator(model='gpt-4o', **haystack_client_args(\"openai\"))",
    ),
    _case(
        "from langchain_community.llms import Ollama",
        "Ollama(model='llama', base_url=U)",
        "OllamaLLM(model='llama', **langchain_ollama_args())",
        "from langchain_ollama import OllamaLLM",
    ),
    _case(
        "from smolagents import InferenceClientModel",
        "InferenceClientModel(token=K)",
        f'OpenAIServerModel(model_id="Qwen/Qwen2.5-Coder-32B-Instruct", {API_BASE})',
        "from smolagents import OpenAIServerModel",
    ),
    _case(
        "from pydantic_ai import Agent", "Agent('openai:gpt-4o')", "Agent('openai:gpt-4o')", "use_door_environment()"
    ),
    _case("from agents import Agent", "Agent(name='a')", "Agent(name='a')", "use_door_environment()"),
    _case(
        "import dspy",
        "dspy.OpenAI(model='gpt-4', api_key=K, max_tokens=9)",
        "LM(model='openai/gpt-4', max_tokens=9)",
        "use_door_environment()",
    ),
    _case("import voyageai", "voyageai.Client(K)", f"voyageai.Client({VOYAGE})"),
    _case(
        "from langchain_voyageai import VoyageAIEmbeddings",
        "VoyageAIEmbeddings(voyage_api_key=K, model='voyage-3')",
        f"VoyageAIEmbeddings(model='voyage-3', {VOYAGE})",
    ),
    _case("import dspy", "dspy.Cohere(NAME)", 'LM("cohere_chat/" + NAME)', "from dspy import LM"),
    _case(
        "import dspy",
        "dspy.Cohere(model=NAME or 'command-r' if C else N2)",
        """LM(model="cohere_chat/" + (NAME or 'command-r' if C else N2))""",
        "from dspy import LM",
    ),
    _case("import dspy", "dspy.Cohere(*GIVEN)", "LM(*GIVEN)", "from dspy import LM"),
    _case("import dspy", "dspy.Google()", 'LM(model="gemini/gemini-1.5-pro")', "from dspy import LM"),
    _case("import dspy", "dspy.LM('openai/gpt-4o', api_key=K)", "dspy.LM('openai/gpt-4o')", "use_door_environment()"),
    _case(
        "from autogen_ext.models.openai import OpenAIChatCompletionClient",
        "OpenAIChatCompletionClient(model='gpt-4o')",
        f"OpenAIChatCompletionClient(model='gpt-4o', {OPENAI})",
    ),
    _case(
        "from litellm import completion",
        "completion(model='gpt-4o')",
        "completion(model='gpt-4o')",
        "use_door_environment()",
    ),
    _case(
        "from llama_index.core import VectorStoreIndex",
        "VectorStoreIndex.from_documents(d)",
        "VectorStoreIndex.from_documents(d)",
        "use_door_environment()",
    ),
    _case("from crewai import LLM", "LLM(model='gpt-4o', api_key=K)", "LLM(model='gpt-4o')", "use_door_environment()"),
    _case(
        "from autogen.beta.config import OpenAIConfig",
        "OpenAIConfig(model='gpt-4o', api_key=K)",
        "OpenAIConfig(model='gpt-4o', **openai_client_args())",
    ),
    _case(
        "from autogen.beta.config import GeminiConfig",
        "GeminiConfig(model='gemini-2.5-flash', api_key=K)",
        "GeminiConfig(model='gemini-2.5-flash')",
        "use_door_environment()",
    ),
    _case(
        "from semantic_kernel.connectors.ai.open_ai import AzureChatCompletion",
        "AzureChatCompletion(deployment_name='d', credential=AzureCliCredential())",
        "OpenAIChatCompletion(ai_model_id='d')",
        "use_door_environment()",
    ),
    _case(
        "from langchain.indexes import VectorstoreIndexCreator",
        "VectorstoreIndexCreator()",
        "VectorstoreIndexCreator()",
        "use_door_environment()",
    ),
    _case(
        "from crewai_tools import PDFSearchTool", "PDFSearchTool('a')", "PDFSearchTool('a')", "use_door_environment()"
    ),
]


@pytest.mark.feature("N1")
@pytest.mark.parametrize(
    ("imports", "before", "after", "needed"), CASES, ids=[f"{c[0].split()[1]}: {c[1][:30]}" for c in CASES]
)
def test_a_constructor_is_pointed_at_the_door(
    imports: str, before: str, after: str, needed: tuple[str, ...], tmp_path: Path
) -> None:
    """The arguments are the door's, nothing is refused, and the step imports what it needs."""
    promoted = promote_cells(make_project(tmp_path), f"{imports}\nclient = {before}\nprint(client)")
    assert promoted.refused() == []
    assert f"client = {after}\n" in promoted.code[-1]
    assert f"import {before.partition('(')[0]}\n" not in promoted.code[-1] or before.partition("(")[0] in after
    assert all(line in promoted.code[0] for line in needed)


@pytest.mark.feature("N1")
def test_the_environment_is_set_before_anything_is_imported(tmp_path: Path) -> None:
    """Some clients read it while they are imported; addresses of the notebook's own go, its keys too."""
    promoted = promote_cells(
        make_project(tmp_path),
        "import os\nos.environ['OPENAI_API_BASE'] = 'https://proxy.example'\nos.environ['OPENAI_API_KEY'] = 'x'",
        "import ollama\nprint(ollama.chat(model='llama3', messages=[]))",
    )
    assert promoted.code == [
        "from app.orchestration.notebook import use_door_environment\n\nuse_door_environment()",
        "import os",
        "import ollama\nprint(ollama.chat(model='llama3', messages=[]))",
    ]


@pytest.mark.feature("N1")
def test_a_module_in_the_place_of_a_client_reads_the_environment(tmp_path: Path) -> None:
    """`client = ollama`: what is called on the name is called on the module."""
    promoted = promote_cells(make_project(tmp_path), "import ollama\nclient = ollama", "print(client.chat(model='m'))")
    assert promoted.refused() == []
    assert "use_door_environment()" in promoted.code[0]


@pytest.mark.feature("N1")
def test_a_key_that_is_looked_up_by_its_name_is_there(tmp_path: Path) -> None:
    """What is asked only where a key is set is asked in the step too."""
    promoted = promote_cells(
        make_project(tmp_path),
        "import os\ndef there(name):\n    return bool(os.getenv(name))",
        "from openai import OpenAI\nif there('OPENAI_API_KEY'):\n    print(OpenAI())",
    )
    assert "use_door_environment()" in "\n".join(promoted.code)


@pytest.mark.feature("N1")
def test_a_class_that_extends_a_client_reads_the_environment(tmp_path: Path) -> None:
    """What it hands on to the class above is its own; the address it does not name is the door's."""
    promoted = promote_cells(
        make_project(tmp_path), "from openai import OpenAI\nclass Mine(OpenAI):\n    pass\nprint(Mine())"
    )
    assert promoted.refused() == []
    assert "use_door_environment()" in "\n".join(promoted.code)


@pytest.mark.feature("N1")
def test_functions_of_the_first_openai_are_stood_in_for(tmp_path: Path) -> None:
    """The call site keeps its arguments; keys and addresses of the module go."""
    promoted = promote_cells(
        make_project(tmp_path),
        "import openai\nopenai.api_key = 'x'\nr = openai.ChatCompletion.create(model='m', messages=m)\nprint(r)",
    )
    assert promoted.code[0] == "from app.orchestration.legacy_openai import chat_completion_create"
    assert promoted.code[1] == "import openai\nr = chat_completion_create(model='m', messages=m)\nprint(r)"


@pytest.mark.feature("N1")
@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "import google.generativeai as genai\nc = genai.types.GenerationConfig()\n"
            "m = genai.GenerativeModel('g', c)",
            "from app.orchestration import gemini_model as genai\nc = genai.types.GenerationConfig()\n"
            "m = genai.GenerativeModel('g', c)",
        ),
        (
            "from vertexai.generative_models import GenerativeModel, HarmCategory, HarmBlockThreshold, Image\n"
            "m = GenerativeModel('g')",
            "from app.orchestration.gemini_model import GenerativeModel, HarmCategory, HarmBlockThreshold, Image\n"
            "m = GenerativeModel('g')",
        ),
        (
            "import google.generativeai as genai\ngenai.configure(api_key=K)\nm = genai.GenerativeModel('gemini-pro')",
            "from app.orchestration import gemini_model as genai\ngenai.configure(api_key=K)\n"
            "m = genai.GenerativeModel('gemini-pro')",
        ),
        (
            "import google.generativeai as genai\nm = genai.embed_content(model='e', content='a')",
            "from app.orchestration import gemini_model as genai\nm = genai.embed_content(model='e', content='a')",
        ),
        (
            "from vertexai.generative_models import GenerativeModel, Part\nm = GenerativeModel('gemini-pro')",
            "from app.orchestration.gemini_model import GenerativeModel, Part\nm = GenerativeModel('gemini-pro')",
        ),
    ],
)
def test_google_s_retired_model_is_stood_in_for(before: str, after: str, tmp_path: Path) -> None:
    """Only the import changes."""
    promoted = promote_cells(make_project(tmp_path), f"{before}\nprint(m)")
    assert promoted.refused() == []
    assert promoted.code[-1] == f"{after}\nprint(m)"


@pytest.mark.feature("N1")
def test_mistral_s_first_client_is_stood_in_for(tmp_path: Path) -> None:
    """Only the imports change."""
    code = (
        "from mistralai.client import MistralClient\nfrom mistralai.models.chat_completion import ChatMessage\n"
        "c = MistralClient(api_key=K)\nprint(c.chat(model='m', messages=[ChatMessage(role='user', content='a')]))"
    )
    promoted = promote_cells(make_project(tmp_path), code)
    assert promoted.refused() == []
    ours = code.replace("mistralai.client", "app.orchestration.legacy_mistral")
    assert promoted.code[-1] == ours.replace("mistralai.models.chat_completion", "app.orchestration.legacy_mistral")


@pytest.mark.feature("N1")
def test_settings_of_a_vendor_go_into_the_body(tmp_path: Path) -> None:
    """OpenAI's client refuses them as arguments; what is sent stays the same. Other clients keep theirs."""
    call = "print(c.chat.completions.create(model='m', messages=m, top_k=50, min_p=0.1, stop=['a']))"
    promoted = promote_cells(make_project(tmp_path), f"from together import Together\nc = Together()\n{call}")
    assert 'messages=m, extra_body={"top_k": 50, "min_p": 0.1}, stop=[\'a\']))' in promoted.code[-1]
    other = tmp_path / "other"
    other.mkdir()
    kept = promote_cells(make_project(other), f"from openai import OpenAI\nc = OpenAI()\n{call}")
    assert kept.code[-1].endswith(call)


@pytest.mark.parametrize(
    ("code", "variable"),
    [
        (
            "from huggingface_hub import login\nfrom transformers import AutoTokenizer\nlogin()\nprint(AutoTokenizer)",
            True,
        ),
        ("from huggingface_hub import login, InferenceClient\nlogin()\nprint(InferenceClient())", False),
    ],
)
def test_the_hub_s_token_is_asked_for_where_more_than_a_model_is_needed(
    code: str, variable: bool, tmp_path: Path
) -> None:
    """`login()` goes either way; for downloads the libraries find the token in the environment."""
    project = make_project(tmp_path)
    (project / ".env.example").write_text("A=1\n")
    promoted = promote_cells(project, code)
    assert "login()" not in promoted.code[-1]
    assert ("#HF_TOKEN=" in promoted.files.get(".env.example", "")) is variable


def test_an_address_that_only_a_client_read_goes_with_it(tmp_path: Path) -> None:
    """Neither a parameter without effect nor a variable that stops the step; what others read stays."""
    promoted = promote_cells(
        make_project(tmp_path),
        "from getpass import getpass\nfrom openai import AzureOpenAI\nENDPOINT = getpass('Endpoint: ')\n"
        "VERSION = '2024-02-01'\nNAME = 'gpt'\nc = AzureOpenAI(azure_endpoint=ENDPOINT, api_version=VERSION)\n"
        "print(c, NAME)",
    )
    text = "\n".join(promoted.code)
    assert "ENDPOINT" not in text
    assert "VERSION" not in text
    assert "NAME: str = 'gpt'" in text


def test_a_retired_model_with_what_we_have_not_is_refused(tmp_path: Path) -> None:
    """Tools, and imports beyond ours: the notebook stays as it is."""
    code = "from vertexai.generative_models import GenerativeModel, Tool\nm = GenerativeModel('g', tools=[t])"
    promoted = promote_cells(make_project(tmp_path), code)
    assert promoted.refused() == ["0:2 GenerativeModel(...): this class of Google's retired SDK is served by no door"]
    assert promoted.code == [code]


def test_a_name_that_is_taken_is_not_taken_over(tmp_path: Path) -> None:
    """Two libraries with an `OpenAI`: the exchanged class gets a name of its own."""
    promoted = promote_cells(
        make_project(tmp_path),
        "from langchain_openai import OpenAI\nfrom openai import AzureOpenAI",
        "a = AzureOpenAI()\nb = OpenAI()\nprint(a, b)",
    )
    assert "from openai import OpenAI as GatewayOpenAI" in promoted.code[0]
    assert f"a = GatewayOpenAI({OPENAI})\nb = OpenAI({OPENAI})" in promoted.code[2]


def test_an_import_that_moved_is_followed(tmp_path: Path) -> None:
    """`from mistralai import Mistral` is of a version before the installed one."""
    promoted = promote_cells(make_project(tmp_path), "from mistralai import Mistral\nc = Mistral()\nprint(c)")
    assert promoted.code[-1].startswith("from mistralai.client import Mistral\n")


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("from litellm import completion\ncompletion(model='aleph_alpha/luminous')", "'aleph_alpha/luminous'"),
        ("from crewai import Agent\nAgent(llm='gradient/x')", "'gradient/x'"),
        ("import dspy\ndspy.LM('gradient/x')", "'gradient/x'"),
        ("from google import genai\nc = genai.Client()\nc.files.upload(file='a')", "this endpoint"),
        ("from google import genai\nc = genai.Client()\nc.interactions.get(id)", "to ask for later"),
        (f"{INTERACTION}\n  previous_interaction_id=i.id)", "to go on from"),
        ("import voyageai\nvo = voyageai.Client()\nvo.multimodal_embed([[]])", "this endpoint"),
        (f"{INTERACTION}\n  agent='deep-research')", "agents run at Google"),
        (f"{INTERACTION}\n  tools=[{{'type': 'google_search'}}])", "this tool runs at Google"),
        (f"{INTERACTION}\n  tools=tools)", "this tool runs at Google"),
        ("import cohere\nco = cohere.ClientV2()\nco.classify(inputs=['a'])", "this endpoint"),
        ("from mistralai.client import MistralClient as M\nc = [M(), jobs.jobs]", "before 1.0"),
        ("import requests\nurl = f'https://{HOST}/v1/chat/completions'\nrequests.post(url, json={})", "plain HTTP"),
        ("from transformers import MllamaForConditionalGeneration as M\nM.from_pretrained('m')", "own process"),
        ("from langchain_community.chat_models import ChatKinetica\nChatKinetica()", "knows no way"),
        ("from langchain_elasticsearch import ElasticsearchEmbeddings as E\nE.from_credentials()", "knows no way"),
        ("from llama_index.llms.nvidia_triton import NvidiaTriton\nNvidiaTriton()", "knows no way"),
        (
            "from haystack_integrations.components.generators.other import OtherGenerator\nOtherGenerator()",
            "knows no",
        ),
        (
            "import os, requests\nollama_url = os.environ['HOST']\nurl = ollama_url + '/api/generate'\n"
            "requests.post(ollama_url + '/api/generate', json={})",
            "plain HTTP",
        ),
        ("import together\ntogether.Complete.create('Say hello.')", "before 1.0"),
        ("from llama_api_client import LlamaAPIClient\nLlamaAPIClient()", "a form of their own"),
        ("from crewai_tools import PDFSearchTool\nPDFSearchTool(config={'llm': {'provider': 'groq'}})", "of its own"),
        ("from sentence_transformers import SentenceTransformer\nSentenceTransformer('m')", "own process"),
        ("from llama_index.core import Settings\nSettings.embed_model = 'local:BAAI/bge'", "own process"),
        ("from autogen_ext.agents.azure import AzureAIAgent\nAzureAIAgent(name='a')", "live at Azure"),
        ("from azure.ai.projects import AIProjectClient\nAIProjectClient(endpoint=e)", "live at Azure"),
    ],
)
def test_what_the_doors_do_not_serve_of_a_family_is_refused(code: str, reason: str, tmp_path: Path) -> None:
    """The last line of each."""
    findings = promote_cells(make_project(tmp_path), code).promotion.report.refused
    assert [(f.cell, f.line) for f in findings] == [(0, len(code.splitlines()))]
    assert reason in findings[0].reason
    assert findings[0].remedy


@pytest.mark.feature("N1")
def test_the_proof_points_a_client_of_amazon_s_at_the_door(tmp_path: Path) -> None:
    """It finds no key in the environment that it would send there."""
    promoted = promote_cells(make_project(tmp_path), "import boto3\nc = boto3.client('bedrock-runtime')\nprint(c)")
    baseline = make_baseline(promoted.promotion.source, "poc")
    assert baseline.rewired
    assert "bedrock_client_args()" in "".join("".join(cell["source"]) for cell in baseline.notebook.cells)


@pytest.mark.parametrize(
    "call",
    [
        "openai.OpenAI().chat.completions.create(model='m', messages=[])",
        "self.client.chat.completions.create(model='m', messages=[])",
        "openai.OpenAI().completions.create(model='m', prompt='x')",
    ],
)
def test_an_endpoint_of_one_vendor_is_not_another_s(call: str, tmp_path: Path) -> None:
    """Where both are imported, OpenAI's completions are not taken for those Anthropic has given up."""
    promoted = promote_cells(make_project(tmp_path), f"import anthropic, openai\nprint({call})")
    assert promoted.refused() == []


def test_a_service_that_manages_models_is_left_alone(tmp_path: Path) -> None:
    """It asks none, and the report says that it needs Amazon's own credentials."""
    promoted = promote_cells(make_project(tmp_path), "import boto3\nc = boto3.client('bedrock', 'us')\nprint(c)")
    assert promoted.code[-1].endswith("c = boto3.client('bedrock', 'us')\nprint(c)")
    kept = [f for f in promoted.promotion.report.findings if (f.outcome, f.subject) == ("kept", "client")]
    assert [(f.what, f.line) for f in kept] == [("boto3.client('bedrock')", 2)]


def test_an_endpoint_s_name_on_another_object_is_no_endpoint(tmp_path: Path) -> None:
    """`classify` and `tokenize` are words of others too."""
    promoted = promote_cells(
        make_project(tmp_path), "import cohere\nco = cohere.ClientV2()\nmine = Sorter()\nprint(mine.classify(co))"
    )
    assert promoted.refused() == []


def test_every_refusal_says_what_to_do() -> None:
    """No family refuses without reason and remedy."""
    refusals = [r for family in FAMILIES for table in (family.refusals, family.calls) for r in table.values()]
    assert len(refusals) > 100
    assert all(refusal.reason and refusal.remedy for refusal in refusals)


def test_the_page_is_of_this_version() -> None:
    """docs/reference/clients.md is what the families say; when not, write it again."""
    root = Path(__file__).resolve().parents[2]
    assert (root / "docs/reference/clients.md").read_text(encoding="utf-8") == page()


@pytest.mark.feature("N1")
def test_a_library_with_clients_of_its_own_finds_the_door_in_the_environment(tmp_path: Path) -> None:
    """Evaluation, memory, agents that come ready-made: nothing of theirs can be pointed anywhere."""
    promoted = promote_cells(make_project(tmp_path), "from ragas import evaluate\nprint(evaluate(rows))")
    assert promoted.code[0].endswith("use_door_environment()")
    assert promoted.code[-1] == "from ragas import evaluate\nprint(evaluate(rows))"
    assert [f.place for f in promoted.promotion.report.findings if f.subject == "client"] == ["0:1"]


@pytest.mark.parametrize(
    "code",
    [
        "from langchain_text_splitters import SentenceTransformersTokenTextSplitter as S\nprint(S())",
        "from haystack.components.rankers import LostInTheMiddleRanker\nprint(LostInTheMiddleRanker())",
        "from langchain_core.prompts import ChatPromptTemplate\nprint(ChatPromptTemplate.from_messages(m))",
        "from langchain_community.chat_message_histories import ChatMessageHistory\nprint(ChatMessageHistory())",
        "from langchain_core.language_models import FakeListLLM\nprint(FakeListLLM(responses=[]))",
        "from llama_index.llms import CompletionResponse, LLMMetadata\nprint(CompletionResponse(), LLMMetadata())",
        "from haystack.components.generators.chat import FallbackChatGenerator as F\nprint(F(chat_generators=[]))",
        "from haystack.components.rankers import LLMRanker\nprint(LLMRanker(chat_generator=g))",
    ],
)
def test_what_asks_no_model_is_no_client(code: str, tmp_path: Path) -> None:
    """Splitters, prompts, histories, classes of tests."""
    assert promote_cells(make_project(tmp_path), code).refused() == []


def test_an_exit_in_a_branch_is_the_notebook_s_own(tmp_path: Path) -> None:
    """A restart after an installation goes; what ends a run that failed stays."""
    code = "import os\ntry:\n    work()\nexcept ValueError:\n    exit(1)"
    promoted = promote_cells(make_project(tmp_path), code, "os._exit(0)\nprint(1)")
    assert "    exit(1)" in "\n".join(promoted.code)
    assert "os._exit" not in "\n".join(promoted.code)


@pytest.mark.parametrize(
    ("code", "left"),
    [
        ("import openai\nos.environ['OPENAI_API_KEY'] = 'x'\nprint(openai.OpenAI())", []),
        ("from groq import Groq\nos.environ['GROQ_API_KEY'] = 'x'\nprint(Groq())", []),
        ("from langchain_nvidia_ai_endpoints import ChatNVIDIA\n%env NVIDIA_API_KEY=x\nprint(ChatNVIDIA())", []),
        ("import serper\nos.environ['SERPER_API_KEY'] = 'x'\nprint(serper)", ["set SERPER_API_KEY in .env"]),
    ],
)
def test_a_key_the_door_brings_is_asked_of_nobody(code: str, left: list[str], tmp_path: Path) -> None:
    """Neither is a vendor's whose class another one stands for; any other key is left to do."""
    report = promote_cells(make_project(tmp_path), f"import os\n{code}").promotion.report
    assert [f.remedy for f in report.remaining] == left


def test_a_key_that_stood_empty_may_stay_so(tmp_path: Path) -> None:
    """The notebook ran without it, and so does the step."""
    promoted = promote_cells(make_project(tmp_path), 'SERPER_API_KEY = ""\nprint(SERPER_API_KEY)')
    assert promoted.code[-1] == 'SERPER_API_KEY = os.environ.get("SERPER_API_KEY", "")\nprint(SERPER_API_KEY)'


@pytest.mark.parametrize(
    ("code", "stays", "left"),
    [
        ('if "OPENAI_API_KEY" not in os.environ:\n    os.environ["OPENAI_API_KEY"] = getpass("Key: ")', False, []),
        (
            'if not os.environ.get("TAVILY_API_KEY", "").startswith("tv"):\n    key = getpass("Key: ")\n'
            '    assert key.startswith("tv")\n    os.environ["TAVILY_API_KEY"] = key',
            False,
            ["set TAVILY_API_KEY in .env"],
        ),
        (
            'if not os.environ.get("A_KEY"):\n    os.environ["A_KEY"] = getpass()\n    start()',
            True,
            ["set A_KEY in .env"],
        ),
    ],
)
def test_a_question_for_a_missing_key_goes_as_a_whole(code: str, stays: bool, left: list[str], tmp_path: Path) -> None:
    """No `if ...: pass` is left behind, and no assertion about an answer that nobody gives."""
    promoted = promote_cells(make_project(tmp_path), f"import os\nfrom getpass import getpass\n{code}\nprint(1)")
    assert ("if " in promoted.code[-1]) is stays
    assert [f.remedy for f in promoted.promotion.report.remaining] == left


def test_an_old_address_that_is_read_becomes_the_door_s(tmp_path: Path) -> None:
    """Today's module has no `api_base` of its own: taken away, whatever reads it would fail."""
    code = promote_cells(
        make_project(tmp_path),
        "import openai\nfrom openai import OpenAI\nimport os",
        "openai.api_base = os.getenv('OPENAI_API_BASE')\nopenai.api_key = os.getenv('OPENAI_API_KEY')\n"
        "print(openai.api_base)",
        "client = OpenAI(api_key=openai.api_key, base_url=openai.api_base)",
    ).code
    assert 'openai.api_base = openai_client_args()["base_url"]\nprint(openai.api_base)' in code[-2]
    assert code[-1] == "client = OpenAI(**openai_client_args())"


def test_what_a_gateway_is_told_goes_with_its_address(tmp_path: Path) -> None:
    """Portkey's client is told the provider and how to keep replies: none of it is OpenAI's."""
    code = promote_cells(
        make_project(tmp_path),
        "from portkey_ai import Portkey",
        "client = Portkey(Authorization='Bearer ' + 'x', provider='openai', api_key='', metadata={'_user': 'a'},\n"
        "    config={'cache': {'mode': 'simple'}}, timeout=9)",
    ).code
    assert code[-1] == "client = OpenAI(timeout=9, **openai_client_args())"
