"""Imports of LangChain and LlamaIndex that have moved: what promote makes of one, and what it leaves alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.notebooks.projects import make_project, promote_cells
from tools.promote.moved import homes, langchain_names, llama_index_names
from tools.promote.notebook.notebook_file import source_of
from tools.promote.proving.baseline import make_baseline

pytestmark = pytest.mark.feature("N1")


def _code(folder: Path, *cells: str) -> str:
    return "\n".join(promote_cells(make_project(folder), *cells).code)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from langchain.llms.openai import OpenAI", "from langchain_openai import OpenAI"),
        ("from langchain_community.chat_models import ChatOllama", "from langchain_ollama import ChatOllama"),
        ("from langchain import document_loaders", "from langchain_community import document_loaders"),
        ("from langchain.chains.llm import LLMChain", "from langchain_classic.chains import LLMChain"),
        ("from langchain.docstore.document import Document", "from langchain_core.documents import Document"),
        ("from langchain.pydantic_v1 import validator", "from pydantic.v1 import validator"),
        (
            "from  langchain.prompts  import  (PromptTemplate,\n)",
            "from  langchain_core.prompts  import  (PromptTemplate,\n)",
        ),
        (
            "if True: from langchain.schema import Document, AIMessage",
            "if True: from langchain_core.documents import Document; from langchain_core.messages import AIMessage",
        ),
        (
            "from haystack.components.generators import OpenAIGenerator",
            "from app.orchestration.legacy_haystack import OpenAIGenerator",
        ),
        ("from llama_index import VectorStoreIndex", "from llama_index.core import VectorStoreIndex"),
        ("from llama_index.schema import TextNode", "from llama_index.core.schema import TextNode"),
        (
            "from llama_index.llms import OpenAI, ChatMessage",
            "from llama_index.llms.openai import OpenAI\nfrom llama_index.core.llms import ChatMessage",
        ),
        ("from langchain.chains import *", "from langchain_classic.chains import *"),
        ("from langchain_classic.chat_models import ChatOpenAI", "from langchain_openai import ChatOpenAI"),
        ("import langchain.llms as llms, os", "import langchain_classic.llms as llms, os"),
        (
            "import langchain\nx = 1; langchain.verbose = False",
            "import langchain\nx = 1; from langchain_core.globals import set_verbose; set_verbose(False)",
        ),
    ],
)
def test_an_import_gets_its_address_of_today(before: str, after: str, tmp_path: Path) -> None:
    """Whatever its form and its former address, and nothing else of the cell changes."""
    assert after in _code(tmp_path, before)


@pytest.mark.parametrize(
    "code",
    [
        "from langchain.agents import create_agent",
        "from langchain.agents.middleware import SummarizationMiddleware",
        "from langchain.chat_models import init_chat_model",
        "from langchain.messages import HumanMessage",
        "from langchain_community.llms import OpenAI",
        "from langchain_community.chat_models.openai import ChatOpenAI",
        "from langchain_core.prompts import PromptTemplate",
        "from langchain_classic.chat_models import init_chat_model",
        "from .langchain import chains",
        "from langchain_text_splitters import CharacterTextSplitter",
        "import langchain\nprint(langchain.__version__)",
        "from langgraph.graph import StateGraph",
        "from llama_index.core import Settings",
        "from llama_index.retrievers.bm25 import BM25Retriever",
        "from llama_index import core",
    ],
)
def test_what_is_there_still_is_left_alone(code: str, tmp_path: Path) -> None:
    """No edit, no requirement and no finding."""
    promoted = promote_cells(make_project(tmp_path), code)
    assert promoted.code[-1] == code
    assert [f for f in promoted.promotion.report.findings if f.subject == "import"] == []
    assert "requirements-notebooks.in" not in promoted.files


@pytest.mark.parametrize(
    ("code", "instead"),
    [
        ("from langchain.vectorstores import Pinecone\nPinecone()", "langchain_pinecone"),
        ("from langchain_community.vectorstores import Neo4jVector\nNeo4jVector()", "langchain_neo4j"),
        ("from langgraph.graph import Graph\nGraph()", "StateGraph"),
        ("from llama_index import ServiceContext\nServiceContext()", "Settings"),
        ("from langchain.gone_for_good import Thing\nThing()", "documentation"),
        ("import langchain.chains\nlangchain.chains.LLMChain()", "import langchain.chains as"),
        ("import langchain\nlangchain.LLMChain()", "imported by its name"),
    ],
)
def test_a_name_without_a_home_is_refused_with_what_to_use(code: str, instead: str, tmp_path: Path) -> None:
    """The import stays as it is, and the step stays out of the pipeline."""
    promoted = promote_cells(make_project(tmp_path), code)
    refused = [f for f in promoted.promotion.report.refused if f.subject == "import"]
    assert refused
    assert instead in refused[0].remedy
    assert promoted.code[-1] == code
    assert "notebooks/pipeline.yaml" not in promoted.files


def test_a_name_without_a_home_that_nothing_reads_goes(tmp_path: Path) -> None:
    """It would end the step for nothing."""
    promoted = promote_cells(make_project(tmp_path), "from langchain.vectorstores import Chroma, Pinecone\nChroma()")
    assert promoted.code[-1] == "from langchain_community.vectorstores import Chroma\nChroma()"
    assert promoted.refused() == []


def test_an_old_version_is_not_asked_for_beside_imports_of_today(tmp_path: Path) -> None:
    """The pin would contradict them; other pins stay."""
    promoted = promote_cells(
        make_project(tmp_path), "%pip install langchain==0.0.300 faiss-cpu==1.7", "from langchain.llms import OpenAI"
    )
    lines = promoted.files["requirements-notebooks.in"].splitlines()[1:]
    assert lines == ["faiss-cpu==1.7", "langchain", "langchain-openai"]


def test_the_packages_of_the_new_addresses_are_asked_for(tmp_path: Path) -> None:
    """One for each package that has a name, once."""
    code = "from llama_index import Document\nfrom llama_index.llms import OpenAI\nfrom langchain.llms import Ollama"
    lines = promote_cells(make_project(tmp_path), code).files["requirements-notebooks.in"].splitlines()[1:]
    assert lines == ["langchain-community", "llama-index-core", "llama-index-llms-openai"]


def test_the_notebook_that_is_compared_has_the_same_imports(tmp_path: Path) -> None:
    """Else it would end in an ImportError, and nothing could be compared."""
    promotion = promote_cells(
        make_project(tmp_path), "from langchain.schema import AIMessage\nAIMessage('x')"
    ).promotion
    run = "\n".join(source_of(cell) for cell in make_baseline(promotion.source, "poc").notebook.cells)
    assert "from langchain_core.messages import AIMessage" in run


@pytest.mark.parametrize("address", ["langchain.chat_models", "langchain_community.chat_models", "langchain_openai"])
def test_a_constructor_is_known_by_every_address_it_had(address: str, tmp_path: Path) -> None:
    """Its arguments are exchanged and its parameters' former names stay."""
    code = (
        f"from {address} import ChatOpenAI\n"
        "llm = ChatOpenAI(model_name='gpt-4o', openai_api_key=k, openai_api_base=b, request_timeout=9)"
    )
    after = _code(tmp_path, code)
    assert "from langchain_openai import ChatOpenAI" in after
    assert "ChatOpenAI(model_name='gpt-4o', request_timeout=9, **openai_client_args())" in after


def test_the_table_contradicts_itself_nowhere() -> None:
    """A name has one home, what left the community's package has a home or an answer, and both lists are apart."""
    names = [name for names in langchain_names.NAMES.values() for name in names.split()]
    assert len(names) == len(set(names))
    assert not set(names) & set(langchain_names.GONE)
    assert set(langchain_names.LEFT_COMMUNITY) <= set(names) | set(langchain_names.GONE)
    of_core = {name for names in llama_index_names.CORE.values() for name in names.split()}
    assert not of_core & set(llama_index_names.GONE)
    assert set(langchain_names.COMMUNITY) <= set(langchain_names.MODULES)


@pytest.mark.parametrize(
    ("there", "line"),
    [
        ({"nest_asyncio2"}, "import os, nest_asyncio2 as nest_asyncio"),
        ({"nest_asyncio", "nest_asyncio2"}, "import os, nest_asyncio"),
        (set(), "import os, nest_asyncio"),
    ],
    ids=["only the successor", "both", "neither"],
)
def test_a_package_that_is_given_up_has_its_successor(
    there: set[str], line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the successor alone is installed, the old name means it."""
    monkeypatch.setattr(homes, "_is_there", there.__contains__)
    promoted = promote_cells(make_project(tmp_path), "import os, nest_asyncio\nnest_asyncio.apply()")
    assert promoted.code == [f"{line}\nnest_asyncio.apply()"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from mistralai.models import UserMessage", "from mistralai.client.models import UserMessage"),
        (
            "from mistralai import Mistral, ToolMessage",
            "from mistralai.client import Mistral\nfrom mistralai.client.models import ToolMessage",
        ),
        ("from mistralai.client import Mistral", "from mistralai.client import Mistral"),
    ],
)
def test_mistral_s_client_has_its_home_of_today(
    before: str, after: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since 3.0 nothing stands in the package itself; a project with an earlier one keeps its imports."""
    monkeypatch.setattr(homes, "_is_there", {"mistralai.client"}.__contains__)
    assert after in _code(tmp_path, f"{before}\nprint(1)")
    monkeypatch.setattr(homes, "_is_there", {"mistralai.client", "mistralai.models"}.__contains__)
    assert before in _code(tmp_path / "earlier", f"{before}\nprint(1)")


def test_what_runs_code_stands_in_a_package_of_its_own(tmp_path: Path) -> None:
    """LangChain's agents that run Python or SQL went to a package of experiments, which the step then needs."""
    promoted = promote_cells(
        make_project(tmp_path),
        "from langchain.agents.agent_toolkits import create_python_agent\n"
        "from langchain.tools.python.tool import PythonREPLTool\nfrom langchain import SQLDatabaseChain",
        "print(create_python_agent, PythonREPLTool, SQLDatabaseChain)",
    )
    code = "\n".join(promoted.code)
    assert "from langchain_experimental.agents.agent_toolkits import create_python_agent" in code
    assert "from langchain_experimental.tools.python.tool import PythonREPLTool" in code
    assert "from langchain_experimental.sql import SQLDatabaseChain" in code
    assert "langchain-experimental" in promoted.promotion.report.dependencies


def test_a_retired_sdk_that_only_keeps_a_key_is_not_needed(tmp_path: Path) -> None:
    """Where another library asks the model, the import that cannot be had any more goes."""
    promoted = promote_cells(
        make_project(tmp_path),
        "import os\nimport google.generativeai as genai\nfrom langchain_google_genai import ChatGoogleGenerativeAI",
        "genai.configure(api_key=os.environ['GOOGLE_API_KEY'])\nllm = ChatGoogleGenerativeAI(model='gemini-2.0-flash')",
    )
    assert "google.generativeai" not in "\n".join(promoted.code)
    assert [f.place for f in promoted.promotion.report.findings if "is ours, which keeps no key" in f.what] == ["0:2"]


def test_a_tool_called_like_a_function_is_invoked(tmp_path: Path) -> None:
    """LangChain's tools are not called any more; a plain function is, and so is what may be something else."""
    code = promote_cells(
        make_project(tmp_path),
        "from langchain_core.tools import tool, StructuredTool",
        "@tool\ndef weather(city: str):\n    'The weather.'\n    return 'sunny'\n\n"
        "def plain(city):\n    return city\n\n"
        "made = StructuredTool.from_function(plain)\neither = made\neither = plain",
        "print(weather('Rome'), plain('Rome'), made({'city': 'Rome'}), either('Rome'))",
    ).code
    assert code[-1] == "print(weather.invoke('Rome'), plain('Rome'), made.invoke({'city': 'Rome'}), either('Rome'))"
