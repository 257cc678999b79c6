"""`app eval` as a contender in somebody else's benchmark of evaluation loops.

    own='PYTHON bench/eval_contender.py --cases CASES.py'

CASES.py has `from_env()`, which gives `{id, prompt, instruction, text, expected}` for BENCH_PHASE, and
`messages(case)`. Where to ask is told by BENCH_BASE and BENCH_MODEL. Project and database are made once beforehand,
outside of what is measured (`--prepare`, which a first run does too; `--stop` ends the database); a phase `cold` begins
with an empty cache. A first run approves a baseline, later ones are judged by it. Prints the evaluation, then
`ACCURACY 0.dddd`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import eval_project
import yaml

ROOT = Path(__file__).resolve().parent.parent
TEXT = "{{text}}"


def cases_of(file: Path) -> Any:
    """The module of the cases."""
    sys.path.insert(0, str(file.resolve().parent))
    spec = importlib.util.spec_from_file_location("contender_cases", file)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{file} is no Python file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def write(root: Path, module: Any, cases: list[dict[str, Any]]) -> None:
    """Prompts, cases, criteria and the provider, as they are for this phase."""
    tasks = sorted({case["prompt"] for case in cases})
    deployment = {"id": os.environ["BENCH_MODEL"], "input_usd_per_million": 0.4, "output_usd_per_million": 1.6}
    provider = {"protocol": "openai", "base_url": os.environ["BENCH_BASE"], "key_required": False}
    development = {
        "auth": {"mode": "open"},
        "provider": "compatible",
        "providers": {"compatible": provider},
        "models": {"small": {"compatible": [deployment]}},
        "routes": {task: {"models": ["small"], "max_output_tokens": 16, "temperature": 0} for task in tasks},
    }
    documents: dict[str, Any] = {
        "config/dev.yaml": development,
        "config/success.yaml": {
            "suites": {task: {"min_cases": 1, "metrics": {"accuracy": {"min": 0.5}}} for task in tasks}
        },
        "evals/suites.yaml": {task: {"task": task, "kind": "label"} for task in tasks},
        "prompts/releases.yaml": yaml.safe_load((ROOT / "prompts" / "releases.yaml").read_text("utf-8"))
        | dict.fromkeys(tasks, 1),
    }
    for task in tasks:
        ours = [case for case in cases if case["prompt"] == task]
        documents[f"prompts/{task}/v1.prompt.yml"] = {
            "description": f"The prompt {task} of the benchmark.",
            "inputs": {"text": {"type": "string"}},
            "messages": module.messages({**ours[0], "text": TEXT}),
            "parameters": {"temperature": 0, "max_output_tokens": 16},
        }
        lines = [
            json.dumps({"id": one["id"], "inputs": {"text": one["text"]}, "expected": {"label": one["expected"]}})
            for one in ours
        ]
        _put(root / "evals" / "cases" / f"{task}.jsonl", "\n".join(lines) + "\n")
    for name, document in documents.items():
        _put(root / name, yaml.safe_dump(document, sort_keys=False))


def prepare(root: Path) -> None:
    """The project without its cases, and its database."""
    for name in ("config", "prompts"):
        shutil.copytree(ROOT / name, root / name)
    (root / "corpus").symlink_to(ROOT / "corpus")
    (root / "evals").mkdir()
    _put(root / "config" / "dev.yaml", yaml.safe_dump({"auth": {"mode": "open"}, "provider": "offline"}))


def main() -> None:
    """The command; ends as `app eval` does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=Path)
    parser.add_argument("--home", type=Path, default=Path(tempfile.gettempdir()) / f"eval-contender-{os.getuid()}")
    parser.add_argument("--prepare", action="store_true", help="make project and database, evaluate nothing")
    parser.add_argument("--stop", action="store_true", help="stop the database")
    chosen = parser.parse_args()
    wanted = eval_project.environment()
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    os.environ.update(wanted)
    sys.path.insert(0, str(ROOT / "src"))
    root = chosen.home / "project"
    if not (root / "config").exists():
        root.mkdir(parents=True)
        chosen.home.chmod(0o711)  # run by root, the database's server is another user
        prepare(root)
    os.chdir(root)
    from app.cli.main import main as app

    if chosen.prepare or chosen.stop:
        app(["db", "stop" if chosen.stop else "migrate"])
    if chosen.cases is None:
        parser.error("--cases is needed: the file with the cases of the benchmark")
    module = cases_of(chosen.cases)
    cases = module.from_env()
    write(root, module, cases)
    if os.environ.get("BENCH_PHASE") == "cold":
        _forget(root)
    judged = (root / "evals" / "baseline").exists()
    try:
        app(["eval", "--gate" if judged else "--update-baseline"], standalone_mode=False)
    finally:
        print(f"ACCURACY {_accuracy(root, len(cases)):.4f}", flush=True)


def _forget(root: Path) -> None:
    import psycopg

    from app import bootstrap

    with psycopg.connect(bootstrap.prepare_database(bootstrap.settings(root)), autocommit=True) as connection:
        connection.execute("DELETE FROM app.reply_cache")


def _accuracy(root: Path, count: int) -> float:
    found = [json.loads(path.read_text("utf-8")) for path in (root / "build" / "evals").glob("*@*.json")]
    right = sum(case["scores"]["label"]["value"] for one in found for case in one["cases"] if case["scores"])
    return float(right) / count


def _put(path: Path, text: str) -> None:
    if not path.exists() or path.read_text("utf-8") != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
