"""What a run of the pipeline is made of, as one hash: the same inputs are the same run, anything else is another.

Files count by content, never by date. The code counts too: a changed chunker is a changed run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import app
from app.orchestration.pipeline_file import Pipeline
from app.settings import Settings

ID_LENGTH = 20
IGNORED_PARTS = frozenset({"__pycache__", ".ipynb_checkpoints"})


def pipeline_identity(pipeline: Pipeline, settings: Settings, prompt_versions: Mapping[str, int]) -> str:
    """The workflow's id, 20 hex digits."""
    made_of = {
        "pipeline": pipeline.name,
        "steps": [[step.name, step.kind, step.target, dict(step.parameters)] for step in pipeline.steps],
        "notebooks": {
            step.name: _content(pipeline.folder / step.target) for step in pipeline.steps if step.kind == "notebook"
        },
        "corpus": dict(_contents(settings.root / settings.retrieval.corpus)),
        "data_gates": dict(_contents(settings.root / "data_gates")),
        "prompts": dict(_contents(settings.root / "prompts")),
        "prompt_versions": dict(prompt_versions),
        "code": dict(_contents(Path(app.__path__[0]), "*.py")),
        "models": _models(settings),
        "retrieval": settings.retrieval.model_dump(mode="json"),
    }
    text = json.dumps(made_of, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:ID_LENGTH]


def _models(settings: Settings) -> dict[str, Any]:
    """Who serves each model, without addresses and secrets."""
    served = {
        name: [deployment.id for deployment in by_provider.get(settings.provider, ())]
        for name, by_provider in settings.models.items()
    }
    return {"provider": settings.provider, "served": served}


def _contents(folder: Path, pattern: str = "*") -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob(pattern)):
        if path.is_file() and not IGNORED_PARTS.intersection(path.parts):
            yield path.relative_to(folder).as_posix(), _content(path)


def _content(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
