"""What promote makes of a folder of notebooks that were not written for it, and what a pipeline step costs.

`make bench-notebooks NOTEBOOKS=FOLDER [PROOFS=20]`. Every notebook below the folder is promoted in memory; of the small
self-contained ones, PROOFS are run and compared with their steps, offline. Without a folder only the cost of a step is
measured. The last line is JSON: key figures by name. Nothing is written into this project.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import random
import re
import shutil
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import generated_tests
from generated_tests import TimedTest, time_tests
from self_contained import why_not

from tools.promote.lifting.sinks import find_sinks
from tools.promote.notebook.magics import mask
from tools.promote.notebook.notebook_file import source_of
from tools.promote.notebook.outcome import Refused
from tools.promote.notebook.program import Program, read_program
from tools.promote.promotion import Promotion, locate, promote
from tools.promote.proving.proof import prove
from tools.promote.workspace import make_workspace

ROOT = Path(__file__).resolve().parents[1]
# Families promote is measured by, with the roots of what they import.
LISTED = {
    "OpenAI": ("openai",),
    "LangChain": ("langchain", "langgraph"),
    "Google": ("google.genai", "google.generativeai", "vertexai"),
    "LlamaIndex": ("llama_index",),
    "Anthropic": ("anthropic",),
    "Cohere": ("cohere",),
    "Mistral": ("mistralai",),
    "Haystack": ("haystack",),
}
# Those the issue names after them, told apart so that the figures of before can be compared.
FURTHER = {
    "LiteLLM": ("litellm",),
    "pydantic-ai": ("pydantic_ai",),
    "Ollama": ("ollama",),
    "Hugging Face": ("huggingface_hub.InferenceClient", "huggingface_hub.AsyncInferenceClient"),
    "agents": (
        "agents",
        "crewai",
        "autogen",
        "autogen_agentchat",
        "smolagents",
        "google.adk",
        "agno",
        "phi",
        "strands",
    ),
}
SHORT = "short text"  # what deserves no file of its own
# Imports of a listed family that may make or hold a client; splitters, loaders, messages and prompts do not.
CLIENT_NAME = re.compile(
    r"Chat(?!Prompt|Message|Generation|History)[A-Z]|LLM|Embed|OpenAI|Anthropic|Claude|Gemini|Generat(or|ive)|Complet"
    r"|Ollama|Bedrock|Client\b|Model\b|_agent\b|init_chat_model|Settings|VectorStoreIndex|Engine|openai$|genai$"
)
LOCAL = "inside the notebook's own process"
STEP_ROUNDS = 7
QUIET = ["--IPKernelApp.log_level=50"]
STEP_CELLS = [
    "n = 3",
    "import json\nimport math",
    "x = sum(math.sqrt(i) for i in range(400_000 * n))",
    "print(json.dumps(x))",
]


@dataclass
class Outcome:
    """What became of one notebook."""

    path: str
    status: str  # promoted, refused, crashed
    detail: str = ""
    families: list[str] = field(default_factory=list)
    further: list[str] = field(default_factory=list)
    rewired: bool = False
    local_only: bool = False
    clientless: bool = False  # nothing was found, and no import looks like a client either
    unplaced: int = 0  # refusals that lack cell, line or remedy
    lifted: int = 0
    reported: int = 0
    asking: int = 0
    exported: int = 0
    self_contained: bool = False


def outcome_of(path: Path, project: Path) -> Outcome:
    """Promote one notebook in memory; every code cell of the step is parsed again."""
    try:
        promotion = promote(locate(path, project, None))
    except Refused as refusal:
        return Outcome(str(path), "refused", str(refusal))
    except Exception as error:  # noqa: BLE001  a crash is what is counted here
        return Outcome(str(path), "crashed", f"{type(error).__name__}: {error}")
    for cell in promotion.step.cells:
        if cell["cell_type"] == "code":
            ast.parse(mask(source_of(cell)).text)
    program = read_program(promotion.source, path.name)
    report = promotion.report
    clients = [finding for finding in report.findings if finding.subject == "client"]
    asking = _asking_functions(program)
    return Outcome(
        str(path),
        "promoted",
        families=_families(program, LISTED),
        further=_families(program, FURTHER),
        rewired=any(finding.outcome == "changed" for finding in clients),
        local_only=bool(clients) and all(LOCAL in finding.reason for finding in clients),
        clientless=not clients and not any(CLIENT_NAME.search(path) for path in program.names.imports.values()),
        unplaced=sum(1 for f in report.refused if f.cell < 0 or f.line < 1 or not f.remedy),
        lifted=len(report.prompts),
        reported=sum(
            1 for f in report.findings if f.subject == "prompt" and f.outcome == "kept" and SHORT not in f.reason
        ),
        asking=len(asking),
        exported=len(asking & _exported(promotion)),
        self_contained=not why_not(promotion),
    )


def _families(program: Program, table: Mapping[str, tuple[str, ...]]) -> list[str]:
    paths = set(program.names.imports.values())

    def of(roots: tuple[str, ...]) -> bool:
        return any(path == root or path.startswith((f"{root}.", f"{root}_")) for path in paths for root in roots)

    return [name for name, roots in table.items() if of(roots)]


def _asking_functions(program: Program) -> set[str]:
    """Top-level functions that hold what a model is told."""
    found = set()
    for sink in find_sinks(program):
        around = [a for a in sink.cell.above(sink.value) if isinstance(a, ast.FunctionDef | ast.AsyncFunctionDef)]
        if around and not sink.prose and around[-1].name in program.names.functions:
            found.add(around[-1].name)
    return found


def _exported(promotion: Promotion) -> set[str]:
    names: set[str] = set()
    for cell in promotion.step.cells:
        text = source_of(cell)
        if cell["cell_type"] == "code" and text.startswith("#| export"):
            tree = ast.parse(mask(text).text)
            names |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    return names


def promote_all(folder: Path, scratch: Path) -> list[Outcome]:
    """One outcome a notebook, over both processors, in the order of their paths."""
    project = scratch / "in-memory"
    for name in ("notebooks/steps", "prompts", "tests/steps"):
        (project / name).mkdir(parents=True)
    shutil.copy(ROOT / "pyproject.toml", project)
    (project / "notebooks" / "pipeline.yaml").write_text("steps: []\n", encoding="utf-8")
    paths = sorted(path for path in folder.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts)
    with ProcessPoolExecutor(max_workers=os.cpu_count()) as pool:
        return list(pool.map(outcome_of, paths, [project] * len(paths), chunksize=8))


def prove_some(
    outcomes: Iterable[Outcome], count: int, scratch: Path
) -> tuple[list[tuple[str, str, str]], list[TimedTest]]:
    """Path, verdict and detail of a sample of the self-contained ones, with the project's own offline door; and the
    tests that come with those that are proved."""
    from app import bootstrap

    os.environ["DATABASE_URL"] = bootstrap.prepare_database(bootstrap.settings(ROOT))
    candidates = [Path(o.path) for o in outcomes if o.self_contained]
    chosen = random.Random(1).sample(candidates, min(count, len(candidates)))
    found = []
    tests: list[TimedTest] = []
    for index, path in enumerate(chosen):
        project = make_workspace(ROOT, scratch / f"proof-{index}", {})
        promotion = promote(locate(path, project, None))
        prove(promotion)
        proof = promotion.report.proof
        found.append((path.name, proof.verdict, proof.detail))
        if proof.verdict == "proved":
            tests += time_tests(promotion, ROOT, scratch / f"tests-{index}")
        print(f"  {proof.verdict:8} {path.name[:50]:50} {proof.detail[:400]}", flush=True)
        shutil.rmtree(project)
    return found, tests


def step_cost(scratch: Path) -> dict[str, float]:
    """Seconds of one notebook by nbclient alone and as a pipeline step, in turn; medians and their ratio."""
    import nbformat
    from nbclient import NotebookClient

    from app.orchestration.notebook_step import run_notebook

    cells = [nbformat.v4.new_code_cell(text) for text in STEP_CELLS]
    cells[0].metadata["tags"] = ["parameters"]
    document = nbformat.v4.new_notebook(
        cells=cells, metadata={"kernelspec": {"name": "python3", "display_name": "P", "language": "python"}}
    )
    notebook = scratch / "step.ipynb"
    nbformat.write(document, notebook)
    times: dict[str, list[float]] = defaultdict(list)
    for round_ in range(STEP_ROUNDS):
        for name in random.Random(round_).sample(["nbclient", "step"], 2):
            began = time.perf_counter()
            if name == "nbclient":
                NotebookClient(nbformat.read(notebook, 4), kernel_name="python3", extra_arguments=QUIET).execute(
                    cwd=str(scratch)
                )
            else:
                settings = SimpleNamespace(root=scratch, providers={})
                door = SimpleNamespace(url="http://127.0.0.1:9", key="none")
                folder = scratch / f"out-{round_}"
                context = SimpleNamespace(settings=settings, door=door, prompt_versions={}, folder=folder)
                run_notebook(notebook, {"n": 3}, cast(Any, context))
            times[name].append(time.perf_counter() - began)
    medians = {name: statistics.median(values[1:]) for name, values in times.items()}
    return {
        "nbclient_s": round(medians["nbclient"], 3),
        "step_s": round(medians["step"], 3),
        "step_ratio": round(medians["step"] / medians["nbclient"], 3),
    }


def summary(outcomes: list[Outcome], proofs: list[tuple[str, str, str]]) -> dict[str, Any]:
    """The figures by name, printed as a table on the way."""
    promoted = [o for o in outcomes if o.status == "promoted"]
    status = Counter(o.status for o in outcomes)
    print(f"{len(outcomes)} notebooks: {dict(status)}")
    for outcome in outcomes:
        if outcome.status != "promoted":
            print(f"  {outcome.status:8} {Path(outcome.path).name[:50]:50} {outcome.detail[:110]}")
    shares: dict[str, float] = {}
    print(f"\n{'family':12} {'notebooks':>9} {'rewired':>8} {'models of the notebook own':>28} {'no client':>10}")
    for name in (*LISTED, *FURTHER):
        group = [o for o in promoted if name in (*o.families, *o.further)]
        if group:
            shares[name] = sum(o.rewired for o in group) / len(group)
            print(
                f"{name:12} {len(group):9} {shares[name]:8.3f} {sum(o.local_only for o in group):28}"
                f" {sum(o.clientless for o in group):10}"
            )
    listed = [o for o in promoted if o.families]
    outside = [o for o in listed if not (o.clientless or o.local_only)]
    lifted, reported = sum(o.lifted for o in promoted), sum(o.reported for o in promoted)
    asking, exported = sum(o.asking for o in promoted), sum(o.exported for o in promoted)
    verdicts = Counter(verdict for _, verdict, _ in proofs)
    return {
        "notebooks": len(outcomes),
        "promoted": len(promoted),
        "crashed": status["crashed"],
        "refusals_without_place_or_remedy": sum(o.unplaced for o in promoted),
        "families_rewired": _share(sum(o.rewired for o in listed), len(listed)),
        "families_without_client": sum(o.clientless for o in listed),
        "families_with_local_models_alone": sum(o.local_only for o in listed),
        "families_rewired_of_clients_outside": _share(sum(o.rewired for o in outside), len(outside)),
        "families_rewired_by_family": {name: round(share, 3) for name, share in shares.items()},
        "prompts_lifted": lifted,
        "prompts_reported": reported,
        "prompts_lifted_share": _share(lifted, lifted + reported),
        "asking_functions": asking,
        "asking_functions_exported_share": _share(exported, asking),
        "self_contained": sum(o.self_contained for o in outcomes),
        "proofs_run": len(proofs),
        "proved_share": _share(verdicts["proved"], len(proofs)),
        "proofs_that_differ": verdicts["differs"],
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--notebooks", type=Path, help="a folder of notebooks")
    parser.add_argument("--proofs", type=int, default=20, help="how many self-contained ones are run")
    options = parser.parse_args()
    figures: Mapping[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="bench-notebooks-") as name:
        scratch = Path(name)
        if options.notebooks:
            outcomes = promote_all(options.notebooks, scratch)
            proofs, tests = prove_some(outcomes, options.proofs, scratch)
            figures = {**summary(outcomes, proofs), **generated_tests.summary(tests)}
        print(json.dumps({**figures, **step_cost(scratch)}))


if __name__ == "__main__":
    main()
