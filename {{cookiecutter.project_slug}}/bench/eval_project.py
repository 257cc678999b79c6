"""A project whose four suites are the tickets of `eval_cases`: what `app eval --gate` is measured on."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import yaml
from eval_cases import LABELS, MARK, TASKS, instruction, tickets

ROOT = Path(__file__).resolve().parent.parent
MODEL = "bench-model"


def make(root: Path, base_url: str) -> None:
    """Write it. The rest of the project is linked, so that what is measured is the project's own code and settings."""
    shutil.copytree(ROOT / "config", root / "config")
    (root / "corpus").symlink_to(ROOT / "corpus")
    shutil.copytree(ROOT / "prompts", root / "prompts")
    deployment = {"id": MODEL, "input_usd_per_million": 0.4, "output_usd_per_million": 1.6}
    development = {
        "provider": "compatible",
        "providers": {"compatible": {"protocol": "openai", "base_url": f"{base_url}/v1", "key_required": False}},
        "models": {"small": {"compatible": [deployment]}},
        "routes": {task: {"models": ["small"], "max_output_tokens": 16, "temperature": 0} for task in TASKS},
    }
    (root / "config" / "dev.yaml").write_text(yaml.safe_dump({"auth": {"mode": "open"}, **development}), "utf-8")
    criteria = {task: {"min_cases": 60, "metrics": {"accuracy": {"min": 0.8}}} for task in TASKS}
    (root / "config" / "success.yaml").write_text(yaml.safe_dump({"suites": criteria}), "utf-8")
    served = yaml.safe_load((root / "prompts" / "releases.yaml").read_text("utf-8"))
    (root / "prompts" / "releases.yaml").write_text(yaml.safe_dump({**served, **dict.fromkeys(TASKS, 1)}), "utf-8")
    prompts(root, changed=False)
    (root / "evals" / "cases").mkdir(parents=True)
    suites = {task: {"task": task, "kind": "label"} for task in TASKS}
    (root / "evals" / "suites.yaml").write_text(yaml.safe_dump(suites), "utf-8")
    for task in TASKS:
        lines = [
            json.dumps({"id": one.id, "inputs": {"ticket": one.text}, "expected": {"label": one.label}})
            for one in tickets()
            if one.task == task
        ]
        (root / "evals" / "cases" / f"{task}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")


def prompts(root: Path, *, changed: bool) -> None:
    """Write the four prompts, one word of the first one changed or not."""
    for task in TASKS:
        system = {"role": "system", "content": instruction(task, changed=changed)}
        document = {
            "description": f"Sorts tickets of {task} into {len(LABELS)} labels.",
            "inputs": {"ticket": {"type": "string"}},
            "messages": [system, {"role": "user", "content": MARK + "{{ticket}}"}],
            "parameters": {"temperature": 0, "max_output_tokens": 16},
        }
        path = root / "prompts" / task / "v1.prompt.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(document, sort_keys=False), "utf-8")


def environment() -> dict[str, str]:
    """That of a developer with nothing set but where the package is; byte code may be kept."""
    kept = {
        key: value for key, value in os.environ.items() if not key.startswith("APP_") and not key.endswith("_API_KEY")
    }
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "PYTHONPATH": str(ROOT / "src"), "APP_PROJECT__NAME": "Bench", "APP_PROJECT__SLUG": "bench"}


def command(*words: str) -> list[str]:
    """`app WORDS`."""
    return [sys.executable, "-m", "app", *words]
