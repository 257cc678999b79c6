"""The cases of a suite as a dataset of MLflow's, so that its pages show what was asked beside what was answered.

The files under `evals/` stay the truth: records follow them, and those of cases that are gone are removed.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from app.observability.evaluation.result import SuiteResult
from app.observability.mlflow_connection import Connection

DIGEST_TAG = "app.cases"
DIGEST_CHARS = 8


def digest_of(result: SuiteResult) -> str:
    """Of all cases of a result: the same for every version that answered them."""
    return hashlib.sha256("".join(sorted(case.digest for case in result.cases)).encode()).hexdigest()[:DIGEST_CHARS]


def register(result: SuiteResult, connection: Connection) -> Any:
    """The dataset of the result's suite, its records those of the result, as an input that a run may name."""
    from mlflow.entities import Dataset, DatasetInput

    digest = digest_of(result)
    known = _found(result.suite, connection) or connection.client.create_dataset(
        name=result.suite, experiment_id=[connection.experiment_id], tags={"source": _file(result)}
    )
    if (known.tags or {}).get(DIGEST_TAG) != digest:
        _follow(known, result)
        connection.client.set_dataset_tags(known.dataset_id, {DIGEST_TAG: digest})
    named = Dataset(
        name=result.suite,
        digest=digest,
        source_type="mlflow_evaluation_dataset",
        source=json.dumps({"dataset_id": known.dataset_id}),
        profile=json.dumps({"num_rows": len(result.cases)}),
    )
    return DatasetInput(dataset=named, tags=[])


def _found(name: str, connection: Connection) -> Any | None:
    found = connection.client.search_datasets(
        experiment_ids=[connection.experiment_id], filter_string=f"name = '{name}'", max_results=1
    )
    return found[0] if found else None


def _follow(dataset: Any, result: SuiteResult) -> None:
    """Make the records those of the result: old ones out, changed and new ones in."""
    dataset.merge_records(
        [
            {
                "inputs": dict(case.inputs),
                "expectations": dict(case.expected),
                "tags": {"case": case.id, "slice": case.slice},
            }
            for case in result.cases
        ]
    )
    wanted = {json.dumps(dict(case.inputs), sort_keys=True) for case in result.cases}
    gone = [r.dataset_record_id for r in dataset.records if json.dumps(r.inputs, sort_keys=True) not in wanted]
    if gone:
        dataset.delete_records(gone)


def _file(result: SuiteResult) -> str:
    return f"evals/cases/{result.suite}.jsonl"
