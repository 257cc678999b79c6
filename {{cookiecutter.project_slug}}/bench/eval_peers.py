"""Other evaluation tools over the tickets of `eval_cases`, each as its own documentation has it used, caches on.

`python bench/eval_peers.py NAME [PROGRAM]` with the Python of an environment that has the tool: inspect_ai, deepeval,
mlflow or pytest, each beside openai. promptfoo is a program of Node: any Python, and PROGRAM is its main.js. Told where
to ask by the environment, as `eval_cases.rig` reads it; prints `ACCURACY 0.dddd`.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from eval_cases import EACH, MARK, TASKS, Ticket, instruction, rig, tickets

KEY = "none-is-needed"


def inspect_ai() -> float:
    """One task a prompt, exact match, the cache of replies on."""
    base, model, at_once, changed, folder = rig()
    os.environ["INSPECT_CACHE_DIR"] = os.environ["XDG_CACHE_HOME"] = f"{folder}/cache"
    os.environ["XDG_DATA_HOME"] = f"{folder}/data"
    import inspect_ai as tool
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import get_model
    from inspect_ai.scorer import exact
    from inspect_ai.solver import generate, system_message

    def made(task: str) -> Any:
        samples = [Sample(input=MARK + one.text, target=one.label, id=one.id) for one in tickets() if one.task == task]
        solver = [system_message(instruction(task, changed=changed)), generate(cache=True)]
        return tool.Task(name=task, dataset=MemoryDataset(samples), solver=solver, scorer=exact())

    asked = get_model(f"openai/{model}", base_url=base, api_key=KEY, responses_api=False)
    logs = tool.eval(
        [made(task) for task in TASKS],
        model=asked,
        max_connections=at_once,
        max_samples=at_once,
        max_tasks=len(TASKS),
        display="none",
        log_dir=f"{folder}/logs",
        temperature=0,
    )
    found = [next(iter(log.results.scores[0].metrics.values())).value for log in logs]
    return float(sum(found)) / len(found)


def deepeval() -> float:
    """It calls no target itself: answers are gathered, then evaluated by a metric without a model."""
    _, _, at_once, _, folder = rig()
    os.environ |= {"DEEPEVAL_TELEMETRY_OPT_OUT": "YES", "DEEPEVAL_RESULTS_FOLDER": f"{folder}/results"}
    from deepeval import evaluate
    from deepeval.evaluate import AsyncConfig, CacheConfig, DisplayConfig
    from deepeval.metrics import BaseMetric
    from deepeval.test_case import LLMTestCase

    class Same(BaseMetric):
        threshold = 1.0
        async_mode = True
        __name__ = "Same"

        def measure(self, test_case: Any, *_: Any, **__: Any) -> float:
            self.score = float(test_case.actual_output == test_case.expected_output)
            self.success, self.reason = self.score == 1, ""
            return self.score

        async def a_measure(self, test_case: Any, *_: Any, **__: Any) -> float:
            return self.measure(test_case)

        def is_successful(self) -> bool:
            return bool(self.success)

    said = asyncio.run(_answers())
    made = [
        LLMTestCase(name=one.id, input=one.text, actual_output=said[one.id], expected_output=one.label)
        for one in tickets()
    ]
    done = evaluate(
        test_cases=made,
        metrics=[Same()],
        async_config=AsyncConfig(run_async=True, max_concurrent=at_once, throttle_value=0),
        display_config=DisplayConfig(show_indicator=False, print_results=False),
        cache_config=CacheConfig(use_cache=True, write_cache=True),
    )
    return sum(bool(one.success) for one in done.test_results) / len(made)


def mlflow() -> float:
    """`mlflow.genai.evaluate` with a scorer and the synchronous client, a local SQLite store; it has no cache."""
    base, model, at_once, changed, folder = rig()
    os.environ |= {
        "MLFLOW_GENAI_EVAL_MAX_WORKERS": str(min(at_once, 10)),  # its default; more starve the store's connections
        "MLFLOW_GENAI_EVAL_SKIP_TRACE_VALIDATION": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_MODEL_CATALOG_URI": "",
    }
    import mlflow as tool
    from mlflow.genai.scorers import scorer
    from openai import OpenAI

    tool.set_tracking_uri(f"sqlite:///{folder}/mlflow.db")
    tool.set_experiment("bench")
    client = OpenAI(base_url=base, api_key=KEY)

    @tool.trace
    def predict(system: str, text: str) -> str:
        said = client.chat.completions.create(model=model, temperature=0, messages=_messages(system, text))
        return str(said.choices[0].message.content)

    @scorer
    def same(outputs: str, expectations: dict[str, str]) -> bool:
        return outputs == expectations["label"]

    data = [
        {
            "inputs": {"system": instruction(one.task, changed=changed), "text": one.text},
            "expectations": {"label": one.label},
        }
        for one in tickets()
    ]
    return float(tool.genai.evaluate(data=data, predict_fn=predict, scorers=[same]).metrics["same/mean"])


def pytest() -> float:
    """What a careful team writes: answers gathered once, a test a case, a threshold. It has no cache."""
    import pytest as tool

    class Plugin:
        answers: dict[str, str]

        def pytest_generate_tests(self, metafunc: Any) -> None:
            if "ticket" in metafunc.fixturenames:
                self.answers = asyncio.run(_answers())
                metafunc.parametrize("ticket", tickets(), ids=lambda one: one.id)

        @tool.fixture
        def said(self) -> dict[str, str]:
            return self.answers

    plugin = Plugin()
    file = Path(rig()[4]) / "test_tickets.py"
    file.write_text("def test_ticket(ticket, said):\n    assert isinstance(said[ticket.id], str)\n", "utf-8")
    code = tool.main(["-q", "-p", "no:cacheprovider", str(file)], plugins=[plugin])
    if code != 0:
        raise SystemExit(int(code))
    return _accuracy(plugin.answers)


def promptfoo(program: str) -> float:
    """Its `eval` over a file of tests, exact match, its cache on."""
    base, model, at_once, changed, folder = rig()
    where = Path(folder)
    tests = [
        {
            "vars": {"system": instruction(one.task, changed=changed), "text": one.text},
            "assert": [{"type": "equals", "value": one.label}],
        }
        for one in tickets()
    ]
    turns = [{"role": "system", "content": "{{system}}"}, {"role": "user", "content": MARK + "{{text}}"}]
    (where / "tests.json").write_text(json.dumps(tests), "utf-8")
    document = {
        "prompts": [json.dumps(turns)],
        "providers": [{"id": f"openai:chat:{model}", "config": {"apiKey": KEY, "temperature": 0}}],
        "tests": "file://tests.json",
    }
    (where / "promptfooconfig.json").write_text(json.dumps(document), "utf-8")
    quiet = ("DISABLE_TELEMETRY", "DISABLE_UPDATE", "DISABLE_REMOTE_GENERATION", "DISABLE_SHARING", "SELF_HOSTED")
    told = {f"PROMPTFOO_{name}": "1" for name in quiet} | {
        "PROMPTFOO_CONFIG_DIR": f"{folder}/home",
        "PROMPTFOO_CACHE_PATH": f"{folder}/home/cache",
        "PROMPTFOO_FAILED_TEST_EXIT_CODE": "0",
        "OPENAI_BASE_URL": base,
        "OPENAI_API_BASE_URL": base,
    }
    words = [os.environ.get("NODE", "node"), program, "eval", "-c", str(where / "promptfooconfig.json")]
    words += ["-j", str(at_once), "--no-progress-bar", "--no-table", "--no-share", "-o", str(where / "out.json")]
    subprocess.run(words, cwd=where, env=os.environ | told, check=True, stdout=subprocess.DEVNULL)
    stats = json.loads((where / "out.json").read_text("utf-8"))["results"]["stats"]
    return float(stats["successes"]) / (EACH * len(TASKS))


PEERS: dict[str, Callable[..., float]] = {
    one.__name__: one for one in (inspect_ai, deepeval, mlflow, pytest, promptfoo)
}


async def _answers() -> dict[str, str]:
    """The reply to every ticket, by its id."""
    from openai import AsyncOpenAI

    base, model, at_once, changed, _ = rig()
    free = asyncio.Semaphore(at_once)
    async with AsyncOpenAI(base_url=base, api_key=KEY) as client:

        async def one(ticket: Ticket) -> tuple[str, str]:
            messages: Any = _messages(instruction(ticket.task, changed=changed), ticket.text)
            async with free:
                said = await client.chat.completions.create(model=model, temperature=0, messages=messages)
            return ticket.id, str(said.choices[0].message.content)

        return dict(await asyncio.gather(*map(one, tickets())))


def _messages(system: str, text: str) -> Any:
    return [{"role": "system", "content": system}, {"role": "user", "content": MARK + text}]


def _accuracy(answers: dict[str, str]) -> float:
    return sum(answers[one.id] == one.label for one in tickets()) / len(answers)


if __name__ == "__main__":
    print(f"ACCURACY {PEERS[sys.argv[1]](*sys.argv[2:]):.4f}")
