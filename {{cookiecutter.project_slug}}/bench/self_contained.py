"""Which notebooks are small and self-contained: they need a key, the packages they import, and nothing else.

What they must not do is reach the network themselves (through a library, or a tool that runs at the provider), read
files that they have not written, weights or data of a hub, what another notebook left behind, or settings of a machine.
Read from the code, not from its comments. A key and a model's address are the door's to bring.
"""

from __future__ import annotations

import ast
import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools.promote.clients import FAMILIES
from tools.promote.inputs.secrets import is_environ
from tools.promote.notebook.program import CodeCell, Program, read_program
from tools.promote.promotion import Promotion
from tools.promote.proving.baseline import make_baseline

SMALL_CELLS = 40
ROOT = Path(__file__).resolve().parents[1]
# Libraries whose every use leaves the notebook.
NETWORK = {
    "requests", "urllib3", "aiohttp", "wget", "subprocess", "wikipedia", "wikipediaapi", "duckduckgo_search", "ddgs",
    "tavily", "serpapi", "dspy.datasets", "dspy.utils.download", "exa_py", "firecrawl", "arxiv", "yfinance",
    "pinecone", "feedparser", "playwright", "selenium", "langgraph_sdk", "gdown", "kagglehub",
    "huggingface_hub.snapshot_download", "huggingface_hub.hf_hub_download", "langchain.hub", "langchain_classic.hub",
    "langchainhub", "langsmith.Client", "langsmith.evaluate", "langsmith.aevaluate", "langchain_classic.smith",
    "datasets.load_dataset", "pyodbc", "psycopg", "psycopg2", "pymongo", "redis", "snowflake", "neo4j", "docker",
    "e2b", "e2b_code_interpreter", "mcp", "google.colab.drive", "google.colab.files", "vertexai.rag",
    "vertexai.preview.rag", "vertexai.model_garden", "vertexai.agent_engines", "fastmcp",
    "pydantic_ai.mcp", "agents.mcp", "langchain_mcp_adapters", "langchain_aws.tools", "langchain_aws.vectorstores",
}  # fmt: skip
REQUESTS = re.compile(
    r"(?:httpx\.(?:get|post|put|stream|request)|urllib\.request\.\w+|boto3\.\w+|google\.cloud\.(?!aiplatform)[\w.]+)$"
)
# Classes and functions by their names, whatever package they come from.
REACHING = re.compile(
    r"Wikipedia|Tavily|DuckDuckGo|Serp(?:API|er)|Google(?:Custom)?Search|BraveSearch|Bing\w*Search|Arxiv|Y(?:ou)?[Tt]ube"
    r"|PubMed|ColBERT|WolframAlpha|OpenWeather|Firecrawl|Llama(?:Parse|Cloud)|SentenceTransformer|CrossEncoder|HuggingFaceEmbedding"
    r"|HuggingFacePipeline|Playwright|Neo4j|Pinecone|Weaviate\w*Store|MongoDB|Elasticsearch|Postgres(?:Saver|Store)|PGVector"
    r"|LinkContentFetcher|\w(?:Loader|Reader)$|^(?:from_pretrained|from_uri|connect_to_\w+|load_tools|pull_prompt|snapshot_download)$"
)
IN_MEMORY = {"DataLoader", "StringReader", "BytesReader", "DictLoader", "FileSystemLoader", "PackageLoader"}
READS = re.compile(r"^(?:read_(?:csv|json|excel|parquet|text|bytes|table|html)|imread|loadtxt)$")
SHELL = re.compile(
    r"\b(?:wget|curl|bq|gcloud|gsutil|git clone|apt(?:-get)?|docker|ollama|gdown|kaggle|unzip)\b|^%(?:run|store -r)\b"
)
DATA_ADDRESS = re.compile(r"(?:https?|gs|s3)://\S+\.(?:pdf|csv|jsonl?|txt|mp[34]|wav|zip|md|ipynb|parquet)$")
# Tools that run at the provider, by their type or name.
AT_THE_PROVIDER = re.compile(
    r"(?:web_search|web_fetch|file_search|code_interpreter|code_execution|computer_use|image_generation|google_search)"
    r"(?:_\w+)?|mcp"
)
PROVIDER_ARGUMENTS = {"server_url", "google_search", "google_search_retrieval", "code_execution", "url_context"}
Place = tuple[int, int]  # cell and line
# Settings that say where a model is and who asks: a door brings them.
BROUGHT = re.compile(
    r"(?:\w*_)?(?:KEY|APIKEY|TOKEN|BASE|ENDPOINT|BASE_URL|API_VERSION|MODEL|DEPLOYMENT|PROJECT|LOCATION|REGION)(?:_\w*)?"
)


def why_not(promotion: Promotion) -> str:
    """What speaks against a notebook, in a word or two; empty when nothing does."""
    report = promotion.report
    if report.hindrance is not None:
        return f"refused: {report.hindrance.what}: {report.hindrance.reason}"
    clients = set(read_program(promotion.source, report.source).names.imports.values())
    if not any(family.owns(path) for family in FAMILIES for path in clients):
        return "no client"
    # As it is run: with the imports that its packages have today.
    program = read_program(make_baseline(promotion.source, report.source).notebook, report.source)
    if len(program.cells) > SMALL_CELLS:
        return "large"
    missing = sorted(module for module in _modules(set(program.names.imports.values())) if not _installed(module))
    if missing:
        return f"not installed: {', '.join(missing)}"
    return next(_reaches_out(program), "")


def _reaches_out(program: Program) -> Iterator[str]:
    written = _written(program)
    for cell in program.cells:
        for magic in cell.masked.magics:
            if SHELL.search(magic.text) and "install" not in magic.text:
                yield f"shell: {magic.text[:40]}"
        for node in cell.nodes:
            if isinstance(node, ast.Call):
                yield from _of_call(program, cell, node, written)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                if DATA_ADDRESS.fullmatch(node.value.strip()):
                    yield f"data: {node.value.strip()[:60]}"
            elif isinstance(node, ast.Dict):
                yield from _of_tool(node)
            elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Load) and is_environ(node.value):
                name = node.slice.value if isinstance(node.slice, ast.Constant) else ""
                if not BROUGHT.fullmatch(str(name)) and name not in _set_here(program):
                    yield f"setting: {name}"


def _of_call(program: Program, cell: CodeCell, call: ast.Call, written: dict[str, Place]) -> Iterator[str]:
    dotted = program.dotted(call.func) or ""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    heads = {dotted.split(".")[0], ".".join(dotted.split(".")[:2]), ".".join(dotted.split(".")[:3])}
    at_bedrock = dotted == "boto3.client" and _first(call) in ("bedrock-runtime", "bedrock")
    if not _to_this_machine(call) and not at_bedrock and (heads & NETWORK or REQUESTS.fullmatch(dotted)):
        yield f"network: {dotted}"
    elif any(map(REACHING.search, [name, *dotted.split(".")[-2:]])) and not IN_MEMORY & {name, *dotted.split(".")}:
        yield f"reaches: {name}"
    elif (name == "open" or READS.fullmatch(name) or dotted == "xml.etree.ElementTree.parse") and _reads_unwritten(
        cell, call, name, written
    ):
        yield f"file: {ast.unparse(call)[:60]}"
    for keyword in call.keywords:
        if keyword.arg in PROVIDER_ARGUMENTS:
            yield f"at the provider: {keyword.arg}"


def _of_tool(node: ast.Dict) -> Iterator[str]:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and key.value in PROVIDER_ARGUMENTS:
            yield f"at the provider: {key.value}"
        kind = value.value if isinstance(value, ast.Constant) else None
        if isinstance(key, ast.Constant) and key.value == "type" and AT_THE_PROVIDER.fullmatch(str(kind)):
            yield f"at the provider: {kind}"


def _written(program: Program) -> dict[str, Place]:
    """What stands for the paths that the notebook writes (the expressions, and the names of magics' files), and where
    it does so first; what a function writes may be there from the start."""
    found: dict[str, Place] = {
        magic.text.split()[-1]: (cell.index, 0)
        for cell in program.cells
        for magic in cell.masked.magics
        if magic.text.startswith("%%writefile")
    }
    for cell, call in program.calls():
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if (name == "open" and _writes(call) and call.args) or (name.startswith("to_") and call.args):
            path = call.args[0]
        elif name in ("write_text", "write_bytes") and isinstance(call.func, ast.Attribute):
            path = call.func.value
        else:
            continue
        place = (-1, 0) if cell.function_around(call) else (cell.index, call.lineno)
        found[_shown(path)] = min(place, found.get(_shown(path), place))
    return found


def _reads_unwritten(cell: CodeCell, call: ast.Call, name: str, written: dict[str, Place]) -> bool:
    if name == "open" and _writes(call):
        return False
    given = [*call.args, *(k.value for k in call.keywords if k.arg in ("file", "filepath_or_buffer", "path"))]
    on_a_path = isinstance(call.func, ast.Attribute) and not given
    path = call.func.value if on_a_path and isinstance(call.func, ast.Attribute) else given[0] if given else None
    if path is None or (isinstance(path, ast.Call) and ast.unparse(path.func).endswith(("BytesIO", "StringIO"))):
        return False
    first = written.get(_shown(path))
    return first is None or (first > (cell.index, call.lineno) and cell.function_around(call) is None)


def _writes(call: ast.Call) -> bool:
    mode = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "mode"), None)
    return isinstance(mode, ast.Constant) and any(letter in str(mode.value) for letter in "wax")


def _shown(path: ast.expr) -> str:
    return path.value if isinstance(path, ast.Constant) and isinstance(path.value, str) else ast.unparse(path)


def _first(call: ast.Call) -> str | None:
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "service_name")]
    return given[0].value if given and isinstance(given[0], ast.Constant) else None


def _to_this_machine(call: ast.Call) -> bool:
    """Exceptions, sessions' types and the like are no requests; requests to this machine stay on it."""
    shown = ast.unparse(call)
    return "localhost" in shown or "127.0.0.1" in shown


def _set_here(program: Program) -> set[str]:
    """Variables of the environment that the notebook sets itself."""
    return {
        str(node.slice.value)
        for cell in program.cells
        for node in cell.nodes
        if isinstance(node, ast.Subscript)
        and isinstance(node.ctx, ast.Store)
        and is_environ(node.value)
        and isinstance(node.slice, ast.Constant)
    }


def _modules(paths: set[str]) -> set[str]:
    """The modules that must be there. A library of today may have none any more that the notebook imports; `google` is
    shared by many packages, which differ in the names below it."""
    depth = {path: 3 if path.startswith("google.cloud") else 1 + path.startswith("google.") for path in paths}
    roots = {".".join(path.split(".")[:parts]) for path, parts in depth.items()}
    elsewhere = {"", "google", "google.colab", "IPython", "dotenv"}
    parents = {path.rpartition(".")[0] for path in paths if path.split(".")[0] not in elsewhere}
    return (roots | parents) - elsewhere


def _installed(module: str) -> bool:
    try:
        found = importlib.util.find_spec(module)
    except ValueError:  # one that loads its parts late may stand there without a spec
        return module in sys.modules
    except Exception:  # noqa: BLE001  a package above the module says so in its own way when it cannot be imported
        return False
    places = [found.origin, *(found.submodule_search_locations or ())] if found is not None else []
    inside = [Path(place) for place in places if place and ROOT in Path(place).parents]
    # A folder of this project is no module of the notebook's that has the same name; its environment may lie in it.
    own = module.split(".")[0] != "app" and any("site-packages" not in place.parts for place in inside)
    return found is not None and not own
