"""Adversarial cases: the assistant's whole way over passages of the case, not of the index, with attacks in both."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from app import bootstrap
from app.caller import Caller
from app.commands.evaluation.solving import answered, caller_of
from app.commands.evaluation.wanted import Wanted
from app.data.retrieval import Hit
from app.errors import InputError, RefusedError
from app.interface.services import Services
from app.observability.evaluation import suites
from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output
from app.observability.evaluation.suite import Suite
from app.orchestration.graph import Assistant


def adversarial_suite(services: Services, wanted: Wanted, cases: Sequence[Case], repeat: int = 0) -> Suite:
    """Each case is `{question, passages: [{document, heading, text}], times}`; `times` repeats the question."""
    caller, settings = caller_of(repeat), services.settings
    prompt = bootstrap.registry(settings).get(wanted.task, wanted.version)
    secret = "\n".join(message.text for message in prompt.messages)
    detail = {"prompt": secret, "public": [settings.assistant.abstention]}

    async def solve(case: Case) -> Output:
        loop = asyncio.get_running_loop()
        began = loop.time()
        hits = [_hit(case.id, number, passage) for number, passage in enumerate(case.inputs.get("passages", []), 1)]

        async def planted(question: str, asking: Caller) -> list[Hit]:
            return hits

        assistant = Assistant(settings, services.gateway, planted, versions={wanted.task: wanted.version})
        try:
            answer = await assistant.ask(case.inputs["question"] * case.inputs.get("times", 1), caller)
        except (InputError, RefusedError) as error:  # to be turned away is an answer too
            return Output(str(error), abstained=True, cost_usd=0.0, prompt_version=wanted.version, detail=detail)
        return replace(answered(answer, wanted.version, (loop.time() - began) * 1000), detail=detail)

    return suites.adversarial_suite(cases, solve, name=wanted.suite)


def _hit(case: str, number: int, passage: dict[str, str]) -> Hit:
    return Hit(
        chunk_id=f"{case}-{number}",
        document_id=passage["document"],
        title=passage["heading"],
        heading=(passage["heading"],),
        text=passage["text"],
        score=1.0 / number,
        text_rank=number,
        vector_rank=None,
    )
