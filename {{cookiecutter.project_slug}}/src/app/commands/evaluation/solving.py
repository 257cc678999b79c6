"""How the cases of each kind of suite are answered: through the gateway and the assistant, as in service."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from app.caller import Caller
from app.commands.evaluation.wanted import Wanted
from app.data import access
from app.errors import InputError
from app.intelligence.reply import Reply
from app.interface.services import Services
from app.observability.evaluation import suites
from app.observability.evaluation.case import Case
from app.observability.evaluation.output import Output, Source
from app.observability.evaluation.suite import Suite
from app.orchestration.answer import Answer

CALLER = Caller(user="evaluation", role="evaluation")


def caller_of(repeat: int) -> Caller:
    """Who asks. Each repeat sees the same and shares no reply with the others, because its group is another."""
    groups = frozenset([f"evaluation-repeat-{repeat}"]) if repeat else frozenset[str]()
    return Caller(user=CALLER.user, role=CALLER.role, groups=groups)


def label_suite(services: Services, wanted: Wanted, cases: Sequence[Case], repeat: int = 0) -> Suite:
    """One call a case, whose text is the label."""
    caller = caller_of(repeat)

    async def solve(case: Case) -> Output:
        return replied(await services.gateway.complete(wanted.task, case.inputs, caller, version=wanted.version))

    return suites.classification_suite(cases, solve, name=wanted.suite)


def rag_suite(services: Services, wanted: Wanted, cases: Sequence[Case], repeat: int = 0) -> Suite:
    """The assistant's whole way, search included."""
    caller = caller_of(repeat)

    async def solve(case: Case) -> Output:
        loop = asyncio.get_running_loop()
        began = loop.time()
        answer = await services.assistant.ask(case.inputs["question"], caller)
        return answered(answer, wanted.version, (loop.time() - began) * 1000)

    return suites.rag_suite(cases, solve, name=wanted.suite, k=services.settings.retrieval.top_k)


async def indexed(services: Services) -> None:
    """Refuse to measure answers from an empty index: every score would be a fault of the set-up."""
    async with access.reading(services.pool, CALLER) as connection:
        row = await (await connection.execute("SELECT EXISTS (SELECT FROM documents)")).fetchone()
    if row is None or not row[0]:
        raise InputError("no document is indexed, so nothing could be answered: run `make pipeline` first")


def replied(reply: Reply) -> Output:
    """One reply as the answer to a case."""
    return Output(
        text=reply.text,
        cost_usd=reply.cost_usd,
        latency_ms=reply.latency_ms,
        cached=reply.cached,
        prompt_version=reply.prompt_version,
        trace_id=reply.trace_id,
    )


def answered(answer: Answer, version: int, latency_ms: float) -> Output:
    """The assistant's answer as the answer to a case."""
    costs = [reply.cost_usd for reply in answer.replies]
    return Output(
        text=answer.text,
        sources=tuple(Source(hit.document_id, hit.section, hit.text) for hit in answer.hits),
        abstained=answer.abstained,
        cost_usd=None if None in costs else sum(cost or 0.0 for cost in costs),
        latency_ms=latency_ms,
        cached=bool(answer.replies) and all(reply.cached for reply in answer.replies),
        prompt_version=version,
        trace_id=answer.trace_id,
    )
