"""The demo's questions to the running service, and one trace followed through answer, call log and MLflow."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import yaml

from app.commands.demonstration.report import Report
from app.errors import GateFailedError, StoreUnavailableError
from app.settings import Settings

TRACE_WITHIN_S = 30.0
POLL_S = 0.3


def ask_all(root: Path, address: str, report: Report, say: Callable[[str], None]) -> tuple[None, str]:
    """Ask what evals/demo.yaml lists. Raises GateFailedError when an answer is not of the kind it expects."""
    entries = yaml.safe_load((root / "evals" / "demo.yaml").read_text(encoding="utf-8"))
    wrong = []
    for entry in entries:
        ask = _by_sdk if entry["client"] == "openai" else _by_http
        began = time.perf_counter()
        answer = ask(address, report.loaded.assistant.model_name, entry["question"])
        answer |= {"question": entry["question"], "client": entry["client"]}
        answer["seconds"] = round(time.perf_counter() - began, 3)
        report.answers.append(answer)
        say(f"{entry['question']} -> {answer['answer']}")
        if answer["abstained"] == entry["answerable"] or (entry["answerable"] and not answer["citations"]):
            wrong.append(entry["question"])
    if wrong:
        raise GateFailedError("the service did not answer as evals/demo.yaml expects", wrong)
    return None, f"{len(entries)} questions"


def follow_trace(loaded: Settings, url: str, mlflow_url: str, report: Report) -> tuple[None, str]:
    """Find the first answer's trace in the call log and in MLflow. Raises StoreUnavailableError when one lacks it."""
    trace_id = report.answers[0]["trace_id"]
    rows = _eventually(lambda: _calls(url, trace_id), "the call log", trace_id)
    # The request's own span comes last, and at least one more than the calls' own belong to it.
    spans = _eventually(lambda: _more_than(len(rows), _spans(mlflow_url, trace_id)), "MLflow", trace_id)
    report.trace = {
        "trace_id": trace_id,
        "calls": len(rows),
        "rows": rows,
        "mlflow_trace": f"tr-{trace_id}",
        "mlflow_spans": spans,
    }
    return None, f"{trace_id}: {len(rows)} calls, {spans} spans"


def _by_http(address: str, model: str, question: str) -> dict[str, Any]:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": question}]}).encode()
    request = urllib.request.Request(  # noqa: S310
        f"{address}/v1/chat/completions", body, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
        return _answer(json.load(response))


def _by_sdk(address: str, model: str, question: str) -> dict[str, Any]:
    from openai import OpenAI

    # prompt-lint: allow provider_sdk_outside_gateway -- a customer of our own service, not a call of ours to a provider
    client = OpenAI(base_url=f"{address}/v1", api_key="none", max_retries=0)
    completion = client.chat.completions.create(model=model, messages=[{"role": "user", "content": question}])
    return _answer(completion.model_dump())


def _answer(completion: dict[str, Any]) -> dict[str, Any]:
    return {
        "answer": completion["choices"][0]["message"]["content"],
        "citations": completion["citations"],
        "abstained": completion["abstained"],
        "trace_id": completion["trace_id"],
    }


def _calls(url: str, trace_id: str) -> list[dict[str, Any]]:
    columns = ("task", "model", "prompt_version", "input_tokens", "output_tokens", "cost_usd", "latency_ms", "cached")
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select task, model, prompt_version, input_tokens, output_tokens, cost_usd, latency_ms, cached "
            "from app.calls where trace_id = %s order by at",
            [trace_id],
        ).fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _spans(mlflow_url: str, trace_id: str) -> int:
    address = f"{mlflow_url}/api/3.0/mlflow/traces/get?trace_id=tr-{trace_id}"
    try:
        with urllib.request.urlopen(address, timeout=5) as response:  # noqa: S310
            return len(json.load(response)["trace"]["spans"])
    except (urllib.error.URLError, OSError, KeyError):
        return 0


def _more_than(least: int, count: int) -> int:
    return count if count > least else 0


def _eventually(look: Callable[[], Any], where: str, trace_id: str) -> Any:
    deadline = time.monotonic() + TRACE_WITHIN_S
    while time.monotonic() < deadline:
        found = look()
        if found:
            return found
        time.sleep(POLL_S)
    raise StoreUnavailableError(f"trace {trace_id} did not reach {where} within {TRACE_WITHIN_S:.0f} s")
